// SPDX-License-Identifier: BSD-2-Clause
// See signal_truth.h.
#include "signal_truth.h"

#include <algorithm>
#include <sstream>
#include <unistd.h>

namespace corescope::test {

namespace {

// Keys that are the same in truth and record, but for their names.
void put_people(Json& owed, const Json& line)
{
	owed["pid"] = line.at("sender_pid");
	owed["tid"] = line.at("sender_tid");
	owed["nspid"] = line.at("sender_nspid");
	owed["comm"] = line.at("sender_comm");
	owed["tpid"] = line.at("target_pid");
	owed["ttid"] = line.at("target_tid");
	owed["tnspid"] = line.at("target_nspid");
	owed["tcomm"] = line.at("target_comm");
}

bool is(const Json& line, const char* call) { return line.at("call") == call; }

// What a call aims at, by its name and its first argument.
const char* scope(const Json& line)
{
	const int64_t target = line.at("target_arg");
	if (is(line, "kill") && target <= 0)
		return target == 0 ? "own group" : target == -1 ? "everyone" : "group";
	return is(line, "tkill") || is(line, "tgkill") || is(line, "rt_tgsigqueueinfo") ? "thread" : "process";
}

void put_call(Json& owed, const Json& line)
{
	owed["call"] = line.at("call");
	owed["sig"] = line.at("sig");
	owed["pgid"] = line.at("pgid");
	owed["scope"] = scope(line);
	owed["thread_arg"] = nullptr;
	if (is(line, "tgkill") || is(line, "rt_tgsigqueueinfo"))
		owed["thread_arg"] = line.at("target_tid").is_null() ? line.at("target_arg") : line.at("target_tid");
	// The truth has the pid where the call was given a descriptor, whose number it does not tell.
	if (!is(line, "pidfd_send_signal"))
		owed["target_arg"] = line.at("target_arg");
}

const char* error_name(int64_t ret)
{
	switch (-ret) {
	case EPERM: return "EPERM";
	case ESRCH: return "ESRCH";
	case EINVAL: return "EINVAL";
	case EAGAIN: return "EAGAIN";
	}
	return "an error that no case makes";
}

// The tools' word for what became of a signal. The kernel calls delivered what is blocked, and so does killsnoop.
std::string fate(const Json& line, bool tells_blocked)
{
	const std::string word = line.at("result");
	if (word == "already_pending")
		return "pending";
	if (word == "overflow_fail")
		return "overflow";
	if (word == "lose_info")
		return "no-info";
	return word == "delivered" && tells_blocked && line.at("blocked") ? "blocked" : word;
}

// A call that failed, or signal 0.
Json owed_without_signal(const Json& line)
{
	Json owed;
	put_people(owed, line);
	put_call(owed, line);
	const int64_t ret = line.at("ret");
	owed["ret"] = ret;
	owed["error"] = ret ? Json(error_name(ret)) : Json();
	owed["result"] = ret ? "failed" : "probe";
	owed["si_code"] = owed["code"] = nullptr;
	// Nobody is there: of the target there is the number that the call got, unless that is a thread's.
	if (line.at("target_pid").is_null() && !is(line, "tkill"))
		owed["tpid"] = line.at("target_arg");
	return owed;
}

Json owed_for_signal(const Json& line, bool tells_blocked)
{
	Json owed;
	put_people(owed, line);
	if (line.at("call").is_null()) {
		owed["sig"] = line.at("sig");
		owed["call"] = owed["target_arg"] = owed["thread_arg"] = owed["pgid"] = nullptr;
		owed["scope"] = line.at("group") ? "process" : "thread";
	} else {
		put_call(owed, line);
	}
	owed["error"] = nullptr;
	owed["result"] = fate(line, tells_blocked);
	owed["si_code"] = line.at("si_code");
	return owed;
}

bool covers(const Json& owed, const Json& got)
{
	for (const auto& [key, value] : owed.items())
		if (!got.contains(key) || got.at(key) != value)
			return false;
	return true;
}

} // namespace

SignalCase run_signal_case(const std::vector<std::string>& arguments)
{
	Load load("sigload", arguments);
	SignalCase result = run_signal_case(load);
	result.name = arguments.at(0);
	return result;
}

SignalCase run_signal_case(Load& load)
{
	SignalCase result;
	load.go();
	result.status = load.finish();
	result.errors = load.errors();
	result.truth = load.truth();
	INFO("sigload: " << result.errors);
	REQUIRE((result.status == 0 || result.skipped()));
	if (result.skipped())
		return result;
	result.name = load.ready().at("case");
	result.pids.insert(load.pid());
	if (load.ready().contains("targets"))
		for (const Json& pid : load.ready().at("targets"))
			result.pids.insert(pid.get<pid_t>());
	for (const Json& line : result.truth)
		for (const char* key : {"sender_pid", "target_pid"})
			if (!line.at(key).is_null())
				result.pids.insert(line.at(key).get<pid_t>());
	return result;
}

std::vector<std::string> signal_cases()
{
	Process list({load_path("sigload"), "--list"});
	std::vector<std::string> names;
	while (const auto line = list.line())
		if (line->find(' ') == std::string::npos)
			names.push_back(*line);
	REQUIRE(list.wait() == 0);
	REQUIRE(names.size() > 30);
	return names;
}

std::vector<Json> about(const std::vector<Json>& records, const SignalCase& load)
{
	std::vector<Json> found;
	for (const Json& record : records) {
		if (record.at("type") != "event")
			continue;
		const auto one_of = [&](const char* key) {
			return !record.at(key).is_null() && load.pids.count(record.at(key).get<pid_t>()) != 0;
		};
		if (record.at("tpid") != getpid() && (one_of("pid") || one_of("tpid")))
			found.push_back(record);
	}
	return found;
}

std::vector<Json> events_of(Tool& tool)
{
	const pid_t own = tool.process().pid();
	return tool.events(
		[own](const Json& event) { return event.at("tpid") != own || event.at("pid") != getpid(); });
}

std::vector<Json> owed_calls(const SignalCase& load)
{
	std::vector<Json> owed;
	bool told = false; // the call itself; then the signals of it are not owed again
	for (const Json& line : load.truth) {
		if (line.at("kind") == "call") {
			told = line.at("ret") != 0 || line.at("sig") == 0;
			if (told)
				owed.push_back(owed_without_signal(line));
		} else if (!told && !line.at("call").is_null()) {
			owed.push_back(owed_for_signal(line, false));
			owed.back()["ret"] = line.at("ret");
		}
	}
	return owed;
}

std::vector<Json> owed_signals(const SignalCase& load)
{
	std::vector<Json> owed;
	for (const Json& line : load.truth)
		if (line.at("kind") == "signal")
			owed.push_back(owed_for_signal(line, true));
	return owed;
}

std::string difference(std::vector<Json> owed, const std::vector<Json>& got)
{
	std::ostringstream text;
	for (const Json& event : got) {
		const auto found =
			std::find_if(owed.begin(), owed.end(), [&](const Json& one) { return covers(one, event); });
		if (found != owed.end())
			owed.erase(found);
		else
			text << "too much: " << event.dump() << "\n";
	}
	for (const Json& one : owed)
		text << "missing: " << one.dump() << "\n";
	return text.str();
}

std::vector<Json> owed_by(const std::vector<SignalCase>& cases, std::vector<Json> (*owed)(const SignalCase&),
	const std::function<bool(const Json&)>& wanted)
{
	std::vector<Json> all;
	for (const SignalCase& load : cases)
		for (const Json& one : owed(load))
			if (wanted(one))
				all.push_back(one);
	return all;
}

} // namespace corescope::test
