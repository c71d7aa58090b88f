"""Builders of small real git repositories and of patch repositories, by git itself."""

from __future__ import annotations

import io
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

PLAIN, EXECUTABLE, LINK = 0o100644, 0o100755, 0o120000

Files: TypeAlias = "Mapping[str, bytes | tuple[int, bytes]]"
"""Content by path; with a mode where it is not a plain file."""

WHEN = "1767323045 +0000"
FORMAT = (
    "format-patch",
    "--zero-commit",
    "--no-signature",
    "--no-numbered",
    "--full-index",
)


def git(folder: Path, *arguments: str, stdin: bytes = b"") -> bytes:
    """Run git to its end; what it wrote."""
    done = subprocess.run(
        ["git", "-c", "core.fsync=none", *arguments],
        cwd=folder,
        input=stdin,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, (arguments, done.stderr.decode("utf-8", "replace"))
    return done.stdout


@dataclass(frozen=True, kw_only=True)
class Commit:
    """A commit to make: its whole tree, its message, and a tag for it."""

    files: Files
    message: str = "release"
    tag: str | None = None
    author: str = "A Tester <tester@example.org>"


def repository(folder: Path, commits: Sequence[Commit]) -> Path:
    """A bare repository with one line of commits on `main`."""
    folder.mkdir(parents=True, exist_ok=True)
    git(folder, "init", "-q", "--bare", "--template=", "-b", "main")
    append(folder, commits, branch="main")
    return folder


def append(
    folder: Path, commits: Sequence[Commit], *, branch: str, start: str | None = None
) -> None:
    """More commits on a branch, which begins at `start`."""
    stream = io.BytesIO()
    for commit in commits:
        _write(stream, f"commit refs/heads/{branch}\n")
        _write(stream, f"author {commit.author} {WHEN}\n")
        _write(stream, f"committer A Tester <tester@example.org> {WHEN}\n")
        _data(stream, commit.message.encode())
        if start is not None:
            _write(stream, f"from {start}\n")
            start = None
        _write(stream, "deleteall\n")
        for path, value in commit.files.items():
            mode, content = value if isinstance(value, tuple) else (PLAIN, value)
            _write(stream, f"M {mode:o} inline {_quoted(path)}\n")
            _data(stream, content)
        if commit.tag is not None:
            _write(stream, f"tag {commit.tag}\nfrom refs/heads/{branch}\n")
            _write(stream, f"tagger A Tester <tester@example.org> {WHEN}\n")
            _data(stream, commit.tag.encode())
    git(folder, "fast-import", "--quiet", "--force", stdin=stream.getvalue())


def upstream(folder: Path, releases: Mapping[str, Files]) -> Path:
    """A bare repository with a tag for every release, in order."""
    return repository(
        folder, [Commit(files=files, message=tag, tag=tag) for tag, files in releases.items()]
    )


def _quoted(path: str) -> str:
    """A path as fast-import wants it: every unusual byte in octal."""
    raw = path.encode("utf-8", "surrogateescape")
    return (
        '"' + "".join(chr(b) if chr(b).isalnum() and b < 128 else f"\\{b:03o}" for b in raw) + '"'
    )


def _write(stream: io.BytesIO, text: str) -> None:
    stream.write(text.encode())


def _data(stream: io.BytesIO, content: bytes) -> None:
    stream.write(f"data {len(content)}\n".encode() + content + b"\n")


def tree_of(folder: Path, revision: str) -> str:
    """The id of a revision's tree."""
    return git(folder, "rev-parse", f"{revision}^{{tree}}").decode().strip()


def files_at(folder: Path, revision: str) -> dict[str, tuple[int, bytes]]:
    """Every file of a revision with its mode."""
    entries = [
        line.partition(b"\t") for line in git(folder, "ls-tree", "-rz", revision).split(b"\0")[:-1]
    ]
    wanted = b"".join(entry.split()[2] + b"\n" for entry, _, _ in entries)
    answer = io.BytesIO(git(folder, "cat-file", "--batch", stdin=wanted))
    found = {}
    for entry, _, path in entries:
        size = int(answer.readline().split()[2])
        mode = int(entry.split()[0], 8)
        found[path.decode("utf-8", "surrogateescape")] = (mode, answer.read(size))
        answer.read(1)
    return found


@dataclass(frozen=True, kw_only=True)
class Change:
    """A patch to write: what it changes of the files before it (None removes one)."""

    message: str
    files: Mapping[str, bytes | tuple[int, bytes] | None]


def written_series(folder: Path, tag: str, changes: Sequence[Change]) -> dict[str, bytes]:
    """What `git format-patch` writes for changes on top of a tag: content by file name."""
    at = files_at(folder, tag)
    commits = []
    for change in changes:
        whole: dict[str, bytes | tuple[int, bytes]] = {**at}
        for path, value in change.files.items():
            if value is None:
                del whole[path]
            else:
                whole[path] = value
        commits.append(Commit(files=whole, message=change.message))
        at = {p: v if isinstance(v, tuple) else (PLAIN, v) for p, v in whole.items()}
    append(folder, commits, branch=f"series-{tag}", start=f"refs/tags/{tag}^0")
    out = folder / f"series-{tag}"
    git(folder, *FORMAT, "-q", "-o", str(out), f"{tag}..series-{tag}")
    return {path.name: path.read_bytes() for path in sorted(out.iterdir())}


CONFIG = """\
schema = "patchkit.series/1"
base = "{base}"

[[sources]]
kind = "git"
name = "upstream"
url = "{url}"
"""

ENTRY = """
[[patches]]
name = "{name}"
summary = "about {name}"
why = "because"
files = ["{file}"]
"""


@dataclass(frozen=True, kw_only=True)
class PatchRepository:
    """A patch repository on disk with its upstream and a cache of its own."""

    root: Path
    upstream: Path
    cache: Path
    names: tuple[str, ...] = field(default=())

    def patches(self, tag: str) -> dict[str, bytes]:
        """The patch files of a release."""
        folder = self.root / "patches" / tag
        return {path.name: path.read_bytes() for path in sorted(folder.glob("*.patch"))}

    def snapshot(self) -> dict[str, bytes]:
        """Everything under `patches/`."""
        return snapshot(self.root / "patches")

    @property
    def state(self) -> Path:
        """The folder for what is under way."""
        return self.root / ".patchkit"

    def edit(self, patch: str) -> Path:
        """Where a waiting patch is to be edited."""
        return self.state / "rebase" / patch


def snapshot(folder: Path) -> dict[str, bytes]:
    """Every file under a folder with its content."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def patch_repository(
    folder: Path,
    releases: Mapping[str, Files],
    series: Mapping[str, Change],
    *,
    base: str | None = None,
    url: str | None = None,
) -> PatchRepository:
    """A patch repository whose series (change by name) is written for `base` (the first release).

    A patch's message should begin with its name, so that format-patch names the file for it.
    """
    base = base or next(iter(releases))
    origin = upstream(folder / "upstream.git", releases)
    root = folder / "repo"
    (root / "patches" / base).mkdir(parents=True)
    text = CONFIG.format(base=base, url=url or origin)
    for name, change in series.items():
        file = next(iter(change.files))
        text += ENTRY.format(name=name, file=file)
    (root / "patches" / "series.toml").write_text(text, encoding="utf-8")
    for name, content in written_series(origin, base, list(series.values())).items():
        (root / "patches" / base / name).write_bytes(content)
    return PatchRepository(root=root, upstream=origin, cache=folder / "cache", names=tuple(series))


def numbered(count: int, *, start: int = 1, indent: str = "    ") -> list[str]:
    """Lines that are each like no other."""
    return [f"{indent}statement_{number}();" for number in range(start, start + count)]


def text(*lines: str) -> bytes:
    """Lines with newlines, as bytes."""
    return "".join(line + "\n" for line in lines).encode()
