"""The ways in which a source cannot serve that callers tell apart."""

from __future__ import annotations

from patchkit.errors import UnavailableError


class UnreachableError(UnavailableError):
    """A host does not answer at all: asking it again at once would only cost time."""


class NotThereError(UnavailableError):
    """A host answers, and does not have what was asked for: a file, a tag."""
