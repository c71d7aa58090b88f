"""Both kinds of forge over a real connection, and what goes wrong there."""

from __future__ import annotations

import contextlib
import gzip
import socket
import threading
import time
from typing import TYPE_CHECKING

import pytest

from patchkit.bump.delivery import close_issues, show_issue, show_pull_request
from patchkit.forge.account import Account, open_forge
from patchkit.forge.address import ForgeAddress, ForgeKind
from patchkit.forge.wire import ForgeError, Patience, Wire
from tests.builders import Commit, git, repository
from tests.forge.server import NAME, OWNER, TOKEN, Fault, ForgeServer, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from patchkit.forge.forge import Forge

QUICK = Patience(pause=0.01, connect=1, silence=1, asked=2)


@pytest.fixture(params=list(ForgeKind))
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ForgeServer]:
    bare = repository(tmp_path / "patches.git", [Commit(files={"a": b"a"})])
    for branch in ("one", "two"):
        git(bare, "branch", branch, "main")
    with serving(request.param, bare) as running:
        yield running


def opened(server: ForgeServer, token: str = TOKEN) -> Forge:
    address = ForgeAddress(kind=server.kind, api=server.api, owner=OWNER, name=NAME)
    return open_forge(Account(address=address, token=token), patience=QUICK)


def test_pull_requests(server: ForgeServer) -> None:
    forge = opened(server)
    assert forge.default_branch() == "main"
    assert forge.open_pull_request("one") is None
    made = forge.create_pull_request(head="one", base="main", title="One", body="")
    forge.create_pull_request(head="two", base="main", title="Two", body="second")
    found = forge.open_pull_request("one")
    assert found == made
    assert (found.title, found.body, found.head, found.base) == ("One", "", "one", "main")
    edited = forge.edit_pull_request(made.number, title="Uno", body="more")
    assert (edited.title, edited.body, edited.number) == ("Uno", "more", made.number)
    server.pulls[0]["state"] = "closed"
    assert forge.open_pull_request("one") is None


def test_a_forks_branch_of_the_same_name_is_not_ours(server: ForgeServer) -> None:
    if server.kind is ForgeKind.GITHUB:
        pytest.skip("GitHub's list is asked for our own branch")
    server._add(title="theirs", body="", head="one", base="main", head_repo=99, is_pull=True)
    assert opened(server).open_pull_request("one") is None


def test_issues_without_pull_requests_over_many_pages(server: ForgeServer) -> None:
    forge = opened(server)
    forge.create_pull_request(head="one", base="main", title="One", body="")
    for number in range(230):
        server.add_issue(f"issue {number}", state="open" if number % 2 else "closed")
    found = forge.open_issues()
    assert [issue.title for issue in found] == [f"issue {n}" for n in range(1, 230, 2)]
    server.page = 7  # a server may give less than it is asked for
    if server.kind is ForgeKind.FORGEJO:
        assert forge.open_issues() == found


def test_an_issue_is_opened_refreshed_and_closed_once(server: ForgeServer) -> None:
    forge = opened(server)
    server.add_issue("theirs", "about <!-- patchkit bump v2 -->")
    text = "it broke\n<!-- patchkit bump v262 -->"
    first = show_issue(forge, release="v262", title="broke", body=text)
    assert first.changed
    count = len(server.changes())
    again = show_issue(forge, release="v262", title="broke", body=text + "\n")
    assert (again.url, again.changed) == (first.url, False)
    assert len(server.changes()) == count
    # two that two runs opened become one
    server.add_issue("broke", text)
    refreshed = show_issue(forge, release="v262", title="broke more", body=text)
    assert (refreshed.url, refreshed.changed) == (first.url, True)
    assert [issue["title"] for issue in server.open_issues] == ["theirs", "broke more"]
    assert len(close_issues(forge, "v262", why="works")) == 1
    assert [issue["title"] for issue in server.open_issues] == ["theirs"]
    assert server.comments[-1][1] == "works"
    assert close_issues(forge, "v262", why="works") == ()


def test_an_issue_whose_answer_got_lost_is_not_opened_twice(server: ForgeServer) -> None:
    server.faults.append(Fault(method="POST", part="/issues", status=504, after=True))
    text = "it broke <!-- patchkit bump v262 -->"
    assert show_issue(opened(server), release="v262", title="broke", body=text).changed
    assert len(server.open_issues) == 1


