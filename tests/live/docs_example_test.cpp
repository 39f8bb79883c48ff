// SPDX-License-Identifier: BSD-2-Clause
// The two tools of docs/writing-a-tool.md are taken from the page, added to a copy of the tree, built as the page says,
// and run beside what they are to count.
#include "harness.h"
#include "pages.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>
#include <time.h>
#include <unistd.h>

using namespace corescope::test;

namespace {

// A copy of the tree in a folder of its own, gone at the end.
class Copy {
public:
	Copy() : folder_(std::filesystem::temp_directory_path() / "corescope-example-XXXXXX")
	{
		REQUIRE(mkdtemp(folder_.data()));
	}
	~Copy() { run("rm -rf '" + folder_ + "'"); }
	Copy(const Copy&) = delete;
	Copy& operator=(const Copy&) = delete;

	const std::string& folder() const { return folder_; }

	static std::string run(const std::string& command)
	{
		Process process({"/bin/sh", "-c", command + " 2>&1"});
		const std::string said = process.rest();
		INFO(command << "\n" << said);
		CHECK(process.wait() == 0);
		return said;
	}

	// With the objects of this build, so that only what is new is compiled.
	void take_tree()
	{
		const std::string from = source_folder(),
						  built = corescope_path().substr(0, corescope_path().rfind('/'));
		const std::string shared = built + (sanitized_ ? "/.." : "");
		const std::string to = folder_ + "/build" + (sanitized_ ? "/asan" : "");
		run("cd '" + folder_ + "' && cp -rs '" + from + "/bpf' '" + from + "/include' '" + from + "/src' '" +
			from + "/tools' '" + from + "/packaging' '" + from + "/tests' . && ln -s '" + from +
			"/Makefile' '" + from + "/vmlinux' . && mkdir -p '" + to + "/obj' && cp -a '" + shared +
			"/bpf' '" + shared + "/skel' '" + shared + "/.flags-bpf' build/ && cp -a '" + built +
			"/obj/src' '" + built + "/obj/tools' '" + to + "/obj/' && cp -a '" + built + "'/.flags-* '" + to +
			"/'");
	}

	void write(const std::string& path, const Lines& lines) const
	{
		unlink((folder_ + "/" + path).c_str()); // a link into the tree if it has such a tool by now
		std::ofstream file(folder_ + "/" + path);
		for (const std::string& line : lines)
			file << line << "\n";
		REQUIRE(file.good());
	}

	// What was given to the make that runs these tests (CXX=…) is given to this one; its job server is not there.
	void make() const
	{
		std::string given;
		const char* flags = std::getenv("MAKEFLAGS");
		const std::string all = flags ? flags : "";
		const size_t variables = all.find("-- ");
		for (const std::string& word : words(variables == std::string::npos ? "" : all.substr(variables + 3)))
			if (word.compare(0, 2, "B=") != 0)
				given += " '" + word + "'";
		run("exec env -u MAKEFLAGS -u MFLAGS -u MAKELEVEL make -j2 -C '" + folder_ + "' CURDIR='" +
			source_folder() + "' B=build" + (sanitized_ ? " SAN=1" : "") + given);
	}

