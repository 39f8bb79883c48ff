// SPDX-License-Identifier: BSD-2-Clause
// See printk.h.
#include "bpf/printk.h"

#include "base/error.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace corescope {

namespace {

constexpr std::string_view kPrefix = "corescope-";
constexpr size_t kCommWidth = 16; // trace_pipe writes it right-aligned

// Digits at the beginning of `text`, which loses them.
bool take_number(std::string_view& text, uint64_t& out)
{
	size_t digits = 0;
	for (out = 0; digits < text.size() && text[digits] >= '0' && text[digits] <= '9'; digits++)
		out = out * 10 + static_cast<uint64_t>(text[digits] - '0');
	text.remove_prefix(digits);
	return digits > 0 && digits < 19;
}

void skip_spaces(std::string_view& text)
{
	text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
}

struct CloseFolder {
	void operator()(DIR* folder) const { closedir(folder); }
};

// Instances of runs that were killed: nobody holds their lock, and their process is no more.
void remove_leftovers(const std::string& instances)
{
	const std::unique_ptr<DIR, CloseFolder> folder(opendir(instances.c_str()));
	if (!folder)
		return;
	while (const dirent* entry = readdir(folder.get())) {
		const std::string_view name = entry->d_name;
		if (name.substr(0, kPrefix.size()) != kPrefix)
			continue;
		const auto pid = static_cast<pid_t>(std::strtol(entry->d_name + kPrefix.size(), nullptr, 10));
		if (pid <= 0 || kill(pid, 0) == 0 || errno != ESRCH)
			continue;
		const std::string path = instances + "/" + entry->d_name;
		const int fd = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		const bool free = fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0;
		if (fd >= 0)
			close(fd);
		if (free)
			rmdir(path.c_str());
	}
}

} // namespace

bool parse_printk(std::string_view line, PrintkLine& out)
{
	// "            true-23672   [000] ...2. 25440.907825: bpf_trace_printk: text"
	static constexpr std::string_view kEvent = "bpf_trace_printk: ";
	uint64_t tid, cpu, seconds;
	if (line.size() <= kCommWidth || line[kCommWidth] != '-')
		return false;
	std::string_view comm = line.substr(0, kCommWidth);
	skip_spaces(comm);
	line.remove_prefix(kCommWidth + 1);
	if (!take_number(line, tid))
		return false;
	skip_spaces(line);
	if (line.empty() || line[0] != '[')
		return false;
	line.remove_prefix(1);
	if (!take_number(line, cpu) || line.substr(0, 2) != "] ")
		return false;
	line.remove_prefix(2);
	skip_spaces(line);
	line.remove_prefix(std::min(line.find(' '), line.size())); // flags of the context
	skip_spaces(line);
	if (!take_number(line, seconds) || line.empty() || line[0] != '.')
		return false;
	line.remove_prefix(1);
	uint64_t fraction;
	const size_t before = line.size();
	if (!take_number(line, fraction))
		return false;
	for (size_t digits = before - line.size(); digits < 9; digits++)
		fraction *= 10;
	if (line.substr(0, 2) != ": ")
		return false;
	line.remove_prefix(2);
	if (line.substr(0, kEvent.size()) != kEvent)
		return false;
	out.ts = seconds * 1000000000 + fraction;
	out.tid = static_cast<uint32_t>(tid);
	out.cpu = static_cast<uint32_t>(cpu);
	out.comm = comm;
	out.text = line.substr(kEvent.size());
	return true;
}

uint64_t parse_printk_loss(std::string_view line)
{
	uint64_t cpu, count;
	if (line.substr(0, 4) != "CPU:")
		return 0;
	line.remove_prefix(4);
	if (!take_number(line, cpu) || line.substr(0, 7) != " [LOST ")
		return 0;
	line.remove_prefix(7);
	return take_number(line, count) && line == " EVENTS]" ? count : 0;
}

void PrintkFormats::add(std::string_view format)
{
	std::vector<std::string> runs(1);
	while (!format.empty() && format.back() == '\n')
		format.remove_suffix(1);
	for (size_t i = 0; i < format.size(); i++) {
		if (format[i] != '%') {
			runs.back() += format[i];
		} else if (i + 1 < format.size() && format[i + 1] == '%') {
			runs.back() += '%';
			i++;
		} else {
			// Flags, width, length, then the letter that says what it is; %p may have more of them behind.
			i = std::min(format.find_first_not_of("0123456789-+ #.*lhzjt", i + 1), format.size());
			if (i < format.size() && format[i] == 'p')
				while (i + 1 < format.size() && std::isalnum(static_cast<unsigned char>(format[i + 1])))
					i++;
			runs.emplace_back();
		}
	}
	formats_.push_back(std::move(runs));
}

bool PrintkFormats::could_be(std::string_view text) const
{
	for (const std::vector<std::string>& runs : formats_) {
		std::string_view left = text;
		bool fits = left.substr(0, runs[0].size()) == runs[0];
		if (fits && runs.size() == 1)
			fits = left == runs[0];
		if (!fits)
			continue;
		left.remove_prefix(runs[0].size());
		for (size_t i = 1; fits && i < runs.size(); i++) {
			const bool last = i + 1 == runs.size();
			const size_t at = last && left.size() >= runs[i].size() ? left.size() - runs[i].size() : 0;
			const size_t found = last ? (left.substr(at) == runs[i] ? at : left.npos) : left.find(runs[i]);
			fits = found != left.npos;
			if (fits)
				left.remove_prefix(found + runs[i].size());
		}
		if (fits)
			return true;
	}
	return false;
}

