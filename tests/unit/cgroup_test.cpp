// SPDX-License-Identifier: BSD-2-Clause
// Real cgroup paths of systemd, Docker, Podman, Kubernetes, LXC and others with what they say, and mountinfo
// of several set-ups.
#include "system/cgroup.h"

#include <catch2/catch.hpp>

using namespace corescope;

namespace {

#define ID "7be92808767a667f35c8505cbf40d14e931ef6db5b0210329cf193b15ba9d605"
#define ID2 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define UID "2f6f5d8a-1c1e-4a6c-8a2b-91a5e8f7c3d4"
#define UID_ "2f6f5d8a_1c1e_4a6c_8a2b_91a5e8f7c3d4"

struct Case {
	const char* path;
	const char* unit;
	const char* container;
	const char* runtime;
	const char* pod;
};

const Case kCases[] = {
	// systemd
	{"/", "", "", "", ""},
	{"/init.scope", "init.scope", "", "", ""},
	{"/system.slice/nginx.service", "nginx.service", "", "", ""},
	{"/system.slice", "system.slice", "", "", ""},
	{"/system.slice/system-getty.slice/getty@tty1.service", "getty@tty1.service", "", "", ""},
	{"/system.slice/system-postgresql.slice/postgresql@15-main.service", "postgresql@15-main.service", "", "",
		""},
	{"/system.slice/system-systemd\\x2dfsck.slice/systemd-fsck@dev-disk-by\\x2duuid-1234.service",
		"systemd-fsck@dev-disk-by\\x2duuid-1234.service", "", "", ""},
	{"/system.slice/systemd-udevd.service/udev", "systemd-udevd.service", "", "", ""},
	{"/system.slice/dev-hugepages.mount", "system.slice", "", "", ""},
	{"/system.slice/_memory.service", "memory.service", "", "", ""},
	{"/user.slice/user-1000.slice/session-3.scope", "session-3.scope", "", "", ""},
	{"/user.slice/user-1000.slice/user@1000.service/init.scope", "init.scope", "", "", ""},
	{"/user.slice/user-1000.slice/user@1000.service/app.slice/foo.service", "foo.service", "", "", ""},
	{"/user.slice/user-1000.slice/user@1000.service/app.slice/app-gnome-firefox-4242.scope",
		"app-gnome-firefox-4242.scope", "", "", ""},
	{"/user.slice/user-1000.slice/user@1000.service/app.slice", "user@1000.service", "", "", ""},
	{"/user.slice/user-1000.slice", "user-1000.slice", "", "", ""},
	{"/user.slice/user-1000.slice/user@1000.service/snap.firefox.firefox-0bc3.scope",
		"snap.firefox.firefox-0bc3.scope", "", "", ""},
	{"/system.slice/run-r0123456789abcdef.scope", "run-r0123456789abcdef.scope", "", "", ""},
	// Docker
	{"/system.slice/docker-" ID ".scope", "docker-" ID ".scope", ID, "docker", ""},
	{"/docker/" ID, "", ID, "docker", ""},
	{"/docker/" ID "/system.slice/cron.service", "cron.service", ID, "docker", ""},
	{"/docker/" ID "/docker/" ID2, "", ID2, "docker", ""},
	{"/system.slice/docker.service", "docker.service", "", "", ""},
	{"/system.slice/containerd.service", "containerd.service", "", "", ""},
	{"/user.slice/user-1000.slice/user@1000.service/user.slice/docker-" ID ".scope", "docker-" ID ".scope",
		ID, "docker", ""},
	{"/actions_job/" ID, "", ID, "", ""},
	{"/system.slice/var-lib-docker-overlay2-" ID "-merged.mount", "system.slice", "", "", ""},
	{"/docker/buildkit/5fuz2v4qyhl3kzzhmmcpmnnr7", "", "", "", ""},
	{"/ecs/4b53f5a3d4b54fe0a0b2e1c0e3a0f5a9/" ID, "", ID, "", ""},
	// Podman
	{"/machine.slice/libpod-" ID ".scope", "libpod-" ID ".scope", ID, "podman", ""},
	{"/machine.slice/libpod-" ID ".scope/container", "libpod-" ID ".scope", ID, "podman", ""},
	{"/machine.slice/libpod-conmon-" ID ".scope", "libpod-conmon-" ID ".scope", "", "", ""},
	{"/machine.slice/machine-libpod_pod_" ID2 ".slice/libpod-" ID ".scope", "libpod-" ID ".scope", ID,
		"podman", ""},
	{"/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-" ID ".scope/container",
		"libpod-" ID ".scope", ID, "podman", ""},
	{"/libpod_parent/libpod-" ID, "", ID, "podman", ""},
	{"/libpod_parent/conmon", "", "", "", ""},
	{"/system.slice/web.service/libpod-payload-" ID, "web.service", ID, "podman", ""},
	// Kubernetes: cgroupfs and systemd drivers, several runtimes
	{"/kubepods/burstable/pod" UID "/" ID, "", ID, "", UID},
	{"/kubepods/besteffort/pod" UID "/" ID, "", ID, "", UID},
	{"/kubepods/pod" UID "/" ID, "", ID, "", UID},
	{"/kubepods/burstable/pod" UID, "", "", "", UID},
	{"/kubepods/burstable/pod" UID "/crio-" ID, "", ID, "cri-o", UID},
	{"/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod" UID_ ".slice/cri-containerd-" ID
	 ".scope",
		"cri-containerd-" ID ".scope", ID, "containerd", UID},
	{"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" UID_ ".slice/crio-" ID ".scope",
		"crio-" ID ".scope", ID, "cri-o", UID},
	{"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" UID_ ".slice/crio-" ID
	 ".scope/container",
		"crio-" ID ".scope", ID, "cri-o", UID},
	{"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" UID_ ".slice/crio-conmon-" ID ".scope",
		"crio-conmon-" ID ".scope", "", "", UID},
	{"/kubepods.slice/kubepods-pod" UID_ ".slice/docker-" ID ".scope", "docker-" ID ".scope", ID, "docker",
		UID},
	{"/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod" UID_ ".slice",
		"kubepods-besteffort-pod" UID_ ".slice", "", "", UID},
	{"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod8a8d3f5c1b2e4d6f8a9b0c1d2e3f4a5b.slice/cri-containerd-" ID
	 ".scope",
		"cri-containerd-" ID ".scope", ID, "containerd", "8a8d3f5c1b2e4d6f8a9b0c1d2e3f4a5b"},
	{"/system.slice/containerd.service/kubepods-burstable-pod" UID_ ".slice:cri-containerd:" ID,
		"containerd.service", ID, "containerd", UID},
	{"/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-besteffort.slice/kubelet-kubepods-besteffort-pod" UID_
	 ".slice/cri-containerd-" ID ".scope",
		"cri-containerd-" ID ".scope", ID, "containerd", UID},
	{"/docker/" ID2 "/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod" UID_
	 ".slice/cri-containerd-" ID ".scope",
		"cri-containerd-" ID ".scope", ID, "containerd", UID},
	{"/system.slice/kubelet.service", "kubelet.service", "", "", ""},
	{"/system.slice/podcast.service", "podcast.service", "", "", ""},
	{"/my-pod.slice/podium", "my-pod.slice", "", "", ""},
	// containerd without Kubernetes, Kata
	{"/system.slice/nerdctl-" ID ".scope", "nerdctl-" ID ".scope", ID, "containerd", ""},
	{"/default/" ID, "", ID, "", ""},
	{"/kata_overhead/" ID, "", ID, "kata", ""},
	// LXC and LXD, virtual machines, nspawn
	{"/lxc.payload.web1", "", "web1", "lxc", ""},
	{"/lxc.payload.web1/system.slice/nginx.service", "nginx.service", "web1", "lxc", ""},
	{"/lxc.monitor.web1", "", "", "", ""},
	{"/lxc/web1/init.scope", "init.scope", "web1", "lxc", ""},
	{"/lxc.payload/web1", "", "web1", "lxc", ""},
	{"/lxc.payload.c1/system.slice/docker-" ID ".scope", "docker-" ID ".scope", ID, "docker", ""},
	{"/machine.slice/machine-qemu\\x2d1\\x2dvm1.scope/libvirt/emulator", "machine-qemu\\x2d1\\x2dvm1.scope",
		"qemu-1-vm1", "qemu", ""},
	{"/machine.slice/machine-debian.scope/payload", "machine-debian.scope", "debian", "machine", ""},
	{"/machine.slice/systemd-nspawn@debian.service/payload", "systemd-nspawn@debian.service", "debian",
		"nspawn", ""},
	// things that only look like it
	{"/process_api/9f8ad32745c1f8778edeb906dc8e79e6", "", "", "", ""},
	{"/docker/7BE92808767A667F35C8505CBF40D14E931EF6DB5B0210329CF193B15BA9D605", "", "", "", ""},
	{"/x" ID, "", "", "", ""},
	{"/.service/.scope", "", "", "", ""},
};

} // namespace