	std::string binary() const { return folder_ + "/build/" + (sanitized_ ? "asan/" : "") + "corescope"; }

private:
	std::string folder_;
	const bool sanitized_ = sanitized(); // SAN=1 builds in a folder below the other's
};

// A run of a tool of the copy. JSON, attached.
class Run {
public:
	Run(const Copy& copy, std::vector<std::string> arguments) : process_(command(copy, std::move(arguments)))
	{
		const auto first = process_.line();
		INFO(process_.errors());
		REQUIRE(first);
		REQUIRE(Json::parse(*first).at("type") == "meta");
	}
	// Ends it; its records but for the summary.
	std::vector<Json> stop()
	{
		std::vector<Json> records;
		process_.signal(SIGINT);
		while (const auto line = process_.line())
			records.push_back(Json::parse(*line));
		INFO(process_.errors());
		CHECK(process_.wait() == 0);
		REQUIRE(!records.empty());
		CHECK(records.back().at("type") == "summary");
		CHECK(records.back().at("lost") == 0);
		records.pop_back();
		return records;
	}

private:
	static std::vector<std::string> command(const Copy& copy, std::vector<std::string> arguments)
	{
		arguments.insert(arguments.begin(), copy.binary());
		arguments.insert(arguments.end(), {"--output", "json"});
		return arguments;
	}
	Process process_;
};

uint64_t now_ns()
{
	timespec t;
	clock_gettime(CLOCK_BOOTTIME, &t);
	return static_cast<uint64_t>(t.tv_sec) * 1000000000 + static_cast<uint64_t>(t.tv_nsec);
}

// How long a child lived: between `least` and `most`, ns.
struct Life {
	pid_t pid;
	uint64_t least, most;
};

// A child that ends when it is told to, `ms` after it began.
Life live(long ms)
{
	int go[2];
	REQUIRE(pipe(go) == 0);
	const uint64_t before = now_ns();
	const pid_t pid = fork();
	REQUIRE(pid >= 0);
	if (pid == 0) {
		char any;
		close(go[1]);
		_exit(read(go[0], &any, 1) == 0 ? 0 : 1);
	}
	const uint64_t born = now_ns();
	const timespec pause = {0, ms * 1000000};
	nanosleep(&pause, nullptr);
	const uint64_t told = now_ns();
	close(go[1]);
	close(go[0]);
	int status = -1;
	REQUIRE(waitpid(pid, &status, 0) == pid);
	CHECK(status == 0);
	return {pid, told - born, now_ns() - before};
}

// Five processes and three threads, seen by forksnoop with these options: its events, and what there was.
struct Forks {
	std::vector<Json> events;
	std::vector<int64_t> processes, threads;
};
Forks fork_beside(const Copy& copy, std::vector<std::string> options)
{
	Forks forks;
	options.insert(options.begin(), {"forksnoop", "-p", std::to_string(getpid())});
	Run run(copy, options);
	for (int i = 0; i < 5; i++)
		forks.processes.push_back(live(0).pid);
	for (int i = 0; i < 3; i++)
		std::thread([&] { forks.threads.push_back(syscall(SYS_gettid)); }).join();
	forks.events = run.stop();
	return forks;
}

// The numbers of the new tasks of one kind, in the order in which they were told.
std::vector<int64_t> told(const Forks& forks, const std::string& kind)
{
	std::vector<int64_t> found;
	for (const Json& event : forks.events) {
		CHECK(event.at("pid") == getpid());
		if (event.at("kind") != kind)
			continue;
		if (kind == "thread")
			CHECK(event.at("cpid") == getpid());
		else
			CHECK(event.at("cpid") == event.at("ctid"));
		found.push_back(event.at("ctid").get<int64_t>());
	}
	return found;
}

void check_forksnoop(const Copy& copy, const std::string& hook)
{
	const Forks all = fork_beside(copy, {"-t", "--hook", hook});
	CHECK(all.events.size() == 8);
	CHECK(told(all, "process") == all.processes);
	CHECK(told(all, "thread") == all.threads);

	const Forks processes = fork_beside(copy, {"--hook", hook});
	CHECK(processes.events.size() == 5);
	CHECK(told(processes, "process") == processes.processes);
}

void check_lifedist(const Copy& copy, const std::string& hook)
{
	Run run(copy, {"lifedist", "--ppid", std::to_string(getpid()), "--hook", hook});
	uint64_t least = 0, most = 0, longest = 0;
	for (const long ms : {0, 1, 5, 20, 60}) {
		const Life life = live(ms);
		least += life.least;
		most += life.most;
		longest = std::max(longest, life.least);
	}
	const std::vector<Json> records = run.stop();
	REQUIRE(records.size() == 1);
	const Json& hist = records[0];
	CHECK(hist.at("type") == "hist");
	CHECK(hist.at("count") == 5);
	CHECK(hist.at("sum").get<double>() * 1000 >= static_cast<double>(least));
	CHECK(hist.at("sum").get<double>() * 1000 <= static_cast<double>(most));
	CHECK(hist.at("max").get<uint64_t>() * 1000 >= longest);
}

} // namespace

TEST_CASE("the tools of docs/writing-a-tool.md build as they stand there, and tell the truth")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	if (const auto why = no_pages(); !why.empty())
		SKIP_TEST(why);
	for (const char* need : {"make", "clang", "g++"})
		if (Process({"/bin/sh", "-c", std::string("command -v ") + need}).wait() != 0)
			SKIP_TEST(std::string(need) + " is missing");

	Copy copy;
	copy.take_tree();
	std::set<std::string> files;
	for (const CodeBlock& block : code_blocks(page("docs/writing-a-tool.md"))) {
		const auto spans = code_spans(block.title);
		if (block.language != "c" && block.language != "cpp")
			continue;
		REQUIRE(spans.size() == 1); // every piece of code there is a whole file
		copy.write(spans[0], block.lines);
		files.insert(spans[0]);
	}
	CHECK(files ==
		std::set<std::string>{"bpf/forksnoop.bpf.c", "bpf/lifedist.bpf.c", "include/forksnoop.h",
			"include/lifedist.h", "tools/forksnoop.cpp", "tools/lifedist.cpp"});
	copy.make();
	for (const char* hook : {"tp_btf", "raw_tp"}) {
		INFO(hook);
		check_forksnoop(copy, hook);
		check_lifedist(copy, hook);
	}
}
