// SPDX-License-Identifier: BSD-2-Clause
// See libbpf_log.h. The lines are those of libbpf 1.x (libbpf.c, relo_core.c); one that reads otherwise is passed over,
// and the steps then tell less.
#include "bpf/libbpf_log.h"

#include <bpf/libbpf.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>

namespace corescope {

namespace {

constexpr size_t kMostWarnings = 400;
constexpr size_t kMostRelocations = 10000;
constexpr std::string_view kPrefix = "libbpf: ";

LibbpfLog* g_log = nullptr;

int print(libbpf_print_level level, const char* format, va_list args)
{
	if (!g_log)
		return 0;
	try {
		va_list again;
		va_copy(again, args);
		char fixed[512];
		const int size = std::vsnprintf(fixed, sizeof(fixed), format, args);
		if (size >= static_cast<int>(sizeof(fixed))) {
			std::string longer(static_cast<size_t>(size) + 1, 0);
			std::vsnprintf(longer.data(), longer.size(), format, again);
			g_log->take(level == LIBBPF_WARN, std::string_view(longer.data(), longer.size() - 1));
		} else if (size > 0) {
			g_log->take(level == LIBBPF_WARN, std::string_view(fixed, static_cast<size_t>(size)));
		}
		va_end(again);
	} catch (...) { // it is C that called
	}
	return 0;
}

std::string_view between(std::string_view text, std::string_view before, std::string_view after)
{
	const size_t begin = text.find(before);
	if (begin == std::string_view::npos)
		return {};
	text.remove_prefix(begin + before.size());
	return text.substr(0, text.find(after));
}

} // namespace

LibbpfLog::LibbpfLog(bool relocations) : keep_relocations_(relocations)
{
	g_log = this;
	libbpf_set_print(print);
}

LibbpfLog::~LibbpfLog() { g_log = nullptr; }

std::string LibbpfLog::find(std::string_view words) const
{
	for (const std::string& line : warnings_)
		if (line.find(words) != std::string::npos)
			return line;
	return "";
}

void LibbpfLog::take(bool warning, std::string_view line)
{
	if (line.substr(0, kPrefix.size()) == kPrefix)
		line.remove_prefix(kPrefix.size());
	while (!line.empty() && line.back() == '\n')
		line.remove_suffix(1);
	if (warning) {
		if (warnings_.size() < kMostWarnings)
			warnings_.emplace_back(line);
		return;
	}
	if (!keep_relocations_ || relocations_.size() >= kMostRelocations)
		return;
	// prog 'p': relo #0: <byte_off> [7] struct task_struct.tgid (0:62 @ offset 2468)
	// prog 'p': relo #0: patched insn #5 (ALU/ALU64) imm 2468 -> 2472
	// prog 'p': relo #1: substituting insn #9 w/ invalid insn
	const size_t relo = line.find(": relo #");
	if (relo == std::string_view::npos)
		return;
	std::string_view said = line.substr(relo + 8);
	said = said.substr(std::min(said.find(": "), said.size()));
	if (said.substr(0, 3) == ": <") {
		CoreRelocation one;
		one.program = program_in(line);
		one.kind = between(said, "<", ">");
		one.what = between(said, "] ", " (");
		relocations_.push_back(std::move(one));
	} else if (!relocations_.empty() && said.find("patched insn") != std::string_view::npos) {
		CoreRelocation& last = relocations_.back();
		last.location = "insn " + std::string(between(said, "patched insn ", " "));
		const size_t arrow = said.rfind(" -> ");
		if (arrow != std::string_view::npos) {
			const std::string_view left = said.substr(0, arrow);
			last.before = left.substr(left.rfind(' ') + 1);
			last.after = said.substr(arrow + 4);
		}
	} else if (!relocations_.empty() && said.find("substituting insn") != std::string_view::npos) {
		relocations_.back().failed = true;
		relocations_.back().location = "insn " + std::string(between(said, "substituting insn ", " "));
	}
}

std::string program_in(std::string_view line)
{
	return std::string(line.substr(0, 6) == "prog '" ? between(line, "prog '", "'") : std::string_view{});
}

} // namespace corescope
