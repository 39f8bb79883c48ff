// SPDX-License-Identifier: BSD-2-Clause
// Where what is tested lies, and what this machine lets tests do. See harness.h.
#include "harness.h"
#include "own_place.h"

#include <cstdlib>
#include <fstream>
#include <pty.h>
#include <sstream>
#include <sys/wait.h>
#include <unistd.h>

namespace corescope::test {

namespace {

std::string own_folder()
{
	char path[4096];
	const ssize_t size = readlink("/proc/self/exe", path, sizeof(path));
	REQUIRE(size > 0);
	const std::string whole(path, static_cast<size_t>(size));
	return whole.substr(0, whole.rfind('/'));
}

} // namespace

// make says where they lie: a build with sanitizers has no workloads of its own. Else beside the suite.
std::string corescope_path()
{
	const char* said = std::getenv("CORESCOPE");
	return said ? said : own_folder() + "/../corescope";
}
std::string contents(const std::string& path)
{
	std::ostringstream bytes;
	bytes << std::ifstream(path, std::ios::binary).rdbuf();
	return bytes.str();
}
bool sanitized()
{
	static const bool is = [] {
		const std::string bytes = contents(corescope_path());
		REQUIRE(!bytes.empty());
		return bytes.find("__asan_init") != std::string::npos;
	}();
	return is;
}
std::string load_path(const std::string& name)
{
	const char* said = std::getenv("CORESCOPE_LOADS");
	return (said ? std::string(said) : own_folder() + "/load") + "/" + name;
}

std::string no_own_mounts()
{
	const pid_t child = fork();
	REQUIRE(child >= 0);
	if (child == 0)
		_exit(own_mounts() ? 0 : 1);
	int status = 0;
	REQUIRE(waitpid(child, &status, 0) == child);
	return status == 0 ? ""
					   : "no mount namespace of its own: it needs root, and a root that is a mount point";
}

std::string no_terminal()
{
	int ends[2];
	if (openpty(&ends[0], &ends[1], nullptr, nullptr, nullptr) != 0)
		return "no terminal can be made: there is no /dev/pts";
	close(ends[0]);
	close(ends[1]);
	return "";
}

std::string cannot_trace()
{
	static const std::string reason = []() -> std::string {
		if (geteuid() != 0)
			return "needs root";
		Process probe({corescope_path(), "execsnoop", "--duration", "1ms"});
		probe.rest();
		return probe.wait() == 0 ? "" : "this kernel does not let tools trace: " + probe.errors();
	}();
	return reason;
}

} // namespace corescope::test
