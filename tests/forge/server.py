"""A forge on loopback: git over HTTP by git's own server, and the API of either kind.

The shapes are those of GitHub's REST API (version 2022-11-28) and of Forgejo's `swagger.v1.json`:
paths, query parameters, the fields that a request may have, status codes, and answers with more
fields than anybody reads.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import threading
from collections import deque
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

from patchkit.forge.address import ForgeKind
from tests.builders import git

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

OWNER, NAME = "octo", "patches"
TOKEN = "tk_4f1d9c_planted-and-searched-for"

PULL_FIELDS = {
    ForgeKind.GITHUB: {
        "title", "head", "head_repo", "base", "body", "maintainer_can_modify", "draft", "issue",
    },
    ForgeKind.FORGEJO: {
        "assignee", "assignees", "base", "body", "due_date", "head", "labels", "milestone", "title",
    },
}  # fmt: skip
ISSUE_FIELDS = {
    ForgeKind.GITHUB: {
        "title", "body", "assignee", "milestone", "labels", "assignees", "type", "state",
        "state_reason",
    },
    ForgeKind.FORGEJO: {
        "assignee", "assignees", "body", "closed", "due_date", "labels", "milestone", "ref",
        "title", "state", "unset_due_date",
    },
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Seen:
    """A request."""

    method: str
    path: str
    body: Any = None


@dataclass(kw_only=True)
class Fault:
    """An answer to the next requests of a kind; `after` is what is done all the same."""

    method: str
    part: str
    status: int
    headers: dict[str, str] = field(default_factory=dict)
    body: dict[str, Any] = field(default_factory=dict)
    times: int = 1
    after: bool = False


@dataclass(kw_only=True)
class ForgeServer:
    """The forge's state. `repository` is the bare repository that it serves."""

    kind: ForgeKind
    repository: Path
    token: str = TOKEN
    git_token: str = TOKEN
    items: list[dict[str, Any]] = field(default_factory=list)
    comments: list[tuple[int, str]] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    faults: deque[Fault] = field(default_factory=deque)
    authorizations: set[str] = field(default_factory=set)
    page: int = 50
    port: int = 0
    lock: threading.RLock = field(default_factory=threading.RLock)

    @property
    def site(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def api(self) -> str:
        return self.site + ("/api/v1" if self.kind is ForgeKind.FORGEJO else "/api/v3")

    @property
    def remote(self) -> str:
        return f"{self.site}/{OWNER}/{NAME}.git"

    @property
    def words(self) -> tuple[str, ...]:
        """What a command is told of this forge."""
        return "--pr", "--forge", str(self.kind), "--api", self.api

    @property
    def pulls(self) -> list[dict[str, Any]]:
        return [item for item in self.items if item["is_pull"]]

    @property
    def issues(self) -> list[dict[str, Any]]:
        return [item for item in self.items if not item["is_pull"]]

    @property
    def open_issues(self) -> list[dict[str, Any]]:
        return [item for item in self.issues if item["state"] == "open"]

    def changes(self) -> list[Seen]:
        """The requests that change something, pushes among them."""
        return [
            seen
            for seen in self.seen
            if (seen.method != "GET" and "upload-pack" not in seen.path)
            or "service=git-receive-pack" in seen.path
        ]

    def add_issue(self, title: str, body: str = "", *, state: str = "open") -> dict[str, Any]:
        return self._add(title=title, body=body, state=state, is_pull=False)

    def _add(self, **fields: Any) -> dict[str, Any]:
        with self.lock:
            item = {"number": len(self.items) + 1, "state": "open", **fields}
            self.items.append(item)
            return item

    def has_branch(self, branch: str) -> bool:
        listed = git(self.repository, "for-each-ref", "--format=%(refname:short)", "refs/heads")
        return branch in listed.decode().split()

    # The API

    def answer(  # noqa: PLR0911 - one return for each thing that can be asked
        self, method: str, path: str, query: dict[str, str], body: Any
    ) -> tuple[int, Any]:
        """Status and document."""
        base = f"/repos/{OWNER}/{NAME}"
        if not path.startswith(base):
            return 404, {"message": "Not Found"}
        parts = path.removeprefix(base).strip("/").split("/")
        match method, *parts:
            case "GET", "":
                return 200, {"id": 1, "full_name": f"{OWNER}/{NAME}", "default_branch": "main"}
            case "GET", "pulls":
                return 200, self._pull_list(query)
            case "POST", "pulls":
                return self._new_pull(body)
            case "PATCH", "pulls", number:
                return self._edit(number, body, PULL_FIELDS[self.kind] | {"state"}, pull=True)
            case "GET", "issues":
                return 200, self._issue_list(query)
            case "POST", "issues":
                return self._new_issue(body)
            case "PATCH", "issues", number:
                return self._edit(number, body, ISSUE_FIELDS[self.kind], pull=False)
            case "POST", "issues", number, "comments":
                self.comments.append((int(number), body["body"]))
                return 201, {"id": len(self.comments), "body": body["body"]}
        return 404, {"message": "Not Found"}

    def _pull_list(self, query: dict[str, str]) -> list[Any]:
        found = [p for p in self.pulls if p["state"] == query.get("state", "open")]
        if self.kind is ForgeKind.GITHUB and "head" in query:
            owner, _, branch = query["head"].partition(":")
            found = [p for p in found if owner == OWNER and p["head"] == branch]
        return [self._pull(p) for p in self._paged(found, query)]

    def _issue_list(self, query: dict[str, str]) -> list[Any]:
        found = [i for i in self.items if i["state"] == query.get("state", "open")]
        if self.kind is ForgeKind.FORGEJO and query.get("type") == "issues":
            found = [i for i in found if not i["is_pull"]]
        return [self._issue(i) for i in self._paged(found, query)]

    def _paged(self, found: list[Any], query: dict[str, str]) -> list[Any]:
        size = "per_page" if self.kind is ForgeKind.GITHUB else "limit"
        most = 100 if self.kind is ForgeKind.GITHUB else self.page
        count = min(int(query.get(size, 30)), most)
        start = (int(query.get("page", 1)) - 1) * count
        return found[start : start + count]

    def _new_pull(self, body: Any) -> tuple[int, Any]:
        if unknown := set(body) - PULL_FIELDS[self.kind]:
            return 422, {"message": f"unknown fields {unknown}"}
        with self.lock:
            again = [p for p in self.pulls if p["state"] == "open" and p["head"] == body["head"]]
            if self.kind is ForgeKind.GITHUB:
                if not self.has_branch(body["head"]):
                    return 422, {
                        "message": "Validation Failed",
                        "errors": [{"resource": "PullRequest", "field": "head", "code": "invalid"}],
                    }
                if again:
                    said = f"A pull request already exists for {OWNER}:{body['head']}."
                    return 422, {"message": "Validation Failed", "errors": [{"message": said}]}
            elif again:
                return 409, {"message": "pull request already exists for these targets"}
            elif not self.has_branch(body["head"]):
                return 404, {"message": "The target couldn't be found."}
            fields = {key: body[key] for key in ("title", "body", "head", "base")}
            return 201, self._pull(self._add(is_pull=True, **fields))

    def _new_issue(self, body: Any) -> tuple[int, Any]:
        if unknown := set(body) - ISSUE_FIELDS[self.kind]:
            return 422, {"message": f"unknown fields {unknown}"}
        return 201, self._issue(self.add_issue(body["title"], body.get("body", "")))

    def _edit(self, number: str, body: Any, allowed: set[str], *, pull: bool) -> tuple[int, Any]:
        if unknown := set(body) - allowed:
            return 422, {"message": f"unknown fields {unknown}"}
        item = self.items[int(number) - 1]
        item.update({key: body[key] for key in ("title", "body", "state") if key in body})
        # Forgejo answers 201 to an edit, GitHub 200
        status = 200 if self.kind is ForgeKind.GITHUB else 201
        return status, self._pull(item) if pull else self._issue(item)

    def _issue(self, item: dict[str, Any]) -> dict[str, Any]:
        place = "pull" if item["is_pull"] else "issues"
        shown = {
            "id": 1000 + item["number"],
            "number": item["number"],
            "html_url": f"{self.site}/{OWNER}/{NAME}/{place}/{item['number']}",
            "title": item["title"],
            # GitHub gives null for an empty body, Forgejo the empty text
            "body": item["body"] or (None if self.kind is ForgeKind.GITHUB else ""),
            "state": item["state"],
            "user": {"login": "octo-bot", "id": 7},
            "labels": [],
            "locked": False,
        }
        if item["is_pull"] or self.kind is ForgeKind.FORGEJO:
            shown["pull_request"] = {"merged": False} if item["is_pull"] else None
        return shown

    def _pull(self, item: dict[str, Any]) -> dict[str, Any]:
        shown = self._issue(item)
        for side in ("head", "base"):
            shown[side] = {
                "label": item[side],
                "ref": item[side],
                "sha": "0" * 40,
                "repo_id": item.get(f"{side}_repo", 1),
                "repo": None,
            }
        shown["mergeable"] = True
        return shown


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    forge: ForgeServer

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base's name
        """Say nothing."""

    def do_GET(self) -> None:
        self._handle()

    def do_POST(self) -> None:
        self._handle()

    def do_PATCH(self) -> None:
        self._handle()

    def _handle(self) -> None:
        forge = self.forge
        content = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if "chunked" in self.headers.get("Transfer-Encoding", ""):
            content = self._chunks()
        parts = urlsplit(self.path)
        with forge.lock:
            forge.authorizations.add(self.headers.get("Authorization", ""))
            is_json = self.headers.get("Content-Type", "").startswith("application/json")
            body = json.loads(content) if content and is_json else None
            forge.seen.append(Seen(method=self.command, path=self.path, body=body))
            fault = self._fault()
        if fault is not None and not fault.after:
            self._send(fault.status, fault.body, fault.headers)
        elif parts.path.startswith(f"/{OWNER}/"):
            self._git(parts.path, parts.query, content)
        else:
            status, document = self._api(parts.path, parts.query, body)
            if fault is not None:
                status, document = fault.status, fault.body
            self._send(status, document, fault.headers if fault else {})

    def _fault(self) -> Fault | None:
        for fault in self.forge.faults:
            if fault.method == self.command and fault.part in self.path and fault.times > 0:
                fault.times -= 1
                return fault
        return None

    def _api(self, path: str, query: str, body: Any) -> tuple[int, Any]:
        forge = self.forge
        word = "Bearer" if forge.kind is ForgeKind.GITHUB else "token"
        if self.headers.get("Authorization") != f"{word} {forge.token}":
            if forge.kind is ForgeKind.GITHUB:
                return 401, {"message": "Bad credentials", "status": "401"}
            return 401, {"message": "user does not exist [uid: 0, name: ]", "url": ""}
        prefix = urlsplit(forge.api).path
        if not path.startswith(prefix):
            return 404, {"message": "Not Found"}
        fields = {key: values[-1] for key, values in parse_qs(query).items()}
        return forge.answer(self.command, unquote(path.removeprefix(prefix)), fields, body)

    def _chunks(self) -> bytes:
        content = b""
        while size := int(self.rfile.readline().strip(), 16):
            content += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return content

    def _git(self, path: str, query: str, content: bytes) -> None:
        """Hand on to `git http-backend` (its environment is CGI's)."""
        forge = self.forge
        wanted = base64.b64encode(f"x-access-token:{forge.git_token}".encode()).decode()
        if self.headers.get("Authorization") != f"Basic {wanted}":
            self._send(401, {}, {"WWW-Authenticate": 'Basic realm="forge"'})
            return
        environment = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(forge.repository.parent),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": "safe.directory",
            "GIT_CONFIG_VALUE_0": "*",
            "PATH_INFO": "/" + forge.repository.name + path.removeprefix(f"/{OWNER}/{NAME}.git"),
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(content)),
            "REMOTE_USER": "octo-bot",
            "REMOTE_ADDR": "127.0.0.1",
        }
        done = subprocess.run(
            ["git", "http-backend"], input=content, env=environment, capture_output=True, check=True
        )
        head, _, body = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if line)
        status = int(headers.pop("Status", "200 OK").split()[0])
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _send(self, status: int, document: Any, headers: dict[str, str]) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        for name, value in {
            "Content-Type": "application/json; charset=utf-8",
            "Content-Length": str(len(body)),
            **headers,
        }.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def serving(kind: ForgeKind, repository: Path) -> Iterator[ForgeServer]:
    """A forge of a kind that serves a bare repository."""
    forge = ForgeServer(kind=kind, repository=repository)
    handler = type("Handler", (_Handler,), {"forge": forge})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        forge.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield forge
        finally:
            server.shutdown()
            thread.join()
