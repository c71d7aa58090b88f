"""The merges of files that were made already: releases of one line share most of them."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

T = TypeVar("T")

_MOST = 64
"""A merge holds some 0.5 MiB, and a release has about 17 of them."""


class Memo(Generic[T]):
    """Results by everything that they depend on; the latest are kept."""

    def __init__(self) -> None:
        self._known: OrderedDict[Hashable, T] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """What was made for the key before, else what `make` gives."""
        if key in self._known:
            self._known.move_to_end(key)
            return self._known[key]
        made = make()
        self._known[key] = made
        if len(self._known) > _MOST:
            self._known.popitem(last=False)
        return made
