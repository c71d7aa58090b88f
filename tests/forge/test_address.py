"""Telling a forge from a remote's URL, and finding its token."""

from __future__ import annotations

import pytest

from patchkit.errors import UsageError
from patchkit.forge.address import ForgeKind, Wishes, find_address, find_token

GITHUB, FORGEJO = ForgeKind.GITHUB, ForgeKind.FORGEJO
PUBLIC = "https://api.github.com"


@pytest.mark.parametrize(
    ("remote", "kind", "api", "repository"),
    [
        ("https://github.com/octo/patches.git", GITHUB, PUBLIC, "octo/patches"),
        ("https://github.com/octo/patches", GITHUB, PUBLIC, "octo/patches"),
        ("git@github.com:octo/patches.git", GITHUB, PUBLIC, "octo/patches"),
        ("ssh://git@github.com:22/octo/patches.git", GITHUB, PUBLIC, "octo/patches"),
        ("https://x:secret@github.com/octo/p", GITHUB, PUBLIC, "octo/p"),
        ("https://github.example.org/o/p", GITHUB, "https://github.example.org/api/v3", "o/p"),
        ("https://codeberg.org/o/p.git", FORGEJO, "https://codeberg.org/api/v1", "o/p"),
        ("forgejo@git.forgejo.org:o/p.git", FORGEJO, "https://git.forgejo.org/api/v1", "o/p"),
    ],
)
def test_a_remote_tells_its_forge(remote: str, kind: ForgeKind, api: str, repository: str) -> None:
    found = find_address(remote, Wishes(), {})
    assert (found.kind, found.api, found.repository) == (kind, api, repository)


@pytest.mark.parametrize(
    ("flag", "kind"), [("FORGEJO_ACTIONS", FORGEJO), ("GITEA_ACTIONS", FORGEJO)]
)
def test_a_runner_tells_of_its_own_server_only(flag: str, kind: ForgeKind) -> None:
    environ = {
        flag: "true",
        "GITHUB_SERVER_URL": "https://git.example.org",
        "GITHUB_API_URL": "https://git.example.org/api/v1",
        "GITHUB_REPOSITORY": "team/fork",
    }
    found = find_address("https://git.example.org/team/fork.git", Wishes(), environ)
    assert (found.kind, found.repository) == (kind, "team/fork")
    other = find_address("https://github.com/octo/patches", Wishes(), environ)
    assert (other.kind, other.api, other.repository) == (GITHUB, PUBLIC, "octo/patches")


@pytest.mark.parametrize("remote", ["/srv/git/patches.git", "https://git.example.org/o/p"])
def test_what_cannot_be_told_is_asked_for(remote: str) -> None:
    with pytest.raises(UsageError) as caught:
        find_address(remote, Wishes(repository="o/p"), {})
    assert "--" in str(caught.value.hint)


def test_the_command_line_goes_first() -> None:
    wishes = Wishes(kind=FORGEJO, api="http://127.0.0.1:3000/api/v1/", repository="o/p")
    found = find_address("/srv/git/patches.git", wishes, {"GITHUB_REPOSITORY": "x/y"})
    assert (found.api, found.repository) == ("http://127.0.0.1:3000/api/v1", "o/p")


@pytest.mark.parametrize(
    "api",
    ["http://git.example.org/api/v1", "ftp://localhost/", "https://u:p@git.example.org/api/v1"],
)
def test_no_token_travels_in_the_clear(api: str) -> None:
    with pytest.raises(UsageError):
        find_address("https://x.org/o/p", Wishes(kind=FORGEJO, api=api), {})


@pytest.mark.parametrize("repository", ["o", "o/p/q", "../p", "o/", "/p", "o/p?x=1"])
def test_odd_names_of_repositories_are_refused(repository: str) -> None:
    with pytest.raises(UsageError):
        find_address("https://github.com/o/p", Wishes(repository=repository), {})


def test_a_token_comes_from_the_environment_the_named_one_first() -> None:
    environ = {"PATCHKIT_TOKEN": " mine\n", "GITHUB_TOKEN": "the-job's"}
    assert find_token(GITHUB, environ) == "mine"
    assert find_token(FORGEJO, {"GITEA_TOKEN": "t"}) == "t"
    with pytest.raises(UsageError, match="no token"):
        find_token(GITHUB, {"FORGEJO_TOKEN": "t", "PATCHKIT_TOKEN": ""})
    with pytest.raises(UsageError) as caught:
        find_token(GITHUB, {"PATCHKIT_TOKEN": "two\nlines"})
    assert "two" not in caught.value.message
