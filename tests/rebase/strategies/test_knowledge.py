"""Whether the target knows what the patch's lines call."""

import re

from hypothesis import given
from hypothesis import strategies as st

from patchkit.rebase.facts import Facts
from patchkit.rebase.objects import blob_id
from patchkit.rebase.outcome import FileState
from patchkit.rebase.strategies.guards import added_lines
from patchkit.rebase.strategies.knowledge import Headers, strange_folders, unknown_names
from patchkit.rebase.tree import TreeView
from patchkit.upstream.store import MissingObjectError
from tests.rebase.strategies.trees import Files, view

MAIN = "src/core/main.c"
C = b'#include "util.h"\n\nint main(void) {\n        return 0;\n}\n'
PATCHED = C.replace(b"return 0", b"return each(0)")
HEADER = b"#define each(x) (x)\nint helper(int x);\n"


def unknown(patch: bytes, base: dict[str, bytes | None], target: dict[str, bytes | None]) -> object:
    own = target.get(MAIN)
    return unknown_names(
        MAIN,
        base=base[MAIN] or b"",
        added=added_lines(base[MAIN] or b"", patch),
        target=own or b"",
        known=Headers(view(base)),
        there=Headers(view(target)),
    )


def test_a_macro_that_only_the_base_has() -> None:
    base: dict[str, bytes | None] = {MAIN: C, "src/basic/util.h": HEADER}
    assert unknown(PATCHED, base, {MAIN: C, "src/basic/util.h": b"int other;\n"}) == ["each"]


def test_a_macro_that_both_have() -> None:
    base: dict[str, bytes | None] = {MAIN: C, "src/basic/util.h": HEADER}
    assert unknown(PATCHED, base, base) == []


def test_a_header_of_a_header() -> None:
    deep = {"src/basic/util.h": b'#include "deep.h"\n', "src/x/deep.h": HEADER, MAIN: C}
    base: dict[str, bytes | None] = {MAIN: C, "src/basic/util.h": HEADER}
    assert unknown(PATCHED, base, dict(deep)) == []


def test_what_the_system_has_is_not_asked_for() -> None:
    base: dict[str, bytes | None] = {MAIN: C, "src/basic/util.h": b""}
    assert unknown(C.replace(b"return 0", b"return abs(0)"), base, base) == []


def test_what_the_patch_itself_defines() -> None:
    base: dict[str, bytes | None] = {MAIN: C, "src/basic/util.h": HEADER}
    patch = b"static int each(int x) {\n        return x;\n}\n" + PATCHED
    assert unknown(patch, base, {MAIN: C, "src/basic/util.h": b""}) == []


def test_what_the_target_declares_in_the_file_itself() -> None:
    base: dict[str, bytes | None] = {MAIN: C, "src/basic/util.h": HEADER}
    target = {MAIN: b"int each(int);\n" + C, "src/basic/util.h": b""}
    assert unknown(PATCHED, base, dict(target)) == []


def test_a_header_that_the_patch_includes_is_seen() -> None:
    base: dict[str, bytes | None] = {MAIN: C, "src/basic/util.h": HEADER, "src/new.h": HEADER}
    target: dict[str, bytes | None] = {MAIN: C, "src/basic/util.h": b"", "src/new.h": HEADER}
    assert unknown(b'#include "new.h"\n' + PATCHED, base, target) == []


def test_a_cleanup_function_is_a_call() -> None:
    base: dict[str, bytes | None] = {MAIN: C, "src/basic/util.h": b"void freep(void **p);\n"}
    patch = C.replace(b"return 0;", b"_cleanup_(freep) void *p = NULL;\n        return 0;")
    assert unknown(patch, base, {MAIN: C, "src/basic/util.h": b""}) == ["freep"]


def test_only_c_is_looked_at() -> None:
    headers = Headers(view({}))
    found = unknown_names(
        "a.sh", base=b"", added=[b"each(1)\n"], target=b"", known=headers, there=headers
    )
    assert found == []


def test_a_missing_header_is_as_an_empty_one() -> None:
    base: dict[str, bytes | None] = {MAIN: C, "src/basic/util.h": HEADER}
    assert unknown(PATCHED, base, {MAIN: C, "src/basic/util.h": None}) == ["each"]


STATE = {"test/fuzz-x/input": FileState(mode=0o100644, content=b"x")}


def test_a_folder_whose_program_the_target_lacks() -> None:
    base = view({"test/fuzz-x/other": b"", "src/fuzz-x.c": b"", "a": b""})
    assert strange_folders(STATE, base=base, target=view({"a": b""})) == ["test/fuzz-x"]


def test_a_folder_that_is_only_new() -> None:
    base = view({"test/fuzz-x/other": b"", "src/fuzz-x.c": b""})
    assert strange_folders(STATE, base=base, target=view({"src/fuzz-x.c": b""})) == []
    assert strange_folders(STATE, base=view({"a": b""}), target=view({"a": b""})) == []
    assert strange_folders(STATE, base=base, target=base) == []


def test_words_that_are_known_from_another_run_of_a_header_that_is_missing_now() -> None:
    base: dict[str, bytes | None] = {MAIN: C, "src/basic/util.h": HEADER}
    facts = Facts()
    facts.header(view(base).source, blob_id(HEADER))

    class Holed(Files):
        def blob(self, id: str) -> bytes:  # noqa: A002
            raise MissingObjectError(id)

    source = Holed(base)
    headers = Headers(TreeView(source=source, tree=source.tree()), facts)
    assert headers.lacking(MAIN, C, {b"each"}) == set()
    assert headers.defined(MAIN, C, {b"each"}) == set()


def test_a_header_that_the_patch_adds_or_changes() -> None:
    tree = view({MAIN: C, "src/basic/util.h": b""})
    added = FileState(mode=0o100644, content=HEADER)
    more = b'#include "new.h"\n'
    with_it = Headers(tree.with_changes({"src/new.h": added}))
    assert with_it.lacking(MAIN, C, {b"each"}, more) == set()
    assert with_it.lacking(MAIN, C, {b"each"}) == {b"each"}
    changed = Headers(tree.with_changes({"src/basic/util.h": added}))
    assert changed.lacking(MAIN, C, {b"each"}) == set()
    assert changed.defined(MAIN, C, {b"each", b"helper", b"x"}) == {b"each", b"helper"}
    gone = view({MAIN: C, "src/basic/util.h": HEADER}).with_changes({"src/basic/util.h": None})
    assert Headers(gone).lacking(MAIN, C, {b"each"}) == {b"each"}


CODE = st.text(st.sampled_from("aab_ \t\n#define(;{}="), max_size=60).map(str.encode)


@given(CODE, st.sampled_from([b"a", b"ab", b"aa", b"define"]))
def test_a_definition_as_a_search_of_the_whole_text_finds_it(text: bytes, name: bytes) -> None:
    whole = rb"^(?:#[ \t]*define[ \t]+NAME\b|[A-Za-z_][^\n;{}=]*\bNAME[ \t]*\()"
    there = re.search(whole.replace(b"NAME", name), text, re.MULTILINE) is not None
    seen = Headers(view({})).defined("src/a.c", text, {name})
    assert bool(seen) == there
