# SPDX-License-Identifier: BSD-2-Clause
# Bare Debian systems to install packages and tarballs in: made once by debootstrap from the mirror that this machine's apt
# uses, kept as tarballs, unpacked anew for each. All in a mount namespace of one's own, with which all mounts vanish.

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import suite

TOP = Path(__file__).resolve().parent.parent.parent
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "corescope/chroots"
# What apt, dpkg and their hooks write whatever is installed.
NOISE = ("proc", "sys", "dev", "tmp", "root", "var/lib/dpkg", "var/lib/apt", "var/cache", "var/log", "var/lib/systemd",
         "etc/ld.so.cache", "run")


def enter_namespace():
    """Runs this program again in a mount namespace of its own, if it is root's and is not in one."""
    if os.geteuid() == 0 and not os.environ.get("CORESCOPE_IN_NAMESPACE"):
        os.environ["CORESCOPE_IN_NAMESPACE"] = "1"
        os.execvp("unshare", ["unshare", "-m", "--propagation", "private", sys.executable, *sys.argv])


@contextlib.contextmanager
def room(name):
    """A folder for systems; in the end it goes, with all that is mounted in it."""
    folder = Path(tempfile.mkdtemp(prefix=f"corescope-{name}-"))
    try:
        yield folder
    finally:
        subprocess.run(["sh", "-c", 'for at in $(awk -v r="$1" \'index($2, r) == 1 { print $2 }\' /proc/mounts); do '
                        'umount -l "$at"; done', "sh", folder], check=False)
        shutil.rmtree(folder)


def mirror():
    """The Debian mirror that apt knows here."""
    script = 'die() { echo "$*" >&2; exit 69; }; . "$0"; debian_mirror'
    asked = subprocess.run(["sh", "-c", script, TOP / "packaging/private-apt.sh"], capture_output=True, text=True, check=False)
    if asked.returncode:
        raise suite.Skip(asked.stderr.strip())
    return asked.stdout.strip()


def tarball(name):
    """A minimal system of the suite; CORESCOPE_CHROOT_BOOKWORM=FILE names one that is there."""
    given = os.environ.get(f"CORESCOPE_CHROOT_{name.upper()}")
    if given:
        return given
    kept = CACHE / f"{name}.tar"
    if kept.exists():
        return kept
    if not shutil.which("debootstrap"):
        raise suite.Skip("no debootstrap: ./bootstrap install dist")
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as work:
        made = subprocess.run(["debootstrap", "--variant=minbase", name, f"{work}/root", mirror()],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
        if made.returncode:
            raise suite.Skip(f"debootstrap {name}: {made.stdout.strip().splitlines()[-1]}")
        subprocess.run(["tar", "-C", f"{work}/root", "--exclude=./var/cache/apt/archives/*.deb", "-cf", f"{work}/tar", "."],
                       check=True)
        os.rename(f"{work}/tar", kept)
    return kept


class Chroot:
    """A fresh system in a folder that is removed in the end; proc and sys are there, the host's bpffs is not."""

    def __init__(self, name, room):
        self.root = Path(tempfile.mkdtemp(prefix=f"{name}-", dir=room))
        subprocess.run(["tar", "-C", self.root, "-xf", tarball(name)], check=True)
        self.root.chmod(0o755)
        shutil.copy("/etc/resolv.conf", self.root / "etc/resolv.conf")
        subprocess.run(["mount", "-t", "proc", "proc", self.root / "proc"], check=True)
        subprocess.run(["mount", "-t", "sysfs", "sysfs", self.root / "sys"], check=True)

    def popen(self, *command, **options):
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "DEBIAN_FRONTEND": "noninteractive",
                       "LC_ALL": "C.UTF-8"}
        return subprocess.Popen(["chroot", self.root, "env", "-i", *(f"{k}={v}" for k, v in environment.items()), *command],
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, **({"stderr": subprocess.STDOUT} | options))

    def run(self, *command, status=0):
        """What it said on both streams; its exit status must be this one, or any where that is None."""
        process = self.popen(*command)
        said, _ = process.communicate(timeout=600)
        assert status is None or process.returncode == status, f"{' '.join(command)}: {process.returncode}: {said[-1500:]}"
        return said

    def add(self, *files):
        """Copies them to /tmp there, and tells their paths."""
        for file in files:
            shutil.copy(file, self.root / "tmp")
        return [f"/tmp/{Path(file).name}" for file in files]

    def apt_install(self, *packages, status=0):
        return self.run("apt-get", "-y", "-q", "-o", "Dpkg::Use-Pty=0", "install", "--no-install-recommends", *packages, status=status)

    def files(self):
        """Every path but for what changes whatever is installed."""
        found = set()
        for folder, folders, files in os.walk(self.root):
            where = Path(folder).relative_to(self.root)
            folders[:] = [name for name in folders if str(where / name) not in NOISE]
            found.update("/" + str(where / name) for name in [*folders, *files] if str(where / name) not in NOISE)
        return found
