"""Several releases at once, each by a patchkit of its own: what `bump --jobs` does."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TYPE_CHECKING

from patchkit import documents
from patchkit.bump.ended import BumpedRelease, BumpReport, Failure
from patchkit.errors import ExitCode
from patchkit.proc import SystemRunner

if TYPE_CHECKING:
    import argparse

    from patchkit.commands.invocation import Invocation
    from patchkit.proc import Completed, Runner
    from patchkit.releases import Release

_TIMEOUT = 6 * 3600.0
"""For one release, in seconds."""
_OURS = frozenset({"GITHUB_STEP_SUMMARY", "GITHUB_OUTPUT"})
"""What the process that gathers writes itself."""


def bump_at_once(
    releases: tuple[Release, ...],
    words: tuple[str, ...],
    invocation: Invocation,
    *,
    jobs: int,
    runner: Runner | None = None,
) -> BumpReport:
    """Bump every release, at most `jobs` at a time; what each said is shown when it ends.

    `words` are the options that all get. One that fails keeps no other from going on.
    """
    run = runner or SystemRunner(allowed=tuple(name for name in os.environ if name not in _OURS))
    root = invocation.workspace().root
    common = ("--repo", str(root), "--cache", str(invocation.cache), "--json")

    def one(release: Release) -> Completed:
        argv = [sys.executable, "-m", "patchkit", *common, "bump", release.tag, *words]
        return run(argv, timeout=_TIMEOUT)

    ended: dict[Release, BumpedRelease] = {}
    with ThreadPoolExecutor(max_workers=jobs, thread_name_prefix="bump") as pool:
        waiting = {pool.submit(one, release): release for release in releases}
        for future in as_completed(waiting):
            release, done = waiting[future], future.result()
            for line in done.stderr.decode("utf-8", "replace").splitlines():
                invocation.console.note(line)
            ended[release] = _read(release, done)
    found = tuple(ended[release] for release in releases)
    return BumpReport(changed=any(e.changed or e.delivered.pushed for e in found), releases=found)


def _read(release: Release, done: Completed) -> BumpedRelease:
    """What a process told; one that told nothing has failed."""
    try:
        told = documents.decode(done.stdout, BumpReport).releases
    except documents.MalformedDocument:
        told = ()
    if told:
        return told[0]
    known = done.returncode in set(ExitCode)
    code = ExitCode(done.returncode) if known else ExitCode.UNEXPECTED
    if code is ExitCode.DONE:
        return BumpedRelease(release=release.tag)
    last = done.stderr.decode("utf-8", "replace").strip().splitlines()
    failure = Failure(step=None, exit_code=code, message=last[-1] if last else code.meaning)
    return BumpedRelease(release=release.tag, failure=failure)


def words_of(arguments: argparse.Namespace) -> tuple[str, ...]:
    """The command line of a bump without its release, for a process that does one release."""
    named = {
        "--until": arguments.until,
        "--from": arguments.again,
        "--upstream": arguments.upstream,
        "--author": arguments.author,
        "--remote": arguments.remote,
        "--base": arguments.base,
        "--forge": arguments.forge,
        "--api": arguments.api,
        "--repository": arguments.repository,
        "--archive-keyring": arguments.archive_keyring,
    }
    flags = {
        "--no-verify": arguments.no_verify,
        "--pr": arguments.pr,
        "--require-signed": arguments.require_signed is True,
        "--no-require-signed": arguments.require_signed is False,
    }
    return (
        *(f"--evidence={path.resolve()}" for path in arguments.evidence),
        *(f"--keyring={path.resolve()}" for path in arguments.keyring),
        *(f"{name}={value}" for name, value in named.items() if value is not None),
        *(name for name, given in flags.items() if given),
    )
