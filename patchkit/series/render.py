"""Write a patch as `git format-patch --zero-commit --no-signature --no-numbered` does.

One thing is fixed that git leaves to the size of the repository at hand: object ids are
written in full (`--full-index`), so that the same patch is the same bytes everywhere. The
format was read off git's own output; the tests compare with it byte for byte.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from patchkit.series.quoting import quote

if TYPE_CHECKING:
    from collections.abc import Sequence

    from patchkit.series.patch import FileChange, Hunk, Message

_ENVELOPE = b"From " + b"0" * 40 + b" Mon Sep 17 00:00:00 2001\n"
_STAT_WIDTH = 72
_NO_NEWLINE = b"\\ No newline at end of file\n"
_ABSENT = "0" * 40


def render_patch(message: Message, files: Sequence[FileChange]) -> bytes:
    """The bytes of a patch file. Files are written in the order of their paths, as git does."""
    ordered = sorted(files, key=lambda file: file.path.encode("utf-8", "surrogateescape"))
    parts = [_ENVELOPE, message.header, b"---\n", render_stat(ordered).encode("utf-8"), b"\n"]
    parts += [_render_file(file) for file in ordered]
    return b"".join(parts)


def render_diff(files: Sequence[FileChange]) -> bytes:
    """The diff alone, without a message."""
    return b"".join(_render_file(file) for file in files)


# The diffstat, as in git's diff.c, show_stats()


def render_stat(files: Sequence[FileChange]) -> str:
    """The summary of changes per file, 72 columns wide."""
    names = [_stat_name(file) for file in files]
    most = max((file.added + file.removed for file in files), default=0)
    number_width = len(str(most))
    name_width, graph_width = _stat_widths(max(map(len, names), default=0), most, number_width)
    lines = []
    for name, file in zip(names, files, strict=True):
        added, removed = _scaled(file.added, file.removed, graph_width, most)
        graph = "+" * added + "-" * removed
        total = file.added + file.removed
        shown = _shortened(name, name_width)
        lines.append(
            f" {shown:<{name_width}} | {total:>{number_width}}" + (f" {graph}" if graph else "")
        )
    lines.append(_totals(files))
    lines += [line for file in files for line in _mode_lines(file)]
    return "".join(line + "\n" for line in lines)


def _stat_widths(longest: int, most: int, number_width: int) -> tuple[int, int]:
    """Share the line between name and graph."""
    name_width, graph_width = longest, most
    width = max(_STAT_WIDTH, 16 + 6 + number_width)
    if name_width + number_width + 6 + graph_width > width:
        graph_width = min(graph_width, max(6, width * 3 // 8 - number_width - 6))
        if name_width > width - number_width - 6 - graph_width:
            name_width = width - number_width - 6 - graph_width
        else:
            graph_width = width - number_width - 6 - name_width
    return name_width, graph_width


def _scaled(added: int, removed: int, width: int, most: int) -> tuple[int, int]:
    if most < width or width <= 0:
        return added, removed

    def scale(count: int) -> int:
        return 0 if count == 0 else 1 + count * (width - 1) // most

    total = scale(added + removed)
    if total < 2 and added and removed:
        total = 2
    if added < removed:
        short = scale(added)
        return short, total - short
    short = scale(removed)
    return total - short, short


def _shortened(name: str, width: int) -> str:
    if len(name) <= width:
        return name
    kept = name[len(name) - max(width - 3, 0) :]
    slash = kept.find("/")
    return "..." + (kept[slash:] if slash >= 0 else kept)


def _stat_name(file: FileChange) -> str:
    if file.old_path is None or file.new_path is None or file.old_path == file.new_path:
        return quote(file.path)
    return _rename_name(file.old_path, file.new_path)


def _rename_name(old: str, new: str) -> str:
    """`dir/{old => new}/name`: what both paths share stands outside the braces."""
    if quote(old) != old or quote(new) != new:
        return f"{quote(old)} => {quote(new)}"
    prefix = 0
    for index, (left, right) in enumerate(zip(old, new, strict=False)):
        if left != right:
            break
        if left == "/":
            prefix = index + 1
    suffix = 0
    overlap = prefix - 1 if prefix else 0
    for back in range(1, min(len(old), len(new)) - overlap + 1):
        if old[-back] != new[-back]:
            break
        if old[-back] == "/":
            suffix = back
    old_middle = old[prefix : max(len(old) - suffix, prefix)]
    new_middle = new[prefix : max(len(new) - suffix, prefix)]
    if not prefix and not suffix:
        return f"{old} => {new}"
    return f"{old[:prefix]}{{{old_middle} => {new_middle}}}{old[len(old) - suffix :]}"


def _totals(files: Sequence[FileChange]) -> str:
    added = sum(file.added for file in files)
    removed = sum(file.removed for file in files)
    text = f" {len(files)} file{'s' * (len(files) != 1)} changed"
    if added or not removed:
        text += f", {added} insertion{'s' * (added != 1)}(+)"
    if removed or not added:
        text += f", {removed} deletion{'s' * (removed != 1)}(-)"
    return text


def _mode_lines(file: FileChange) -> list[str]:
    if file.old_path is None:
        return [f" create mode {file.new_mode or 0o100644:06o} {quote(file.path)}"]
    if file.new_path is None:
        return [f" delete mode {file.old_mode or 0o100644:06o} {quote(file.path)}"]
    changed = file.old_mode != file.new_mode and file.old_mode and file.new_mode
    modes = f" mode change {file.old_mode:06o} => {file.new_mode:06o}" if changed else ""
    if file.old_path != file.new_path:
        rename = f" rename {_rename_name(file.old_path, file.new_path)} ({file.similarity or 0}%)"
        return [rename, modes] if modes else [rename]
    return [f"{modes} {quote(file.path)}"] if modes else []


# The diff


def _render_file(file: FileChange) -> bytes:
    old, new = file.old_path or file.path, file.new_path or file.path
    lines = [f"diff --git {quote('a/' + old)} {quote('b/' + new)}", *_extended_headers(file)]
    if file.hunks:
        lines.append("--- " + _named("a/", file.old_path))
        lines.append("+++ " + _named("b/", file.new_path))
    head = "".join(line + "\n" for line in lines).encode("utf-8", "surrogateescape")
    return head + b"".join(_render_hunk(hunk) for hunk in file.hunks)


def _named(prefix: str, path: str | None) -> str:
    if path is None:
        return "/dev/null"
    written = quote(prefix + path)
    return written + "\t" if " " in path else written


def _extended_headers(file: FileChange) -> list[str]:
    lines = []
    same_mode = file.old_mode == file.new_mode
    if file.old_path is None:
        lines.append(f"new file mode {file.new_mode or 0o100644:06o}")
    elif file.new_path is None:
        lines.append(f"deleted file mode {file.old_mode or 0o100644:06o}")
    elif not same_mode and file.old_mode and file.new_mode:
        lines += [f"old mode {file.old_mode:06o}", f"new mode {file.new_mode:06o}"]
    if file.old_path and file.new_path and file.old_path != file.new_path:
        lines += [
            f"similarity index {file.similarity or 0}%",
            f"rename from {quote(file.old_path)}",
            f"rename to {quote(file.new_path)}",
        ]
    if (file.old_id or file.new_id) and file.old_id != file.new_id:
        both = file.old_path is not None and file.new_path is not None
        mode = f" {file.new_mode:06o}" if both and same_mode and file.new_mode else ""
        lines.append(f"index {file.old_id or _ABSENT}..{file.new_id or _ABSENT}{mode}")
    return lines


def _render_hunk(hunk: Hunk) -> bytes:
    old = _range(hunk.old_start, len(hunk.old_lines))
    new = _range(hunk.new_start, len(hunk.new_lines))
    heading = b" " + hunk.heading if hunk.heading else b""
    parts = [f"@@ -{old} +{new} @@".encode(), heading, b"\n"]
    for line in hunk.lines:
        parts += [line.kind.value.encode(), line.text]
        if not line.text.endswith(b"\n"):
            parts += [b"\n", _NO_NEWLINE]
    return b"".join(parts)


def _range(start: int, count: int) -> str:
    return str(start) if count == 1 else f"{start},{count}"
