// SPDX-License-Identifier: BSD-2-Clause
// What an option's argument may be; each type is parsed whole or refused (base/parse.h).
#pragma once

#include "base/parse.h"

#include <cstdint>
#include <string>
#include <sys/types.h>
#include <vector>

namespace corescope {

struct Pid {
	pid_t value = 0; // 0: not given; else 1..4194304, the largest pid_max there is
	explicit operator bool() const { return value != 0; }
};
struct Count {
	uint64_t value = 0; // 0: not given
	explicit operator bool() const { return value != 0; }
};
// A plain number is in seconds; 0.5, 100ms, 30s, 5m, 2h, 1d.
struct Duration {
	uint64_t ns = 0; // 0: not given
	explicit operator bool() const { return ns != 0; }
};
// 4096, 64K, 1M, 1G (powers of 1024).
struct Bytes {
	uint64_t value = 0;
	bool given = false;
};
// CPU numbers, as the kernel lists them: "0-3,8".
struct Cpus {
	std::vector<unsigned> numbers; // empty: not given
};
// A number, or a name from /etc/passwd.
struct UserId {
	uid_t value = 0;
	bool given = false;
};
// A number from 1 to 4095, or a name such as ENOENT.
struct ErrorNumber {
	int value = 0; // 0: not given
};
// A file, or where none is named, the one that is usual.
struct OptionalFile {
	bool given = false;
	std::string path;
};
// From heatmap on for histograms only, from folded on for stacks only.
enum class OutputFormat { table, json, csv, heatmap, prom, openmetrics, otlp, folded, speedscope };

// Text that names something; which, only manuals and completions want to know.
template <ArgumentShape::Kind kWhat>
struct NameOf : std::string {
	using std::string::string;
};
using CgroupPath = NameOf<ArgumentShape::Kind::cgroup>;
using UnitName = NameOf<ArgumentShape::Kind::unit>;
using HookName = NameOf<ArgumentShape::Kind::hook>;
using ToolName = NameOf<ArgumentShape::Kind::tool>;

template <ArgumentShape::Kind kWhat>
ArgumentShape argument_shape(const NameOf<kWhat>*)
{
	return {kWhat};
}
inline ArgumentShape argument_shape(const Pid*) { return {ArgumentShape::Kind::pid}; }
inline ArgumentShape argument_shape(const UserId*) { return {ArgumentShape::Kind::user}; }
inline ArgumentShape argument_shape(const OptionalFile*) { return {ArgumentShape::Kind::file}; }
inline ArgumentShape argument_shape(const std::vector<std::string>*)
{
	return {ArgumentShape::Kind::text, {}, true};
}
ArgumentShape argument_shape(const OutputFormat*);

void parse_value(bool& out, const char* text);
void parse_value(Pid& out, const char* text);
void parse_value(Count& out, const char* text);
void parse_value(Duration& out, const char* text);
void parse_value(Bytes& out, const char* text);
void parse_value(Cpus& out, const char* text);
void parse_value(UserId& out, const char* text);
void parse_value(ErrorNumber& out, const char* text);
void parse_value(OptionalFile& out, const char* text);
void parse_value(OutputFormat& out, const char* text);
void parse_value(std::vector<std::string>& out, const char* text); // one more each time
void parse_value(std::string& out, const char* text);

} // namespace corescope