TEST_CASE("cgroup paths tell unit, container, runtime and pod")
{
	for (const Case& known : kCases) {
		INFO(known.path);
		const Attribution found = attribute(known.path);
		CHECK(found.path == known.path);
		CHECK(found.unit == known.unit);
		CHECK(found.container == known.container);
		CHECK(found.runtime == known.runtime);
		CHECK(found.pod == known.pod);
	}
}

TEST_CASE("odd spellings of a path mean the same")
{
	CHECK(attribute("").path == "/");
	CHECK(attribute("system.slice/a.service").path == "/system.slice/a.service");
	CHECK(attribute("//system.slice///a.service/").path == "/system.slice/a.service");
	CHECK(attribute("//system.slice///a.service/").unit == "a.service");
	CHECK(attribute("/machine.slice/machine-\\x2.scope").container == "\\x2");
	CHECK(attribute("/machine.slice/machine-\\xzz.scope").container == "\\xzz");
}

TEST_CASE("the cgroup2 mount is found in every kind of mountinfo")
{
	CHECK(cgroup2_mount_in("") == "");
	CHECK(cgroup2_mount_in("22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n") == "");
	CHECK(cgroup2_mount_in(
			  "29 22 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n") ==
		"/sys/fs/cgroup");
	CHECK(cgroup2_mount_in("31 23 0:28 / /sys/fs/cgroup ro - tmpfs tmpfs ro\n"
						   "32 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n"
						   "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n") ==
		"/sys/fs/cgroup/unified");
	// The whole hierarchy rather than a part, also where the part comes first; tags or none; no final line
	// feed.
	CHECK(cgroup2_mount_in("40 1 0:38 /docker/x /srv/jail rw master:1 shared:2 - cgroup2 none rw\n"
						   "41 1 0:38 / /run/my\\040cgroups rw - cgroup2 none rw") == "/run/my cgroups");
	CHECK(cgroup2_mount_in("40 1 0:38 /docker/x /srv/jail rw - cgroup2 none rw\n") == "/srv/jail");
	// Words that look like the type in other places.
	CHECK(cgroup2_mount_in("40 1 0:38 / /cgroup2 rw - tmpfs cgroup2 rw\n- cgroup2\n\n - \n-") == "");
}