def test_a_pull_request_without_its_branch_is_refused_in_words(server: ForgeServer) -> None:
    with pytest.raises(ForgeError) as caught:
        show_pull_request(
            opened(server), release="v1", branch="absent", base="main", title="t", body="b"
        )
    assert caught.value.status in (404, 422)
    assert "POST" in caught.value.message


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_reading_is_tried_again(server: ForgeServer, status: int) -> None:
    server.faults.append(Fault(method="GET", part="/repos", status=status, times=3))
    assert opened(server).default_branch() == "main"
    assert len(server.seen) == 4


@pytest.mark.parametrize("status", [500, 502])
def test_making_is_not_tried_again_blindly(server: ForgeServer, status: int) -> None:
    server.faults.append(Fault(method="POST", part="/issues", status=status))
    with pytest.raises(ForgeError, match=str(status)):
        opened(server).create_issue(title="t", body="b")
    assert len(server.seen) == 1


def test_a_server_that_is_not_there(server: ForgeServer) -> None:
    with server.lock:
        forge = opened(server)
        begun = time.monotonic()
        address = ForgeAddress(
            kind=server.kind, api="http://127.0.0.1:9/api", owner=OWNER, name=NAME
        )
        with pytest.raises(ForgeError, match="cannot be reached"):
            open_forge(Account(address=address, token=TOKEN), patience=QUICK).default_branch()
        assert time.monotonic() - begun < 10
    assert forge.default_branch() == "main"


def test_a_limit_without_end_is_not_waited_for(server: ForgeServer) -> None:
    headers = {"Retry-After": "3600"}
    server.faults.append(Fault(method="GET", part="/repos", status=403, headers=headers, times=9))
    begun = time.monotonic()
    with pytest.raises(ForgeError, match="rate limit"):
        opened(server).default_branch()
    assert time.monotonic() - begun < 1
    assert len(server.seen) == 1


def test_a_refusal_that_is_no_limit_is_final(server: ForgeServer) -> None:
    said = {"message": "Resource not accessible by integration"}
    server.faults.append(Fault(method="POST", part="/issues", status=403, body=said))
    with pytest.raises(ForgeError) as caught:
        opened(server).create_issue(title="t", body="b")
    assert "Resource not accessible" in caught.value.message
    assert "token" in str(caught.value.hint)


def test_the_token_is_struck_from_what_the_server_says(server: ForgeServer) -> None:
    said = {"message": f"the token {TOKEN} is bad"}
    server.faults.append(Fault(method="GET", part="/repos", status=401, body=said))
    with pytest.raises(ForgeError) as caught:
        opened(server).default_branch()
    assert TOKEN not in caught.value.message + str(caught.value.hint)
    assert "***" in caught.value.message
    assert caught.value.__cause__ is None


def test_the_token_does_not_follow_a_redirect(server: ForgeServer) -> None:
    headers = {"Location": f"{server.site}/elsewhere"}
    server.faults.append(Fault(method="GET", part="/repos", status=302, headers=headers))
    with pytest.raises(ForgeError, match="302"):
        opened(server).default_branch()
    assert [seen.path for seen in server.seen if "elsewhere" in seen.path] == []


def test_an_answer_of_another_shape_is_told(server: ForgeServer) -> None:
    server.faults.append(
        Fault(method="GET", part="/repos", status=200, body={"default_branch": None})
    )
    with pytest.raises(ForgeError, match="not what its API describes"):
        opened(server).default_branch()


def test_an_account_does_not_show_its_token() -> None:
    address = ForgeAddress(kind=ForgeKind.GITHUB, api="https://x", owner="o", name="n")
    assert TOKEN not in repr(Account(address=address, token=TOKEN))


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n" + gzip.compress(b"[" * (32 << 20)),
        b"garbage",
        b"",
    ],
    ids=["cut", "chunk", "encoding", "bomb", "garbage", "nothing"],
)
def test_an_answer_that_is_none_is_told(answer: bytes) -> None:
    """Found by fuzzing: what urllib3 raises is not what requests raises."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.05)
        end = threading.Event()

        def serve() -> None:
            while not end.is_set():
                with contextlib.suppress(OSError):
                    connection, _ = listener.accept()
                    with connection:
                        connection.recv(65536)
                        connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            api = f"http://127.0.0.1:{listener.getsockname()[1]}"
            patience = Patience(pause=0.01, connect=1, silence=1, attempts=2)
            wire = Wire(api=api, token=TOKEN, headers={}, patience=patience)
            with pytest.raises(ForgeError) as caught:
                wire.get("/x", list[int])
        finally:
            end.set()
            thread.join()
    assert len(caught.value.message) < 300
