// SPDX-License-Identifier: BSD-2-Clause
// See exec_support.h.
#include "exec_support.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <sys/mount.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

namespace corescope::test {

Strings exact_list(const Json& record, const std::string& key)
{
	Strings list;
	if (record.contains(key + "_hex"))
		for (const Json& item : record.at(key + "_hex"))
			list.push_back(from_hex(item.get<std::string>()));
	else if (record.contains(key + "_b64"))
		for (const Json& item : record.at(key + "_b64"))
			list.push_back(from_base64(item.get<std::string>()));
	else
		list = record.at(key).get<Strings>();
	return list;
}

std::string exact_text(const Json& record, const std::string& key)
{
	if (record.contains(key + "_b64"))
		return from_base64(record.at(key + "_b64").get<std::string>());
	return record.at(key).get<std::string>();
}

int64_t wall_ns()
{
	timespec t;
	clock_gettime(CLOCK_REALTIME, &t);
	return int64_t{t.tv_sec} * 1000000000 + t.tv_nsec;
}

const Json& Traced::event() const
{
	INFO("truth: " << truth.dump().substr(0, 2000));
	REQUIRE(events.size() == 1);
	return events[0];
}

Traced trace_case(const Strings& load_case, const Strings& options)
{
	Traced traced;
	Load load("execload", load_case);
	traced.load = load.pid();
	// What others start meanwhile must not fill the ring.
	Strings command = {"execsnoop", "-P", std::to_string(load.pid())};
	command.insert(command.end(), options.begin(), options.end());
	Tool tool(command);
	load.go();
	traced.truths = load.truth();
	const int status = load.finish();
	traced.records = tool.stop();
	if (status == 77) {
		traced = {};
		traced.skip = load.errors();
		return traced;
	}
	INFO("load: " << load.errors());
	REQUIRE(status == 0);
	REQUIRE(!traced.truths.empty());
	traced.truth = traced.truths[0];
	traced.meta = tool.meta();
	traced.events = tool.events([&](const Json& e) { return e.at("ppid") == traced.load; });
	CHECK(tool.events().size() == traced.events.size());
	CHECK(tool.summary().at("records") == traced.events.size());
	CHECK(tool.summary().at("lost") == 0);
	CHECK(tool.process().errors().empty());
	return traced;
}

TextTool::TextTool(Strings options, const Process::Setup& setup)
	: process_(
		  [&] {
			  options.insert(options.begin(), {corescope_path(), "execsnoop"});
			  return options;
		  }(),
		  setup)
{
	const auto first = process_.line();
	INFO("stderr: " << process_.errors());
	REQUIRE(first);
	heading_ = *first;
}

std::string TextTool::line()
{
	const auto next = process_.line();
	INFO("stderr: " << process_.errors());
	REQUIRE(next);
	return *next;
}

Strings TextTool::stop(int number)
{
	process_.signal(number);
	Strings lines;
	while (const auto next = process_.line())
		lines.push_back(*next);
	INFO("stderr: " << process_.errors());
	CHECK(process_.wait() == 0);
	return lines;
}

TracedText trace_text(const Strings& load_case, const Strings& options)
{
	TracedText traced;
	Load load("execload", load_case);
	Strings all = options;
	all.insert(all.end(), {"-P", std::to_string(load.pid())});
	TextTool tool(all);
	load.go();
	const auto truths = load.truth();
	const int status = load.finish();
	traced.lines = tool.stop();
	if (status == 77) {
		traced.skip = load.errors();
		return traced;
	}
	INFO("load: " << load.errors());
	REQUIRE(status == 0);
	REQUIRE(!truths.empty());
	traced.truth = truths[0];
	traced.heading = tool.heading();
	CHECK(tool.process().errors().empty());
	return traced;
}

std::vector<Column> columns_of(const std::string& heading)
{
	static const std::map<std::string, size_t> widths = {{"TIME", 8}, {"TIME(s)", 8}, {"UID", 6},
		{"PCOMM", 16}, {"PID", 7}, {"PPID", 7}, {"RET", 3}, {"ARGS", 0}};
	std::vector<Column> columns;
	std::istringstream words(heading);
	std::string word;
	size_t at = 0;
	while (words >> word) {
		INFO("heading " << word << " in: " << heading);
		REQUIRE(widths.count(word));
		const size_t width = widths.at(word);
		REQUIRE(heading.find(word, at) == at);
		columns.push_back({word, at, width ? at + width : std::string::npos});
		at += width + 1;
	}
	return columns;
}

Row table_row(const std::string& heading, const std::string& line)
{
	INFO("heading: " << heading << "\nline:    " << line);
	Row row;
	for (const Column& column : columns_of(heading)) {
		REQUIRE(column.begin <= line.size());
		std::string value = line.substr(column.begin, column.end - column.begin);
		if (column.end != std::string::npos) {
			REQUIRE(column.end < line.size());
			REQUIRE(line[column.end] == ' ');
			// Numbers to the right stand at the end of their column, all else at its beginning.
			REQUIRE((column.heading == "RET" ? value.back() : value.front()) != ' ');
			value.erase(0, value.find_first_not_of(' '));
			value.erase(value.find_last_not_of(' ') + 1);
		}
		row[column.heading] = value;
	}
	return row;
}

Strings first_bytes(const Strings& list, size_t bytes)
{
	Strings cut;
	for (const std::string& item : list) {
		if (bytes == 0)
			break;
		cut.push_back(item.substr(0, bytes));
		bytes -= std::min(bytes, item.size() + 1);
	}
	return cut;
}

pid_t run_program(const Strings& argv, const std::function<void()>& in_child)
{
	Process::Setup setup;
	setup.in_child = in_child;
	Process child(argv, setup);
	child.wait();
	return child.pid();
}

pid_t run_file(const std::string& file, const Strings& argv)
{
	return run_program({file}, [&] {
		std::vector<char*> pointers;
		for (const std::string& arg : argv)
			pointers.push_back(const_cast<char*>(arg.c_str()));
		pointers.push_back(nullptr);
		char* const env[] = {nullptr};
		execve(file.c_str(), pointers.data(), env);
		_exit(127);
	});
}

Shown show_arguments(const Strings& argv, const Strings& options, const std::string& file)
{
	Shown shown;
	Strings mine = options;
	mine.insert(mine.end(), {"-P", std::to_string(getpid())});
	const auto run = [&](const Strings& format) -> std::pair<std::string, std::string> {
		Strings all = mine;
		all.insert(all.end(), format.begin(), format.end());
		TextTool tool(all);
		const pid_t pid = run_file(file, argv);
		const Strings lines = tool.stop();
		INFO(lines.size() << " lines with " << format.back());
		REQUIRE(!lines.empty());
		CHECK(lines[0].find(std::to_string(pid)) != std::string::npos);
		shown.raw += lines[0] + "\n";
		return {tool.heading(), lines[0]};
	};
	shown.event = Json::parse(run({"--output", "json"}).second);
	if (shown.event.at("args").is_array())
		shown.json = exact_list(shown.event, "args");
	shown.json_cut = shown.event.at("args_truncated") == true;
	const auto [keys, cells] = run({"--output", "csv"});
	shown.row = csv_row(keys, cells);
	shown.csv = quoted_list(shown.row.at("args"));
	shown.csv_cut = shown.row.at("args_truncated") == "true";
	const auto [heading, line] = run({"-q"});
	shown.table = quoted_list(table_row(heading, line).at("ARGS"), &shown.note);
	return shown;
}

std::vector<BpfFd> bpf_fds(pid_t pid)
{
	std::vector<BpfFd> found;
	const std::string folder = "/proc/" + std::to_string(pid) + "/fdinfo";
	for (const auto& entry : std::filesystem::directory_iterator(folder)) {
		std::ifstream file(entry.path());
		BpfFd fd;
		bool bpf = false;
		for (std::string line; std::getline(file, line);) {
			const size_t colon = line.find(':');
			if (colon == std::string::npos)
				continue;
			const size_t value = line.find_first_not_of(" \t", colon + 1);
			fd[line.substr(0, colon)] = value == std::string::npos ? "" : line.substr(value);
			bpf = bpf || line.rfind("map_id", 0) == 0 || line.rfind("prog_id", 0) == 0 ||
				line.rfind("link_id", 0) == 0;
		}
		if (bpf)
			found.push_back(fd);
	}
	return found;
}

OwnHierarchy::OwnHierarchy(const std::string& folder)
	: folder_(folder), name_("name=" + own_name("")),
	  mounted_(mount("none", folder.c_str(), "cgroup", 0, ("none," + name_).c_str()) == 0)
{}

OwnHierarchy::~OwnHierarchy()
{
	// A hierarchy that is unmounted while a group that was removed still dies stays for ever: it is mounted once more then.
	const auto stays = [&] { return contents("/proc/self/cgroup").find(name_ + ":") != std::string::npos; };
	for (int i = 0; mounted_ && i < 1000; i++) {
		if (i > 0 && mount("none", folder_.c_str(), "cgroup", 0, ("none," + name_).c_str()) != 0)
			break;
		umount2(folder_.c_str(), MNT_DETACH);
		if (!stays())
			break;
		usleep(1000);
	}
}

ScratchDir::ScratchDir() : path_((std::filesystem::temp_directory_path() / "execsnoop.XXXXXX").string())
{
	REQUIRE(mkdtemp(path_.data()));
	REQUIRE(chmod(path_.c_str(), 0755) == 0);
}

ScratchDir::~ScratchDir()
{
	std::error_code ignored;
	std::filesystem::remove_all(path_, ignored);
}

void copy_program(const std::string& from, const std::string& to)
{
	std::filesystem::copy_file(from, to);
	std::filesystem::permissions(to, std::filesystem::perms(0755));
}

std::string own_name(const std::string& what) { return "corescope-test-" + std::to_string(getpid()) + what; }

namespace {

std::string cgroup2_mount()
{
	std::ifstream mounts("/proc/mounts");
	std::string device, point, type, rest;
	while (mounts >> device >> point >> type && std::getline(mounts, rest))
		if (type == "cgroup2")
			return point;
	return "";
}

} // namespace

TestCgroup::TestCgroup(const std::string& name, const std::string& below)
{
	const std::string parent = below.empty() ? cgroup2_mount() : below;
	if (parent.empty()) {
		problem_ = "no cgroup2 file system is mounted";
		return;
	}
	path_ = parent + "/" + name;
	if (mkdir(path_.c_str(), 0755) != 0)
		problem_ = "cannot make the cgroup " + path_ + ": " + std::strerror(errno);
}

TestCgroup::~TestCgroup()
{
	// A program that has just ended leaves its cgroup a moment later.
	for (int i = 0; problem_.empty() && rmdir(path_.c_str()) != 0 && errno == EBUSY && i < 1000; i++)
		usleep(1000);
}

std::string TestCgroup::inside() const { return path_.substr(cgroup2_mount().size()); }

} // namespace corescope::test
