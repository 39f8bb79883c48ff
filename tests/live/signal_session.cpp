// SPDX-License-Identifier: BSD-2-Clause
// The running half of signal_truth.h: tools beside cases.
#include "signal_truth.h"

#include <csignal>
#include <memory>
#include <optional>
#include <sstream>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace corescope::test {

namespace {

constexpr int kTries = 10;

// A tool that never waits for us: it writes to a file in memory. So it takes what others on this
// machine signal meanwhile, too, and we parse it when it is over.
class Recorder {
public:
	explicit Recorder(std::vector<std::string> arguments)
	{
		file_ = memfd_create("records", MFD_CLOEXEC);
		REQUIRE(file_ >= 0);
		arguments.insert(arguments.begin(), corescope_path());
		arguments.insert(arguments.end(), {"--buffer-size", "16M"});
		Process::Setup setup;
		setup.out = Process::Out::file;
		setup.file = "/proc/self/fd/" + std::to_string(file_);
		process_.emplace(arguments, setup);
		for (int waited_ms = 0; text().find('\n') == std::string::npos; waited_ms++) { // meta, or the heading
			INFO(process_->errors());
			REQUIRE(waited_ms < kPatienceMs);
			REQUIRE_FALSE(process_->ended());
			usleep(1000);
		}
	}
	Recorder(const Recorder&) = delete;
	Recorder& operator=(const Recorder&) = delete;
	~Recorder() { close(file_); }

	// Ends it; all that it wrote.
	std::vector<std::string> stop()
	{
		process_->signal(SIGINT);
		INFO(process_->errors());
		REQUIRE(process_->wait() == 0);
		std::vector<std::string> lines;
		std::istringstream all(text());
		for (std::string line; std::getline(all, line);)
			lines.push_back(line);
		return lines;
	}
	std::string errors() { return process_->errors(); }

private:
	std::string text() const
	{
		struct stat found {};
		REQUIRE(fstat(file_, &found) == 0);
		std::string all(static_cast<size_t>(found.st_size), '\0');
		const ssize_t size = pread(file_, all.data(), all.size(), 0);
		REQUIRE(size >= 0);
		all.resize(static_cast<size_t>(size));
		return all;
	}

	int file_ = -1;
	std::optional<Process> process_;
};

// All tools beside all cases, until nothing was lost: a storm that others make is no fault of the tool.
std::vector<SignalSession::Watcher> watch(
	const std::vector<std::vector<std::string>>& tools, const std::function<void()>& run)
{
	for (int i = 0; i < kTries; i++) {
		std::vector<std::unique_ptr<Recorder>> recorders;
		for (std::vector<std::string> tool : tools) {
			tool.insert(tool.end(), {"--output", "json"});
			recorders.push_back(std::make_unique<Recorder>(tool));
		}
		run();
		std::vector<SignalSession::Watcher> watchers;
		bool lost = false;
		for (const auto& recorder : recorders) {
			SignalSession::Watcher one;
			for (const std::string& line : recorder->stop())
				one.records.push_back(Json::parse(line));
			one.meta = one.records.front();
			REQUIRE(one.meta.at("type") == "meta");
			REQUIRE(one.records.back().at("type") == "summary");
			one.name = one.meta.at("hooks");
			one.errors = recorder->errors();
			lost = lost || one.records.back().at("lost") > 0;
			watchers.push_back(std::move(one));
		}
		if (!lost)
			return watchers;
	}
	FAIL("records were lost in each of " << kTries << " runs");
	return {};
}

SignalSession make_session()
{
	SignalSession session;
	std::vector<std::vector<std::string>> tools = {{"sigsnoop"}, {"sigsnoop", "--hook", "raw_tp"}};
	for (const std::string& hook : kill_hooks())
		tools.push_back({"killsnoop", "--hook", hook});
	session.kill = watch(tools, [&] {
		session.cases.clear();
		for (const std::string& name : signal_cases())
			session.cases.emplace(name, run_signal_case({name}));
	});
	session.sig = std::move(session.kill[0]);
	session.sig_raw = std::move(session.kill[1]);
	session.kill.erase(session.kill.begin(), session.kill.begin() + 2);
	return session;
}

void check(const SignalSession::Watcher& watcher, const SignalCase& load, std::vector<Json> owed)
{
	INFO("case " << load.name << ", by " << watcher.name);
	const std::string unlike = difference(std::move(owed), about(watcher.records, load));
	INFO(unlike);
	CHECK(unlike.empty());
}

const SignalCase& session_case(const std::string& name)
{
	const auto found = signal_session().cases.find(name);
	INFO("case " << name);
	REQUIRE(found != signal_session().cases.end());
	return found->second;
}

} // namespace

const std::vector<std::string>& kill_hooks()
{
	static const std::vector<std::string> usable = [] {
		std::vector<std::string> found;
		for (const char* hook : {"tp_btf+fexit", "tp_btf+tracepoint", "tp_btf+sys_exit", "raw_tp+tracepoint",
				 "raw_tp+sys_exit"}) {
			Process trial({corescope_path(), "killsnoop", "--hook", hook, "--duration", "1ms"});
			const int status = trial.wait();
			INFO(hook << ": " << trial.errors());
			REQUIRE((status == 0 || status == 69));
			if (status == 0)
				found.push_back(hook);
		}
		return found;
	}();
	return usable;
}

const SignalSession& signal_session()
{
	static const SignalSession session = make_session();
	return session;
}

void check_calls(const std::string& name)
{
	const SignalCase& load = session_case(name);
	if (load.skipped())
		return mark_skipped(load.errors);
	for (const SignalSession::Watcher& watcher : signal_session().kill)
		check(watcher, load, owed_calls(load));
}

void check_signals(const std::string& name)
{
	const SignalCase& load = session_case(name);
	if (load.skipped())
		return mark_skipped(load.errors);
	check(signal_session().sig, load, owed_signals(load));
	check(signal_session().sig_raw, load, owed_signals(load));
}

std::vector<std::vector<Json>> told_with(const char* tool,
	const std::vector<std::vector<std::string>>& options, const std::vector<std::string>& cases,
	std::vector<SignalCase>& done)
{
	std::vector<std::vector<std::string>> tools;
	for (std::vector<std::string> one : options) {
		one.insert(one.begin(), tool);
		tools.push_back(std::move(one));
	}
	const auto watchers = watch(tools, [&] {
		done.clear();
		for (const std::string& name : cases)
			done.push_back(run_signal_case({name}));
	});
	std::vector<std::vector<Json>> all;
	for (const auto& watcher : watchers) {
		std::vector<Json> told;
		for (const SignalCase& load : done)
			for (const Json& event : about(watcher.records, load))
				told.push_back(event);
		all.push_back(std::move(told));
	}
	return all;
}

std::vector<std::string> table_of(const std::vector<std::string>& tool, const std::vector<std::string>& cases,
	std::map<std::string, SignalCase>& done)
{
	for (int i = 0; i < kTries; i++) {
		Recorder recorder(tool);
		done.clear();
		for (const std::string& name : cases)
			done.emplace(name, run_signal_case({name}));
		const auto lines = recorder.stop();
		if (recorder.errors().empty())
			return lines;
	}
	FAIL("records were lost in each of " << kTries << " runs");
	return {};
}

} // namespace corescope::test