std::string tracefs_path()
{
	for (const char* path : {"/sys/kernel/tracing", "/sys/kernel/debug/tracing"})
		if (access((std::string(path) + "/events").c_str(), F_OK) == 0)
			return path;
	return "";
}

PrintkReader::PrintkReader()
{
	const std::string tracefs = tracefs_path();
	if (tracefs.empty())
		throw Error(
			kUnavailable, "tracefs is not mounted; mount it: mount -t tracefs tracefs /sys/kernel/tracing");
	const std::string instances = tracefs + "/instances";
	remove_leftovers(instances);
	folder_ = instances + "/" + std::string(kPrefix) + std::to_string(getpid());
	if (mkdir(folder_.c_str(), 0700) != 0) {
		const int error = errno;
		folder_.clear();
		throw Error(error == EACCES || error == EPERM ? kNoPermission : kUnavailable,
			"cannot make a tracing instance in " + instances + ": " + std::strerror(error));
	}
	try {
		lock_ = open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (lock_ >= 0)
			flock(lock_, LOCK_EX | LOCK_NB);
		write_setting("buffer_size_kb", "256"); // for each CPU; the default is 1.4 MB
		write_setting("trace_clock", "boot");
		write_setting("buffer_percent", "0"); // else poll() wakes only when the buffer is half full
		pipe_ = open((folder_ + "/trace_pipe").c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
		if (pipe_ < 0)
			throw Error(kUnavailable, folder_ + "/trace_pipe: " + std::strerror(errno));
		write_setting("events/bpf_trace/bpf_trace_printk/enable", "1");
	} catch (...) {
		remove();
		throw;
	}
}

PrintkReader::~PrintkReader() { remove(); }

void PrintkReader::remove()
{
	if (pipe_ >= 0)
		close(pipe_);
	if (lock_ >= 0)
		close(lock_);
	pipe_ = lock_ = -1;
	if (!folder_.empty())
		rmdir(folder_.c_str());
	folder_.clear();
}

void PrintkReader::write_setting(const char* file, const char* value) const
{
	const std::string path = folder_ + "/" + file;
	const int fd = open(path.c_str(), O_WRONLY | O_TRUNC | O_CLOEXEC);
	const bool written = fd >= 0 && write(fd, value, std::strlen(value)) > 0;
	const int error = errno;
	if (fd >= 0)
		close(fd);
	if (!written)
		throw Error(kUnavailable, "cannot set " + path + " to " + value + ": " + std::strerror(error));
}

bool PrintkReader::fetch()
{
	lines_.clear();
	char piece[16384];
	const ssize_t n = read(pipe_, piece, sizeof(piece));
	if (n <= 0)
		return false;
	rest_.append(piece, static_cast<size_t>(n));
	size_t begin = 0, end;
	while ((end = rest_.find('\n', begin)) != rest_.npos) {
		take(std::string_view(rest_).substr(begin, end - begin));
		begin = end + 1;
	}
	rest_.erase(0, begin);
	return true;
}

void PrintkReader::take(std::string_view line)
{
	PrintkLine parsed;
	if (const uint64_t lost = parse_printk_loss(line)) {
		lost_ += lost;
	} else if (parse_printk(line, parsed)) {
		if (has_pending_)
			lines_.push_back(std::move(pending_));
		pending_ = std::move(parsed);
		has_pending_ = true;
	} else if (has_pending_ && !line.empty()) {
		pending_.text.append("\n").append(line); // a text with a line break in it
	}
}

void PrintkReader::finish()
{
	lines_.clear();
	if (has_pending_)
		lines_.push_back(std::move(pending_));
	has_pending_ = false;
}

std::span<const Field> printk_fields()
{
	using Line = PrintkLine;
	static constexpr Field kFields[] = {
		{"TIME", "ts", 8, kEverywhere,
			[](const void* event, const FieldContext&, const void*) {
				return Value::time(static_cast<const Line*>(event)->ts);
			},
			"when the program said it, taken in the kernel", FieldType::time, true},
		{"COMM", "comm", 16, kEverywhere,
			[](const void* event, const FieldContext&, const void*) {
				return Value::text(static_cast<const Line*>(event)->comm);
			},
			"the task in whose context the program ran", FieldType::text, true},
		{"TID", "tid", 7, kEverywhere | kRight,
			[](const void* event, const FieldContext&, const void*) {
				return Value::number(uint64_t{static_cast<const Line*>(event)->tid});
			},
			"and its thread id", FieldType::number, true},
		{"CPU", "cpu", 3, kEverywhere | kRight,
			[](const void* event, const FieldContext&, const void*) {
				return Value::number(uint64_t{static_cast<const Line*>(event)->cpu});
			},
			"where it ran", FieldType::number, true},
		{"TEXT", "text", 0, kEverywhere,
			[](const void* event, const FieldContext&, const void*) {
				return Value::text(static_cast<const Line*>(event)->text);
			},
			"what it said", FieldType::text, true},
	};
	return kFields;
}

} // namespace corescope
