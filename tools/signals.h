// SPDX-License-Identifier: BSD-2-Clause
// The fields that killsnoop and sigsnoop share: both tell one signal, they differ in which.
#pragma once

#include "cli/stream.h"
#include "output/buffer.h"
#include "sigsnoop.h"
#include "system/errors.h"
#include "system/signals.h"

#include <cstdio>
#include <cstring>

namespace corescope::signals {

using Event = sigsnoop_event;

inline Value if_flag(const Event& e, unsigned flag, uint64_t number)
{
	return e.flags & flag ? Value::number(number) : Value::none();
}
inline Value comm_if(const Event& e, unsigned flag, const char (&comm)[TASK_COMM_BYTES])
{
	return e.flags & flag ? Value::text({comm, strnlen(comm, sizeof(comm))}) : Value::none();
}

inline NumberValue pid(const Event& e, const FieldContext&) { return if_flag(e, SIGNAL_SENDER, e.pid); }
inline NumberValue tid(const Event& e, const FieldContext&) { return if_flag(e, SIGNAL_SENDER, e.tid); }
inline NumberValue nspid(const Event& e, const FieldContext&) { return if_flag(e, SIGNAL_SENDER, e.nspid); }
inline NumberValue uid(const Event& e, const FieldContext&) { return if_flag(e, SIGNAL_SENDER, e.uid); }
inline TextValue comm(const Event& e, const FieldContext&) { return comm_if(e, SIGNAL_SENDER, e.comm); }
inline TextValue tcomm(const Event& e, const FieldContext&) { return comm_if(e, SIGNAL_TARGET, e.tcomm); }
inline NumberValue ttid(const Event& e, const FieldContext&) { return if_flag(e, SIGNAL_TARGET, e.ttid); }
inline NumberValue tnspid(const Event& e, const FieldContext&) { return if_flag(e, SIGNAL_TARGET, e.tnspid); }
inline TextValue signame(const Event& e, const FieldContext&)
{
	static char text[12]; // a call may have been given any number, and a name is text all the same
	if (e.sig >= 0)
		return Value::word(signal_name(static_cast<unsigned>(e.sig)));
	std::snprintf(text, sizeof(text), "%d", e.sig);
	return Value::word(text);
}
// A call that sent nothing had no si_code.
inline bool has_code(const Event& e) { return e.fate < FATE_FAILED; }
inline TextValue code_name(const Event& e, const FieldContext&)
{
	return has_code(e) ? Value::word(signal_code_name(static_cast<unsigned>(e.sig), e.code)) : Value::none();
}
inline NumberValue code(const Event& e, const FieldContext&)
{
	return has_code(e) ? Value::number(int64_t{e.code}) : Value::none();
}
inline TextValue error(const Event& e, const FieldContext&)
{
	return e.ret < 0 ? Value::word(error_name(-e.ret)) : Value::none();
}

inline NumberValue tpid(const Event& e, const FieldContext&)
{
	return if_flag(e, SIGNAL_TARGET | SIGNAL_NUMBER, e.tpid);
}
inline NumberValue pgid(const Event& e, const FieldContext&)
{
	return e.pgid ? Value::number(uint64_t{e.pgid}) : Value::none();
}

inline TextValue fate(const Event& e, const FieldContext&)
{
	static constexpr const char* kFates[] = {
		"delivered", "ignored", "pending", "overflow", "no-info", "blocked", "failed", "probe"};
	return Value::word(e.fate < std::size(kFates) ? kFates[e.fate] : "?");
}

// "" where no call is told.
inline std::string_view call_name(const Event& e)
{
	static constexpr std::string_view kCalls[] = {
		"", "kill", "tkill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo", "pidfd_send_signal"};
	return e.call < std::size(kCalls) ? kCalls[e.call] : "";
}
inline TextValue call(const Event& e, const FieldContext&)
{
	const std::string_view name = call_name(e);
	return name.empty() ? Value::none() : Value::word(name);
}

inline NumberValue given(const Event& e, const FieldContext&)
{
	return e.call ? Value::number(int64_t{e.given}) : Value::none();
}
inline NumberValue thread_given(const Event& e, const FieldContext&)
{
	return e.call == CALL_TGKILL || e.call == CALL_TGSIGQUEUEINFO ? Value::number(int64_t{e.thread})
																  : Value::none();
}

// What the call, or the kernel, aimed at.
inline const char* scope_name(const Event& e)
{
	if (e.flags & SIGNAL_GROUP)
		return e.call != CALL_KILL || e.given < -1 ? "group" : e.given == 0 ? "own group" : "everyone";
	if (e.call == CALL_TKILL || e.call == CALL_TGKILL || e.call == CALL_TGSIGQUEUEINFO)
		return "thread";
	// What was not sent went to nobody: then the flag says nothing.
	return e.flags & SIGNAL_PROCESS || !has_code(e) ? "process" : "thread";
}
inline TextValue scope(const Event& e, const FieldContext&) { return Value::text(scope_name(e)); }

// The call as the sender made it; "kill(-42) group" tells that process group 42 was meant, and this is one of it. Put
// together by hand: printf would cost more than all the rest of a line.
inline TextValue call_made(const Event& e, const FieldContext&)
{
	static char text[80];
	char* at = text;
	const auto add = [&](std::string_view part) {
		std::memcpy(at, part.data(), part.size());
		at += part.size();
	};
	const auto add_number = [&](int32_t n) {
		const uint32_t magnitude = n < 0 ? 0 - static_cast<uint32_t>(n) : static_cast<uint32_t>(n);
		const unsigned digits = detail::decimal_digits(magnitude);
		if (n < 0)
			*at++ = '-';
		at += digits;
		detail::write_digits(at, magnitude, digits);
	};
	if (!e.call)
		return Value::word("kernel");
	add(call_name(e));
	*at++ = '(';
	add_number(e.given);
	if (e.call == CALL_TGKILL || e.call == CALL_TGSIGQUEUEINFO) {
		*at++ = ',';
		add_number(e.thread);
	}
	*at++ = ')';
	if (e.flags & SIGNAL_GROUP) {
		*at++ = ' ';
		add(scope_name(e));
	}
	return Value::word({text, static_cast<size_t>(at - text)});
}

// What both tools have in JSON and CSV beside their columns.
#define SIGNAL_DATA_FIELDS                                                                                 \
	computed<Event, signame>(nullptr, "signame", 0, kInData, "the signal's name"),                         \
		computed<Event, code_name>(nullptr, "code", 0, kInData, "si_code in words"),                       \
		computed<Event, code>(nullptr, "si_code", 0, kInData, "si_code as a number"),                      \
		computed<Event, call>(nullptr, "call", 0, kInData, "the system call; null if the kernel sent it"), \
		computed<Event, given>(nullptr, "target_arg", 0, kInData, "the target as the call was given it"),  \
		computed<Event, thread_given>(                                                                     \
			nullptr, "thread_arg", 0, kInData, "the thread that tgkill was given besides"),                \
		computed<Event, scope>(                                                                            \
			nullptr, "scope", 0, kInData, "process, thread, group, own group or everyone"),                \
		computed<Event, pgid>(                                                                             \
			nullptr, "pgid", 0, kInData, "the group that was meant, as the host numbers it"),              \
		computed<Event, error>(nullptr, "error", 0, kInData, "the error's name"),                          \
		computed<Event, uid>(nullptr, "uid", 0, kInData, "the sender's user"),                             \
		computed<Event, tid>(nullptr, "tid", 0, kInData, "the sending thread"),                            \
		computed<Event, nspid>(nullptr, "nspid", 0, kInData, "the sender, in its own PID namespace"),      \
		computed<Event, ttid>(                                                                             \
			nullptr, "ttid", 0, kInData, "the thread that it was sent to, or the process' first"),         \
		computed<Event, tnspid>(nullptr, "tnspid", 0, kInData, "the target, in its own PID namespace"),    \
		CGROUP_FIELDS(&Event::cgroup, "cgroup v2 id of the sender")

inline bool comm_matches(const Regex& regex, const char (&comm)[TASK_COMM_BYTES])
{
	return !regex || regex.matches(std::string(comm, strnlen(comm, sizeof(comm))).c_str());
}

} // namespace corescope::signals
