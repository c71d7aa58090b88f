"""Reading patches: what is understood, and the sentence for each thing that is refused."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patchkit.errors import ExitCode, PatchkitError
from patchkit.rebase.objects import blob_id, difference
from patchkit.series.fault import MalformedPatchError
from patchkit.series.parse import parse_patch
from patchkit.series.patch import FileChange, Message, Patch
from patchkit.series.render import render_patch
from tests.builders import EXECUTABLE, PLAIN
from tests.series import strategies

HEAD = b"""\
From 0000000000000000000000000000000000000000 Mon Sep 17 00:00:00 2001
From: A Tester <tester@example.org>
Date: Fri, 2 Jan 2026 03:04:05 +0000
Subject: [PATCH] mount-setup: go on

Without it nothing boots.
---
 a | 2 +-
 1 file changed, 1 insertion(+), 1 deletion(-)

"""
DIFF = b"""\
diff --git a/a b/a
index d00491fd7e5bb6fa28c517a0bb32b8b506539d4d..0cfbf08886fca9a91cb753ec8734c84fcbe52c9f 100644
--- a/a
+++ b/a
@@ -1 +1 @@
-1
+2
"""


def read(content: bytes) -> Patch:
    return parse_patch(content, name="mount-setup", file_name="0001-x.patch")


def test_reads_a_patch() -> None:
    patch = read(HEAD + DIFF)
    assert patch.message.author == "A Tester <tester@example.org>"
    assert patch.message.subject == "mount-setup: go on"
    assert patch.message.body == "Without it nothing boots."
    (file,) = patch.files
    assert (file.old_path, file.new_path, file.old_mode, file.new_mode) == ("a", "a", PLAIN, PLAIN)
    assert (file.added, file.removed) == (1, 1)
    assert patch.hunk_count == 1
    assert patch.paths == ("a",)


def test_a_patch_without_git_s_headers_is_read() -> None:
    patch = read(HEAD + DIFF.split(b"\n", 2)[2])
    assert patch.paths == ("a",)
    assert patch.files[0].old_mode is None


def test_a_signature_after_the_last_hunk_is_no_part_of_it() -> None:
    assert read(HEAD + DIFF + b"-- \n2.39.5\n\n").files == read(HEAD + DIFF).files


def test_a_number_in_the_subject_is_dropped() -> None:
    patch = read((HEAD + DIFF).replace(b"[PATCH]", b"[PATCH v2 3/5]"))
    assert patch.message.subject == "mount-setup: go on"
    assert patch.message.header == read(HEAD + DIFF).message.header


def test_encoded_words_are_read() -> None:
    named = HEAD.replace(b"A Tester", b"=?UTF-8?q?J=C3=BCrgen?=")
    assert read(named + DIFF).message.author == "Jürgen <tester@example.org>"


@pytest.mark.parametrize("name", ["a b/src", "a b/a b", 'quo"te', "back\\slash", "t\tab", "é"])
@pytest.mark.parametrize("mode", [PLAIN, EXECUTABLE])
def test_odd_names_come_back(name: str, mode: int) -> None:
    change = FileChange(
        old_path=name, new_path=name, old_mode=PLAIN, new_mode=mode,
        old_id=blob_id(b"1\n"), new_id=blob_id(b"2\n"), hunks=difference(b"1\n", b"2\n"),
    )  # fmt: skip
    only_mode = FileChange(
        old_path=name + "-x", new_path=name + "-x", old_mode=PLAIN, new_mode=EXECUTABLE
    )
    message = read(HEAD + DIFF).message
    assert read(render_patch(message, [change, only_mode])).files == (change, only_mode)


# What is refused


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is not a patch: no diff in it"),
        (b"Dear all,\n\nplease find attached\n", "is not a patch: no diff in it"),
        (HEAD, "is not a patch: no diff in it"),
        (b"\x7fELF\x02\x01\x01\0\0", "is not a patch: it holds binary data"),
        (DIFF, "is not a patch in git's mail format: no From: line"),
        ((HEAD + DIFF).replace(b"Date: Fri", b"Dated: Fri"), "no Date: line"),
        ((HEAD + DIFF).replace(b"2 Jan 2026 03:04:05", b"someday"), "date that cannot be read"),
        ((HEAD + DIFF).replace(b"Subject:", b"Object:"), "no Subject: line"),
        (HEAD.replace(b"A Tester", b"\xff") + DIFF, "a header that is not UTF-8"),
        (HEAD.replace(b"boots", b"\xff") + DIFF, "a message that is not UTF-8"),
        (HEAD.replace(b"A Tester", b"=?no-such-charset?q?x?=") + DIFF, "broken encoded words"),
        (
            HEAD + b"diff --git a/x b/x\nindex 0000000..1111111\nGIT binary patch\nliteral 4\n",
            "changes a binary file",
        ),
        (HEAD + b"diff --git a/x b/x\nBinary files a/x and b/x differ\n", "changes a binary file"),
        ((HEAD + DIFF).replace(b"\n", b"\r\n"), "has CRLF line ends"),
        (HEAD + DIFF.replace(b"/a", b"/../a"), "the path '../a', which leads out of the tree"),
        (HEAD + DIFF.replace(b"/a", b"/x/../../a"), "which leads out of the tree"),
        (HEAD + DIFF.replace(b"/a", b"//etc/passwd"), "which leads out of the tree"),
        (HEAD + DIFF.replace(b"/a", b"/.git/config"), "which is inside git's own folder"),
        (HEAD + DIFF.replace(b"/a", b"/x/.GIT/hooks/y"), "which is inside git's own folder"),
        (HEAD + DIFF.replace(b"@@ -1 +1 @@", b"@@ -1,2 +1 @@"), "has a damaged hunk"),
        (HEAD + DIFF.replace(b"@@ -1 +1 @@", b"@@ -1,0 +1 @@"), "has a damaged hunk"),
        (HEAD + DIFF.replace(b"+2\n", b"*2\n"), "has a damaged hunk"),
        (HEAD + DIFF[:-4], "has a damaged hunk"),
        (HEAD + DIFF.replace(b"-1\n+2\n", b" 1\n"), "that changes nothing"),
        (HEAD + DIFF[: DIFF.index(b"@@")], "says that it changes a, but no hunk follows"),
        (HEAD + DIFF + DIFF, "changes a twice"),
        (HEAD + DIFF.replace(b" 100644", b" 160000"), "a file mode that git does not use"),
        (
            HEAD + b"diff --git a/x b/y\nsimilarity index 100%\ncopy from x\ncopy to y\n",
            "copies a file",
        ),
        (HEAD + DIFF.replace(b"a/a", b'"a/\\q"'), "the unknown escape"),
        (HEAD + b'diff --git a/x b/y\nrename from "\\q"\nrename to y\n', "the unknown escape"),
        (HEAD + b"diff --git a/x b/y\nold mode 100644\nnew mode 100755\n", "without saying which"),
    ],
)  # fmt: skip
def test_what_is_no_good_is_refused(content: bytes, sentence: str) -> None:
    with pytest.raises(MalformedPatchError, match=re.escape(sentence)) as caught:
        read(content)
    assert caught.value.message.startswith("0001-x.patch ")
    assert "\n" not in caught.value.message
    assert caught.value.hint
    assert caught.value.exit_code is ExitCode.INCONSISTENT


@settings(max_examples=300)
@given(st.binary(max_size=60), st.integers(0, len(HEAD + DIFF)), st.integers(0, 30))
def test_no_damage_ends_in_anything_but_a_patch_or_a_sentence(
    inserted: bytes, at: int, dropped: int
) -> None:
    whole = HEAD + DIFF
    damaged = whole[:at] + inserted + whole[at + dropped :]
    try:
        patch = read(damaged)
    except PatchkitError as error:
        assert error.message.startswith("0001-x.patch ")
    else:
        assert patch.content == damaged


@settings(max_examples=150, deadline=None)
@given(strategies.PATHS, strategies.contents(), st.data())
def test_what_is_written_is_read_back(path: str, before: bytes, data: st.DataObject) -> None:
    after = data.draw(strategies.edited(before))
    hunks = difference(before, after)
    ids = {"old_id": blob_id(before), "new_id": blob_id(after)}
    modes = data.draw(st.sampled_from(((PLAIN, PLAIN), (PLAIN, EXECUTABLE), (EXECUTABLE, PLAIN))))
    change = FileChange(
        old_path=path,
        new_path=path,
        old_mode=modes[0],
        new_mode=modes[1],
        hunks=hunks,
        old_id=ids["old_id"] if hunks else None,
        new_id=ids["new_id"] if hunks else None,
    )
    if not hunks and modes[0] == modes[1]:
        return
    message = Message(
        header=b"From: A <a@example.org>\nDate: Fri, 2 Jan 2026 03:04:05 +0000\n"
        b"Subject: [PATCH] x\n\n",
        author="A <a@example.org>",
        date="Fri, 2 Jan 2026 03:04:05 +0000",
        subject="x",
        body="",
    )
    content = render_patch(message, [change])
    patch = read(content)
    assert patch.message == message
    assert patch.files == (change,)
    assert render_patch(patch.message, patch.files) == content
