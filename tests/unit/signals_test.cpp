// SPDX-License-Identifier: BSD-2-Clause
// Names, lists and codes of signals against what libc's headers say of this architecture, and what is no signal.
#include "system/signals.h"

#include "base/parse.h"

#include <catch2/catch.hpp>

#include <csignal>
#include <cstring>
#include <map>
#include <string>

using namespace corescope;

namespace {

constexpr unsigned kLast = 64; // Linux' own _NSIG on every architecture that is built for

SignalSet parsed(const std::string& text)
{
	SignalSet set;
	parse_value(set, text.c_str());
	return set;
}

// What a refusal says.
std::string refused(const std::string& text)
{
	SignalSet set;
	try {
		parse_value(set, text.c_str());
	} catch (const BadValue& bad) {
		CHECK_FALSE(set.given); // nothing half done
		CHECK(set.mask == ~uint64_t{0});
		return bad.why;
	}
	return {};
}

bool has(const SignalSet& set, unsigned number)
{
	return number == 0 ? set.probes : set.mask >> (number & 63) & 1;
}

// Exactly those.
void check_only(const SignalSet& set, const std::initializer_list<unsigned> numbers)
{
	CHECK(set.given);
	for (unsigned n = 0; n <= kLast; n++) {
		bool wanted = false;
		for (const unsigned number : numbers)
			wanted = wanted || number == n;
		CAPTURE(n);
		CHECK(has(set, n) == wanted);
	}
}

#define NAMED(name) \
	{               \
#name, name \
	}
const std::map<std::string, int> kNames = {
	NAMED(SIGHUP),
	NAMED(SIGINT),
	NAMED(SIGQUIT),
	NAMED(SIGILL),
	NAMED(SIGTRAP),
	NAMED(SIGABRT),
	NAMED(SIGBUS),
	NAMED(SIGFPE),
	NAMED(SIGKILL),
	NAMED(SIGUSR1),
	NAMED(SIGSEGV),
	NAMED(SIGUSR2),
	NAMED(SIGPIPE),
	NAMED(SIGALRM),
	NAMED(SIGTERM),
	NAMED(SIGCHLD),
	NAMED(SIGCONT),
	NAMED(SIGSTOP),
	NAMED(SIGTSTP),
	NAMED(SIGTTIN),
	NAMED(SIGTTOU),
	NAMED(SIGURG),
	NAMED(SIGXCPU),
	NAMED(SIGXFSZ),
	NAMED(SIGVTALRM),
	NAMED(SIGPROF),
	NAMED(SIGWINCH),
	NAMED(SIGIO),
	NAMED(SIGPWR),
	NAMED(SIGSYS),
#ifdef SIGSTKFLT
	NAMED(SIGSTKFLT),
#endif
#ifdef SIGEMT
	NAMED(SIGEMT),
#endif
};
const std::map<std::string, int> kSecondNames = {NAMED(SIGPOLL), NAMED(SIGIOT), {"SIGCLD", SIGCHLD}};

struct Code {
	int signal, code;
	const char* name;
};
#define CODED(signal, code) \
	{                       \
		signal, code, #code \
	}
const Code kCodes[] = {CODED(SIGUSR1, SI_USER), CODED(SIGUSR1, SI_KERNEL), CODED(SIGUSR1, SI_QUEUE),
	CODED(SIGUSR1, SI_TIMER), CODED(SIGUSR1, SI_MESGQ), CODED(SIGUSR1, SI_ASYNCIO), CODED(SIGUSR1, SI_SIGIO),
	CODED(SIGUSR1, SI_TKILL), CODED(SIGUSR1, SI_DETHREAD), CODED(SIGUSR1, SI_ASYNCNL),
	CODED(SIGILL, ILL_ILLOPC), CODED(SIGILL, ILL_ILLOPN), CODED(SIGILL, ILL_ILLADR),
	CODED(SIGILL, ILL_ILLTRP), CODED(SIGILL, ILL_PRVOPC), CODED(SIGILL, ILL_PRVREG),
	CODED(SIGILL, ILL_COPROC), CODED(SIGILL, ILL_BADSTK), CODED(SIGILL, ILL_BADIADDR),
	CODED(SIGFPE, FPE_INTDIV), CODED(SIGFPE, FPE_INTOVF), CODED(SIGFPE, FPE_FLTDIV),
	CODED(SIGFPE, FPE_FLTOVF), CODED(SIGFPE, FPE_FLTUND), CODED(SIGFPE, FPE_FLTRES),
	CODED(SIGFPE, FPE_FLTINV), CODED(SIGFPE, FPE_FLTSUB), CODED(SIGFPE, FPE_FLTUNK),
	CODED(SIGFPE, FPE_CONDTRAP), CODED(SIGSEGV, SEGV_MAPERR), CODED(SIGSEGV, SEGV_ACCERR),
	CODED(SIGSEGV, SEGV_BNDERR), CODED(SIGSEGV, SEGV_PKUERR), CODED(SIGSEGV, SEGV_ACCADI),
	CODED(SIGSEGV, SEGV_ADIDERR), CODED(SIGSEGV, SEGV_ADIPERR), CODED(SIGSEGV, SEGV_MTEAERR),
	CODED(SIGSEGV, SEGV_MTESERR), CODED(SIGBUS, BUS_ADRALN), CODED(SIGBUS, BUS_ADRERR),
	CODED(SIGBUS, BUS_OBJERR), CODED(SIGBUS, BUS_MCEERR_AR), CODED(SIGBUS, BUS_MCEERR_AO),
	CODED(SIGTRAP, TRAP_BRKPT), CODED(SIGTRAP, TRAP_TRACE), CODED(SIGTRAP, TRAP_BRANCH),
	CODED(SIGTRAP, TRAP_HWBKPT), CODED(SIGTRAP, TRAP_UNK), CODED(SIGCHLD, CLD_EXITED),
	CODED(SIGCHLD, CLD_KILLED), CODED(SIGCHLD, CLD_DUMPED), CODED(SIGCHLD, CLD_TRAPPED),
	CODED(SIGCHLD, CLD_STOPPED), CODED(SIGCHLD, CLD_CONTINUED), CODED(SIGIO, POLL_IN), CODED(SIGIO, POLL_OUT),
	CODED(SIGIO, POLL_MSG), CODED(SIGIO, POLL_ERR), CODED(SIGIO, POLL_PRI), CODED(SIGIO, POLL_HUP)};

} // namespace

