// SPDX-License-Identifier: BSD-2-Clause
// Readings that are kept: whoever reads a pin into a store, however often, at once with others or killed in its midst,
// every count is in there once.
#include "cpudist.h"
#include "pinned.h"

#include "bpf/pin.h"
#include "hist/store.h"

#include <csignal>
#include <cstdlib>
#include <dirent.h>
#include <fcntl.h>
#include <fstream>
#include <memory>
#include <random>
#include <sstream>
#include <sys/file.h>
#include <thread>
#include <time.h>
#include <unistd.h>

namespace corescope::test {

namespace {

class OwnFolder {
public:
	OwnFolder()
	{
		char name[] = "/tmp/corescope-pinned-XXXXXX";
		REQUIRE(mkdtemp(name));
		path_ = name;
	}
	~OwnFolder()
	{
		if (DIR* folder = opendir(path_.c_str())) {
			while (const dirent* entry = readdir(folder))
				unlink((path_ + "/" + entry->d_name).c_str());
			closedir(folder);
		}
		rmdir(path_.c_str());
	}
	OwnFolder(const OwnFolder&) = delete;
	OwnFolder& operator=(const OwnFolder&) = delete;
	std::string path(const std::string& name) const { return path_ + "/" + name; }

private:
	std::string path_;
};

struct Kept {
	uint64_t count = 0, sum_ns = 0, window_ns = 0, intervals = 0;
	int64_t first_ns = 0, last_ns = 0;
};

// What a store holds in all.
Kept kept_in(const std::string& path)
{
	Kept kept;
	HistStore store = HistStore::open_for_reading(path);
	store.each({}, [&](int64_t, const HistRecord& record) {
		kept.count += record.histogram.count();
		kept.sum_ns += static_cast<uint64_t>(record.histogram.sum());
		return true;
	});
	store.each_interval({}, [&](const HistSource&, int64_t start, const HistWindow& window, const auto*) {
		if (!kept.intervals++ || start < kept.first_ns)
			kept.first_ns = start;
		kept.last_ns = std::max(kept.last_ns, start + static_cast<int64_t>(window.window_ns));
		kept.window_ns += window.window_ns;
	});
	return kept;
}

// A load under a pin that counts nothing else, so that it can be asked for the exact number when the load sleeps.
struct Pinned {
	explicit Pinned(const Words& burn, const Words& more = {}) : load("switchload", burn, true), pin("store")
	{
		if (load.ready().is_null())
			return;
		until_blocked(load.pid());
		again(more);
	}
	void again(const Words& more = {}) const
	{
		Words command = {"cpudist", "--pin", pin.name(), "-p", std::to_string(const_cast<Load&>(load).pid())};
		command.insert(command.end(), more.begin(), more.end());
		must(command);
	}
	// All since it was pinned.
	Hist all() const { return total(read_pin(pin.name())); }
	Words read(const std::string& store) const
	{
		return {corescope_path(), "pinned", "read", pin.name(), "--store=" + store};
	}

