"""The Debian package under test, made of the programs under test (target `deb`), and a machine to install it on: a Debian
root of the host's own release and mirror, in which a real systemd boots. Whatever a host cannot do is a reason to skip,
found before the package is looked at.

    deb = package.build()
    with package.Machine(deb) as machine:      # raises unittest.SkipTest with the reason
        machine.run("dpkg", "-i", machine.put(deb))
"""
import ctypes
import fcntl
import hashlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

import harness
from harness import wait_until

FOLDER = harness.BUILD
ROOTS = harness.ROOT / ".build" / "boot"
BOOT_LIMIT = 90  # seconds until a fresh system runs
LIFE = 420  # seconds after which a machine ends by itself, whatever became of the test

INCLUDED = ["systemd", "systemd-sysv", "dbus", "python3", "procps", "init-system-helpers", "man-db"]
# What a container of this kind cannot do or does not need; each would cost time or fail the boot.
MASKED = ["apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "e2scrub_all.timer", "fstrim.timer",
          "dev-hugepages.mount", "systemd-timesyncd.service", "systemd-networkd-wait-online.service", "systemd-resolved.service",
          "systemd-networkd.service", "systemd-networkd.socket", "console-getty.service", "getty.target", "systemd-firstboot.service"]


def build():
    """The path of the .deb. Builds what is not up to date; two test files may ask at once."""
    with open(FOLDER / "package.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        programs = [FOLDER / "readbackd", FOLDER / "readback"]
        found = sorted(FOLDER.glob("*.deb"))
        sources = [p for d in ("packaging", "systemd", "config") for p in (harness.ROOT / d).rglob("*") if p.is_file()]
        if not found or found[0].stat().st_mtime < max(p.stat().st_mtime for p in [*programs, *sources]):
            for old in found:
                old.unlink()
            _quietly(["ninja", "-C", FOLDER, "deb"])
        (deb,) = FOLDER.glob("*.deb")
        return deb


def _quietly(argv):
    done = subprocess.run([str(a) for a in argv], cwd=harness.ROOT, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode != 0:
        raise AssertionError(f"{' '.join(map(str, argv))} failed:\n{(done.stdout + done.stderr)[-4000:]}")
    return done.stdout


def field(deb, name):
    return _quietly(["dpkg-deb", "-f", deb, name]).strip()


def newer(deb, folder):
    """The same package under a higher version, for an upgrade."""
    tree = pathlib.Path(folder) / "newer"
    _quietly(["dpkg-deb", "-R", deb, tree])
    control = tree / "DEBIAN" / "control"
    control.write_text(re.sub(r"^Version: (.*)$", r"Version: \1+upgrade", control.read_text(), flags=re.M))
    result = pathlib.Path(folder) / "newer.deb"
    _quietly(["dpkg-deb", "--root-owner-group", "-Znone", "-b", tree, result])
    shutil.rmtree(tree)
    return result


def _apt_sources():
    """The host's own Debian sources: no address of a mirror stands in this repository."""
    folder = pathlib.Path("/etc/apt/sources.list.d")
    files = [pathlib.Path("/etc/apt/sources.list"), *sorted(folder.glob("*.list")), *sorted(folder.glob("*.sources"))]
    return [f for f in files if f.is_file() and re.search(r"^\s*(deb\b|types:\s*deb\b)", f.read_text(errors="replace"), re.M | re.I)
            and re.search(r"debian", f.read_text(errors="replace"), re.I)]


def _root(deb):
    """A folder with Debian, systemd and what the package depends on; made once, kept below .build."""
    for tool in ("mmdebstrap", "systemd-nspawn", "nsenter", "unshare"):
        if not shutil.which(tool, path=os.environ["PATH"] + ":/usr/sbin:/sbin"):
            raise unittest.SkipTest(f"{tool} is not installed")
    sources = _apt_sources()
    if not sources:
        raise unittest.SkipTest("no Debian source is configured for apt on this host")
    wanted = list(INCLUDED)
    for part in field(deb, "Depends").split(","):
        wanted.append(re.match(r"\s*([a-z0-9.+-]+)", part)[1])
    wanted = sorted(set(wanted))
    key = hashlib.sha256("\n".join([*wanted, *MASKED, "1", *(f.read_text() for f in sources)]).encode()).hexdigest()[:12]
    root = ROOTS / f"root-{key}"
    ROOTS.mkdir(parents=True, exist_ok=True)
    with open(ROOTS / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if root.is_dir():
            return root
        fresh = pathlib.Path(tempfile.mkdtemp(prefix="new-", dir=ROOTS)) / "root"
        argv = ["mmdebstrap", "--quiet", "--variant=minbase", "--mode=root", "--include=" + ",".join(wanted), "", fresh, *sources]
        try:
            done = subprocess.run([str(a) for a in argv], capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=420)
            if done.returncode != 0:
                lines = (done.stderr.strip().splitlines() or ["no reason given"])[-3:]
                raise unittest.SkipTest("no Debian root can be made here: " + " / ".join(lines))
            # An empty machine-id makes systemd ask questions on a console that is not there.
            (fresh / "etc/machine-id").write_text("5d1f7c0e2a944c0f9b6d3e8a71c45fff\n")
            (fresh / "etc/hostname").write_text("readback-test\n")
            for unit in MASKED:
                link = fresh / "etc/systemd/system" / unit
                if not link.is_symlink():
                    link.symlink_to("/dev/null")
            for old in ROOTS.glob("root-*"):
                shutil.rmtree(old, ignore_errors=True)
            fresh.rename(root)
        except subprocess.TimeoutExpired:
            raise unittest.SkipTest("no Debian root could be made within 7 minutes") from None
        finally:
            shutil.rmtree(fresh.parent, ignore_errors=True)
        return root


class Machine:
    """A booted system: the root under a layer in memory, so that each boot is fresh. It shares the host's network, and with
    it the receivers and platforms of the tests. Its mounts are in a namespace of their own and end with it."""

    def __init__(self, deb):
        if os.geteuid() != 0:
            raise unittest.SkipTest("only root can boot a container here")
        self.root = _root(deb)
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="readback-boot-"))
        self.leader = self.process = None

    def __enter__(self):
        begin = time.monotonic()
        script = ('mount -t tmpfs -o mode=755 tmpfs "$1" && mkdir "$1/upper" "$1/work" "$1/root" && '
                  'mount -t overlay overlay -o "lowerdir=$2,upperdir=$1/upper,workdir=$1/work" "$1/root" && shift 2 && exec "$@"')
        argv = ["timeout", "--signal=TERM", "--kill-after=30", str(LIFE),
                "unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh", self.folder, self.root,
                "systemd-nspawn", "--quiet", f"--directory={self.folder}/root", "--machine=readback-test", "--boot", "--register=no",
                "--keep-unit", "--console=pipe", "--link-journal=no", "--resolv-conf=off", "--timezone=off",
                "--capability=CAP_BPF,CAP_PERFMON,CAP_SYS_RESOURCE",
                # nspawn 252 refuses Landlock, which the daemon needs, and bpf, which IPAddressDeny= needs.
                "--system-call-filter=landlock_create_ruleset landlock_add_rule landlock_restrict_self seccomp bpf"]
        libc = ctypes.CDLL(None)
        self.log_path = pathlib.Path(str(self.folder) + ".log")
        with open(self.log_path, "wb") as log:
            # A session of its own and SIGTERM when the test dies: nspawn then ends what it started, in order.
            self.process = subprocess.Popen([str(a) for a in argv], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            start_new_session=True, preexec_fn=lambda: libc.prctl(1, signal.SIGTERM))
        try:
            wait_until(lambda: self._find_leader() or self.process.poll() is not None, "a first process", BOOT_LIMIT)
            wait_until(lambda: self.process.poll() is not None or self._state() in ("running", "degraded"),
                       "a running system", BOOT_LIMIT)
        except harness.Timeout as late:
            reason = f"{late}; {self._last_words()}"
            self.__exit__()
            raise unittest.SkipTest(f"no systemd boots here: {reason}") from None
        if self.process.poll() is not None:
            reason = self._last_words()
            self.__exit__()
            raise unittest.SkipTest(f"no systemd boots here: {reason}")
        self.boot_seconds = time.monotonic() - begin
        return self

    def _find_leader(self):
        """The container's first process, among the descendants of ours."""
        waiting = [self.process.pid]
        while waiting:
            pid = waiting.pop()
            try:
                status = pathlib.Path(f"/proc/{pid}/status").read_text()
                for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
                    waiting += map(int, (task / "children").read_text().split())
            except OSError:
                continue
            inside = re.search(r"^NSpid:\s+(.*)$", status, re.M)[1].split()
            if len(inside) > len(pathlib.Path("/proc/self/status").read_text().split("NSpid:")[1].splitlines()[0].split()) \
                    and inside[-1] == "1":
                self.leader = pid
                return pid
        return None

    def _state(self):
        return self.run("systemctl", "is-system-running", check=False).stdout.strip()

    def _last_words(self):
        lines = [re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", l).strip() for l in self.log_path.read_text(errors="replace").splitlines()]
        return " / ".join([l for l in lines if l][-3:]) or "it ended without a word"

    def __exit__(self, *_):
        if self.process:
            if self.process.poll() is None and self.leader:
                try:
                    os.kill(self.leader, signal.SIGRTMIN + 4)  # power off
                except ProcessLookupError:
                    pass
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.terminate()
                self.process.wait(60)
        shutil.rmtree(self.folder, ignore_errors=True)
        if self.process:
            self.log_path.unlink(missing_ok=True)

    def run(self, *argv, check=True, user=None, limit=60, input=None):
        """A command inside, as root or another user; the finished process with text output."""
        enter = ["nsenter", "-t", str(self.leader), "--mount", "--uts", "--ipc", "--pid", "--wd=/"]
        if user:
            enter += ["runuser", "-u", user, "--"]
        environment = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "HOME": "/root",
                       "DEBIAN_FRONTEND": "noninteractive", "SYSTEMD_PAGER": "", "container": "systemd-nspawn"}
        done = subprocess.run([*enter, *map(str, argv)], capture_output=True, text=True, env=environment, timeout=limit, input=input,
                              stdin=subprocess.DEVNULL if input is None else None)
        if check and done.returncode != 0:
            raise AssertionError(f"{' '.join(map(str, argv))}: exit {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}")
        return done

    def path(self, inside):
        """A path of the machine as the host sees it."""
        return pathlib.Path(f"/proc/{self.leader}/root/{str(inside).lstrip('/')}")

    def put(self, file, inside=None):
        target = inside or f"/var/cache/{pathlib.Path(file).name}"
        self.path(target).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(file, self.path(target))
        return target

    def unit(self, *properties, name="readbackd.service"):
        """The properties of a unit as a mapping."""
        shown = self.run("systemctl", "show", name, *(f"--property={p}" for p in properties)).stdout
        return dict(line.split("=", 1) for line in shown.splitlines())
