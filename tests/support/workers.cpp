// SPDX-License-Identifier: BSD-2-Clause
// The parent of the workers: deals out batches, follows each worker by what it tells through a pipe, sums up.
// A line of that pipe is `b NAME` when a case begins, `p`, `f` or `s NAME` when it has passed, failed or was skipped.
#include "workers.h"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <deque>
#include <fcntl.h>
#include <iostream>
#include <list>
#include <poll.h>
#include <set>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <system_error>
#include <time.h>
#include <unistd.h>
#include <utility>

namespace corescope::test {

namespace {

using Batch = std::vector<Case>;

int told_fd = -1;

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

double now_s()
{
	timespec now{};
	clock_gettime(CLOCK_MONOTONIC, &now);
	return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

void write_all(int fd, std::string_view text)
{
	while (!text.empty()) {
		const ssize_t written = write(fd, text.data(), text.size());
		if (written < 0 && errno != EINTR)
			return;
		text.remove_prefix(written < 0 ? 0 : static_cast<size_t>(written));
	}
}

std::string read_all(int fd)
{
	std::string text;
	char part[65536];
	for (ssize_t n; (n = pread(fd, part, sizeof(part), static_cast<off_t>(text.size()))) > 0;)
		text.append(part, static_cast<size_t>(n));
	return text;
}

// One process, at work on a batch. Whatever it starts is in its process group.
struct Worker {
	Batch batch;
	pid_t pid = -1;
	int ended = -1; // a pidfd
	int told = -1;
	int output = -1;
	std::string heard;   // of a line that is not whole yet
	std::string running; // the case, "" between two
	std::set<std::string> done;
	bool any_failed = false;
	double since_s = 0;
};

// Whether a sanitizer reports in it; Catch2 breaks lines at blanks.
bool is_of_sanitizer(std::string text)
{
	text.erase(std::unique(text.begin(), text.end(),
				   [](char a, char b) { return std::isspace(a) && std::isspace(b); }),
		text.end());
	std::replace(text.begin(), text.end(), '\n', ' ');
	for (const char* words : {": runtime error: ", "ERROR: AddressSanitizer", "ERROR: LeakSanitizer"})
		if (text.find(words) != std::string::npos)
			return true;
	return false;
}

volatile sig_atomic_t told_to_end = 0;

class Parent {
public:
	explicit Parent(const Workers& setup) : setup_(setup) {}
	~Parent()
	{
		while (!workers_.empty()) {
			kill(-workers_.front().pid, SIGKILL);
			waitpid(workers_.front().pid, nullptr, 0);
			close_all(workers_.front());
			workers_.pop_front();
		}
	}
	Parent(const Parent&) = delete;
	Parent& operator=(const Parent&) = delete;

	void run(const std::vector<Batch>& all);
	unsigned failed() const { return failed_; }
	void sum() const
	{
		std::cout << passed_ << " passed, " << failed_ << " failed, " << skipped_ << " skipped" << std::endl;
	}

private:
	void start(const Batch& batch);
	void hear(Worker& worker);
	void line(Worker& worker, const std::string& text);
	void finish(Worker& worker, const std::string& why);
	void one_failed(const std::string& name, const std::string& why);
	void work_off();
	void run_again();
	void wait_for_any();
	static void close_all(const Worker& worker)
	{
		for (const int fd : {worker.ended, worker.told, worker.output})
			close(fd);
	}

	const Workers& setup_;
	std::deque<Batch> waiting_;
	std::list<Worker> workers_;
	unsigned passed_ = 0, failed_ = 0, skipped_ = 0;
	std::vector<std::string> by_check_; // of the failed: those whose process lived on
	bool sanitizer_spoke_ = false;
	bool second_ = false;
};

void Parent::one_failed(const std::string& name, const std::string& why)
{
	failed_++;
	std::cout << "FAILED " << name << ": " << why << std::endl;
}

void Parent::start(const Batch& batch)
{
	int told[2];
	const int cases = memfd_create("cases", 0);
	const int output = memfd_create("output", MFD_CLOEXEC);
	if (cases < 0 || output < 0 || pipe2(told, O_CLOEXEC) < 0)
		fail("a worker's files");
	std::string names;
	for (const Case& one : batch)
		names += one.name + "\n";
	write_all(cases, names);

	std::vector<std::string> words = setup_.command;
	const std::string batch_words[] = {"--batch", std::to_string(cases), std::to_string(told[1])};
	words.insert(words.begin() + 1, std::begin(batch_words), std::end(batch_words));
	std::vector<char*> argv;
	for (std::string& word : words)
		argv.push_back(word.data());
	argv.push_back(nullptr);

	const pid_t parent = getpid();
	const pid_t pid = fork();
	if (pid < 0)
		fail("a worker");
	if (pid == 0) {
		setpgid(0, 0);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(127);
		const int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
		dup2(nothing, 0);
		dup2(output, 1);
		dup2(output, 2);
		fcntl(told[1], F_SETFD, 0);
		sigset_t none;
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, nullptr);
		execv("/proc/self/exe", argv.data());
		_exit(127);
	}
	setpgid(pid, pid);
	close(cases);
	close(told[1]);
	Worker worker;
	worker.batch = batch;
	worker.pid = pid;
	worker.told = told[0];
	worker.output = output;
	worker.since_s = now_s();
	worker.ended = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
	workers_.push_back(std::move(worker));
	if (workers_.back().ended < 0)
		fail("pidfd_open");
	fcntl(told[0], F_SETFL, O_NONBLOCK);
}

void Parent::line(Worker& worker, const std::string& text)
{
	const std::string name = text.size() > 2 ? text.substr(2) : "";
	worker.since_s = now_s();
	if (text[0] == 'b') {
		worker.running = name;
		return;
	}
	worker.running.clear();
	bool asked = false;
	for (const Case& one : worker.batch)
		asked = asked || one.name == name;
	if (!asked || !worker.done.insert(name).second) {
		one_failed(name, asked ? "was run twice" : "was run, and nobody asked for it");
		return;
	}
	worker.any_failed = worker.any_failed || text[0] == 'f';
	(text[0] == 'p' ? passed_ : text[0] == 's' ? skipped_ : failed_)++;
	if (text[0] == 'f')
		by_check_.push_back(name);
	else if (second_)
		std::cout << "UNSTEADY " << name << ": failed beside others, "
				  << (text[0] == 'p' ? "passed" : "was skipped") << " alone" << std::endl;
}

void Parent::hear(Worker& worker)
{
	char part[4096];
	for (ssize_t n; (n = read(worker.told, part, sizeof(part))) > 0;)
		worker.heard.append(part, static_cast<size_t>(n));
	for (size_t end; (end = worker.heard.find('\n')) != std::string::npos;) {
		line(worker, worker.heard.substr(0, end));
		worker.heard.erase(0, end + 1);
	}
}

// why: it was killed for that, or "" if it ended by itself. What it has left undone goes to another.
void Parent::finish(Worker& worker, const std::string& why)
{
	int status = 0;
	waitpid(worker.pid, &status, 0);
	kill(-worker.pid, SIGKILL); // what a test has left behind
	hear(worker);
	// Its own closing line is not ours.
	std::string text = read_all(worker.output);
	const size_t last = text.size() > 1 ? text.rfind('\n', text.size() - 2) : std::string::npos;
	const size_t begin = last == std::string::npos ? 0 : last + 1;
	const bool closed = text.find(" passed, ", begin) != std::string::npos && text.ends_with(" skipped\n");
	std::cout << (closed ? text.substr(0, begin) : text) << std::flush;
	sanitizer_spoke_ = sanitizer_spoke_ || is_of_sanitizer(text);

	std::string cause = why;
	if (cause.empty() && WIFSIGNALED(status))
		cause = std::string("its process was ended by ") + strsignal(WTERMSIG(status));
	else if (cause.empty())
		cause = "its process ended with status " + std::to_string(WEXITSTATUS(status)) +
			(closed ? "" : ", without a closing line");
	Batch rest;
	for (const Case& one : worker.batch)
		if (one.name == worker.running)
			one_failed(one.name, cause);
		else if (!worker.done.contains(one.name))
			rest.push_back(one);
	const bool stuck = worker.running.empty() && worker.done.empty();
	if (stuck || (worker.running.empty() && closed)) {
		// It doesn't get there, or it believes that it has: another would not either.
		for (const Case& one : rest)
			one_failed(one.name, "did not run: " + cause);
	} else if (!rest.empty()) {
		waiting_.push_front(rest);
	} else if (worker.running.empty() && (!closed || (status != 0 && !worker.any_failed))) {
		one_failed(worker.batch.back().name, "after it, " + cause);
	}
}

void Parent::wait_for_any()
{
	std::vector<pollfd> fds;
	for (const Worker& worker : workers_) {
		fds.push_back({worker.ended, POLLIN, 0});
		fds.push_back({worker.told, POLLIN, 0});
	}
	if (poll(fds.data(), fds.size(), 1000) < 0 && errno != EINTR)
		fail("poll");
	size_t at = 0;
	for (auto worker = workers_.begin(); worker != workers_.end(); at += 2) {
		hear(*worker);
		std::string why;
		if (fds[at].revents == 0 && now_s() - worker->since_s > setup_.patience_s) {
			why = "still running after " + std::to_string(setup_.patience_s) + " s";
			kill(-worker->pid, SIGKILL);
		}
		if (fds[at].revents == 0 && why.empty()) {
			// The writer's end may be closed by a worker that lives on: its pidfd says when it ends.
			++worker;
			continue;
		}
		finish(*worker, why);
		close_all(*worker);
		worker = workers_.erase(worker);
	}
}

void Parent::run(const std::vector<Batch>& all)
{
	waiting_.assign(all.begin(), all.end());
	work_off();
	if (told_to_end == 0 && failed_ == by_check_.size() && failed_ <= setup_.again && !sanitizer_spoke_)
		run_again();
}

// Noise is no excuse for a crash or a hang, for what a sanitizer has found, nor for many failures.
void Parent::run_again()
{
	second_ = true;
	failed_ = 0;
	for (const std::string& name : std::exchange(by_check_, {}))
		waiting_.push_back({{name, true}});
	work_off();
}

void Parent::work_off()
{
	while ((!waiting_.empty() || !workers_.empty()) && told_to_end == 0) {
		const bool alone = !workers_.empty() && workers_.front().batch.front().alone;
		while (!waiting_.empty() && !alone && workers_.size() < setup_.at_once) {
			const bool next_alone = waiting_.front().front().alone;
			if (next_alone && !workers_.empty())
				break;
			start(waiting_.front());
			waiting_.pop_front();
			if (next_alone)
				break;
		}
		wait_for_any();
	}
}

} // namespace

std::vector<Batch> batches(const std::vector<Case>& cases, unsigned size)
{
	std::vector<Batch> all;
	for (const bool alone : {false, true}) {
		Batch kind;
		for (const Case& one : cases)
			if (one.alone == alone)
				kind.push_back(one);
		const size_t count = (kind.size() + size - 1) / size;
		const size_t first = all.size();
		all.resize(first + count);
		for (size_t i = 0; i < kind.size(); i++)
			all[first + i % count].push_back(kind[i]);
	}
	return all;
}

unsigned run_workers(const std::vector<Case>& cases, const Workers& setup)
{
	struct sigaction ending {};
	ending.sa_handler = [](int number) { told_to_end = number; };
	for (const int number : {SIGINT, SIGTERM, SIGHUP})
		sigaction(number, &ending, nullptr);
	Parent parent(setup);
	parent.run(batches(cases, setup.batch));
	if (told_to_end != 0) {
		std::cout << "FAILED: told to end by " << strsignal(told_to_end) << std::endl;
		return parent.failed() + 1;
	}
	parent.sum();
	return parent.failed();
}

std::vector<std::string> begin_batch(int cases, int told)
{
	told_fd = told;
	fcntl(told, F_SETFD, FD_CLOEXEC);
	std::vector<std::string> names;
	const std::string text = read_all(cases);
	close(cases);
	for (size_t at = 0, end; (end = text.find('\n', at)) != std::string::npos; at = end + 1)
		names.push_back(text.substr(at, end - at));
	return names;
}

void tell_begin(const std::string& name)
{
	if (told_fd >= 0)
		write_all(told_fd, "b " + name + "\n");
}

void tell_end(const std::string& name, Outcome outcome)
{
	if (told_fd >= 0)
		write_all(told_fd, std::string(1, static_cast<char>(outcome)) + " " + name + "\n");
}

} // namespace corescope::test