	mutable Load load;
	OwnPin pin;
};

void nap_us(long us)
{
	const timespec time = {us / 1000000, us % 1000000 * 1000};
	nanosleep(&time, nullptr);
}

} // namespace

TEST_CASE(
	"pinned read --store: what is new each time, together all that was counted, without a word (always on)")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	const Words way = GENERATE(
		Words{}, Words{"-L"}, Words{"--by", "comm"}, Words{"--by", "cgroup"}, Words{"--by", "unit", "-m"});
	CAPTURE(way);
	Pinned pinned({"threads", "3", "150", "100", "1000"}, way);
	NEED_LOAD(pinned.load);
	const OwnFolder folder;
	const std::string store = folder.path("a.db"), late = folder.path("b.db");
	pinned.load.go();
	std::vector<uint64_t> counts;
	for (int i = 0; i < 4; i++) {
		CHECK(must({"pinned", "read", pinned.pin.name(), "--store=" + store}).empty());
		counts.push_back(kept_in(store).count);
		nap_us(40000); // only that the load gets on meanwhile
	}
	pinned.load.truth(1);
	until_blocked(pinned.load.pid());
	must({"pinned", "read", pinned.pin.name(), "--store=" + store});
	const Hist all = pinned.all();
	const Kept kept = kept_in(store);
	CHECK(kept.count == static_cast<uint64_t>(all.count));
	CHECK(kept.count > 0);
	CHECK(static_cast<double>(kept.sum_ns) == Approx(all.sum_ns).epsilon(1e-9));
	CHECK(kept.intervals == 5);
	CHECK(std::is_sorted(counts.begin(), counts.end()));
	CHECK(counts.back() > counts.front());
	// The windows are one behind the other: together the time from the pinning to the last reading.
	CHECK(std::llabs(kept.last_ns - kept.first_ns - static_cast<int64_t>(kept.window_ns)) < 20000000);
	// A further reading finds nothing new; another store knows of none of this.
	must({"pinned", "read", pinned.pin.name(), "--store=" + store});
	CHECK(kept_in(store).count == kept.count);
	CHECK(kept_in(store).intervals == 6);
	must({"pinned", "read", pinned.pin.name(), "--store=" + late});
	CHECK(kept_in(late).count == kept.count);
	CHECK(kept_in(late).intervals == 1);
	CHECK(pinned.load.finish() == 0);
}

TEST_CASE("pinned read --store: with several readers at once, no count is lost and none told twice")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	Pinned pinned({"burn", "150", "150", "4000"}, {"-P"});
	NEED_LOAD(pinned.load);
	const OwnFolder folder;
	const std::string store = folder.path("a.db");
	pinned.load.go();
	for (int round = 0; round < 5; round++) {
		std::vector<std::unique_ptr<Process>> readers;
		for (int i = 0; i < 6; i++)
			readers.push_back(std::make_unique<Process>(pinned.read(store)));
		for (const auto& reader : readers) {
			CHECK(reader->wait() == 0);
			CHECK(reader->errors().empty());
		}
	}
	pinned.load.truth(1);
	until_blocked(pinned.load.pid());
	must({"pinned", "read", pinned.pin.name(), "--store=" + store});
	const Kept kept = kept_in(store);
	CHECK(kept.count == static_cast<uint64_t>(pinned.all().count));
	CHECK(kept.count >= 4000);
	CHECK(kept.intervals == 31);
	CHECK(pinned.load.finish() == 0);
}

TEST_CASE(
	"pinned read --store: readers killed at any moment take no count with them and leave none twice (kill -9)")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	Pinned pinned({"burn", "150", "150", "6000"});
	NEED_LOAD(pinned.load);
	const OwnFolder folder;
	const std::string store = folder.path("a.db");
	must({"pinned", "read", pinned.pin.name(), "--store=" + store});
	pinned.load.go();
	std::mt19937 random(20261120);
	int killed = 0;
	for (int i = 0; i < 120; i++) {
		Process reader(pinned.read(store));
		nap_us(
			static_cast<long>(random() % 12000)); // longer than one takes, so that all of its moments are met
		if (!reader.ended()) {
			reader.signal(SIGKILL);
			killed++;
		}
		reader.wait();
	}
	pinned.load.truth(1);
	until_blocked(pinned.load.pid());
	must({"pinned", "read", pinned.pin.name(), "--store=" + store});
	const Kept kept = kept_in(store);
	CAPTURE(killed, kept.intervals);
	CHECK(kept.count == static_cast<uint64_t>(pinned.all().count));
	CHECK(kept.count >= 6000);
	CHECK(killed >= 10);
	CHECK(pinned.load.finish() == 0);
}

