"""Looking at what leaves patchkit as those see it who read it: terminal, runner, forge, browser."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import html5lib
from markdown_it import MarkdownIt

PIECES = (
    "\x1b]0;owned\x07", "\x1b[2J", "\x9b31m", "\u202eexe.", "\u2028", "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>", "](javascript:alert(1))", "[x](https://evil.example/)",
    "![x](https://evil.example/)", "@everyone", "#123", "!7", "other/repo#5", "GH-9", "``", "```",
    "</details>", "</code></pre>", "| x | y |", "##[add-mask]x", "https://evil.example/?q",
    "www.evil.example", "{{ 7 * 7 }}", "[bold]x[/]", "<!-- patchkit bump v261 -->", "\\", "*x*",
    "&lt;",
)  # fmt: skip
HOSTILE = " ".join(PIECES)
"""On one line."""
LINES = (
    f"{HOSTILE}\n::error file=x::owned\n  ::stop-commands::x\n::add-mask::a\r\n::set-output"
    " name=verdict::owned\n```\n~~~\n# heading\n- item\n\n---\nPatchkit-Tree: "
    + "0" * 40
    + "\nend-0000\nverdict<<x\n"
)
"""On several, with what means something at a line's start."""

_OBEYED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
_COMMAND = re.compile(r"^\W*::(?!group::|endgroup::)|##\[", re.MULTILINE)
_LINKED = re.compile(r"(?<![\w`])@\w|(?<!\w)[#!]\d|\w/\w+#\d|\bGH-\d|://|\bwww\.", re.IGNORECASE)
_ACTIVE = ("script", "img", "iframe", "object", "embed", "link", "base", "form")
_OURS = re.compile(r"https?://(?:127\.0\.0\.1|github\.com)[\w:/.#-]*|#\d+\.$")


def faults_on_a_terminal(text: str) -> list[str]:
    """What a terminal, or a CI system's runner, would obey."""
    found = [f"{match[0]!r} at {_around(text, match)}" for match in _OBEYED.finditer(text)]
    return found + [f"a command: {_around(text, match)}" for match in _COMMAND.finditer(text)]


def faults_in_markdown(text: str) -> list[str]:
    """What a forge would make of a text beyond showing it."""
    found = [f"{match[0]!r}: {_around(text, match)}" for match in _OBEYED.finditer(text)]
    parser = MarkdownIt("commonmark", {"html": True}).enable("table")
    for token in parser.parse(text):
        inner = token.children or []
        for each in (token, *inner):
            if each.type in ("html_block", "html_inline") and not _is_our_html(each.content):
                found.append(f"HTML: {each.content[:80]!r}")
            if each.type == "link_open" and not _OURS.match(str(each.attrs.get("href"))):
                found.append(f"a link: {each.attrs.get('href')}")
            if each.type == "image":
                found.append(f"an image: {each.attrs.get('src')}")
        for plain in (_OURS.sub("", e.content) for e in inner if e.type == "text"):
            found += [f"linked: {_around(plain, m)}" for m in _LINKED.finditer(plain)]
    return found


def _is_our_html(content: str) -> bool:
    pattern = (
        r"(?:</?details>|<summary>range-diff of [\w\\-]+</summary>"
        r"|<!-- patchkit (?:bump|forecast)[ \w.@-]* -->|\s)*"
    )
    return re.fullmatch(pattern, content) is not None


def faults_in_page(content: bytes) -> list[str]:
    """What a browser would run or load, by the parser that browsers have."""
    found = []
    document = html5lib.parse(content, treebuilder="etree", namespaceHTMLElements=False)
    for element in document.iter():
        ours = element.tag == "link" and str(element.get("href")).startswith("data:image/svg")
        if str(element.tag) in _ACTIVE and not ours:
            found.append(f"<{element.tag}> {ET.tostring(element)[:80]!r}")
        for name, value in element.attrib.items():
            if name.startswith("on") or "javascript:" in value.lower():
                found.append(f"{name}={value}")
    text = content.decode("utf-8")
    return found + [f"{match[0]!r}: {_around(text, match)}" for match in _OBEYED.finditer(text)]


def outputs_of(text: str) -> dict[str, str]:
    """What a runner reads from the file that GITHUB_OUTPUT names."""
    found, lines = {}, iter(text.split("\n"))
    for line in lines:
        name, heredoc, fence = line.partition("<<")
        if not heredoc:
            if line:
                found[line.partition("=")[0]] = line.partition("=")[2]
            continue
        value = []
        for inner in lines:
            if inner == fence:
                break
            value.append(inner)
        found[name] = "\n".join(value)
    return found


def _around(text: str, match: re.Match[str]) -> str:
    return repr(text[max(0, match.start() - 40) : match.end() + 30])
