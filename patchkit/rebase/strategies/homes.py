"""Where the target has the code of a file that it has no longer: in another file, or nowhere."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from typing import TYPE_CHECKING

from patchkit.upstream.store import MissingObjectError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from patchkit.rebase.tree import Entry, TreeView

_REGULAR = (0o100644, 0o100755)
_TELLING = 9
_WHOLE = 0.6
"""From this share of its telling lines on, a file's code counts as being in another one."""
_TRACES = 0.4
"""Above this share, not as being nowhere either."""
_LARGEST = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """The file that has most of another one's lines, and how many (0 to 1); no file: nowhere."""

    path: str | None
    share: float

    @property
    def is_whole(self) -> bool:
        """Whether the file's code is there."""
        return self.path is not None and self.share >= _WHOLE

    @property
    def is_nowhere(self) -> bool:
        """Whether no file has a telling part of the code."""
        return self.share < _TRACES


def find_home(path: str, content: bytes, *, base: TreeView, target: TreeView) -> Home:
    """Find the file of `target` with most of `content`'s lines, among those that differ in `base`.

    Only files of the same kind (by their ending) are looked at.
    """
    wanted = _telling(content)
    best = Home(path=None, share=0.0)
    for candidate, entry in _candidates(path, base, target):
        found = _read(target, entry)
        share = len(wanted & _telling(found)) / len(wanted) if wanted else 0.0
        if share > best.share:
            best = Home(path=candidate, share=share)
    return best


def _candidates(path: str, base: TreeView, target: TreeView) -> Iterator[tuple[str, Entry]]:
    ending = posixpath.splitext(path)[1]
    known = {name: entry.id for name, entry in base.source.files(base.tree)}
    for name, entry in target.source.files(target.tree):
        of_kind = posixpath.splitext(name)[1] == ending and entry.mode in _REGULAR
        if of_kind and known.get(name) != entry.id:
            yield name, entry


def _read(target: TreeView, entry: Entry) -> bytes:
    try:
        content = target.source.blob(entry.id)
    except MissingObjectError:
        return b""  # mirrors lack large files; none of them is C
    return content if len(content) <= _LARGEST else b""


def _telling(content: bytes) -> set[bytes]:
    return {line for line in map(bytes.strip, content.split(b"\n")) if len(line) >= _TELLING}
