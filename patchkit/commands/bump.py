"""`patchkit bump`: from a new upstream release to a branch, a pull request, or an issue."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from patchkit import parser
from patchkit.bump import follow
from patchkit.bump.bench import Bench
from patchkit.bump.branch import find_author
from patchkit.bump.checkout import Checkout
from patchkit.bump.delivery import close_issues_of
from patchkit.bump.ended import BumpedRelease, BumpReport
from patchkit.bump.journey import Journey
from patchkit.bump.remote import RemoteRepository
from patchkit.bump.steps import Step, span
from patchkit.bump.summary import outputs, summary
from patchkit.bump.surroundings import Surroundings
from patchkit.bump.task import Target, Task
from patchkit.bump.telling import KeepingConsole
from patchkit.bump.walk import Manner
from patchkit.commands.bump_evidence import evidence_about
from patchkit.commands.bump_jobs import bump_at_once, words_of
from patchkit.commands.invocation import Invocation
from patchkit.commands.supply import known_releases
from patchkit.commands.trusting import add_trust_arguments, trust_words, wishes
from patchkit.console import Tone
from patchkit.errors import ExitCode, UsageError
from patchkit.forge.account import Account, open_forge
from patchkit.forge.address import ForgeKind, Wishes, find_address, find_token
from patchkit.releases import Release
from patchkit.workspace.audit import audit_base, audit_record, audit_verification

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from patchkit.console import Console
    from patchkit.workspace.config import SeriesConfig
    from patchkit.workspace.keyring import TrustWishes
    from patchkit.workspace.layout import Workspace
    from patchkit.workspace.lock import Lock

_EXAMPLES = """\
examples:
  patchkit bump                      every new release that is followed, on branches patchkit/<tag>
  patchkit bump v262 --until rebase  as far as the rebase, to see what becomes of the patches
  patchkit bump v262 --from verify   verify again, and what comes after
  patchkit bump --pr                 and open or refresh a pull request, or an issue that says
                                     what broke; the token is taken from the environment

Which releases are followed is said by [follow] in patches/series.toml. The work is done on a copy
in .patchkit/bump/<tag>/: the index, the work tree and the branch that you are on stay as they are.
"""
_MAX_AGE = 600.0
"""How old the list of releases may be, in seconds: a bump wants to know."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.epilog = _EXAMPLES
    parser.add_argument("release", nargs="?", metavar="RELEASE", help="default: all that are new")
    steps = [str(step) for step in Step]
    parser.add_argument(
        "--until", type=Step, choices=tuple(Step), metavar="STEP", help=", ".join(steps)
    )
    parser.add_argument(
        "--from", dest="again", type=Step, choices=tuple(Step), metavar="STEP", help="do it again"
    )
    parser.add_argument("--dry-run", action="store_true", help="write nothing, run only the rebase")
    parser.add_argument("--no-verify", action="store_true", help="without building and Docker")
    parser.add_argument(
        "--evidence",
        action="append",
        type=Path,
        default=[],
        metavar="FILE|DIR",
        help="what jobs elsewhere verified: `patchkit verify --no-record --json` (repeatable)",
    )
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="releases at once (1)")
    parser.add_argument("--refresh", action="store_true", help="ask the sources again now")
    parser.add_argument("--upstream", metavar="URL|PATH", help="take upstream's git from here")
    parser.add_argument("--author", metavar="'NAME <MAIL>'", help="default: git's configuration")
    add_trust_arguments(parser, default="the default where [[signers]] are listed")
    add_forge_arguments(parser)


def add_forge_arguments(parser: argparse.ArgumentParser) -> None:
    """What commands take that speak to a forge."""
    group = parser.add_argument_group("the forge")
    group.add_argument("--pr", action="store_true", help="push, open pull requests and issues")
    group.add_argument(
        "--exit-zero", action="store_true", help="end with 0 where an issue says what broke"
    )
    group.add_argument("--remote", default="origin", metavar="NAME", help="git's remote (origin)")
    group.add_argument("--base", metavar="BRANCH", help="merge into it (the forge's default)")
    group.add_argument(
        "--forge", type=ForgeKind, choices=tuple(ForgeKind), help="where it cannot be told"
    )
    group.add_argument("--api", metavar="URL", help="the API, where it cannot be told")
    group.add_argument("--repository", metavar="OWNER/NAME", help="where it cannot be told")


