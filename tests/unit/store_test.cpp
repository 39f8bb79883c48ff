// SPDX-License-Identifier: BSD-2-Clause
// What is put into a store comes out of it: every field, totals, runs, states, selections, and what retention leaves.
#include "store_trial.h"

#include "base/error.h"
#include "hist/sqlite.h"
#include "hist/store_codec.h"

#include <algorithm>

using namespace corescope;
using namespace corescope::test;

namespace {

bool same(const HistSource& a, const HistSource& b)
{
	return a.tool == b.tool && a.quantity == b.quantity && a.what == b.what && a.options == b.options &&
		a.version == b.version && a.hooks == b.hooks && a.host == b.host && a.boot_id == b.boot_id &&
		a.unit == b.unit && std::string(a.unit.name) == b.unit.name;
}

bool same(const HistWindow& a, const HistWindow& b)
{
	return a.window_ns == b.window_ns && a.lost == b.lost && a.dropped_keys == b.dropped_keys &&
		a.reset_keys == b.reset_keys;
}

bool same(const HistRecord& a, const HistRecord& b)
{
	return same(*a.source, *b.source) && a.labels == b.labels && a.others == b.others &&
		a.start_unix_ns == b.start_unix_ns && same(a.window, b.window) && a.histogram == b.histogram;
}

uint64_t file_size(const std::string& path)
{
	struct stat status;
	return stat(path.c_str(), &status) == 0 ? static_cast<uint64_t>(status.st_size) : 0;
}

int64_t now_ns()
{
	timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return now.tv_sec * kSecond;
}

} // namespace

TEST_CASE("store: every field comes back as it was")
{
	const Folder folder;
	std::mt19937_64 random(1);
	std::string any_bytes;
	for (int byte = 0; byte < 256; byte++)
		any_bytes += static_cast<char>(byte);
	std::vector<HistRecord> records;
	for (const HistUnit& unit : {kNanoseconds, kMicroseconds, kMilliseconds, kBytes, kKibibytes, kItems})
		for (const unsigned p : {0U, 3U, 8U})
			for (const uint64_t limit : {Histogram::kNoLimit, uint64_t{1} << 63, uint64_t{1} << 20}) {
				auto source = std::make_shared<HistSource>(HistSource{"tool", "quantity", "what it is",
					"--x=" + any_bytes, "1.2", "hook", "host", "boot" + std::to_string(p), unit});
				HistRecord record{source, {{"pid", "12", true}, {"comm", any_bytes, false}, {"", "", false}},
					random(), 0, {random(), random(), random(), random()}, some_histogram(random, p, limit)};
				record.window.window_ns >>= 2;
				record.start_unix_ns = static_cast<int64_t>(records.size()) * kSecond;
				records.push_back(record);
			}
	records.push_back(a_record(a_source(), 5, Histogram(3)));
	Histogram heavy(3);
	heavy.add_slot(495, 1, ~HistSum{0} - 7); // the sum needs all of 128 bits
	records.push_back(a_record(a_source(), 6, heavy));
	heavy.add_slot(3, ~uint64_t{0} - 1, 7); // and the count all of 64
	records.push_back(a_record(a_source(), 7, heavy));
	for (const HistSum sum : {HistSum{1} << 62, (HistSum{1} << 63) - 1, HistSum{1} << 63, HistSum{1} << 64}) {
		Histogram histogram(3);
		histogram.add_slot(0, 1, sum);
		records.push_back(a_record(a_source(), 8, histogram));
	}
	{
		HistStore store = HistStore::open(folder.path(), {});
		put(store, records);
	}
	HistStore store = HistStore::open_for_reading(folder.path());
	std::vector<HistRecord> found;
	int64_t last_id = 0;
	HistQuery query;
	for (size_t i = 0; i < records.size(); i++) {
		query.ids = {static_cast<int64_t>(i) + 1};
		store.each(query, [&](int64_t id, const HistRecord& record) {
			last_id = id;
			found.push_back(record);
			return true;
		});
		REQUIRE(found.size() == i + 1);
		CHECK(last_id == static_cast<int64_t>(i) + 1);
		CHECK(same(found[i], records[i]));
	}
	CHECK(sql(folder.path(), "PRAGMA integrity_check") == "ok\n");
}

