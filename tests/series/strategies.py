"""Generated file names, contents, messages and changes."""

from __future__ import annotations

from typing import TypeAlias

from hypothesis import strategies as st

from tests.builders import EXECUTABLE, LINK, PLAIN

Tree: TypeAlias = dict[str, tuple[int, bytes]]
"""Git mode and content by path."""

_LETTERS = "ab c\"\\\t\x01\x7f\n\ré→=>{}.-+'~\u2028\x85"
_WORDS = st.text(st.sampled_from(_LETTERS), min_size=1, max_size=6)
_LONG = st.text(st.sampled_from("abcdé"), min_size=20, max_size=60)
_PART = st.one_of(st.sampled_from(("src", "core", "main.c", "a b")), _WORDS, _LONG).filter(
    lambda part: part not in (".", "..") and part.lower() != ".git" and "/" not in part
)
PATHS = st.lists(_PART, min_size=1, max_size=3).map("/".join)

_LINE = st.one_of(
    st.sampled_from(
        (
            b"int main(void) {",
            b"        return 0;",
            b"}",
            b"",
            b"--- a/x",
            b"+++ b/x",
            b"-- ",
            b"diff --git a/x b/x",
            b"@@ -1 +1 @@",
            b"\\ No newline at end of file",
            b"From x",
            b"static void very_long_function_name_that_goes_on(" + b"int argument, " * 8,
        )
    ),
    st.binary(min_size=0, max_size=6).map(lambda raw: raw.translate(None, b"\n\0")),
    st.sampled_from("äöü€→\u2028").map(str.encode),
)


@st.composite
def contents(draw: st.DrawFn, *, lines: int = 14) -> bytes:
    """A text file, whose last line may lack its newline."""
    text = b"\n".join(draw(st.lists(_LINE, max_size=lines)))
    return text if not text or draw(st.booleans()) else text + b"\n"


@st.composite
def edited(draw: st.DrawFn, content: bytes) -> bytes:
    """A text like another one."""
    lines = content.split(b"\n")
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, len(lines)))
        end = min(len(lines), at + draw(st.integers(0, 2)))
        lines[at:end] = draw(st.lists(_LINE, max_size=3))
    return b"\n".join(lines)


_MODES = st.sampled_from((PLAIN, PLAIN, PLAIN, EXECUTABLE))


@st.composite
def pairs_of_trees(
    draw: st.DrawFn,
) -> tuple[Tree, Tree]:
    """A tree, and another one made from it; no file becomes a link or a link a file."""
    before: Tree = {}
    after: Tree = {}
    for path in draw(st.lists(PATHS, min_size=1, max_size=5, unique=True)):
        if clashes(path, before) or clashes(path, after):
            continue
        content = draw(contents())
        if draw(st.integers(0, 9)) == 0:
            before[path] = after[path] = (LINK, b"target")
            if draw(st.booleans()):
                after[path] = (LINK, b"elsewhere")
            continue
        state = (draw(_MODES), content)
        match draw(st.sampled_from(("added", "removed", "changed", "changed", "grown"))):
            case "added":
                after[path] = state
            case "removed":
                before[path] = state
            case "grown":
                before[path] = state
                more = b"grown\n" * draw(st.integers(1, 400))
                after[path] = (state[0], content + b"\n" + more)
            case _:
                before[path] = state
                after[path] = (draw(_MODES), draw(edited(content)))
    before.setdefault("anchor", (PLAIN, b"stays\n"))
    after.setdefault("anchor", (PLAIN, b"stays\n"))
    return before, after


def clashes(path: str, files: Tree) -> bool:
    """Whether a path would be a file and a folder at once."""
    return any(other.startswith(path + "/") or path.startswith(other + "/") for other in files)


_TEXT = st.text(st.sampled_from("abc xyz.,:()é→ü"), min_size=1, max_size=90)
SUBJECTS = _TEXT.map(lambda text: " ".join(text.split())).filter(bool)
BODIES = st.lists(SUBJECTS, max_size=3).map("\n\n".join)


@st.composite
def moves(draw: st.DrawFn) -> tuple[Tree, Tree]:
    """A tree, and the same with a file at another path, perhaps edited a little and executable."""
    old, new = draw(
        st.tuples(PATHS, PATHS).filter(
            lambda both: not clashes(both[0], {both[1]: (0, b"")}) and both[0] != both[1]
        )
    )
    lines = [b"line %d of a long file" % number for number in range(30)]
    text = b"\n".join(lines) + b"\n"
    return {old: (PLAIN, text)}, {new: (draw(_MODES), draw(edited(text)))}
