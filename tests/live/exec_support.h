// SPDX-License-Identifier: BSD-2-Clause
// What the tests of execsnoop share: one case of the load beside one run of the tool, in any format, and the exact
// bytes behind what either of them tells.
#pragma once

#include "decode.h"
#include "harness.h"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace corescope::test {

// The bytes of a record's text or list, also where its JSON could not hold them (KEY_b64 of the tool, KEY_hex of the
// load).
Strings exact_list(const Json& record, const std::string& key);
std::string exact_text(const Json& record, const std::string& key);

int64_t wall_ns(); // now

// One case of execload beside execsnoop, which looks at nobody else (-P).
struct Traced {
	std::string skip; // why the case cannot run here; all else is then empty
	pid_t load = 0;   // the parent of every program that the case starts
	Json truth;       // the first line of it
	std::vector<Json> truths;
	std::vector<Json> events;  // of children of the load
	std::vector<Json> records; // all, the summary last
	Json meta;

	const Json& event() const; // the only one
};
Traced trace_case(const Strings& load_case, const Strings& options = {});

#define TRACE_OR_SKIP(name, ...)                       \
	if (const auto why = cannot_trace(); !why.empty()) \
		SKIP_TEST(why);                                \
	const Traced name = trace_case(__VA_ARGS__);       \
	if (!name.skip.empty())                            \
	SKIP_TEST(name.skip)

// A tool that writes text: its heading has been read, so it is attached.
class TextTool {
public:
	explicit TextTool(Strings options, const Process::Setup& setup = {});

	Process& process() { return process_; }
	const std::string& heading() const { return heading_; }
	std::string line();           // the next one, which must come
	Strings stop(int number = 2); // ends it by that signal: exit status 0, and the lines that were left

private:
	Process process_;
	std::string heading_;
};

// A case beside a table or CSV that holds the load's children alone (-P).
struct TracedText {
	std::string skip;
	Json truth;
	std::string heading;
	Strings lines;
};
TracedText trace_text(const Strings& load_case, const Strings& options);

#define TRACE_TEXT_OR_SKIP(name, ...)                  \
	if (const auto why = cannot_trace(); !why.empty()) \
		SKIP_TEST(why);                                \
	const TracedText name = trace_text(__VA_ARGS__);   \
	if (!name.skip.empty())                            \
	SKIP_TEST(name.skip)

// The strings that `bytes` bytes of a list, NULs counted, hold; the last may be incomplete.
Strings first_bytes(const Strings& list, size_t bytes);

// Values of a table's row by its headings' places. Every value but the last must fit its column.
Row table_row(const std::string& heading, const std::string& line);
// Headings, and the columns (first, behind the last) in which each lies.
struct Column {
	std::string heading;
	size_t begin, end;
};
std::vector<Column> columns_of(const std::string& heading);

// Runs a program to its end as a child of this test, whatever becomes of it. argv[0] is the path it is started by.
pid_t run_program(const Strings& argv, const std::function<void()>& in_child = {});
// The same with any argv.
pid_t run_file(const std::string& file, const Strings& argv);

// One program with these arguments, as each format tells of it; every run has a program of its own.
struct Shown {
	Strings json, csv, table; // arguments; the table's by -q
	bool json_cut, csv_cut;   // args_truncated
	std::string note;         // behind the table's arguments
	std::string raw;          // all three lines
	Json event;
	Row row;
};
Shown show_arguments(
	const Strings& argv, const Strings& options, const std::string& file = load_path("quiet"));

// A cgroup hierarchy of version 1, mounted on a folder, which goes with this.
class OwnHierarchy {
public:
	explicit OwnHierarchy(const std::string& folder);
	~OwnHierarchy();
	OwnHierarchy(const OwnHierarchy&) = delete;
	OwnHierarchy& operator=(const OwnHierarchy&) = delete;
	bool mounted() const { return mounted_; } // else errno says why not

private:
	std::string folder_, name_;
	bool mounted_;
};

// What /proc says of the BPF descriptors that a process holds: "map_type", "memlock", "link_type" and so on.
using BpfFd = std::map<std::string, std::string>;
std::vector<BpfFd> bpf_fds(pid_t pid);

// A directory for scratch files that everyone may look into; goes away with all that is in it.
class ScratchDir {
public:
	ScratchDir();
	~ScratchDir();
	ScratchDir(const ScratchDir&) = delete;
	ScratchDir& operator=(const ScratchDir&) = delete;
	std::string operator/(const std::string& name) const { return path_ + "/" + name; }
	const std::string& path() const { return path_; }

private:
	std::string path_;
};
void copy_program(const std::string& from, const std::string& to);

// A cgroup (v2) of the test's own.
class TestCgroup {
public:
	// below: the directory that it is made in; "" for the root of the hierarchy.
	explicit TestCgroup(const std::string& name, const std::string& below = "");
	~TestCgroup();
	TestCgroup(const TestCgroup&) = delete;
	TestCgroup& operator=(const TestCgroup&) = delete;
	const std::string& problem() const { return problem_; } // why there is none; "" if there is
	const std::string& path() const { return path_; }
	std::string inside() const; // the path below the mount, as tools tell it

private:
	std::string path_, problem_;
};
std::string own_name(const std::string& what); // unique while this test runs

} // namespace corescope::test
