"""When upstream made a release, as far as its git objects are at hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pygit2

from patchkit.upstream import references

if TYPE_CHECKING:
    from patchkit.upstream.store import Store


def tagged_at(store: Store, *, tag_object: str | None, commit: str | None) -> int | None:
    """When a release was tagged, in seconds since 1970; its commit's time without a tag object.

    None when neither object is in the store, as for a release that came as a tarball.
    """
    for key in (tag_object, commit):
        if key is None:
            continue
        try:
            found = store.repository[key]
            if isinstance(found, pygit2.Tag) and found.tagger is not None:
                return found.tagger.time
            return found.peel(pygit2.Commit).commit_time
        except references.LIBGIT2_ERRORS:
            continue  # not at hand, or no commit
    return None
