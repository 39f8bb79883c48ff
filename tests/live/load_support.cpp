// SPDX-License-Identifier: BSD-2-Clause
// See load_support.h.
#include "load_support.h"

#include <csignal>
#include <filesystem>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

namespace corescope::test {

std::string example_path(const std::string& name)
{
	const std::string folder = corescope_path().substr(0, corescope_path().rfind('/'));
	for (const std::string& path : {folder + "/examples/", folder + "/../examples/"})
		if (access((path + name + ".bpf.o").c_str(), R_OK) == 0)
			return path + name + ".bpf.o";
	return "";
}

Child::Child(std::function<void()> act)
{
	int ends[2];
	REQUIRE(pipe(ends) == 0);
	pid_ = fork();
	REQUIRE(pid_ >= 0);
	if (pid_ == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(ends[1]);
		char byte;
		if (read(ends[0], &byte, 1) == 1)
			act();
		_exit(0);
	}
	close(ends[0]);
	gate_ = ends[1];
}

Child::~Child()
{
	if (gate_ >= 0)
		close(gate_);
	if (!waited_) {
		kill(pid_, SIGKILL);
		waitpid(pid_, nullptr, 0);
	}
}

void Child::go()
{
	REQUIRE(write(gate_, "g", 1) == 1);
	close(gate_);
	gate_ = -1;
}

int Child::wait()
{
	int status = 0;
	REQUIRE(waitpid(pid_, &status, 0) == pid_);
	waited_ = true;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

ExecChild::ExecChild() : Child([] { execl("/bin/true", "true", nullptr); }) {}

LoadSaid run_load(std::vector<std::string> arguments)
{
	arguments.insert(arguments.begin(), corescope_path());
	Process process(arguments);
	LoadSaid said;
	said.out = process.rest();
	said.status = process.wait();
	said.errors = process.errors();
	return said;
}

std::vector<std::string> example_command(const std::string& example, const std::vector<std::string>& more)
{
	std::vector<std::string> words = {"load", example_path(example)};
	words.insert(words.end(), more.begin(), more.end());
	return words;
}

std::vector<Json> rows(const Tool& tool, const std::string& source)
{
	std::vector<Json> found;
	for (const Json& record : tool.records())
		if ((record.at("type") == "row" || record.at("type") == "hist") && record.at("source") == source)
			found.push_back(record);
	return found;
}

std::vector<std::string> said_by(const Tool& tool, pid_t tid)
{
	std::vector<std::string> lines;
	for (const Json& event :
		tool.events([&](const Json& one) { return one.at("source") == "printk" && one.at("tid") == tid; }))
		lines.push_back(event.at("text"));
	return lines;
}

} // namespace corescope::test
