// SPDX-License-Identifier: BSD-2-Clause
// A line is "address type name", and a tab and "[module]" behind it. Only what is executed is kept: some megabytes.
#include "symbols/kernel_symbols.h"

#include <charconv>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>

namespace corescope {

namespace {
constexpr size_t kChunk = 1 << 16;
}

KernelSymbols::KernelSymbols(const std::string& path) : fd_(open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}

KernelSymbols::~KernelSymbols()
{
	if (fd_ >= 0)
		close(fd_);
}

void KernelSymbols::read()
{
	if (read_ || fd_ < 0)
		return;
	read_ = true;
	const auto take = [this](std::string_view line) {
		uint64_t address = 0;
		const auto [at, error] = std::from_chars(line.data(), line.data() + line.size(), address, 16);
		line.remove_prefix(static_cast<size_t>(at - line.data()));
		if (error != std::errc() || !address || line.size() < 4)
			return;
		const char type = line[1];
		if (type != 't' && type != 'T' && type != 'w' && type != 'W')
			return;
		// The module's name stays behind the tab.
		table_.add(address, 0, line.substr(3), type == 'T' ? 4 : type == 'W' ? 3 : 2);
	};
	// The kernel gives a page at a time, whatever is asked for.
	std::string text(kChunk, '\0');
	size_t used = 0;
	for (;;) {
		const ssize_t n = ::read(fd_, text.data() + used, text.size() - used);
		if (n <= 0)
			break;
		used += static_cast<size_t>(n);
		const std::string_view have(text.data(), used);
		size_t from = 0;
		for (size_t end; (end = have.find('\n', from)) != std::string_view::npos; from = end + 1)
			take(have.substr(from, end - from));
		if (!from && used == text.size())
			break; // no line is that long
		std::memmove(text.data(), text.data() + from, used - from);
		used -= from;
	}
	table_.sort();
}

std::optional<KernelSymbols::Found> KernelSymbols::find(uint64_t address)
{
	read();
	const auto found = table_.find(address);
	if (!found)
		return std::nullopt;
	const size_t tab = found->name.find('\t');
	std::string_view module;
	if (tab != std::string_view::npos && found->name.size() > tab + 3)
		module = found->name.substr(tab + 2, found->name.size() - tab - 3); // within brackets
	return Found{found->name.substr(0, tab), module, found->offset};
}

std::string KernelSymbols::problem()
{
	read();
	if (fd_ < 0)
		return "/proc/kallsyms cannot be read";
	if (table_.empty())
		return "/proc/kallsyms has no addresses (kernel.kptr_restrict, or CAP_SYSLOG is missing)";
	return "";
}

} // namespace corescope