TEST_CASE("store: totals are the sum of all rows, whatever is pruned")
{
	const Folder folder;
	std::mt19937_64 random(2);
	HistStore store = HistStore::open(folder.path(), {});
	const auto source = a_source();
	const auto other = a_source("web2");
	std::map<std::string, Histogram> sums;
	uint64_t windows = 0;
	for (int i = 1; i <= 30; i++) {
		std::vector<HistRecord> records;
		for (const char* comm : {"a", "b"}) {
			records.push_back(a_record(source, i * kDay, some_histogram(random), {{"comm", comm, false}}));
			records.back().window.lost = 2;
			sums.try_emplace(comm, 3, uint64_t{1} << 36).first->second.merge(records.back().histogram);
		}
		records.push_back(a_record(other, i * kDay, some_histogram(random)));
		put(store, records);
		windows += 10 * kSecond;
		if (i == 15)
			CHECK(store.prune({}) == 45);
	}
	// A new version and boot of the same tool and options goes on counting.
	auto later = std::make_shared<HistSource>(*source);
	later->version = "0.2.0";
	later->boot_id = "beef";
	put(store,
		std::vector<HistRecord>{a_record(later, 40 * kDay, some_histogram(random), {{"comm", "c", false}})});

	const std::vector<HistTotal> totals = store.totals(*source);
	REQUIRE(totals.size() == 3);
	for (const HistTotal& total : totals) {
		if (total.record.labels.at(0).value == "c")
			continue;
		CHECK(total.record.histogram == sums.at(total.record.labels.at(0).value));
		CHECK(total.record.window.window_ns == windows);
		CHECK(total.record.window.lost == 60);
		CHECK(total.record.start_unix_ns == kDay);
		CHECK(total.last_unix_ns == 30 * kDay + 10 * kSecond);
	}
	CHECK(all_of(store).size() == 46);
	CHECK(store.prune({}) == 46);
	CHECK(store.totals(*source).size() == 3);
	CHECK(store.totals(*other).size() == 1);
	CHECK(store.totals(*a_source("web3")).empty());
	auto other_options = std::make_shared<HistSource>(*source);
	other_options->options = "--pid=1";
	CHECK(store.totals(*other_options).empty());
}

TEST_CASE("store: a total over histograms of several schemes is that of the coarsest")
{
	const Folder folder;
	std::mt19937_64 random(3);
	HistStore store = HistStore::open(folder.path(), {});
	const Histogram fine = some_histogram(random, 5, uint64_t{1} << 40),
					coarse = some_histogram(random, 1, uint64_t{1} << 30);
	put(store, std::vector<HistRecord>{a_record(a_source(), 1, fine), a_record(a_source(), 2, coarse)});
	Histogram sum = fine;
	sum.merge(coarse);
	REQUIRE(store.totals(*a_source()).size() == 1);
	CHECK(store.totals(*a_source())[0].record.histogram == sum);
	CHECK(sum.p() == 1);
}

TEST_CASE("store: how runs ended, and what was kept for next time")
{
	const Folder folder;
	HistStore store = HistStore::open(folder.path(), {});
	CHECK_FALSE(store.runs(*a_source()));
	store.run_ended(a_source(), 5, true);
	store.run_ended(a_source(), 6, true);
	store.run_ended(a_source(), 7, false);
	const std::optional<HistRuns> runs = store.runs(*a_source());
	REQUIRE(runs);
	CHECK(runs->succeeded == 2);
	CHECK(runs->failed == 1);
	CHECK(runs->last_unix_ns == 7);
	CHECK_FALSE(runs->last_success);
	CHECK(runs->window.window_ns == 0);
	CHECK(same(*runs->source, *a_source()));

	CHECK_FALSE(store.state("pin"));
	put(store, {}, HistStore::State{"pin", std::string("\0\xff x", 4)});
	CHECK(store.state("pin") == std::string("\0\xff x", 4));
	put(store, {}, HistStore::State{"pin", ""});
	CHECK(store.state("pin") == "");
	HistStore reader = HistStore::open_for_reading(folder.path());
	CHECK(reader.state("pin") == "");
	CHECK(reader.runs(*a_source())->succeeded == 2);
	CHECK_THROWS_AS(put(reader, {}), Error);
}

