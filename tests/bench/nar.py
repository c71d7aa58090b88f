"""Time the NAR hash of a release from git objects beside what Nix needs for the same.

`python -m tests.bench.nar --repo GITDIR --revision v262 [--rounds 5]`. Nix hashes files, so it
needs the archive unpacked first; both of its steps are told. One JSON object on standard output.
"""

from __future__ import annotations

import argparse
import functools
import json
import resource
import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from patchkit.nix.nar import Identity, nar_hash
from patchkit.upstream.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable


def timed(work: Callable[[], object], rounds: int) -> tuple[float, object]:
    """The median of the wall time in seconds, and what the last round gave."""
    times: list[float] = []
    result: object = None
    for _ in range(rounds):
        start = time.perf_counter()
        result = work()
        times.append(time.perf_counter() - start)
    return round(statistics.median(times), 3), result


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repo", type=Path, required=True)
    parser.add_argument("--revision", default="v262")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    git = ["git", "--git-dir", str(arguments.repo)]
    tree = subprocess.run(
        [*git, "rev-parse", f"{arguments.revision}^{{tree}}"],
        capture_output=True, text=True, check=True,
    ).stdout.strip()  # fmt: skip
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        store = Store.open(folder / "store.git")
        store.lend(arguments.repo)
        ours, found = timed(
            functools.partial(nar_hash, store, Identity(tree=tree)), arguments.rounds
        )
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

        def unpack() -> None:
            out = Path(tempfile.mkdtemp(dir=folder))
            archive = subprocess.run([*git, "archive", tree], capture_output=True, check=True)
            subprocess.run(["tar", "-x", "-C", out], input=archive.stdout, check=True)

        unpacking, _ = timed(unpack, arguments.rounds)
        (unpacked, *_) = [path for path in sorted(folder.iterdir()) if path.name != "store.git"]

        def hash_path() -> str:
            argv = ["nix", "--extra-experimental-features", "nix-command", "hash", "path"]
            done = subprocess.run([*argv, str(unpacked)], capture_output=True, check=True)
            return done.stdout.decode().strip()

        nix, answer = timed(hash_path, arguments.rounds)
    result = {
        "revision": arguments.revision,
        "agree": found == answer,
        "hash": found,
        "patchkit_seconds": ours,
        "patchkit_peak_mib": memory // 1024,
        "nix_unpack_seconds": unpacking,
        "nix_hash_path_seconds": nix,
        "rounds": arguments.rounds,
    }
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
