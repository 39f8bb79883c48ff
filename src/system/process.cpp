// SPDX-License-Identifier: BSD-2-Clause
// One read of /proc/PID/stat holds both the name and the time of start (proc(5)).
#include "system/process.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <string_view>
#include <unistd.h>

namespace corescope {

std::optional<std::string> process_name(pid_t pid, uint64_t start_boot_ns)
{
	char path[32], text[1024];
	std::snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return std::nullopt;
	const ssize_t size = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (size <= 0)
		return std::nullopt;
	text[size] = 0;
	const std::string_view stat(text, static_cast<size_t>(size));
	const size_t open_at = stat.find('(');
	const size_t close_at = stat.rfind(')'); // a name may hold anything
	if (open_at == std::string_view::npos || close_at == std::string_view::npos || close_at < open_at)
		return std::nullopt;
	size_t at = close_at + 1;
	for (int field = 2; field < 22; field++) { // starttime is field 22
		at = stat.find(' ', at);
		if (at == std::string_view::npos)
			return std::nullopt;
		at++;
	}
	const uint64_t ticks = std::strtoull(text + at, nullptr, 10);
	const auto ns_per_tick = 1000000000 / static_cast<uint64_t>(sysconf(_SC_CLK_TCK));
	if (ticks != start_boot_ns / ns_per_tick)
		return std::nullopt;
	return std::string(stat.substr(open_at + 1, close_at - open_at - 1));
}

} // namespace corescope
