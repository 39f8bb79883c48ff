// SPDX-License-Identifier: BSD-2-Clause
// The examples at functions of the kernel: fentry, kprobe, ksyscall, LSM, and functions that the kernel calls
// (struct_ops). Not every kernel lets one; where it does not, `load` says so and the test is skipped with its words.
#include "load_support.h"

#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

using namespace corescope::test;

namespace {

constexpr int kReads = 7;

// Why this kernel does not take an example; "" if it does. Any other end than that is a failure.
std::string refusal(const std::string& example)
{
	const LoadSaid said = run_load({"load", example_path(example), "--duration", "1ms"});
	INFO(said.errors);
	REQUIRE((said.status == 0 || said.status == 69));
	return said.status == 0 ? "" : said.errors.substr(0, said.errors.find_last_not_of('\n') + 1);
}

#define NEEDS_KERNEL(example)                            \
	NEEDS_EXAMPLES();                                    \
	if (const auto why = refusal(example); !why.empty()) \
	SKIP_TEST(why)

void counts_reads(const std::string& example)
{
	Child child([] {
		char room[kReads];
		const int zero = open("/dev/zero", O_RDONLY | O_CLOEXEC), folder = open("/", O_RDONLY | O_CLOEXEC);
		for (size_t bytes = 1; bytes <= kReads; bytes++)
			if (read(zero, room, bytes) != static_cast<ssize_t>(bytes))
				_exit(1);
		if (read(folder, room, 1) >= 0)
			_exit(1);
	});
	Tool tool(example_command(example, {"--set", "my_pid=" + std::to_string(child.pid())}));
	child.go();
	REQUIRE(child.wait() == 0);
	const std::string last = "read gives " + std::to_string(-EISDIR);
	tool.until([&](const Json& record) { return record.value("text", "") == last; });
	tool.stop();
	const auto lines = said_by(tool, child.pid());
	REQUIRE(lines.size() == kReads + 1);
	for (size_t bytes = 1; bytes <= kReads; bytes++)
		CHECK(lines[bytes - 1] == "read gives " + std::to_string(bytes));
	CHECK(lines.back() == last);
	bool counted = false;
	for (const Json& record : tool.records())
		if (record.value("type", "") == "row" && record.value("key", Json()) == "entries") {
			counted = true;
			CHECK(record.at("value") == kReads + 1);
		}
	CHECK(counted);
}

bool offered(const std::string& name)
{
	std::ifstream file("/proc/sys/net/ipv4/tcp_available_congestion_control");
	std::string word;
	while (file >> word)
		if (word == name)
			return true;
	return false;
}

} // namespace

TEST_CASE("load: fentry and fexit see each read and its result")
{
	NEEDS_KERNEL("fentry");
	counts_reads("fentry");
}

TEST_CASE("load: kprobe and kretprobe see each read and its result")
{
	NEEDS_KERNEL("kprobe");
	counts_reads("kprobe");
}

TEST_CASE("load: ksyscall finds the function of a system call")
{
	NEEDS_KERNEL("ksyscall");
	Child child([] { kill(getpid(), 0); });
	Tool tool(example_command("ksyscall"));
	child.go();
	REQUIRE(child.wait() == 0);
	tool.until([&](const Json& record) { return record.value("tid", 0) == child.pid(); });
	tool.stop();
	CHECK(said_by(tool, child.pid()) ==
		std::vector<std::string>{"kill(" + std::to_string(child.pid()) + ", 0)"});
}

TEST_CASE("load: an LSM program looks on at an exec, which goes on")
{
	NEEDS_KERNEL("lsm");
	ExecChild child;
	Tool tool(example_command("lsm"));
	child.go();
	REQUIRE(child.wait() == 0);
	tool.until([&](const Json& record) { return record.value("tid", 0) == child.pid(); });
	tool.stop();
	CHECK(said_by(tool, child.pid()) == std::vector<std::string>{"about to execute something"});
}

TEST_CASE("load: a congestion control of struct_ops can be chosen while it is loaded")
{
	NEEDS_KERNEL("struct_ops");
	constexpr char kName[] = "bpf_steady";
	CHECK(!offered(kName));
	Tool tool(example_command("struct_ops"));
	CHECK(offered(kName));
	const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	REQUIRE(fd >= 0);
	CHECK(setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, kName, sizeof(kName) - 1) == 0);
	close(fd);
	tool.stop();
	CHECK(!offered(kName));
}
