"""`patchkit nixpkgs`: which systemd nixpkgs carries, and whether the series applies there."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from patchkit.console import Cell, Table, Tone
from patchkit.errors import ExitCode, InconsistentError, UnavailableError
from patchkit.nix import nixpkgs
from patchkit.nix.channels import BOOK, ChannelBook, ChannelState
from patchkit.nix.derivation import LayoutError, read_derivation
from patchkit.nix.fit import Fit, choose, judge
from patchkit.rebase.tree import TreeView
from patchkit.upstream.http import Web
from patchkit.upstream.problems import NotThereError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Iterator

    from patchkit.commands.invocation import Invocation
    from patchkit.nix.derivation import Derivation
    from patchkit.nix.nixpkgs import Nixpkgs
    from patchkit.upstream.upstreams import Upstream
    from patchkit.workspace.config import SeriesConfig
    from patchkit.workspace.layout import Workspace
    from patchkit.workspace.lock import Lock

_EXAMPLES = """\
examples:
  patchkit nixpkgs                            the unstable channels and the newest stable one
  patchkit nixpkgs --channel nixos-26.05      one channel
  patchkit nixpkgs --path ~/nixpkgs           a checkout on this machine
"""
_TONES = {
    Fit.EXACT: Tone.GOOD,
    Fit.OFFSET: Tone.GOOD,
    Fit.CONFLICT: Tone.BAD,
    Fit.UNSEEN: Tone.CARE,
    Fit.UNUSED: Tone.FAINT,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class NixpkgsReport:
    """What `patchkit nixpkgs --json` prints."""

    schema: str = "patchkit.nixpkgs/1"
    channels: tuple[ChannelState, ...]


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.epilog = _EXAMPLES
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--channel", action="append", metavar="NAME", help="a channel; may be given repeatedly"
    )
    where.add_argument("--rev", metavar="REV", help="a commit of nixpkgs (40 digits)")
    where.add_argument("--path", type=Path, metavar="DIR", help="a checkout of nixpkgs")
    parser.add_argument("--upstream", metavar="URL|PATH", help="take upstream's git from here")
    mirror = parser.add_argument_group("mirrors")
    mirror.add_argument("--channels-url", default=nixpkgs.CHANNELS, metavar="URL")
    mirror.add_argument("--files-url", default=nixpkgs.FILES, metavar="URL")


def run(arguments: argparse.Namespace, invocation: Invocation) -> ExitCode:
    """Look, judge and tell."""
    workspace = invocation.workspace()
    config = workspace.config()
    examiner = _Examiner(
        workspace=workspace,
        config=config,
        lock=workspace.lock(),
        upstream=invocation.upstream(config, arguments.upstream),
    )
    states = _states(arguments, invocation, examiner)
    _tell(invocation, states)
    return _verdict(states)


def _states(
    arguments: argparse.Namespace, invocation: Invocation, examiner: _Examiner
) -> tuple[ChannelState, ...]:
    """Look at what was named, or at the usual channels."""
    if arguments.path is not None:
        return (examiner.examine(nixpkgs.Checkout(folder=arguments.path.resolve())),)
    web = Web(cache=invocation.cache / "http")
    if arguments.rev is not None:
        return (examiner.examine(nixpkgs.revision(web, arguments.rev, files=arguments.files_url)),)

    def open_channel(name: str) -> Nixpkgs:
        return nixpkgs.channel(
            web, name, channels=arguments.channels_url, files=arguments.files_url
        )

    groups = (
        tuple((name,) for name in dict.fromkeys(arguments.channel))
        if arguments.channel
        else nixpkgs.usual_channels(dt.datetime.now(dt.UTC).date())
    )
    book = ChannelBook(invocation.cache / BOOK)
    asking = _Asking(examiner=examiner, open=open_channel, known=book.read())
    states = []
    with invocation.console.progress("asking for nixpkgs' channels") as bar:
        for done, group in enumerate(groups):
            bar.update(done, len(groups))
            states.append(asking.first(group))
    book.note(tuple(state for state in states if state.problem is None))
    return tuple(states)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asking:
    """Channels are asked one by one; one that fails does not keep the others from being told."""

    examiner: _Examiner
    open: Callable[[str], Nixpkgs]
    known: dict[str, ChannelState]

    def first(self, names: tuple[str, ...]) -> ChannelState:
        """The state of the first channel of a group that is there."""
        for name in names[:-1]:
            try:
                return self._one(name)
            except NotThereError:
                continue
        try:
            return self._one(names[-1])
        except NotThereError as error:
            return ChannelState(name=names[-1], problem=error.message)

    def _one(self, name: str) -> ChannelState:
        try:
            return self.examiner.examine(self.open(name))
        except NotThereError:
            raise
        except (UnavailableError, InconsistentError) as error:
            before = self.known.get(name, ChannelState(name=name))
            broken = isinstance(error, InconsistentError)
            return replace(before, applies=None, patches=(), problem=error.message, broken=broken)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Examiner:
    """Judges one state of nixpkgs."""

    workspace: Workspace
    config: SeriesConfig
    lock: Lock
    upstream: Upstream

    def examine(self, source: Nixpkgs) -> ChannelState:
        """What it carries, and how the series fits. Raises what reading nixpkgs raises."""
        derivation = read_derivation(source.derivation())
        state = ChannelState(
            name=source.name, revision=source.revision, release=derivation.release.tag
        )
        chosen = choose(derivation.release, self.lock.supported)
        if chosen is None:
            return state
        state = replace(
            state, series=chosen.tag, digest=self.lock.releases[chosen.tag].series_sha256
        )
        try:
            return self._judged(state, source, derivation)
        except LayoutError:
            raise
        except (UnavailableError, InconsistentError) as error:
            broken = isinstance(error, InconsistentError)
            return replace(state, problem=error.message, broken=broken)

    def _judged(self, state: ChannelState, source: Nixpkgs, derivation: Derivation) -> ChannelState:
        chosen = self.lock.releases[str(state.series)].release
        locked = self.lock.get(derivation.release)
        tree = self.upstream.tree(derivation.release, expected=locked.tree if locked else None)
        fit = judge(
            source,
            derivation.patches,
            self.workspace.series(chosen, self.config),
            TreeView(source=self.upstream.store, tree=tree.tree),
        )
        return replace(state, applies=fit.applies, patches=fit.patches)


def _verdict(states: tuple[ChannelState, ...]) -> ExitCode:
    """A conflict needs a person; else whatever kept a state from being told."""
    if any(state.conflicts for state in states):
        return ExitCode.CONFLICT
    if any(state.broken for state in states):
        return ExitCode.INCONSISTENT
    return ExitCode.UNAVAILABLE if any(state.problem for state in states) else ExitCode.DONE


def _tell(invocation: Invocation, states: tuple[ChannelState, ...]) -> None:
    console = invocation.console
    console.table(
        Table(
            headings=("Nixpkgs", "Commit", "systemd", "Series", "On top of its patches"),
            rows=tuple(
                (
                    Cell(state.name, Tone.STRONG),
                    Cell((state.revision or "-")[:12], Tone.FAINT),
                    Cell(state.release or "-"),
                    Cell(state.series or "none", Tone.PLAIN if state.series else Tone.CARE),
                    fit_cell(state),
                )
                for state in states
            ),
        )
    )
    for state in states:
        for text, tone in _details(state):
            console.say(text, tone)
    console.document(NixpkgsReport(channels=states))


def fit_cell(state: ChannelState) -> Cell:
    """Whether a series applies, in two words."""
    match state.applies:
        case True:
            offsets = any(patch.fit is Fit.OFFSET and patch.ours for patch in state.patches)
            return Cell("applies, with offsets" if offsets else "applies", Tone.GOOD)
        case False:
            return Cell("does not apply", Tone.BAD)
        case None:
            return Cell("not tried", Tone.CARE if state.problem else Tone.FAINT)


def _details(state: ChannelState) -> Iterator[tuple[str, Tone]]:
    if state.problem:
        yield f"{state.name}: {state.problem}", Tone.CARE
    for patch in state.patches:
        if patch.fit in (Fit.CONFLICT, Fit.UNSEEN, Fit.UNUSED):
            whose = "our" if patch.ours else "nixpkgs'"
            text = f"{state.name}: {whose} {patch.name}: {patch.fit}"
            yield text + (f" ({patch.detail})" if patch.detail else ""), _TONES[patch.fit]
    if state.release and state.series is None and not state.problem:
        yield (
            f"{state.name}: no series for {state.release}: patchkit rebase {state.release}",
            (Tone.NOTE),
        )
