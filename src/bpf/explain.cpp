// SPDX-License-Identifier: BSD-2-Clause
// From an error number to a cause and a remedy, by looking at what this host is like.
#include "bpf/explain.h"

#include "bpf/object.h"
#include "system/privileges.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <unistd.h>

namespace corescope {

namespace {

bool g_log = false;

int print(libbpf_print_level, const char* format, va_list args)
{
	return g_log ? std::vfprintf(stderr, format, args) : 0;
}

constexpr std::string_view kBtf = "/sys/kernel/btf/vmlinux";

bool has_btf() { return access(kBtf.data(), R_OK) == 0; }

bool has_tracefs()
{
	return access("/sys/kernel/tracing/events", F_OK) == 0 ||
		access("/sys/kernel/debug/tracing/events", F_OK) == 0;
}

Error no_btf()
{
	return Error(kUnavailable,
		"this kernel offers no type information (" + std::string(kBtf) +
			"): a kernel built with CONFIG_DEBUG_INFO_BTF is needed, and /sys must be mounted");
}

Error no_privilege()
{
	return Error(kNoPermission,
		"no privilege to load BPF programs: run it as root (sudo), or with the capabilities CAP_BPF "
		"and CAP_PERFMON");
}

} // namespace

void set_libbpf_log(bool to_stderr)
{
	g_log = to_stderr;
	libbpf_set_print(print);
}

bool libbpf_log() { return g_log; }

void require_bpf()
{
	if (!may_load_bpf())
		throw no_privilege();
	if (!has_btf())
		throw no_btf();
}

Error explain_load(int error)
{
	const int number = -error;
	if (number == ESRCH && !has_btf())
		return no_btf();
	if (number == EPERM || number == EACCES) {
		if (!may_load_bpf())
			return no_privilege();
		return Error(kUnavailable,
			"the kernel refuses to load the BPF programs although the privilege is there: lockdown, a seccomp filter "
			"(of a container) or a policy forbids bpf(2); see --verbose and `cat /sys/kernel/security/lockdown`");
	}
	if (number == ENOSYS)
		return Error(kUnavailable, "this kernel has no bpf(2): CONFIG_BPF_SYSCALL is needed");
	if (number == ENOMEM)
		return Error(
			kFailure, "not enough memory for the BPF maps: a smaller --buffer-size or --max-keys helps");
	return Error(kUnavailable,
		std::string("this kernel does not take the BPF programs: ") + std::strerror(number) +
			"; --verbose shows the verifier's words");
}

Error explain_attach(int error, std::string_view section)
{
	const int number = -error;
	const std::string where = std::string(section);
	const bool tracepoint = section.substr(0, 3) == "tp/" || section.substr(0, 11) == "tracepoint/";
	if (tracepoint && !has_tracefs() && number != EACCES && number != EPERM)
		return Error(kUnavailable,
			"cannot attach to " + where +
				": tracefs is not mounted; mount it: mount -t tracefs tracefs /sys/kernel/tracing");
	if (tracepoint && (number == EACCES || number == EPERM))
		return Error(kNoPermission,
			"cannot attach to " + where +
				": tracefs may not be read; run it as root, or add the capability CAP_DAC_READ_SEARCH");
	if (number == ENOENT)
		return Error(kUnavailable, "cannot attach to " + where + ": this kernel has no such hook");
	if (number == EPERM || number == EACCES)
		return Error(kNoPermission, "cannot attach to " + where + ": not permitted; run it as root");
	return Error(
		kUnavailable, "cannot attach to " + where + ": " + std::strerror(number) + "; see --verbose");
}

} // namespace corescope