TEST_CASE("store: an interval in which no key counted anything was traced all the same")
{
	const Folder folder;
	std::mt19937_64 random(9);
	HistStore store = HistStore::open(folder.path(), {});
	const HistWindow window = {10 * kSecond, 1, 2, 3};
	store.append(a_source(), 100 * kSecond, window, {});
	CHECK(store.runs(*a_source())->last_unix_ns == 0); // none has ended
	std::vector<HistRecord> two = {
		a_record(a_source(), 200 * kSecond, some_histogram(random), {{"pid", "1", true}}),
		a_record(a_source(), 200 * kSecond, some_histogram(random), {{"pid", "2", true}})};
	two[0].window = two[1].window = window;
	put(store, two);
	store.append(a_source("web2"), 300 * kSecond, window, {});
	std::vector<int64_t> starts;
	const auto intervals = [&](const HistQuery& query) {
		starts.clear();
		store.each_interval(query,
			[&](const HistSource& source, int64_t start, const HistWindow& w,
				const std::vector<HistLabel>* labels) {
				CHECK((labels != nullptr) == (start == 200 * kSecond));
				CHECK(source.host == (start == 300 * kSecond ? "web2" : "web1"));
				CHECK(same(w, window));
				starts.push_back(start / kSecond);
			});
		return starts;
	};
	CHECK(intervals({}) == std::vector<int64_t>{100, 200, 300});
	HistQuery query;
	query.host = "web1";
	query.labels = {{"pid", "1"}};
	CHECK(intervals(query) == std::vector<int64_t>{100, 200});
	const HistRuns runs = *store.runs(*a_source());
	CHECK(same(runs.window, {20 * kSecond, 2, 4, 6}));
	CHECK(store.prune(query) == 1);
	CHECK(intervals({}) == std::vector<int64_t>{100, 200, 300}); // pid 2 is still in it
	query.labels = {{"pid", "2"}};
	CHECK(store.prune(query) == 1);
	CHECK(intervals({}) == std::vector<int64_t>{100, 300});
	CHECK(store.prune({}) == 0);
	CHECK(intervals({}).empty());
	CHECK(same(store.runs(*a_source())->window, {20 * kSecond, 2, 4, 6}));
}

TEST_CASE("store: selections")
{
	const Folder folder;
	std::mt19937_64 random(4);
	HistStore store = HistStore::open(folder.path(), {});
	const std::vector<HistLabel> nginx = {{"unit", "nginx.service", false}},
								 ssh = {{"unit", "ssh.service", false}};
	for (int i = 10; i >= 1; i--) // not in their order
		put(store,
			std::vector<HistRecord>{
				a_record(a_source("web1"), i * 100 * kSecond, some_histogram(random), nginx),
				a_record(a_source("web2"), i * 100 * kSecond, some_histogram(random), ssh)});
	CHECK(all_of(store).size() == 20);
	const std::vector<HistRecord> in_order = all_of(store);
	CHECK(std::is_sorted(in_order.begin(), in_order.end(),
		[](const HistRecord& a, const HistRecord& b) { return a.end_unix_ns() < b.end_unix_ns(); }));
	HistQuery query;
	query.host = "web2";
	CHECK(all_of(store, query).size() == 10);
	query.labels = {{"unit", "nginx.service"}};
	CHECK(all_of(store, query).empty());
	query.host.clear();
	CHECK(all_of(store, query).size() == 10);
	query.tool = "cpudist";
	query.quantity = "oncpu";
	CHECK(all_of(store, query).size() == 10);
	// That ended after the one and began before the other: an interval is 10 s long.
	query.from_unix_ns = 210 * kSecond;
	CHECK(all_of(store, query).size() == 8);
	query.from_unix_ns--;
	CHECK(all_of(store, query).size() == 9);
	query.until_unix_ns = 300 * kSecond;
	CHECK(all_of(store, query).size() == 1);
	query.until_unix_ns++;
	CHECK(all_of(store, query).size() == 2);
	CHECK(store.prune(query) == 2);
	CHECK(all_of(store, query).empty());
	CHECK(all_of(store).size() == 18);
	query = {};
	query.tool = "runqlat";
	CHECK(all_of(store, query).empty());
	int told = 0;
	store.each({}, [&](int64_t, const HistRecord&) { return ++told < 3; });
	CHECK(told == 3);
}

TEST_CASE("store: what is older than `keep` goes as it writes")
{
	const Folder folder;
	std::mt19937_64 random(5);
	{
		HistStore store = HistStore::open(folder.path(), {});
		std::vector<HistRecord> records;
		for (int i = 0; i < 3000; i++)
			records.push_back(
				a_record(a_source(), now_ns() - 40 * kDay + i * kSecond, some_histogram(random)));
		records.push_back(a_record(a_source(), now_ns() - 29 * kDay, some_histogram(random)));
		put(store, records);
		CHECK(all_of(store).size() == 3001);
	}
	const uint64_t before = file_size(folder.path());
	std::vector<std::string> warnings;
	HistStore store = HistStore::open(
		folder.path(), {.keep_ns = 30 * kDay, .warn = [&](const auto& w) { warnings.push_back(w); }});
	put(store, std::vector<HistRecord>{a_record(a_source(), now_ns(), some_histogram(random))});
	CHECK(all_of(store).size() == 2);
	CHECK(warnings.empty());
	CHECK(file_size(folder.path()) < before / 10);
	CHECK(sql(folder.path(), "PRAGMA integrity_check") == "ok\n");
	// What is written now stays, however old it says it is.
	put(store, std::vector<HistRecord>{a_record(a_source(), kDay, some_histogram(random))});
	CHECK(all_of(store).size() == 3);
}