def run(arguments: argparse.Namespace, invocation: Invocation) -> ExitCode:
    """Take up what is new, and tell how it ended."""
    if arguments.jobs < 1:
        raise UsageError("--jobs takes a number from 1")
    workspace = invocation.workspace()
    checkout = Checkout.open(workspace.root)
    checkout.require_clean()
    config, lock = workspace.config(), workspace.lock()
    releases = _releases(arguments, invocation, config, lock)
    releases = tuple(r for r in releases if not _is_whole(r, workspace, config, lock, arguments))
    target = open_target(arguments, checkout) if arguments.pr else None
    if target is not None and not arguments.dry_run:
        _close_settled(target, lock, invocation.console)
    if not releases:
        return _nothing(invocation, lock)
    if arguments.dry_run:
        return _preview(releases, arguments, invocation)
    if arguments.jobs > 1 and len(releases) > 1:
        report = bump_at_once(releases, words_of(arguments), invocation, jobs=arguments.jobs)
    else:
        report = _bump_all(releases, arguments, invocation, checkout, target)
    _tell(report, invocation)
    return exit_code(report, zero=arguments.exit_zero)


def exit_code(report: BumpReport, *, zero: bool) -> ExitCode:
    """That of the first failure; with `zero`, of the first that no issue tells of."""
    failures = [
        each.failure
        for each in report.releases
        if each.failure is not None and not (zero and each.delivered.issue)
    ]
    return ExitCode(failures[0].exit_code) if failures else ExitCode.DONE


# What is to be done


def _releases(
    arguments: argparse.Namespace, invocation: Invocation, config: SeriesConfig, lock: Lock
) -> tuple[Release, ...]:
    if arguments.release:
        return (Release.parse(arguments.release),)
    upstream = invocation.upstream(config, arguments.upstream)
    listings = upstream.listings(refresh=arguments.refresh, max_age=_MAX_AGE)
    for listing in listings:
        if listing.problem:
            invocation.console.detail(f"{listing.source}: {listing.problem}")
    known = known_releases(listings)
    return follow.wanted(config.follow, supported=lock.supported, known=known)


def _is_whole(
    release: Release,
    workspace: Workspace,
    config: SeriesConfig,
    lock: Lock,
    arguments: argparse.Namespace,
) -> bool:
    """Whether HEAD has all of a release that a bump would make."""
    locked = lock.get(release)
    if locked is None or arguments.again is not None:
        return False
    if audit_record(locked, workspace, config) or audit_base(locked, workspace, config):
        return False
    if arguments.no_verify or arguments.until in (Step.REBASE, Step.OVERLAY):
        return True
    return locked.verification is not None and audit_verification(locked, workspace, config) is None


def _nothing(invocation: Invocation, lock: Lock) -> ExitCode:
    """No noise: a schedule runs this every day."""
    newest = lock.supported[-1].tag if lock.supported else "nothing"
    invocation.console.detail(f"nothing to do: {newest} is supported, and nothing is newer")
    Surroundings().put_outputs(outputs(BumpReport()))
    invocation.console.document(BumpReport())
    return ExitCode.DONE


def _preview(
    releases: tuple[Release, ...], arguments: argparse.Namespace, invocation: Invocation
) -> ExitCode:
    """What would be done: the rebase for real, in memory, and the names of the other steps."""
    steps = span(arguments.until, deliver=arguments.pr)
    console, code = invocation.console, ExitCode.DONE
    aside = KeepingConsole(json=console.json, verbosity=console.verbosity)
    for release in releases:
        console.say(f"{release}: would run {', '.join(steps)}", Tone.STRONG)
        upstream = ("--upstream", arguments.upstream) if arguments.upstream else ()
        wished = _wishes(arguments, invocation)
        words = ["rebase", release.tag, "--dry-run", *upstream, *trust_words(wished)]
        ended = _Verbs(invocation)(words, root=invocation.start, console=aside)
        code = code or ended
    tags = tuple(BumpedRelease(release=release.tag) for release in releases)
    console.document(BumpReport(dry_run=True, releases=tags))
    return code


