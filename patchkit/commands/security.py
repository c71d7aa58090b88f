"""What `patchkit doctor --security` looks at: what this machine checks, and what it keeps apart."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from patchkit.build.sandbox import INHERITED
from patchkit.commands import findings
from patchkit.commands.findings import Finding, State
from patchkit.commands.trusting import read_trust
from patchkit.errors import PatchkitError
from patchkit.proc import SystemRunner
from patchkit.trust import openpgp, ssh
from patchkit.trust.packets import listed_keys
from patchkit.trust.signers import KeyKind
from patchkit.upstream.sources import DebianSource
from patchkit.workspace.keyring import FOLDER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from patchkit.commands.invocation import Invocation
    from patchkit.engine.facts import EngineFacts
    from patchkit.trust.judging import Trust
    from patchkit.trust.signers import Signer
    from patchkit.workspace.config import SeriesConfig
    from patchkit.workspace.lock import Lock


def security_findings(
    invocation: Invocation, *, engine: EngineFacts | PatchkitError
) -> tuple[Finding, ...]:
    """Everything that decides how far a result can be trusted."""
    try:
        workspace = invocation.workspace()
        config, lock = workspace.config(), workspace.lock()
        trust = read_trust(workspace, config)
    except PatchkitError as error:
        return (
            findings.failed("repository", error, state=State.BROKEN, used_by="all", needed=True),
        )
    return (
        *_programs(config),
        *_signers(trust),
        *_archive(config, trust),
        *_recorded(lock),
        _sandbox(),
        _user(),
        _engine(engine),
    )


def _programs(config: SeriesConfig) -> Iterator[Finding]:
    """What checks signatures; needed where somebody is trusted who signs so."""
    kinds = {signer.kind for signer in config.signers}
    has_debian = any(isinstance(source, DebianSource) for source in config.sources)
    what = "signatures of tags" + (" and of Debian's indices" if has_debian else "")
    yield _program(openpgp.PROGRAM, "gpgv", f"OpenPGP: {what}", KeyKind.OPENPGP in kinds)
    yield _program(ssh.PROGRAM, "openssh-client", "SSH: signatures of tags", KeyKind.SSH in kinds)


def _program(name: str, package: str, used_by: str, needed: bool) -> Finding:
    absent = "not on PATH: such signatures are not checked"
    return findings.program(name, package, used_by=used_by, absent=absent, needed=needed)


def _signers(trust: Trust) -> Iterator[Finding]:
    if not trust.signers:
        yield Finding(
            name="trusted signers",
            state=State.ABSENT,
            detail="nobody: a tag is taken whoever made it",
            used_by="rebase, bump",
            remedy="name them in [[signers]] of patches/series.toml",
        )
    revoked = {key.fingerprint for key in listed_keys(trust.keys) if key.is_revoked}
    missing = trust.missing()
    for signer in trust.signers:
        yield _signer(
            signer, is_missing=signer in missing, is_revoked=signer.fingerprint in revoked
        )


def _signer(signer: Signer, *, is_missing: bool, is_revoked: bool) -> Finding:
    state, how = State.GOOD, "key at hand"
    if is_revoked:
        state, how = State.BROKEN, "key revoked"
    elif is_missing:
        state, how = State.ABSENT, "key missing: what this key signed is refused"
    return Finding(
        name=f"signer {signer.name}",
        state=state,
        detail=f"{how}; trusted {signer.span}; {signer.kind} {signer.fingerprint}",
        used_by="rebase, bump",
        remedy=f"take the key out of {FOLDER}/ and of [[signers]]"
        if is_revoked
        else f"put the public key {signer.fingerprint} into {FOLDER}/",
    )


def _archive(config: SeriesConfig, trust: Trust) -> Iterator[Finding]:
    if not any(isinstance(source, DebianSource) for source in config.sources):
        return
    count = len(listed_keys(trust.archive_keys)) if trust.archive_keys else 0
    yield Finding(
        name="Debian's archive keyring",
        state=State.GOOD if count else State.ABSENT,
        detail=f"{trust.archive_place}: {count} keys"
        if count
        else f"not at {trust.archive_place}: Debian's tarballs are not proven",
        used_by="source debian",
        remedy="apt-get install debian-archive-keyring",
    )


def _recorded(lock: Lock) -> Iterator[Finding]:
    """What the lock has of each release's signature."""
    for release in lock.supported:
        record = lock.releases[release.tag].origin.signature
        is_verified = record is not None and record.is_verified
        yield Finding(
            name=f"signature of {release}",
            state=State.GOOD if is_verified else State.ABSENT,
            detail=record.sentence if record else "not checked when it was recorded",
            used_by="provenance",
            remedy=f"patchkit rebase {release} --require-signed",
        )


def _sandbox() -> Finding:
    return findings.sandbox(
        SystemRunner(allowed=INHERITED),
        name="sandbox of builds",
        used_by="build, verify",
        absent="none: a build can reach the network and write where you can",
    )


def _user() -> Finding:
    is_root = os.geteuid() == 0
    return Finding(
        name="user",
        state=State.ABSENT if is_root else State.GOOD,
        detail="root: what escapes a build owns this machine" if is_root else f"uid {os.geteuid()}",
        used_by="all",
        remedy="run patchkit as an ordinary user",
    )


def _engine(facts: EngineFacts | PatchkitError) -> Finding:
    """Whether what escapes a container is root outside."""
    if isinstance(facts, PatchkitError):
        return findings.failed("container engine", facts, state=State.ABSENT, used_by="verify")
    apart = "rootless" if facts.rootless else "user namespaces" if facts.userns_remap else ""
    options = ", ".join(option.removeprefix("name=") for option in facts.security) or "none"
    return Finding(
        name="container engine",
        state=State.GOOD if apart else State.ABSENT,
        detail=f"{apart or 'root in a container is root outside'}; security options: {options}",
        used_by="verify",
        remedy="a rootless engine, or one with userns-remap, keeps containers further apart",
    )
