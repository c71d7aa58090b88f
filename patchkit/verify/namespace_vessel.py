"""An ordinary user's namespace with nothing on /sys/fs/cgroup: the situation of the mount patch.

PID 1 then mounts cgroup2 itself, which an ordinary user may in a user and cgroup namespace of
its own, and finds that it cannot write it. See user_namespaces(7), cgroup_namespaces(7) and, for
what powering off does to a PID namespace, reboot(2).
"""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from patchkit.errors import PatchkitError
from patchkit.proc import ProgramFailedError, SystemRunner
from patchkit.verify.conditions import READ_INSIDE, namespace_violations, read_inside
from patchkit.verify.listening import await_init
from patchkit.verify.vessel import Life, Proof, Ran, StepFailedError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from patchkit.verify.scenario import Case

USER = 1000
LIFETIME = 90.0
"""No namespace lives longer, in seconds, whatever becomes of what is in it."""
PREFIX = "patchkit-namespace-"
_MARK = "patchkit-pid "
_POWERED_OFF = {-signal.SIGINT: 0, -signal.SIGHUP: 0}
"""How the init of a PID namespace ends when it powers off, and when it reboots (reboot(2))."""

_ENTER = r"""set -eu
read -r pid rest </proc/self/stat
echo "patchkit-pid $pid"
mount --make-rprivate /
mount --bind "$1" "$1"
cd "$1"
mount -t proc proc proc
mount -t sysfs sysfs sys
mount -t tmpfs tmpfs run
mount -t tmpfs tmpfs tmp
mount -t tmpfs -o mode=755 tmpfs dev
for node in null zero full random urandom tty; do
        : >"dev/$node"
        mount --bind "/dev/$node" "dev/$node"
done
mkdir dev/shm dev/pts
mount -t tmpfs tmpfs dev/shm
mount -t devpts devpts dev/pts -o newinstance,ptmxmode=0666,mode=620
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
ln -s fd/0 dev/stdin
ln -s fd/1 dev/stdout
ln -s fd/2 dev/stderr
pivot_root . .
busybox=$2
shift 2
exec "$busybox" sh -c '"$0" umount -l . && cd / && exec "$0" env -i container=docker "$@"' \
        "$busybox" PATH=/usr/bin:/usr/sbin "$@"
"""
"""What runs as the namespace's first process: $1 is the root, $2 a busybox in it, then the init."""


def _as_user() -> tuple[str, ...]:
    if os.geteuid() != 0:
        return ()
    user = str(USER)
    return ("setpriv", "--reuid", user, "--regid", user, "--clear-groups", "--pdeathsig", "KILL")


_UNSHARE = (
    "unshare", "--user", "--map-root-user", "--mount", "--pid", "--cgroup", "--ipc", "--uts",
    "--net", "--fork", "--kill-child",
)  # fmt: skip


