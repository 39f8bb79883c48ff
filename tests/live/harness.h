// SPDX-License-Identifier: BSD-2-Clause
// Live tests run a tool as a user runs it, beside a load program that knows what it did, and compare. Nothing here
// sleeps for a guess: a test waits for a line, for an end, or for a condition, and fails after a long while.
#pragma once

#include "json.h"
#include "skip.h"

#include <functional>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace corescope::test {

using Json = nlohmann::json;

constexpr int kPatienceMs =
	120000; // for what happens at once on a machine that is idle, and in the end on any other

// A child process with its three streams in our hands. Killed and reaped, by its pid, when it goes out of scope.
class Process {
public:
	enum class Out { pipe, terminal, file };
	struct Setup {
		Out out = Out::pipe;
		std::string file;                       // for Out::file
		std::vector<std::string> environment{}; // NAME=VALUE, added to ours
		bool clean_environment = false;         // only those
		std::function<void()> in_child{};       // before exec: setuid, namespaces, limits
	};

	explicit Process(const std::vector<std::string>& argv) : Process(argv, Setup()) {}
	Process(const std::vector<std::string>& argv, const Setup& setup);
	~Process();
	Process(const Process&) = delete;
	Process& operator=(const Process&) = delete;

	pid_t pid() const { return pid_; }
	// The next line of its output without its newline; none at its end. Fails the test when none comes.
	std::optional<std::string> line();
	// What is left, until its end.
	std::string rest();
	void say(const std::string& text); // to its stdin
	void close_stdin();
	void close_stdout(); // our end of the pipe
	void signal(int number);
	// Exit status, or 128 + signal. Fails the test when it doesn't end. Reads its output meanwhile.
	int wait();
	bool ended();         // without waiting
	std::string errors(); // what it wrote to stderr so far

private:
	bool fill(int timeout_ms); // false at the end of output

	pid_t pid_ = -1;
	int in_ = -1, out_ = -1, err_ = -1;
	std::string buffer_;
	std::optional<int> status_;
};

// Paths of what is tested, beside the test program.
std::string corescope_path();
std::string contents(const std::string& path); // of a file; "" if it cannot be read
bool sanitized();                              // it is a build with sanitizers, which these suites never are
std::string load_path(const std::string& name);

// Why a mount namespace of one's own cannot be had here (without privilege; in a chroot, whose root is no mount point), or
// "" if it can.
std::string no_own_mounts();
// Why there is no terminal to write to (no /dev/pts), or "" if there is one.
std::string no_terminal();
// Why tools cannot be traced with here ("needs root"), or "" if they can.
std::string cannot_trace();

// Whether this kernel takes a tool with this hook set (--hook): false when the tool says that it does not.
bool takes_hook(std::vector<std::string> arguments, const std::string& hook);

// A tool with --output json, started and attached: its meta record has been read.
class Tool {
public:
	explicit Tool(const std::vector<std::string>& arguments) : Tool(arguments, Process::Setup()) {}
	Tool(const std::vector<std::string>& arguments, const Process::Setup& setup);

	const Json& meta() const { return meta_; }
	Process& process() { return process_; }
	// Reads records until one satisfies it, which is returned; all are kept.
	const Json& until(const std::function<bool(const Json&)>& wanted);
	// Ends it by `number`, reads all records; the exit status must be 0.
	const std::vector<Json>& stop(int number = 2);
	const std::vector<Json>& records() const { return records_; }
	std::vector<Json> events(
		const std::function<bool(const Json&)>& wanted = {}) const; // those of type event
	const Json& summary() const;                                    // the last record

private:
	Process process_;
	Json meta_;
	std::vector<Json> records_;
};

// A load program with --wait, ready to go.
class Load {
public:
	Load(const std::string& program, std::vector<std::string> arguments, bool hold = false);

	pid_t pid() { return process_.pid(); }
	const Json& ready() const { return ready_; }
	void go();
	// The truth, line by line, after go(). With hold the program lives on until it is let go.
	const std::vector<Json>& truth(size_t lines = 0); // 0: all until its end
	int finish();                                     // lets go and waits; 77 if the case cannot run here
	std::string errors() { return process_.errors(); }

private:
	Process process_;
	Json ready_;
	bool gone_ = false;
	std::vector<Json> truth_;
};

} // namespace corescope::test
