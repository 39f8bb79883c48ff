// SPDX-License-Identifier: BSD-2-Clause
// The file is anyone's: it must be a plain one, the process' own (or root's), and not larger than we care to keep.
#include "symbols/perf_map.h"

#include <algorithm>
#include <charconv>
#include <fcntl.h>
#include <map>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace corescope {

namespace {
constexpr uint64_t kMostBytes = 64 << 20;
constexpr unsigned kRank = 8;
} // namespace

void parse_perf_map(std::string_view text, SymbolTable& to)
{
	struct Code {
		uint64_t size;
		std::string_view name;
	};
	std::map<uint64_t, Code> last;
	while (!text.empty()) {
		const size_t end = text.find('\n');
		if (end == std::string_view::npos)
			break; // still being written
		std::string_view line = text.substr(0, end);
		text.remove_prefix(end + 1);
		uint64_t numbers[2] = {};
		bool good = true;
		for (uint64_t& number : numbers) {
			if (line.substr(0, 2) == "0x")
				line.remove_prefix(2);
			const auto [at, error] = std::from_chars(line.data(), line.data() + line.size(), number, 16);
			const auto used = static_cast<size_t>(at - line.data());
			good = good && error == std::errc() && used < line.size() && line[used] == ' ';
			line.remove_prefix(good ? used + 1 : line.size());
		}
		if (good && numbers[1] && !line.empty())
			last[numbers[0]] = {numbers[1], line};
	}
	for (const auto& [address, code] : last)
		to.add(address, code.size, code.name, kRank);
	to.sort();
}

PerfMap::~PerfMap()
{
	if (fd_ >= 0)
		close(fd_);
}

PerfMap::PerfMap(PerfMap&& other) noexcept
	: fd_(std::exchange(other.fd_, -1)), size_(other.size_), text_(std::move(other.text_)),
	  table_(std::move(other.table_))
{}

PerfMap& PerfMap::operator=(PerfMap&& other) noexcept
{
	std::swap(fd_, other.fd_);
	std::swap(size_, other.size_);
	std::swap(text_, other.text_);
	std::swap(table_, other.table_);
	return *this;
}

void PerfMap::look(pid_t pid, uint32_t nspid)
{
	if (fd_ >= 0)
		return;
	const std::string process = "/proc/" + std::to_string(pid);
	struct stat owner, file;
	if (stat(process.c_str(), &owner))
		return;
	const std::string path =
		process + "/root/tmp/perf-" + std::to_string(nspid ? nspid : static_cast<uint32_t>(pid)) + ".map";
	const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (fd < 0)
		return;
	if (fstat(fd, &file) || !S_ISREG(file.st_mode) || (file.st_uid != owner.st_uid && file.st_uid != 0))
		close(fd);
	else
		fd_ = fd;
}

void PerfMap::read()
{
	struct stat file;
	if (fd_ < 0 || fstat(fd_, &file) || static_cast<uint64_t>(file.st_size) <= size_)
		return;
	const auto end = std::min<uint64_t>(static_cast<uint64_t>(file.st_size), kMostBytes);
	if (end <= size_)
		return;
	text_.resize(end);
	for (uint64_t at = size_; at < end;) {
		const ssize_t n = pread(fd_, text_.data() + at, end - at, static_cast<off_t>(at));
		if (n <= 0) {
			text_.resize(at);
			break;
		}
		at += static_cast<uint64_t>(n);
	}
	size_ = text_.size();
	table_ = SymbolTable();
	parse_perf_map(text_, table_);
}

std::optional<SymbolTable::Found> PerfMap::find(uint64_t address)
{
	read();
	return table_.find(address);
}

} // namespace corescope
