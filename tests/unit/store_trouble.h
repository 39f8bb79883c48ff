// SPDX-License-Identifier: BSD-2-Clause
// What tests of a store in trouble have in common: records, refusals, and work in processes of their own.
#pragma once

#include "own_place.h"
#include "store_trial.h"

#include "base/error.h"

#include <functional>
#include <sys/wait.h>

namespace corescope::test {

inline std::vector<HistRecord> some_records(int n = 1, int64_t start = kDay)
{
	static std::mt19937_64 random(1);
	std::vector<HistRecord> records;
	for (int i = 0; i < n; i++)
		records.push_back(a_record(a_source(), start + i * kSecond, some_histogram(random)));
	return records;
}

inline void fill(const std::string& path, int n)
{
	HistStore store = HistStore::open(path, {});
	put(store, some_records(n));
}

struct Refusal {
	int code = 0;
	std::string message;
};
inline Refusal refusal_of(const std::function<void()>& work)
{
	try {
		work();
	} catch (const Error& error) {
		return {error.code, error.message};
	}
	return {};
}

// What work answers in a process of its own, 0..125, or 128 + signal; 126 for an exception.
inline int in_child(const std::function<int()>& work)
{
	const pid_t child = fork();
	REQUIRE(child >= 0);
	if (child == 0) {
		int status = 126;
		try {
			status = work();
		} catch (const Error& error) {
			status = error.code;
		} catch (...) { // NOLINT(bugprone-empty-catch): told as 126
		}
		_exit(status);
	}
	int status = 0;
	REQUIRE(waitpid(child, &status, 0) == child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

inline int rows_of(const std::string& path)
{
	HistStore store = HistStore::open_for_reading(path);
	return static_cast<int>(all_of(store).size());
}

} // namespace corescope::test