TEST_CASE("pinned read --store: what is pinned anew under the old name begins anew, and nothing is taken off")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	Pinned pinned({"burn", "150", "150", "800"});
	NEED_LOAD(pinned.load);
	const OwnFolder folder;
	const std::string store = folder.path("a.db");
	pinned.load.go();
	const auto switches =
		pinned.load.truth(1).at(0).at("switches").get<uint64_t>(); // by the kernel's own count
	until_blocked(pinned.load.pid());
	must({"pinned", "read", pinned.pin.name(), "--store=" + store});
	const uint64_t first = kept_in(store).count;
	CHECK(first * 100 >= switches * 99);
	must({"pinned", "remove", pinned.pin.name()});
	CHECK(pinned.load.finish() == 0);

	Pinned second({"burn", "150", "150", "300"}); // fewer: a difference to the old reading would be negative
	const std::string name = second.pin.name();
	second.load.go();
	second.load.truth(1);
	until_blocked(second.load.pid());
	const Hist all = second.all();
	must({"pinned", "remove", name});
	second.load.finish();

	// And truly under one name.
	Load load("switchload", {"burn", "150", "150", "300"}, true);
	until_blocked(load.pid());
	const OwnPin pin("anew");
	uint64_t expected = first;
	for (int i = 0; i < 2; i++) {
		must({"cpudist", "--pin", pin.name(), "-p", std::to_string(load.pid())});
		if (i == 0) {
			load.go();
			load.truth(1);
			until_blocked(load.pid());
		}
		expected += static_cast<uint64_t>(total(read_pin(pin.name())).count);
		must({"pinned", "read", pin.name(), "--store=" + store});
		CHECK(kept_in(store).count == expected);
		must({"pinned", "remove", pin.name()});
	}
	CHECK(expected > first);
	CHECK(all.count >= 300);
	CHECK(load.finish() == 0);
}

TEST_CASE(
	"pinned read --textfile: totals over all readings, for Prometheus, and --output tells the reading itself")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	Pinned pinned({"burn", "150", "150", "1500"});
	NEED_LOAD(pinned.load);
	const OwnFolder folder;
	const std::string store = folder.path("a.db"), text = folder.path("a.prom");
	const auto told = [&]() -> uint64_t {
		std::ifstream file(text);
		uint64_t count = 0;
		for (std::string line; std::getline(file, line);)
			if (line.find("_count{") != std::string::npos || line.find("_count ") != std::string::npos)
				count += std::stoull(line.substr(line.rfind(' ') + 1));
		return count;
	};
	must({"pinned", "read", pinned.pin.name(), "--store=" + store, "--textfile", text});
	pinned.load.go();
	pinned.load.truth(1);
	until_blocked(pinned.load.pid());
	const std::vector<Json> reading = read_pin(pinned.pin.name(), {"--store=" + store, "--textfile", text});
	const Hist all = pinned.all();
	CHECK(total(reading).count <= all.count);
	CHECK(total(reading).count >= 1500);
	CHECK(reading.back().at("end") == "read");
	CHECK(reading.back().at("window_ns") == reading.at(1).at("window_ns"));
	CHECK(told() == static_cast<uint64_t>(all.count));
	const std::vector<Json> nothing = read_pin(pinned.pin.name(), {"--store=" + store, "--textfile", text});
	CHECK(hists(nothing) == 1); // an interval in which nothing was counted is told as well
	CHECK(total(nothing).count == 0);
	CHECK(told() == static_cast<uint64_t>(all.count));
	CHECK(pinned.load.finish() == 0);
}

TEST_CASE("pinned read --store: waits for another reader that is at it")
{
	if (const auto why = cannot_trace(); !why.empty())
		SKIP_TEST(why);
	Pinned pinned({"burn", "150", "150", "300"});
	NEED_LOAD(pinned.load);
	const OwnFolder folder;
	const int other = open(pinned.pin.folder().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	REQUIRE(other >= 0);
	REQUIRE(flock(other, LOCK_EX) == 0);
	Process reader(pinned.read(folder.path("a.db")));
	read_pin(pinned.pin.name()); // one that keeps nothing waits for nobody
	// It has come to the lock when it sleeps again and again; whether it has or not, it must not end.
	nap_us(100000);
	CHECK_FALSE(reader.ended());
	close(other);
	CHECK(reader.wait() == 0);
	CHECK(kept_in(folder.path("a.db")).intervals == 1);
	pinned.load.go();
	CHECK(pinned.load.finish() == 0);
}

} // namespace corescope::test
