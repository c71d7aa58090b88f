"""How a patch file can be wrong: an error that names the file and the fault."""

from __future__ import annotations

from dataclasses import dataclass

from patchkit.errors import InconsistentError


class MalformedPatchError(InconsistentError):
    """A patch file is not what it should be; the message names the file and the fault."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A file under way through the parser, to name it in errors."""

    file_name: str

    def fault(self, what: str, hint: str | None = None) -> MalformedPatchError:
        """The error that says `what` of the file."""
        return MalformedPatchError(
            f"{self.file_name} {what}",
            hint=hint or "write it with `git format-patch --zero-commit --no-signature`",
        )
