"""The evidence that jobs elsewhere left, as `bump --evidence` is given it: files and folders."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from patchkit import documents
from patchkit.errors import StorageError, UsageError
from patchkit.report.verify import VerifyReport

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from patchkit.console import Console
    from patchkit.releases import Release


@dataclass(frozen=True, slots=True, kw_only=True)
class _Form:
    """What every document of patchkit says of itself."""

    schema: str = ""


def evidence_about(release: Release, given: Iterable[Path], console: Console) -> tuple[Path, ...]:
    """The files with evidence about a release.

    Of a folder, those that hold evidence: a job that failed early left something else, or
    nothing. Where no file has every scenario there are none, as they prove nothing then; what
    is missing is verified here. Raises `UsageError` for a file that holds no evidence,
    `StorageError`.
    """
    found = tuple(_about(release, given))
    if found and not any(report.whole for _, report in found):
        console.warn(f"no evidence has every scenario of {release}: it is verified here")
        return ()
    return tuple(path.resolve() for path, _ in found)


def _about(release: Release, given: Iterable[Path]) -> Iterator[tuple[Path, VerifyReport]]:
    for path in given:
        is_folder = path.is_dir()
        for file in sorted(path.rglob("*.json")) if is_folder else [path]:
            report = _read(file, lenient=is_folder)
            if report is not None and report.release == release.tag:
                yield file, report


def _read(path: Path, *, lenient: bool) -> VerifyReport | None:
    try:
        content = path.read_bytes()
        if lenient and not documents.decode(content, _Form).schema.startswith("patchkit.verify/"):
            return None
        return documents.decode(content, VerifyReport)
    except OSError as error:
        raise StorageError.from_os_error(f"read {path}", error) from error
    except documents.MalformedDocument as error:
        if lenient:
            return None
        raise UsageError(
            f"{path} is not evidence: {error}",
            hint="give what `patchkit verify RELEASE --no-record --json` printed",
        ) from error
