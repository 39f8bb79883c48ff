// SPDX-License-Identifier: BSD-2-Clause
// --attach: programs at interfaces and cgroups (in a network of their own, with nothing but a loopback), and at
// tracepoints that no section names. What was hooked in is gone at the end.
#include "load_support.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fstream>
#include <net/if.h>
#include <sched.h>
#include <sstream>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

using namespace corescope::test;

asm(".pushsection .rodata\n"
	".balign 16\n"
	".globl places_object, places_object_end\n"
	"places_object: .incbin \"places.bpf.o\"\n"
	"places_object_end: .byte 0\n"
	".popsection");
extern "C" {
extern const char places_object[], places_object_end[];
}

namespace {

constexpr int kDatagrams = 5;

class Places {
public:
	Places() : fd_(memfd_create("places", 0))
	{
		REQUIRE(fd_ >= 0);
		// Both names are of one object, which only the assembler knows.
		// cppcheck-suppress comparePointers
		const auto size = static_cast<size_t>(places_object_end - places_object);
		REQUIRE(write(fd_, places_object, size) == static_cast<ssize_t>(size));
	}
	~Places() { close(fd_); }
	std::string path() const { return "/proc/" + std::to_string(getpid()) + "/fd/" + std::to_string(fd_); }

private:
	int fd_;
};

// A network with nothing but a loopback.
struct Network {
	// This thread is in it from then on.
	static int enter()
	{
		if (unshare(CLONE_NEWNET) != 0)
			return -1;
		const int control = socket(AF_INET, SOCK_DGRAM, 0);
		ifreq request = {};
		std::string("lo").copy(request.ifr_name, sizeof(request.ifr_name) - 1);
		request.ifr_flags = IFF_UP | IFF_RUNNING;
		const int result = ioctl(control, SIOCSIFFLAGS, &request);
		close(control);
		return result;
	}
	static int send_all()
	{
		sockaddr_in to = {};
		to.sin_family = AF_INET;
		to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		const int in = socket(AF_INET, SOCK_DGRAM, 0), out = socket(AF_INET, SOCK_DGRAM, 0);
		socklen_t size = sizeof(to);
		if (bind(in, reinterpret_cast<sockaddr*>(&to), size) != 0 ||
			getsockname(in, reinterpret_cast<sockaddr*>(&to), &size) != 0)
			return 1;
		for (int i = 0; i < kDatagrams; i++)
			if (sendto(out, "x", 1, 0, reinterpret_cast<sockaddr*>(&to), size) != 1)
				return 1;
		return 0;
	}
};

std::string cgroup_mount()
{
	std::ifstream mounts("/proc/self/mounts");
	std::string line;
	while (std::getline(mounts, line)) {
		std::istringstream words(line);
		std::string device, path, kind;
		if (words >> device >> path >> kind && kind == "cgroup2")
			return path;
	}
	return "";
}

uint64_t seen(const Tool& tool)
{
	for (const Json& record : tool.records())
		if (record.at("type") == "row" && record.at("key") == "seen")
			return record.at("value").get<uint64_t>();
	FAIL("the variable was not written");
	return 0;
}

} // namespace

TEST_CASE("tracepoints that --attach names are those that are counted")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const Places places;
	const std::pair<const char*, const char*> cases[] = {{"on_raw", "sched_process_exec"},
		{"on_tracepoint", "sched/sched_process_exec"}, {"on_tracepoint", "sched:sched_process_exec"},
		{"on_typed", "sched_process_exec"}};
	for (const auto& [program, target] : cases) {
		Tool tool(
			{"load", places.path(), "--only", program, "--attach", std::string(program) + "=" + target});
		for (int i = 0; i < 3; i++) {
			ExecChild child;
			child.go();
			REQUIRE(child.wait() == 0);
		}
		tool.stop();
		INFO(program << " at " << target);
		CHECK(seen(tool) >= 3);
	}
}

TEST_CASE("what only a socket's owner can hook in is refused, or loaded and pinned for them")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const Places places;
	const std::vector<std::string> only = {"load", places.path(), "--only", "on_own_packet"};
	const LoadSaid refused = run_load(only);
	INFO(refused.errors);
	CHECK(refused.status == 69);
	CHECK(refused.errors.find("owner of a socket") != std::string::npos);
	const PinFolder folder;
	if (folder.path().empty())
		SKIP_TEST("needs a BPF file system");
	const std::string pin = folder.path() + "/own";
	std::vector<std::string> pinned = only;
	pinned.insert(pinned.end(), {"--pin", pin});
	const LoadSaid said = run_load(pinned);
	INFO(said.errors);
	CHECK(said.status == 0);
	CHECK(said.out.find("hooked in nowhere") != std::string::npos);
	CHECK(access((pin + "/prog_on_own_packet").c_str(), F_OK) == 0);
	CHECK(run_load({"unload", pin}).status == 0);
	CHECK(access(pin.c_str(), F_OK) != 0);
}

TEST_CASE("packets are counted at an interface and in a cgroup, and the hooks are gone at the end")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const int home = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	REQUIRE(home >= 0);
	if (Network::enter() != 0)
		SKIP_TEST("no network namespace of its own can be had here");
	struct Home {
		int fd;
		~Home()
		{
			setns(fd, CLONE_NEWNET);
			close(fd);
		}
	} const back{home};
	const Places places;
	std::vector<std::pair<std::string, std::string>> cases = {
		{"on_packet", "lo"}, {"on_filter", "lo"}, {"on_filter", "lo:egress"}};
	if (const std::string cgroup = cgroup_mount(); !cgroup.empty())
		cases.emplace_back("on_egress", cgroup);
	const LoadSaid lookup = run_load({"load", places.path(), "--only", "on_lookup", "--attach",
		"on_lookup=/proc/self/ns/net", "--duration", "1ms"});
	if (lookup.status != 69) // since 5.9
		cases.emplace_back("on_lookup",
			"/proc/" + std::to_string(getpid()) + "/task/" + std::to_string(gettid()) + "/ns/net");
	for (const auto& [program, target] : cases) {
		INFO(program << " at " << target);
		for (int round = 0; round < 2; round++) { // the second finds nothing left of the first
			Tool tool({"load", places.path(), "--only", program, "--attach", program + "=" + target});
			REQUIRE(Network::send_all() == 0);
			tool.stop();
			CHECK(seen(tool) >= kDatagrams);
			if (target != cgroup_mount())
				CHECK(seen(tool) == kDatagrams); // nobody else is in this network
		}
	}
	const LoadSaid none =
		run_load({"load", places.path(), "--only", "on_packet", "--attach", "on_packet=nosuch0"});
	CHECK(none.status == 64);
	CHECK(none.errors.find("no interface") != std::string::npos);
	const LoadSaid wrong =
		run_load({"load", places.path(), "--only", "on_egress", "--attach", "on_egress=/tmp"});
	CHECK(wrong.status == 64);
	CHECK(wrong.errors.find("cgroup") != std::string::npos);
	const LoadSaid elsewhere =
		run_load({"load", places.path(), "--only", "on_lookup", "--attach", "on_lookup=/etc/passwd"});
	CHECK(elsewhere.status == 64);
	CHECK(elsewhere.errors.find("network namespace") != std::string::npos);
	const LoadSaid untold = run_load({"load", places.path()});
	CHECK(untold.status == 64);
	CHECK(untold.errors.find("an interface") != std::string::npos);
}
