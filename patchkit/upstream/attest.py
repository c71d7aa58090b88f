"""Who vouches for a release's tree: the signature over its tag, or Debian's over its tarball."""

from __future__ import annotations

from typing import TYPE_CHECKING

from patchkit.errors import UnavailableError
from patchkit.trust.judging import judge_tag
from patchkit.trust.signature import SignatureKind, SignatureRecord, SignatureStatus
from patchkit.upstream.sources import SourceKind

if TYPE_CHECKING:
    from patchkit.trust.judging import Trust
    from patchkit.upstream.sources import UpstreamTree
    from patchkit.upstream.upstreams import Upstream


def attest(tree: UpstreamTree, upstream: Upstream, trust: Trust) -> SignatureRecord:
    """Find out who vouches for a tree that is at hand; not being able to is a finding, too.

    Raises `InconsistentError` for a damaged cache, `StorageError`, `ProgramFailedError`.
    """
    try:
        if tree.origin.kind is SourceKind.DEBIAN:
            return _tarball(tree, upstream, trust)
        if tree.tag_object is None or tree.commit is None:
            note = "the tag is a lightweight one, which nobody can sign"
            return SignatureRecord(
                kind=SignatureKind.NONE, status=SignatureStatus.UNSIGNED, note=note
            )
        raw = upstream.store.tag(tree.tag_object)
    except UnavailableError as error:
        return SignatureRecord(
            kind=SignatureKind.NONE, status=SignatureStatus.UNCHECKED, note=error.message
        )
    return judge_tag(raw, release=tree.release, commit=tree.commit, trust=trust)


def _tarball(tree: UpstreamTree, upstream: Upstream, trust: Trust) -> SignatureRecord:
    archive = upstream.archive(tree.origin.source)
    if archive is None:
        raise UnavailableError(f"no source is named '{tree.origin.source}' any more")
    return archive.vouch(tree.release, tree.origin, trust)
