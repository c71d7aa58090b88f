"""Nix as the tests use it: the real program, in pure evaluation."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
STANDIN = Path(__file__).resolve().parent / "standin"


def require_nix() -> None:
    """Skip where there is no Nix; in CI that is a failure."""
    if shutil.which("nix-instantiate") and shutil.which("nix"):
        return
    if os.environ.get("CI"):
        pytest.fail("nix is not installed: apt-get install nix-bin")
    pytest.skip("nix is not installed: apt-get install nix-bin")


def nix(*argv: str) -> subprocess.CompletedProcess[str]:
    """Run one of Nix's programs, with a store of its own that is never written."""
    require_nix()
    environment = {**os.environ, "NIX_REMOTE": "dummy://", "LC_ALL": "C.UTF-8"}
    return subprocess.run(
        argv, env=environment, capture_output=True, text=True, check=False, timeout=120
    )


def evaluate(expression: str) -> Any:
    """The value of an expression as plain data."""
    done = nix("nix-instantiate", "--eval", "--strict", "--json", "--expr", expression)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def refusal(expression: str) -> str:
    """What Nix says when an expression does not evaluate."""
    done = nix("nix-instantiate", "--eval", "--strict", "--json", "--expr", expression)
    assert done.returncode != 0, f"evaluated to {done.stdout}"
    return done.stderr


def hash_path(path: Path) -> str:
    """The NAR hash of a path as Nix computes it, in SRI form."""
    done = nix("nix", "--extra-experimental-features", "nix-command", "hash", "path", str(path))
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def libraries() -> list[str | None]:
    """The libraries to evaluate modules with: ours always, nixpkgs' own where one is named."""
    named = os.environ.get("NIXPKGS_LIB")
    if not named:
        return [None]
    folder = Path(named)
    return [None, str(folder / "lib" if (folder / "lib").is_dir() else folder)]