TEST_CASE("store: the file stays below --max-size, and the youngest rows stay in it")
{
	const Folder folder;
	std::mt19937_64 random(6);
	constexpr uint64_t kMost = 400000;
	const int64_t begun = now_ns();
	HistStore store = HistStore::open(folder.path(), {.max_bytes = kMost});
	for (int i = 0; i < 300; i++) {
		std::vector<HistRecord> records;
		for (int n = 0; n < 10; n++)
			records.push_back(a_record(a_source(), begun + (i * 10 + n) * kSecond, some_histogram(random)));
		put(store, records);
		REQUIRE(store.size_bytes() <= kMost);
		REQUIRE(file_size(folder.path()) <= kMost);
	}
	const std::vector<HistRecord> left = all_of(store);
	CHECK(left.size() > 500);
	CHECK(left.size() < 2900);
	CHECK(left.back().start_unix_ns == begun + 2999 * kSecond);
	for (size_t i = 1; i < left.size(); i++) // none in between went
		REQUIRE(left[i].start_unix_ns == left[i - 1].start_unix_ns + kSecond);
	CHECK(store.totals(*a_source())[0].record.histogram.count() == 3000 * 200);
}

TEST_CASE("store: totals of labels that never come again do not outgrow --max-size")
{
	const Folder folder;
	std::mt19937_64 random(7);
	constexpr uint64_t kMost = 300000;
	std::vector<std::string> warnings;
	HistStore store = HistStore::open(
		folder.path(), {.max_bytes = kMost, .warn = [&](const auto& w) { warnings.push_back(w); }});
	for (int i = 0; i < 40; i++) {
		std::vector<HistRecord> records = {
			a_record(a_source(), now_ns() + i * kSecond, some_histogram(random))};
		for (int n = 0; n < 50; n++)
			records.push_back(a_record(a_source(), now_ns() + i * kSecond, some_histogram(random),
				{{"pid", std::to_string(i * 50 + n), true}}));
		put(store, records);
		REQUIRE(file_size(folder.path()) <= kMost);
	}
	REQUIRE_FALSE(warnings.empty());
	CHECK(warnings[0].find("begin anew") != std::string::npos);
	bool whole = false;
	for (const HistTotal& total : store.totals(*a_source()))
		whole |= total.record.labels.empty() && total.record.histogram.count() == 40 * 200;
	CHECK(whole);
	CHECK(sql(folder.path(), "PRAGMA integrity_check") == "ok\n");
}

TEST_CASE("store: bytes of a histogram are refused unless they are one")
{
	std::mt19937_64 random(8);
	const Histogram histogram = some_histogram(random);
	const std::string bytes = pack_slots(histogram);
	const auto unpack = [&](const std::string& text, uint64_t count) {
		return unpack_slots(text, histogram.p(), histogram.limit(), count, histogram.sum());
	};
	CHECK(unpack(bytes, histogram.count()) == histogram);
	CHECK_THROWS_AS(unpack(bytes, histogram.count() + 1), DamagedStore);
	for (size_t size = 0; size < bytes.size(); size++)
		CHECK_THROWS_AS(unpack(bytes.substr(0, size), histogram.count()), DamagedStore);
	CHECK_THROWS_AS(unpack(bytes + "\x7f", histogram.count()), DamagedStore);
	CHECK_THROWS_AS(unpack(std::string(11, '\xff'), 1), DamagedStore);
	int refused = 0;
	for (int i = 0; i < 20000; i++) { // whatever the bytes are, it is a histogram or a refusal
		std::string changed = bytes;
		changed[random() % changed.size()] = static_cast<char>(random());
		uint64_t count = histogram.count();
		try {
			count = unpack(changed, histogram.count()).count();
		} catch (const DamagedStore&) {
			refused++;
		}
		CHECK(count == histogram.count());
	}
	CHECK(refused > 1000);
	CHECK(sum_of_text(sum_text(~HistSum{0})) == ~HistSum{0});
	CHECK_THROWS_AS(sum_of_text("340282366920938463463374607431768211456"), DamagedStore);
	CHECK_THROWS_AS(sum_of_text("1e5"), DamagedStore);
}