def _wishes(arguments: argparse.Namespace, invocation: Invocation) -> TrustWishes:
    """Signatures are asked for unless nobody is trusted, or the user says otherwise."""
    signers = invocation.workspace().config().signers
    if not signers and arguments.require_signed is None:
        invocation.console.detail("patches/series.toml lists no [[signers]]: nothing is proven")
    return wishes(arguments, default=bool(signers))


# Doing it


class _Verbs:
    """Patchkit's own commands, as the steps of a bump run them."""

    def __init__(self, invocation: Invocation) -> None:
        self._cache = invocation.cache

    def __call__(self, words: Sequence[str], *, root: Path, console: Console) -> ExitCode:
        arguments = parser.build_parser({words[0]}).parse_args(list(words))
        inner = Invocation(start=root, cache=self._cache, console=console)
        return parser.command(words[0]).run(arguments, inner)


def open_target(arguments: argparse.Namespace, checkout: Checkout) -> Target:
    """The remote and the forge that the arguments of `add_forge_arguments` name."""
    remote = RemoteRepository(checkout=checkout, name=arguments.remote)
    wishes = Wishes(kind=arguments.forge, api=arguments.api, repository=arguments.repository)
    address = find_address(remote.url, wishes, os.environ)
    token = find_token(address.kind, os.environ)
    forge = open_forge(Account(address=address, token=token))
    return Target(
        remote=RemoteRepository(checkout=checkout, name=arguments.remote, token=token),
        forge=forge,
        base=arguments.base or forge.default_branch(),
    )


def _close_settled(target: Target, lock: Lock, console: Console) -> None:
    """Close the issues about releases that are supported by now."""
    tags = tuple(release.tag for release in lock.supported)
    for url in close_issues_of(target.forge, tags, why="This release is supported now."):
        console.note(f"closed {url}")


def _bump_all(
    releases: tuple[Release, ...],
    arguments: argparse.Namespace,
    invocation: Invocation,
    checkout: Checkout,
    target: Target | None,
) -> BumpReport:
    steps = span(arguments.until, deliver=arguments.pr)
    author = find_author(checkout, arguments.author) if Step.COMMIT in steps else None
    ended = []
    for release in releases:
        task = Task(
            checkout=checkout,
            bench=Bench(root=invocation.workspace().root, release=release),
            manner=Manner(
                steps=steps,
                upstream=arguments.upstream,
                trust=trust_words(_wishes(arguments, invocation)),
                verify=not arguments.no_verify,
                again=arguments.again,
                evidence=evidence_about(release, arguments.evidence, invocation.console),
            ),
            verbs=_Verbs(invocation),
            console=invocation.console,
            surroundings=Surroundings(),
            upstream=invocation.upstream(invocation.workspace().config(), arguments.upstream),
            author=author,
            target=target,
            remote_name=arguments.remote,
        )
        ended.append(Journey(task).run())
    releases_ended = tuple(ended)
    return BumpReport(
        changed=any(each.changed or each.delivered.pushed for each in releases_ended),
        releases=releases_ended,
    )


def _tell(report: BumpReport, invocation: Invocation) -> None:
    console, surroundings = invocation.console, Surroundings()
    for each in report.releases:
        failure = each.failure
        if failure is not None:
            console.error(f"{each.release}: {failure.message}", failure.hint)
            if failure.log:
                console.note(f"what the step said: {failure.log}")
        elif each.branch and each.changed and not each.delivered.pull_request:
            console.say(f"to take it over: git merge {each.branch}", Tone.NOTE)
        for url in (each.delivered.pull_request, each.delivered.issue):
            if url and each.is_news:
                console.say(url, Tone.STRONG)
    surroundings.summarize(summary(report, _pages(report, invocation.workspace().root)))
    surroundings.put_outputs(outputs(report))
    console.document(report)


def _pages(report: BumpReport, root: Path) -> dict[str, str]:
    """The texts for pull requests, of the releases that went through."""
    paths = {
        each.release: Bench(root=root, release=Release.parse(each.release)).page
        for each in report.releases
        if each.failure is None
    }
    return {tag: path.read_text("utf-8") for tag, path in paths.items() if path.is_file()}
