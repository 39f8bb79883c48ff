# SPDX-License-Identifier: BSD-2-Clause
# The RPM packages: in a Debian chroot, as rpm needs no more than a folder with a shell. What Fedora's own tools would say
# is not known here.

import shutil
import subprocess

import suite
from chroot import Chroot


def rpm_tests(build, room, needs, traces, build_name):
    packages = sorted((build / "rpm").glob("*.rpm"))
    main = next((file for file in packages if "compat" not in file.name), None)
    compat = next((file for file in packages if "compat" in file.name), None)
    state = {}

    def rpm(*arguments, status=0):
        done = subprocess.run(["rpm", "--root", state["system"].root, "--dbpath", "/var/lib/rpm", *arguments], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, check=False)
        assert done.returncode == status, (arguments, done.stdout)
        return done.stdout

    def installs():
        """rpm: installs, verifies, traces; nothing is set to run"""
        needs("rpm", "debootstrap", "unshare")
        state["system"] = system = Chroot("bookworm", room)
        state["before"] = system.files()
        rpm("--initdb")
        rpm("-i", "--nodeps", main, compat)  # the shell is there, but no package says so
        assert rpm("-V", "--nodeps", "corescope", "corescope-compat") == ""
        assert not [path for path in system.files() if path.startswith("/etc/systemd") and "corescope" in path]
        traces(system)
        traces(system, ["execsnoop"], ["cpudist"])

    def goes():
        """rpm: removed, it leaves what was changed by hand or counted, and nothing else"""
        if "system" not in state:
            raise suite.Skip("rpm is not installed")
        system = state["system"]
        (system.root / "etc/cron.d/corescope").write_text("# mine\n")
        system.run("corescope", "cpudist", "--duration", "100ms", "--store")
        rpm("-e", "--nodeps", "corescope", "corescope-compat")
        left = {path for path in system.files() - state["before"] if "corescope" in path}
        left -= {path for path in left if path.startswith("/var/lib/corescope")}
        assert left == {"/etc/cron.d/corescope.rpmsave"}, left
        shutil.rmtree(system.root / "var/lib/corescope")

    def same_bytes():
        """rpm: built again, the packages are the same bytes"""
        needs("rpmbuild")
        kept = {file.name: file.read_bytes() for file in packages}
        subprocess.run(["make", "-s", "-C", build.parent, "rpm", f"BUILD={build_name()}"], check=True, stdout=subprocess.PIPE)
        for file in packages:
            assert file.read_bytes() == kept[file.name], file.name

    return [installs, goes, same_bytes]
