// SPDX-License-Identifier: BSD-2-Clause
// libc knows the names; real-time signals are counted from the kernel's own first one (32), of which libc keeps two.
#include "system/signals.h"

#include "base/parse.h"

#include <csignal>
#include <cstdio>
#include <cstring>
#include <string>

namespace corescope {

namespace {

constexpr unsigned kMostSignals = 64;

// Where libc has another word first, or none.
constexpr struct {
	int number;
	const char* name;
} kAliases[] = {{SIGIO, "IO"}, {SIGIO, "POLL"}, {SIGCHLD, "CLD"}, {SIGABRT, "IOT"}};

unsigned signal_number(const std::string_view whole)
{
	std::string_view name = whole;
	if (name.substr(0, 3) == "SIG")
		name.remove_prefix(3);
	if (!name.empty() && name.find_first_not_of("0123456789") == std::string_view::npos)
		return static_cast<unsigned>(parse_number(name, 0, kMostSignals));
	const unsigned first = static_cast<unsigned>(SIGRTMIN);
	const unsigned last = static_cast<unsigned>(SIGRTMAX);
	if (name.substr(0, 5) == "RTMIN" || name.substr(0, 5) == "RTMAX") {
		const bool up = name[4] == 'N';
		const std::string_view offset = name.substr(5);
		uint64_t by = 0;
		if (!offset.empty()) {
			if (offset[0] != (up ? '+' : '-'))
				throw BadValue{
					"names no signal by '" + std::string(whole) + "' (write SIGRTMIN+3 or SIGRTMAX-3)"};
			by = parse_number(offset.substr(1), 0, last - first);
		}
		return up ? first + static_cast<unsigned>(by) : last - static_cast<unsigned>(by);
	}
	for (unsigned n = 1; n < first; n++) {
		const char* known = sigabbrev_np(static_cast<int>(n));
		if (known && name == known)
			return n;
	}
	for (const auto& alias : kAliases)
		if (name == alias.name)
			return static_cast<unsigned>(alias.number);
	throw BadValue{
		"names no signal by '" + std::string(whole) + "' (write KILL, SIGRTMIN+3, or a number from 0 to 64)"};
}

struct CodeName {
	int signal; // 0: any
	int code;
	const char* name;
};

// asm-generic/siginfo.h; negative ones and SI_KERNEL mean the same for every signal.
constexpr CodeName kCodes[] = {{0, 0, "SI_USER"}, {0, 0x80, "SI_KERNEL"}, {0, -1, "SI_QUEUE"},
	{0, -2, "SI_TIMER"}, {0, -3, "SI_MESGQ"}, {0, -4, "SI_ASYNCIO"}, {0, -5, "SI_SIGIO"}, {0, -6, "SI_TKILL"},
	{0, -7, "SI_DETHREAD"}, {0, -60, "SI_ASYNCNL"}, {SIGILL, 1, "ILL_ILLOPC"}, {SIGILL, 2, "ILL_ILLOPN"},
	{SIGILL, 3, "ILL_ILLADR"}, {SIGILL, 4, "ILL_ILLTRP"}, {SIGILL, 5, "ILL_PRVOPC"},
	{SIGILL, 6, "ILL_PRVREG"}, {SIGILL, 7, "ILL_COPROC"}, {SIGILL, 8, "ILL_BADSTK"},
	{SIGILL, 9, "ILL_BADIADDR"}, {SIGFPE, 1, "FPE_INTDIV"}, {SIGFPE, 2, "FPE_INTOVF"},
	{SIGFPE, 3, "FPE_FLTDIV"}, {SIGFPE, 4, "FPE_FLTOVF"}, {SIGFPE, 5, "FPE_FLTUND"},
	{SIGFPE, 6, "FPE_FLTRES"}, {SIGFPE, 7, "FPE_FLTINV"}, {SIGFPE, 8, "FPE_FLTSUB"},
	{SIGFPE, 14, "FPE_FLTUNK"}, {SIGFPE, 15, "FPE_CONDTRAP"}, {SIGSEGV, 1, "SEGV_MAPERR"},
	{SIGSEGV, 2, "SEGV_ACCERR"}, {SIGSEGV, 3, "SEGV_BNDERR"}, {SIGSEGV, 4, "SEGV_PKUERR"},
	{SIGSEGV, 5, "SEGV_ACCADI"}, {SIGSEGV, 6, "SEGV_ADIDERR"}, {SIGSEGV, 7, "SEGV_ADIPERR"},
	{SIGSEGV, 8, "SEGV_MTEAERR"}, {SIGSEGV, 9, "SEGV_MTESERR"}, {SIGSEGV, 10, "SEGV_CPERR"},
	{SIGBUS, 1, "BUS_ADRALN"}, {SIGBUS, 2, "BUS_ADRERR"}, {SIGBUS, 3, "BUS_OBJERR"},
	{SIGBUS, 4, "BUS_MCEERR_AR"}, {SIGBUS, 5, "BUS_MCEERR_AO"}, {SIGTRAP, 1, "TRAP_BRKPT"},
	{SIGTRAP, 2, "TRAP_TRACE"}, {SIGTRAP, 3, "TRAP_BRANCH"}, {SIGTRAP, 4, "TRAP_HWBKPT"},
	{SIGTRAP, 5, "TRAP_UNK"}, {SIGTRAP, 6, "TRAP_PERF"}, {SIGCHLD, 1, "CLD_EXITED"},
	{SIGCHLD, 2, "CLD_KILLED"}, {SIGCHLD, 3, "CLD_DUMPED"}, {SIGCHLD, 4, "CLD_TRAPPED"},
	{SIGCHLD, 5, "CLD_STOPPED"}, {SIGCHLD, 6, "CLD_CONTINUED"}, {SIGIO, 1, "POLL_IN"}, {SIGIO, 2, "POLL_OUT"},
	{SIGIO, 3, "POLL_MSG"}, {SIGIO, 4, "POLL_ERR"}, {SIGIO, 5, "POLL_PRI"}, {SIGIO, 6, "POLL_HUP"},
	{SIGSYS, 1, "SYS_SECCOMP"}, {SIGSYS, 2, "SYS_USER_DISPATCH"}};

} // namespace

std::string_view signal_name(unsigned number)
{
	static char text[24];
	if (number == 0)
		return "0";
	const unsigned first = static_cast<unsigned>(SIGRTMIN);
	if (number >= first && number <= static_cast<unsigned>(SIGRTMAX)) {
		if (number == first)
			return "SIGRTMIN";
		std::snprintf(text, sizeof(text), "SIGRTMIN+%u", number - first);
		return text;
	}
	if (number == SIGIO)
		return "SIGIO";
	const char* known = number < first ? sigabbrev_np(static_cast<int>(number)) : nullptr;
	if (known)
		std::snprintf(text, sizeof(text), "SIG%s", known);
	else
		std::snprintf(text, sizeof(text), "SIG%u", number);
	return text;
}

std::string_view signal_code_name(unsigned number, int code)
{
	for (const CodeName& known : kCodes)
		if (known.code == code && (known.signal == 0 || known.signal == static_cast<int>(number)))
			return known.name;
	return "?";
}

void parse_value(SignalSet& out, const char* text)
{
	SignalSet set{0, false, true};
	std::string_view rest = text;
	while (true) {
		const size_t comma = rest.find(',');
		const std::string_view word = rest.substr(0, comma);
		if (word.empty())
			throw BadValue{"is no list of signals (such as KILL,TERM or 9,15)"};
		const unsigned number = signal_number(word);
		if (number == 0)
			set.probes = true;
		else
			set.mask |= uint64_t{1} << (number & 63);
		if (comma == std::string_view::npos)
			break;
		rest.remove_prefix(comma + 1);
	}
	out = set;
}

ArgumentShape argument_shape(const SignalSet*)
{
	ArgumentShape shape{ArgumentShape::Kind::list};
	for (int n = 1; n < SIGRTMIN; n++)
		if (const char* known = sigabbrev_np(n))
			shape.words.emplace_back(known);
	return shape;
}

} // namespace corescope
