// SPDX-License-Identifier: BSD-2-Clause
// See behaviour.h.
#include "behaviour.h"

#include "system/cgroup.h"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <grp.h>
#include <map>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

namespace corescope::test {

namespace {

void nap_us(long us)
{
	const timespec time = {us / 1000000, us % 1000000 * 1000};
	nanosleep(&time, nullptr);
}

const std::string& help_of(const std::string& tool)
{
	static std::map<std::string, std::string> known;
	std::string& text = known[tool];
	if (text.empty())
		text = run(command(tool, {"--help"})).out;
	return text;
}

void start_and_wait(const char* program, const char* argument)
{
	const pid_t child = vfork();
	if (child == 0) {
		execl(program, program, argument, nullptr);
		_exit(127);
	}
	if (child > 0)
		waitpid(child, nullptr, 0);
}

void connect_to_ourselves()
{
	const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	sockaddr_in address = {};
	address.sin_family = AF_INET;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	socklen_t size = sizeof(address);
	auto* any = reinterpret_cast<sockaddr*>(&address);
	if (bind(listener, any, size) == 0 && listen(listener, 1) == 0 &&
		getsockname(listener, any, &size) == 0) {
		const int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (connect(client, any, size) == 0)
			close(accept(listener, nullptr, nullptr));
		close(client);
	}
	close(listener);
}

// Past the page cache, where the file system can.
void write_to_disk()
{
	alignas(4096) static const char block[4096] = {};
	static const int file = [] {
		char name[] = "/var/tmp/corescope-stimulus-XXXXXX";
		const int made = mkostemp(name, O_DIRECT | O_DSYNC | O_CLOEXEC);
		unlink(name);
		return made;
	}();
	if (file >= 0 && pwrite(file, block, sizeof(block), 0) < 0)
		nap_us(1);
}

// For who takes samples: some of the processor's time.
void compute()
{
	timespec now;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	const long until_ns = now.tv_sec * 1000000000L + now.tv_nsec + 300000;
	while (now.tv_sec * 1000000000L + now.tv_nsec < until_ns)
		clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
}

void a_little_of_everything(const char* name)
{
	start_and_wait("/bin/true", name);
	start_and_wait("/nonexistent", name);
	kill(getpid(), SIGUSR1);
	kill(getpid(), 0);
	const int file = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	char chunk[64];
	if (read(file, chunk, sizeof(chunk)) < 0)
		nap_us(1);
	close(file);
	struct stat status;
	stat("/", &status);
	connect_to_ourselves();
	write_to_disk();
	compute();
}

} // namespace

const std::vector<Listed>& listed_tools()
{
	static const std::vector<Listed> tools = [] {
		std::vector<Listed> found;
		std::string group;
		for (const std::string& line : lines_of(run({corescope_path()}).out)) {
			if (line.rfind("  ", 0) != 0) {
				group = line;
				continue;
			}
			const size_t end = line.find(' ', 2);
			if (end == std::string::npos || line[2] == ' ' || group == "Commands") // which trace nothing
				continue;
			const size_t summary = line.find_first_not_of(' ', end);
			if (summary != std::string::npos)
				found.push_back({line.substr(2, end - 2), group, line.substr(summary)});
		}
		return found;
	}();
	return tools;
}

std::vector<std::string> tool_names()
{
	std::vector<std::string> names;
	for (const Listed& tool : listed_tools())
		names.push_back(tool.name);
	return names;
}

bool has_intervals(const std::string& tool)
{
	return help_of(tool).find("[INTERVAL") != std::string::npos || has_option(tool, "interval");
}

Words interval(const std::string& tool, const std::string& seconds)
{
	Words words = has_option(tool, "interval") ? Words{"--interval", seconds} : Words{seconds};
	if (!has_intervals(tool))
		words.clear();
	if (has_option(tool, "frequency")) // one that samples must see what is short
		words.insert(words.end(), {"--frequency", "4999"});
	return words;
}

bool has_option(const std::string& tool, const std::string& name)
{
	const std::string& help = help_of(tool);
	const std::string word = "--" + name;
	for (size_t at = help.find(word); at != std::string::npos;
		 at = help.find(word, at + 1)) // --time, not --timestamp
		if (at + word.size() == help.size() ||
			std::string(" =[\n").find(help[at + word.size()]) != std::string::npos)
			return true;
	return false;
}

Words command(const std::string& tool, const Words& more) { return with({corescope_path(), tool}, more); }

Words lively(const std::string& tool) { return interval(tool, "0.1"); }

Words with(Words words, const Words& more)
{
	words.insert(words.end(), more.begin(), more.end());
	return words;
}

bool is_one_line(const std::string& errors)
{
	return errors.size() > 10 && errors.find('\n') == errors.size() - 1 &&
		errors.find(": ") != std::string::npos && errors.find("libbpf") == std::string::npos;
}

std::vector<std::string> lines_of(const std::string& text)
{
	std::vector<std::string> lines;
	for (size_t at = 0; at < text.size();) {
		const size_t end = std::min(text.find('\n', at), text.size());
		lines.push_back(text.substr(at, end - at));
		at = end + 1;
	}
	return lines;
}

Quarters::Quarters()
{
	static int number = 0;
	const std::string mount = cgroup2_mount();
	const std::string path =
		mount + "/corescope-behaviour-" + std::to_string(getpid()) + "-" + std::to_string(number++);
	if (!mount.empty() && mkdir(path.c_str(), 0755) == 0)
		directory_ = path;
}

Quarters::~Quarters()
{
	for (int i = 0; exist() && i < 2000 && rmdir(directory_.c_str()) != 0 && errno == EBUSY; i++)
		nap_us(1000);
}

Words Quarters::filter() const { return exist() ? Words{"--cgroup", directory_} : Words{}; }

void Quarters::enter() const
{
	if (exist())
		std::ofstream(directory_ + "/cgroup.procs") << getpid() << std::flush;
}

Stimulus::Stimulus(const Setup& setup)
{
	const pid_t parent = getpid();
	pid_ = fork();
	REQUIRE(pid_ >= 0);
	if (pid_ > 0)
		return;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	if (setup.quarters)
		setup.quarters->enter();
	prctl(PR_SET_NAME, setup.comm.c_str());
	signal(SIGUSR1, SIG_IGN);
	for (int i = 0; setup.times == 0 || i < setup.times; i++) {
		a_little_of_everything(setup.comm.c_str());
		nap_us(setup.pause_us);
	}
	_exit(0);
}

Stimulus::~Stimulus()
{
	if (pid_ <= 0)
		return;
	kill(pid_, SIGKILL);
	waitpid(pid_, nullptr, 0);
}

void Stimulus::join()
{
	int status = 0;
	REQUIRE(waitpid(pid_, &status, 0) == pid_);
	CHECK(status == 0);
	pid_ = -1;
}

int end_of(Process& process)
{
	const int64_t give_up = monotonic_ms() + kSoonMs;
	while (!process.ended()) {
		if (monotonic_ms() > give_up)
			return -1;
		nap_us(1000);
	}
	return process.wait();
}

bool until(const std::function<bool()>& condition)
{
	const int64_t give_up = monotonic_ms() + kPatienceMs;
	while (!condition()) {
		if (monotonic_ms() > give_up)
			return false;
		nap_us(1000);
	}
	return true;
}

int64_t monotonic_ms()
{
	timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

} // namespace corescope::test