@dataclass(slots=True)
class NamespaceVessel:
    """One boot in a namespace; `root` is its root file system, which it owns and removes."""

    folder: Path
    init: str
    runner: SystemRunner = field(default_factory=SystemRunner)
    _lines: list[str] = field(default_factory=list)
    _pid: int | None = None
    _code: int | None = None
    _fault: str | None = None
    _killed: bool = False
    _done: threading.Event = field(default_factory=threading.Event)
    _known: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        """Start it; returns when its first process is there."""
        threading.Thread(target=self._live, daemon=True).start()
        if not self._known.wait(15) or self._pid is None:
            raise StepFailedError(f"the namespace could not be made: {self._fault or self.logs()}")

    def _live(self) -> None:
        root = str(self.folder / "root")
        argv = (*_as_user(), *_UNSHARE, "/bin/sh", "-c", _ENTER, "enter", root)
        try:
            code = self.runner.stream(
                (*argv, "/bin/busybox", self.init), on_line=self._line, timeout=LIFETIME
            )
            self._code = _POWERED_OFF.get(code, code if code >= 0 else 128 - code)
            if self._killed:  # of which unshare makes an error of its own
                self._code = 128 + signal.SIGKILL
        except PatchkitError as error:
            self._fault = error.message
            self._code = 128 + signal.SIGKILL
        finally:
            self._done.set()
            self._known.set()

    def _line(self, line: str) -> None:
        if line.startswith(_MARK) and self._pid is None:
            self._pid = int(line.removeprefix(_MARK))
            self._known.set()
        else:
            self._lines.append(line)

    def await_init(self, timeout: float) -> None:
        """Wait until its PID 1 can be sent a signal."""
        await_init(self._pid or 0, timeout=timeout)

    def run(self, argv: Sequence[str], *, timeout: float, user: str | None = None) -> Ran:
        """Run a command inside, as the namespace's root."""
        if self._done.is_set():
            raise StepFailedError("it has ended")
        words = ["nsenter", "--target", str(self._pid), "--user", "--mount", "--pid", "--cgroup"]
        words += ["--ipc", "--uts", "--net", "--preserve-credentials"]
        words += ["/bin/busybox", "su", "-s", "/bin/sh", user, "-c", argv[-1]] if user else argv
        try:
            done = self.runner(
                (*_as_user(), *words),
                env={"PATH": "/usr/bin:/usr/sbin:/bin:/sbin"},
                timeout=timeout,
            )
        except ProgramFailedError as error:
            raise StepFailedError(error.message) from error
        output = (done.stdout + done.stderr).decode("utf-8", "replace")
        return Ran(code=done.returncode, output=output)

    def enter(self, argv: Sequence[str]) -> None:
        """Refuse: there is no engine that would hold a terminal."""
        raise StepFailedError(f"a namespace has no terminal for {argv[0]}")

    def kill(self, signal: str) -> None:
        """Send a signal to PID 1 from outside."""
        self._send(_number(signal))

    def stop(self, grace: int) -> None:
        """SIGTERM, and SIGKILL after `grace` seconds."""
        self._send(signal.SIGTERM)
        if not self._done.wait(grace):
            self._killed = True
            self._send(signal.SIGKILL)

    def restart(self, grace: int) -> None:
        """Refuse: such a namespace is gone when its init is."""
        raise StepFailedError(f"a namespace cannot be restarted (grace {grace} s)")

    def life(self) -> Life:
        """Whether it is up."""
        ended = self._done.is_set()
        return Life(running=not ended, exit_code=self._code if ended else None)

    def ended(self, timeout: float) -> int | None:
        """Its exit code once it has ended; None when it has not in time."""
        return self._code if self._done.wait(timeout) else None

    def logs(self) -> str:
        """What it wrote from its start on."""
        return "".join(f"{line}\n" for line in list(self._lines))

    def address(self, port: int) -> tuple[str, int]:
        """Refuse: nothing is published."""
        raise StepFailedError(f"a namespace publishes no port (such as {port})")

    def prove(self) -> Proof:
        """Read the conditions inside: PID 1 mounted cgroup2 itself, and it cannot be written."""
        try:
            inside = read_inside(self.run(READ_INSIDE, timeout=10).output)
            attempt = self.run(("/bin/busybox", "mkdir", "/sys/fs/cgroup/patchkit"), timeout=10)
        except StepFailedError:
            return Proof(proven=False, violations=())
        if inside is None:
            return Proof(proven=False, violations=())
        found = namespace_violations(inside, refused=attempt.code != 0)
        return Proof(proven=True, violations=found)

    def keep(self, folder: Path) -> None:
        """Write its log and its units' states into `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "log.txt").write_text(self.logs())
        try:
            states = self.run(("systemctl", "--no-pager", "--all", "list-units"), timeout=10).output
        except StepFailedError as error:
            states = f"cannot be told: {error.message}\n"
        (folder / "units.txt").write_text(states)

    def remove(self) -> None:
        """End it and remove its files."""
        if self._pid is not None and not self._done.is_set():
            self._send(signal.SIGKILL)
        self._done.wait(10)
        shutil.rmtree(self.folder, ignore_errors=True)

    def _send(self, number: int) -> None:
        if self._pid is None or self._done.is_set():
            raise StepFailedError("it has ended")
        try:
            os.kill(self._pid, number)
        except ProcessLookupError:
            self._done.wait(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class NamespaceHarbour:
    """Makes namespaces whose root file system `unpack` writes into a folder."""

    unpack: Callable[[Path], None]
    init: str

    def vessel(self, _case: Case) -> NamespaceVessel:
        """A namespace for a case, not yet entered."""
        folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}{os.getpid()}-"))
        try:
            folder.chmod(0o755)
            root = folder / "root"
            root.mkdir()
            self.unpack(root)
            if os.geteuid() == 0:
                _give_to_user(root)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        return NamespaceVessel(folder=folder, init=self.init)


def _give_to_user(root: Path) -> None:
    for folder, folders, files in os.walk(root):
        for name in (".", *folders, *files):
            os.chown(Path(folder, name), USER, USER, follow_symlinks=False)


def namespace_absence(runner: SystemRunner | None = None) -> str | None:
    """Why an ordinary user's namespace cannot be made here, or None."""
    script = "mount -t proc proc /proc && mount -t sysfs sysfs /sys && mount -t tmpfs tmpfs /run"
    argv = (*_as_user(), *_UNSHARE, "/bin/sh", "-c", f"mount --make-rprivate / && {script}")
    try:
        done = (runner or SystemRunner())(argv, timeout=20)
    except PatchkitError as error:
        return error.message
    if done.returncode == 0:
        return None
    last = done.stderr.decode("utf-8", "replace").strip().splitlines()
    return f"an ordinary user cannot make a namespace here: {last[-1] if last else 'refused'}"


def sweep_namespaces() -> tuple[str, ...]:
    """Remove the folders of runs that are dead; returns their names."""
    removed = []
    for folder in sorted(Path(tempfile.gettempdir()).glob(f"{PREFIX}*-*")):
        owner = folder.name.removeprefix(PREFIX).split("-")[0]
        if (
            owner.isdigit()
            and not Path("/proc", owner).exists()
            and folder.stat().st_uid == os.geteuid()
        ):
            shutil.rmtree(folder, ignore_errors=True)
            removed.append(folder.name)
    return tuple(removed)


def _number(name: str) -> int:
    if name.startswith("RTMIN+"):
        return signal.SIGRTMIN + int(name.removeprefix("RTMIN+"))
    return signal.Signals[f"SIG{name}"]
