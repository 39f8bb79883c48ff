// SPDX-License-Identifier: BSD-2-Clause
// What storing costs, beside the plainest thing that could be done with the same library: not a test, and run only when
// asked for (`build/tests/unit '[bench]'`). CORESCOPE_BENCH_STORE keeps the large store it makes.
#include "store_trial.h"

#include <cmath>
#include <cstdio>
#include <time.h>

using namespace corescope;
using namespace corescope::test;

namespace {

double now_s()
{
	timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) / 1e9;
}

// As cpudist has them: two humps, some 40 slots, some hundred values.
Histogram like_cpudist(std::mt19937_64& random)
{
	std::lognormal_distribution<double> low(3, 0.4), high(8, 0.4);
	Histogram histogram(3, uint64_t{1} << 36);
	for (int i = 0; i < 600; i++) {
		const auto us = static_cast<uint64_t>(random() % 4 ? low(random) : high(random)) + 1;
		histogram.add(us, HistSum{us} * 1000);
	}
	return histogram;
}

double file_bytes(const std::string& path)
{
	struct stat status;
	REQUIRE(stat(path.c_str(), &status) == 0);
	return static_cast<double>(status.st_size);
}

} // namespace

TEST_CASE("bench: rows per second, bytes per row", "[.bench]")
{
	const Folder folder;
	std::mt19937_64 random(1);
	std::vector<Histogram> some;
	size_t slots = 0;
	for (int i = 0; i < 200; i++) {
		some.push_back(like_cpudist(random));
		slots += some.back().buckets().size();
	}
	const auto source = a_source();
	int64_t start = kDay;
	const auto next = [&](int64_t step) {
		start += step;
		return a_record(source, start, some[static_cast<size_t>(start / kSecond) % some.size()]);
	};
	std::printf("bench: %zu slots a histogram\n", slots / some.size());
	const std::string path =
		std::getenv("CORESCOPE_BENCH_STORE") ? std::getenv("CORESCOPE_BENCH_STORE") : folder.path();
	{
		HistStore store = HistStore::open(path, {});
		double begun = now_s();
		for (int i = 0; i < 1000; i++)
			put(store, {next(10 * kSecond)});
		std::printf("bench: %.0f rows/s, one to a transaction\n", 1000 / (now_s() - begun));
		begun = now_s();
		for (int i = 0; i < 990; i++) {
			std::vector<HistRecord> records;
			for (int n = 0; n < 100; n++)
				records.push_back(next(10 * kSecond));
			put(store, records);
		}
		std::printf("bench: %.0f rows/s, a hundred to a transaction\n", 99000 / (now_s() - begun));
	}
	std::printf("bench: %.0f bytes a row (100,000 of them, one to an interval)\n", file_bytes(path) / 100000);
	{
		const std::string many = folder.path("many.db");
		{
			HistStore store = HistStore::open(many, {});
			for (int i = 0; i < 200; i++) {
				std::vector<HistRecord> records;
				start += 10 * kSecond;
				for (int n = 0; n < 100; n++)
					records.push_back(a_record(source, start, some[static_cast<size_t>(n)],
						{{"comm", "task" + std::to_string(n), false}}));
				put(store, records);
			}
		}
		std::printf(
			"bench: %.0f bytes a row (20,000 of them, a hundred to an interval)\n", file_bytes(many) / 20000);
	}
	const double begun = now_s();
	HistStore store = HistStore::open_for_reading(path);
	Histogram all(3, uint64_t{1} << 36);
	uint64_t rows = 0;
	store.each({}, [&](int64_t, const HistRecord& record) {
		all.merge(record.histogram);
		rows++;
		return true;
	});
	std::printf("bench: %.0f rows/s read and merged\n", static_cast<double>(rows) / (now_s() - begun));
	CHECK(rows == 100000);
}
