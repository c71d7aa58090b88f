"""Whether the target knows what the patch's lines call."""

from patchkit.rebase.outcome import FileState
from patchkit.rebase.strategies.knowledge import Headers, strange_folders, unknown_names
from tests.rebase.strategies.trees import view

MAIN = "src/core/main.c"
C = b'#include "util.h"\n\nint main(void) {\n        return 0;\n}\n'
PATCHED = C.replace(b"return 0", b"return each(0)")
HEADER = b"#define each(x) (x)\nint helper(int x);\n"


def unknown(patch: bytes, base: dict[str, bytes | None], target: dict[str, bytes | None]) -> object:
    own = target.get(MAIN)
    return unknown_names(
        MAIN,
        base=base[MAIN] or b"",
        patch=patch,
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
        "a.sh", base=b"", patch=b"each(1)\n", target=b"", known=headers, there=headers
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