TEST_CASE("signals: names are this architecture's own, as libc numbers them (S9)")
{
	for (const auto& [name, number] : kNames) {
		CAPTURE(name, number);
		CHECK(signal_name(static_cast<unsigned>(number)) == name);
	}
}

TEST_CASE("signals: every number has a name of its own, and real-time ones count from SIGRTMIN (S9)")
{
	std::map<std::string, unsigned> seen;
	for (unsigned n = 1; n <= kLast; n++) {
		const std::string name(signal_name(n));
		CAPTURE(n, name);
		CHECK(seen.emplace(name, n).second);
		CHECK(name.substr(0, 3) == "SIG");
		CHECK(name.find_first_of(" \t\n,") == std::string::npos);
	}
	CHECK(signal_name(0) == "0");
	CHECK(signal_name(static_cast<unsigned>(SIGRTMIN)) == "SIGRTMIN");
	for (int up = 1; up <= SIGRTMAX - SIGRTMIN; up++)
		CHECK(signal_name(static_cast<unsigned>(SIGRTMIN + up)) == "SIGRTMIN+" + std::to_string(up));
	CHECK(signal_name(32) == "SIG32"); // libc's own
	CHECK(signal_name(33) == "SIG33");
	CHECK(signal_name(65) == "SIG65"); // a call may be given any number, and fail
}

TEST_CASE("signals: what is shown is understood as an option, with and without SIG")
{
	for (unsigned n = 0; n <= kLast; n++) {
		const std::string name(signal_name(n));
		CAPTURE(n, name);
		check_only(parsed(name), {n});
		check_only(parsed(std::to_string(n)), {n});
		if (n)
			check_only(parsed(name.substr(3)), {n});
	}
	for (const auto& [name, number] : kSecondNames) {
		CAPTURE(name);
		check_only(parsed(name), {static_cast<unsigned>(number)});
		check_only(parsed(name.substr(3)), {static_cast<unsigned>(number)});
	}
}

