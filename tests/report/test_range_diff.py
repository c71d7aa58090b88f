"""The diff of a patch at two releases."""

from __future__ import annotations

from dataclasses import replace

from patchkit.report.range_diff import RangeKind, Side, range_diff, range_diffs
from patchkit.series.parse import parse_patch
from patchkit.series.patch import Patch, Series

TEXT = b"""\
From 0000000000000000000000000000000000000000 Mon Sep 17 00:00:00 2001
From: A Tester <tester@example.org>
Date: Fri, 2 Jan 2026 03:04:05 +0000
Subject: [PATCH] main: keep it

Else it is lost.
---
diff --git a/main.c b/main.c
index 1111111111111111111111111111111111111111..2222222222222222222222222222222222222222 100644
--- a/main.c
+++ b/main.c
@@ -10,5 +10,5 @@ int main(void) {
 before;
 near;
-old;
+new;
 after;
 end;
"""


def patch(content: bytes = TEXT, name: str = "main") -> Patch:
    return parse_patch(content, name=name, file_name=f"0001-{name}-keep-it.patch")


def test_the_same_bytes() -> None:
    found = range_diff("main", patch(), patch())
    assert (found.kind, found.chunks) == (RangeKind.SAME, ())


def test_other_lines_ids_and_headings_are_no_change() -> None:
    moved = TEXT.replace(b"@@ -10,5 +10,5 @@ int main", b"@@ -90,5 +91,5 @@ int run")
    found = range_diff("main", patch(), patch(moved.replace(b"index 1111", b"index 3333")))
    assert (found.kind, found.chunks) == (RangeKind.MOVED, ())


def test_another_context_line_is_shown_with_what_is_around_it() -> None:
    found = range_diff("main", patch(), patch(TEXT.replace(b" near;", b" far;")))
    assert found.kind is RangeKind.CHANGED
    assert found.text() == (
        " ## main.c ##\n @@ int main(void) {\n"
        "  before;\n- near;\n+ far;\n -old;\n +new;\n  after;\n"
    )
    sides = [(line.side, line.text) for line in found.chunks[0] if line.side is not Side.BOTH]
    assert sides == [(Side.OLD, " near;"), (Side.NEW, " far;")]


def test_the_message_counts_too() -> None:
    found = range_diff("main", patch(), patch(TEXT.replace(b"lost.", b"gone.")))
    assert [line.text for line in found.chunks[0] if line.side is Side.NEW] == ["Else it is gone."]


def test_a_mode_counts_too() -> None:
    found = range_diff("main", patch(), patch(TEXT.replace(b" 100644\n", b" 100755\n")))
    assert found.kind is RangeKind.CHANGED


def test_a_patch_that_only_one_release_has() -> None:
    other = replace(patch(), name="other")
    old, new = Series((patch(), other)), Series((patch(),))
    assert [(each.name, each.kind) for each in range_diffs(old, new)] == [
        ("main", RangeKind.SAME),
        ("other", RangeKind.GONE),
    ]
    assert [each.kind for each in range_diffs(new, old)] == [RangeKind.SAME, RangeKind.ADDED]


def test_distant_changes_are_separate_chunks() -> None:
    long = b"".join(b" line %d;\n" % n for n in range(20))
    grown = TEXT.replace(b"@@ -10,5 +10,5 @@", b"@@ -10,25 +10,25 @@") + long
    found = range_diff(
        "main",
        patch(grown),
        patch(grown.replace(b" near;", b" far;").replace(b" line 19;", b" line nineteen;")),
    )
    assert len(found.chunks) == 2
    assert found.text().count("...\n") == 1
