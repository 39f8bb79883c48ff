// SPDX-License-Identifier: BSD-2-Clause
// The store under twenty writers at once, of which one after the other is killed: whatever a writer was told to be stored
// is there afterwards, once. CORESCOPE_STORE_SECONDS makes it longer than its 4 s. And the store on a disk that fills up,
// and on one that cannot be written, as a user of the commands meets it.
#include "harness.h"
#include "unit/store_trial.h"

#include "base/error.h"

#include <csignal>
#include <cstdio>
#include <fcntl.h>
#include <map>
#include <poll.h>
#include <random>
#include <sys/wait.h>
#include <time.h>

using namespace corescope;
using namespace corescope::test;

namespace {

constexpr int kWriters = 20;

struct Written {
	int32_t writer, number; // number < 0: it gave up with this exit status
};

int64_t monotonic_s()
{
	timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

// Stores one interval of two histograms after the other, and says so of each only when append() has returned.
[[noreturn]] void write_for_ever(const std::string& path, int32_t writer, int out)
{
	try {
		HistStore store = HistStore::open(path, {.keep_ns = 0, .max_bytes = 0, .busy_ms = 60000, .warn = {}});
		const auto source = a_source("writer" + std::to_string(writer));
		for (int32_t number = 1;; number++) {
			Histogram histogram(3, uint64_t{1} << 36);
			histogram.add(static_cast<uint64_t>(number), HistSum{static_cast<uint64_t>(number)} * 1000);
			put(store,
				{a_record(source, number * kSecond, histogram, {{"comm", "a", false}}),
					a_record(source, number * kSecond, histogram, {{"comm", "b", false}})});
			const Written written{writer, number};
			if (write(out, &written, sizeof(written)) != sizeof(written))
				_exit(1);
		}
	} catch (const Error& error) {
		fprintf(stderr, "writer %d: %s\n", writer, error.message.c_str());
		const Written failed{writer, -error.code};
		if (write(out, &failed, sizeof(failed)) != sizeof(failed))
			_exit(1);
		_exit(error.code);
	}
}

struct Shell {
	int status;
	std::string out;
};
Shell shell(const std::string& script)
{
	Process process({"/bin/sh", "-c", "export CORESCOPE='" + corescope_path() + "'\n" + script});
	std::string out = process.rest();
	const int status = process.wait();
	return {status, out + process.errors()};
}

std::string why_no_mounts()
{
	if (geteuid() != 0)
		return "needs root, to mount";
	return shell("unshare -m mount -t tmpfs -o size=100k none /mnt").status == 0
		? ""
		: "cannot mount a tmpfs here";
}

} // namespace

TEST_CASE("store: twenty writers at once, killed at random, lose nothing that was reported as stored")
{
	const Folder folder;
	const std::string path = folder.path();
	const char* asked = std::getenv("CORESCOPE_STORE_SECONDS");
	const int64_t end = monotonic_s() + (asked ? std::atoi(asked) : 4);
	int reports[2];
	REQUIRE(pipe2(reports, O_CLOEXEC) == 0);
	std::mt19937 random(static_cast<unsigned>(getpid()));
	std::map<pid_t, int32_t> writers;
	int32_t next = 0;
	const auto start = [&] {
		const pid_t child = fork();
		REQUIRE(child >= 0);
		if (child == 0)
			write_for_ever(path, next, reports[1]);
		writers[child] = next++;
	};
	for (int i = 0; i < kWriters; i++)
		start();
	std::map<int32_t, int32_t> last; // of each writer
	const auto collect = [&](int timeout_ms) {
		pollfd wait = {reports[0], POLLIN, 0};
		while (poll(&wait, 1, timeout_ms) > 0 && (wait.revents & POLLIN)) {
			Written written{};
			if (read(reports[0], &written, sizeof(written)) != sizeof(written))
				return;
			INFO("writer " << written.writer << " gave up");
			REQUIRE(written.number > 0);
			CHECK(written.number == last[written.writer] + 1);
			last[written.writer] = written.number;
			timeout_ms = 0;
		}
	};
	int killed = 0;
	const auto kill_one = [&](pid_t victim) {
		REQUIRE(kill(victim, SIGKILL) == 0);
		REQUIRE(waitpid(victim, nullptr, 0) == victim);
		writers.erase(victim);
		killed++;
	};
	while (monotonic_s() < end) {
		collect(static_cast<int>(random() % 50));
		auto victim = writers.begin();
		std::advance(victim, random() % writers.size());
		kill_one(victim->first);
		start();
	}
	while (!writers.empty())
		kill_one(writers.begin()->first);
	close(reports[1]);
	collect(0);
	close(reports[0]);

	CHECK(sql(path, "PRAGMA integrity_check") == "ok\n");
	for (const std::string& name : folder.names())
		CHECK(name.find("corrupt") == std::string::npos);
	std::map<std::string, std::map<int64_t, int>> stored; // writer: number: histograms
	HistStore store = HistStore::open_for_reading(path);
	uint64_t rows = 0;
	store.each({}, [&](int64_t, const HistRecord& record) {
		stored[record.source->host][record.start_unix_ns / kSecond]++;
		REQUIRE(record.histogram.count() == 1);
		rows++;
		return true;
	});
	uint64_t reported = 0, unreported = 0;
	for (int32_t writer = 0; writer < next; writer++) {
		const auto& numbers = stored["writer" + std::to_string(writer)];
		const int32_t told = last.count(writer) ? last[writer] : 0;
		reported += static_cast<uint64_t>(told);
		INFO("writer " << writer << " reported " << told);
		const auto found = static_cast<int32_t>(numbers.size());
		CHECK((found == told || found == told + 1)); // killed between the commit and the report
		unreported += static_cast<uint64_t>(found - told);
		for (int32_t number = 1; number <= found; number++)
			REQUIRE((numbers.count(number) == 1 && numbers.at(number) == 2)); // all of an interval, once
		uint64_t total = 0;
		for (const HistTotal& one : store.totals(*a_source("writer" + std::to_string(writer))))
			total += one.record.histogram.count();
		CHECK(total == static_cast<uint64_t>(found) * 2);
	}
	std::printf(
		"store: %llu intervals reported as stored by %d writers, %d of them killed; all there, and %llu more\n",
		static_cast<unsigned long long>(reported), static_cast<int>(next), killed,
		static_cast<unsigned long long>(unreported));
	CHECK(reported > 20);
	CHECK(killed > kWriters);
}

TEST_CASE("store: a disk that fills up")
{
	if (const auto why = why_no_mounts(); !why.empty())
		SKIP_TEST(why);
	const Folder folder;
	{
		std::mt19937_64 random(1);
		HistStore store = HistStore::open(folder.path("source.db"), {});
		for (int i = 0; i < 200; i++)
			put(store, {a_record(a_source(), i * kDay, some_histogram(random))});
	}
	// Each merge stores 200 histograms; the status of each, then what is there, and what there is once there is room again.
	const Shell said = shell("export SOURCE='" + folder.path("source.db") + "'\n" + R"(
exec unshare -m sh -c '
mount -t tmpfs -o size=600k none /mnt
stored=0
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
	message=$("$CORESCOPE" history merge "$SOURCE" --by day --into /mnt/full.db 2>&1)
	status=$?
	[ $status -eq 0 ] || break
	stored=$((stored + 200))
done
echo "$status $message"
echo "$stored"
"$CORESCOPE" history list --output json /mnt/full.db | wc -l
mount -o remount,size=2M /mnt
"$CORESCOPE" history merge "$SOURCE" --by day --into /mnt/full.db || exit 3
"$CORESCOPE" history list --output json /mnt/full.db | wc -l
ls /mnt | grep -c corrupt
')");
	INFO(said.out);
	int status = 0, stored = 0, there = 0, later = 0, corrupt = -1;
	const size_t line = said.out.find('\n');
	REQUIRE(std::sscanf(said.out.c_str(), "%d", &status) == 1);
	REQUIRE(std::sscanf(said.out.c_str() + line, "%d %d %d %d", &stored, &there, &later, &corrupt) == 4);
	CHECK(status == kIoError);
	CHECK(said.out.find("no space is left") < line);
	CHECK(stored >= 200);
	CHECK(there == stored);
	CHECK(later == stored + 200);
	CHECK(corrupt == 0);
}

TEST_CASE("store: a medium that cannot be written is read, and not written")
{
	if (const auto why = why_no_mounts(); !why.empty())
		SKIP_TEST(why);
	const Folder folder;
	{
		std::mt19937_64 random(1);
		HistStore store = HistStore::open(folder.path("source.db"), {});
		for (int i = 0; i < 7; i++)
			put(store, {a_record(a_source(), i * kDay, some_histogram(random))});
	}
	const std::string copy = GENERATE("cp $SOURCE /mnt/r.db",
		"cp $SOURCE /mnt/r.db; cp $SOURCE-wal /mnt/r.db-wal; cp $SOURCE-shm /mnt/r.db-shm");
	const Shell said = shell("export SOURCE='" + folder.path("source.db") + "' COPY='" + copy + "'\n" + R"(
exec unshare -m sh -c '
mount -t tmpfs none /mnt
eval "$COPY"
ls /mnt > /mnt/before
cp "$SOURCE" /tmp/corescope-readonly-$$.db
mount -o remount,ro /mnt
"$CORESCOPE" history list --output json /mnt/r.db | wc -l
"$CORESCOPE" history merge /tmp/corescope-readonly-$$.db --into /mnt/r.db 2>&1
echo $?
"$CORESCOPE" history prune /mnt/r.db --keep 1d 2>&1
echo $?
rm -f /tmp/corescope-readonly-$$.db*
')");
	INFO(said.out);
	CHECK(said.out.substr(0, 2) == "7\n");
	size_t refusals = 0;
	for (size_t at = 0; (at = said.out.find("\n74\n", at)) != std::string::npos; at++)
		refusals++;
	CHECK(refusals == 2);
}