TEST_CASE("signals: real-time names from both ends, all of them (S5)")
{
	const auto first = static_cast<unsigned>(SIGRTMIN), last = static_cast<unsigned>(SIGRTMAX);
	check_only(parsed("SIGRTMAX"), {last});
	check_only(parsed("RTMIN"), {first});
	check_only(parsed("SIGRTMIN+0"), {first});
	check_only(parsed("SIGRTMAX-0"), {last});
	for (unsigned by = 0; by <= last - first; by++) {
		check_only(parsed("SIGRTMIN+" + std::to_string(by)), {first + by});
		check_only(parsed("RTMAX-" + std::to_string(by)), {last - by});
	}
	for (const char* bad :
		{"SIGRTMIN+31", "SIGRTMAX-31", "SIGRTMIN-1", "SIGRTMAX+1", "SIGRTMIN+", "SIGRTMIN+x", "SIGRTMIN3",
			"SIGRTMIN+3x", "SIGRTMIN+-1", "SIGRTMIN+4294967295", "RTMIN+99999999999999999999"}) {
		CAPTURE(bad);
		CHECK_FALSE(refused(bad).empty());
	}
}

TEST_CASE("signals: a list is the union of its words")
{
	check_only(parsed("0,9,TERM,SIGRTMIN+3"), {0, SIGKILL, SIGTERM, static_cast<unsigned>(SIGRTMIN) + 3});
	check_only(parsed("KILL,9,SIGKILL"), {SIGKILL});
	check_only(parsed("64"), {64});
	check_only(parsed("64,1"), {64, 1});
	check_only(parsed("1"), {1}); // not 33, whose bit in a 32-bit word is the same (S4)
	check_only(parsed("33"), {33});
	check_only(parsed("0"), {0});
	std::string all = "0";
	for (unsigned n = 1; n <= kLast; n++)
		all += "," + std::to_string(n);
	const SignalSet set = parsed(all);
	for (unsigned n = 0; n <= kLast; n++)
		CHECK(has(set, n));
	const SignalSet none_given;
	for (unsigned n = 0; n <= kLast; n++)
		CHECK(has(none_given, n));
}

TEST_CASE("signals: what is no signal is refused whole, and the refusal says which word (S5, S12, X8)")
{
	for (const std::string bad : {"65", "128", "4294967297", "18446744073709551617", "-1", "+9", "0x9", "9.0",
			 " 9", "9 ", "12x", "FOO", "SIG", "SIGSIGKILL", "SIGFOO", "SIG65", "KILL;TERM", "KILL TERM",
			 "NULL", "RTMIN-", "TERM,FOO", "9,65", "9,12x"}) {
		CAPTURE(bad);
		const std::string why = refused(bad);
		CHECK_FALSE(why.empty());
		CHECK(why.find('\n') == std::string::npos);
	}
	for (const char* empty : {"", ",", "9,", ",9", "9,,15", "TERM,"}) {
		CAPTURE(empty);
		CHECK(refused(empty).find("list of signals") != std::string::npos);
	}
	CHECK(refused("TERM,FOO,9").find("'FOO'") != std::string::npos);
	CHECK(refused("9,65").find("between 0 and 64") != std::string::npos);
}

TEST_CASE("signals: si_code in words is what libc's header calls it")
{
	for (const Code& known : kCodes) {
		CAPTURE(known.name);
		CHECK(signal_code_name(static_cast<unsigned>(known.signal), known.code) == known.name);
	}
}

TEST_CASE("signals: a positive code means something only together with its signal")
{
	CHECK(signal_code_name(SIGSEGV, 1) == "SEGV_MAPERR");
	CHECK(signal_code_name(SIGBUS, 1) == "BUS_ADRALN");
	CHECK(signal_code_name(SIGCHLD, 1) == "CLD_EXITED");
	CHECK(signal_code_name(SIGSYS, 1) == "SYS_SECCOMP");
	CHECK(signal_code_name(SIGUSR1, 1) == "?");
	CHECK(signal_code_name(SIGSEGV, 77) == "?");
	CHECK(signal_code_name(SIGTERM, -100) == "?"); // sigqueue may be given any negative number
	for (unsigned n = 1; n <= kLast; n++) {
		CHECK(signal_code_name(n, SI_USER) == "SI_USER");
		CHECK(signal_code_name(n, SI_TKILL) == "SI_TKILL");
		CHECK(signal_code_name(n, SI_KERNEL) == "SI_KERNEL");
	}
}
