// SPDX-License-Identifier: BSD-2-Clause
// See harness.h.
#include "harness.h"
#include "unprivileged.h"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <poll.h>
#include <pty.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

extern char** environ;

namespace corescope::test {

namespace {

int64_t now_ms()
{
	timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

} // namespace

Process::Process(const std::vector<std::string>& argv, const Setup& setup)
{
	int in[2], out[2] = {-1, -1};
	REQUIRE(pipe2(in, O_CLOEXEC) == 0);
	if (setup.out == Out::pipe)
		REQUIRE(pipe2(out, O_CLOEXEC) == 0);
	if (setup.out == Out::terminal)
		REQUIRE(openpty(&out[0], &out[1], nullptr, nullptr, nullptr) == 0);
	if (setup.out == Out::file) {
		out[1] = open(setup.file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
		REQUIRE(out[1] >= 0);
	}
	err_ = memfd_create("stderr", MFD_CLOEXEC);
	REQUIRE(err_ >= 0);
	std::vector<std::string> environment = setup.environment;
	for (char** e = environ; !setup.clean_environment && *e; e++)
		environment.emplace_back(*e);
	std::vector<char*> args, envs;
	for (const std::string& a : argv)
		args.push_back(const_cast<char*>(a.c_str()));
	for (const std::string& e : environment)
		envs.push_back(const_cast<char*>(e.c_str()));
	args.push_back(nullptr);
	envs.push_back(nullptr);
	pid_ = fork();
	REQUIRE(pid_ >= 0);
	if (pid_ == 0) {
		dup2(in[0], STDIN_FILENO);
		dup2(out[1], STDOUT_FILENO);
		dup2(err_, STDERR_FILENO);
		for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGPIPE})
			std::signal(number, SIG_DFL);
		if (setup.in_child)
			setup.in_child();
		execve(args[0], args.data(), envs.data());
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	in_ = in[1];
	out_ = out[0];
}

Process::~Process()
{
	close_stdin();
	close_stdout();
	if (!status_) {
		kill(pid_, SIGKILL);
		waitpid(pid_, nullptr, 0);
	}
	close(err_);
}

bool Process::fill(int timeout_ms)
{
	if (out_ < 0)
		return false;
	pollfd fd = {out_, POLLIN, 0};
	const int ready = poll(&fd, 1, timeout_ms);
	if (ready == 0)
		FAIL("no output for " << timeout_ms << " ms; stderr: " << errors());
	char chunk[65536];
	const ssize_t n = read(out_, chunk, sizeof(chunk));
	if (n <= 0) { // a terminal says EIO at its end
		close_stdout();
		return false;
	}
	buffer_.append(chunk, static_cast<size_t>(n));
	return true;
}

std::optional<std::string> Process::line()
{
	size_t end;
	size_t looked = 0;
	while ((end = buffer_.find('\n', looked)) == std::string::npos) {
		looked = buffer_.size();
		if (!fill(kPatienceMs)) {
			if (buffer_.empty())
				return std::nullopt;
			end = buffer_.size();
			break;
		}
	}
	std::string text = buffer_.substr(0, end);
	buffer_.erase(0, end + 1);
	if (!text.empty() && text.back() == '\r')
		text.pop_back();
	return text;
}

std::string Process::rest()
{
	while (fill(kPatienceMs)) {}
	return std::exchange(buffer_, {});
}

void Process::say(const std::string& text)
{
	REQUIRE(write(in_, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
}

void Process::close_stdin()
{
	if (in_ >= 0)
		close(in_);
	in_ = -1;
}

void Process::close_stdout()
{
	if (out_ >= 0)
		close(out_);
	out_ = -1;
}

void Process::signal(int number) { REQUIRE(kill(pid_, number) == 0); }

bool Process::ended()
{
	int status = 0;
	if (!status_ && waitpid(pid_, &status, WNOHANG) == pid_)
		status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return status_.has_value();
}

int Process::wait()
{
	const int64_t give_up = now_ms() + kPatienceMs;
	while (!ended()) {
		if (now_ms() > give_up)
			FAIL("process " << pid_ << " does not end; stderr: " << errors());
		pollfd fd = {out_, POLLIN, 0};
		if (poll(&fd, out_ >= 0 ? 1 : 0, 2) > 0)
			fill(0);
	}
	return *status_;
}

std::string Process::errors()
{
	std::string text;
	char chunk[4096];
	ssize_t n;
	off_t at = 0;
	while ((n = pread(err_, chunk, sizeof(chunk), at)) > 0) {
		text.append(chunk, static_cast<size_t>(n));
		at += n;
	}
	return text;
}

namespace {

std::vector<std::string> tool_command(const std::vector<std::string>& arguments)
{
	std::vector<std::string> command = {corescope_path()};
	command.insert(command.end(), arguments.begin(), arguments.end());
	command.insert(command.end(), {"--output", "json"});
	return command;
}

std::vector<std::string> load_command(
	const std::string& program, std::vector<std::string> arguments, bool hold)
{
	arguments.insert(arguments.begin(), load_path(program));
	arguments.push_back("--wait");
	if (hold)
		arguments.push_back("--hold");
	return arguments;
}

} // namespace

bool takes_hook(std::vector<std::string> arguments, const std::string& hook)
{
	arguments.insert(arguments.end(), {"--hook", hook, "--duration", "1ms"});
	Process trial(tool_command(arguments));
	trial.rest();
	const int status = trial.wait();
	INFO(hook << ": " << trial.errors());
	REQUIRE((status == 0 || status == 69));
	return status == 0;
}

Tool::Tool(const std::vector<std::string>& arguments, const Process::Setup& setup)
	: process_(tool_command(arguments), setup)
{
	const auto first = process_.line();
	INFO("stderr: " << process_.errors());
	REQUIRE(first);
	meta_ = Json::parse(*first);
	REQUIRE(meta_.at("type") == "meta");
}

const Json& Tool::until(const std::function<bool(const Json&)>& wanted)
{
	while (true) {
		const auto text = process_.line();
		INFO("stderr: " << process_.errors());
		REQUIRE(text);
		records_.push_back(Json::parse(*text));
		if (wanted(records_.back()))
			return records_.back();
	}
}

const std::vector<Json>& Tool::stop(int number)
{
	process_.signal(number);
	while (const auto text = process_.line())
		records_.push_back(Json::parse(*text));
	INFO("stderr: " << process_.errors());
	CHECK(process_.wait() == 0);
	REQUIRE(!records_.empty());
	return records_;
}

std::vector<Json> Tool::events(const std::function<bool(const Json&)>& wanted) const
{
	std::vector<Json> found;
	for (const Json& record : records_)
		if (record.at("type") == "event" && (!wanted || wanted(record)))
			found.push_back(record);
	return found;
}

const Json& Tool::summary() const
{
	REQUIRE(!records_.empty());
	REQUIRE(records_.back().at("type") == "summary");
	return records_.back();
}

Load::Load(const std::string& program, std::vector<std::string> arguments, bool hold)
	: process_(load_command(program, std::move(arguments), hold))
{
	const auto first = process_.line();
	if (!first) { // exit 77: finish() tells
		gone_ = true;
		return;
	}
	ready_ = Json::parse(*first);
}

void Load::go()
{
	if (!gone_)
		process_.say("\n");
}

const std::vector<Json>& Load::truth(size_t lines)
{
	while (!lines || truth_.size() < lines) {
		const auto text = process_.line();
		if (!text)
			break;
		truth_.push_back(Json::parse(*text));
	}
	return truth_;
}

int Load::finish()
{
	process_.close_stdin();
	truth();
	return process_.wait();
}

std::string public_corescope()
{
	struct Copy {
		std::string folder, path;
		Copy()
		{
			char name[] = "/tmp/corescope-public-XXXXXX";
			REQUIRE(mkdtemp(name));
			folder = name;
			path = folder + "/corescope";
			chmod(name, 0755);
			std::ofstream(path, std::ios::binary) << contents(corescope_path());
			chmod(path.c_str(), 0755);
		}
		~Copy()
		{
			unlink(path.c_str());
			rmdir(folder.c_str());
		}
	};
	static const Copy copy;
	return copy.path;
}

} // namespace corescope::test
