"""The lock comes back as it was written, and what patchkit did not write is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patchkit import documents
from patchkit.errors import InconsistentError
from patchkit.rebase.outcome import Outcome
from patchkit.releases import Release
from patchkit.upstream.sources import Origin, SourceKind
from patchkit.workspace.lock import Lock, LockedBase, LockedPatch, LockedRelease, read_lock

_HEX = st.text("0123456789abcdef", min_size=40, max_size=40)
_TAGS = st.builds(
    lambda major, point: Release(major=major, point=point).tag,
    st.integers(1, 999),
    st.integers(0, 20),
)


@st.composite
def locked_releases(draw: st.DrawFn) -> LockedRelease:
    patches = st.builds(
        LockedPatch,
        name=st.sampled_from(["main", "cgroup"]),
        outcome=st.sampled_from(Outcome),
        from_sha256=_HEX,
        file=st.none() | st.just("0001-main.patch"),
        sha256=st.none() | _HEX,
        offsets=st.lists(st.integers(-500, 500), max_size=4).map(tuple),
        strategy=st.none() | st.just("by hand"),
    )
    return LockedRelease(
        tag=draw(_TAGS),
        tree=draw(_HEX),
        commit=draw(st.none() | _HEX),
        tag_object=draw(st.none() | _HEX),
        origin=Origin(
            kind=draw(st.sampled_from(SourceKind)), source=draw(st.text()), file=draw(st.none())
        ),
        base=LockedBase(
            release=draw(_TAGS), series_sha256=draw(_HEX), three_way=draw(st.booleans())
        ),
        series_sha256=draw(_HEX),
        patches=tuple(draw(st.lists(patches, max_size=3))),
    )


LOCKED = LockedRelease(
    tag="v261",
    tree="a" * 40,
    commit=None,
    tag_object=None,
    origin=Origin(kind=SourceKind.GIT, source="upstream"),
    base=LockedBase(release="v260", series_sha256="b" * 64, three_way=True),
    series_sha256="c" * 64,
    patches=(),
)


def read(text: str) -> Lock:
    return read_lock(text.encode(), file_name="patches/lock.json")


@settings(max_examples=60)
@given(st.lists(locked_releases(), max_size=3, unique_by=lambda locked: locked.tag))
def test_a_lock_comes_back(releases: list[LockedRelease]) -> None:
    lock = Lock()
    for locked in releases:
        lock = lock.with_release(locked)
    written = documents.encode(lock)
    assert read(written) == lock
    assert documents.encode(read(written)) == written
    assert list(lock.supported) == sorted({locked.release for locked in releases})


def test_a_lock_is_sorted_and_indented() -> None:
    written = documents.encode(Lock().with_release(LOCKED))
    assert written == json.dumps(json.loads(written), indent=2, sort_keys=True) + "\n"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "is damaged"),
        ("<<<<<<< HEAD\n{}", "is damaged"),
        ("[]", "is damaged"),
        ('{"releases": {"v261": {}}}', "is damaged"),
        ('{"schema": "patchkit.lock/9"}', "has the schema 'patchkit.lock/9'"),
    ],
)
def test_what_patchkit_did_not_write_is_refused(text: str, sentence: str) -> None:
    with pytest.raises(InconsistentError, match=sentence) as caught:
        read(text)
    assert "patches/lock.json" in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize("tag", ["v262", "main"])
def test_a_release_under_another_name_is_refused(tag: str) -> None:
    written = documents.encode(Lock().with_release(LOCKED)).replace('"v261": {', f'"{tag}": {{')
    with pytest.raises(InconsistentError, match="files 'v261' under"):
        read(written)


@settings(max_examples=150)
@given(st.integers(0, 900), st.integers(0, 20), st.binary(max_size=6))
def test_no_damage_ends_in_anything_but_a_lock_or_a_sentence(
    at: int, dropped: int, inserted: bytes
) -> None:
    whole = documents.encode(Lock().with_release(LOCKED)).encode()
    try:
        read_lock(whole[:at] + inserted + whole[at + dropped :], file_name="lock.json")
    except InconsistentError as error:
        assert "lock.json" in error.message


@pytest.mark.parametrize("name", ["/etc/passwd", "../0001-x.patch", "0001-a/b.patch", "x", ""])
def test_a_patch_that_leads_elsewhere_is_refused(name: str) -> None:
    """Found by fuzzing."""
    root = Path(__file__).resolve().parents[2]
    text = (root / "patches" / "lock.json").read_bytes()
    document = json.loads(text)
    locked = next(iter(document["releases"].values()))
    locked["patches"][0]["file"] = name
    with pytest.raises(InconsistentError, match="which is no patch's file name"):
        read_lock(json.dumps(document).encode(), file_name="lock.json")
