// SPDX-License-Identifier: BSD-2-Clause
// How each kind of program is hooked in at a target that the user has named. See load_attach.h.
#include "commands/load_attach.h"

#include "base/error.h"
#include "base/files.h"
#include "bpf/explain.h"
#include "system/host.h"

#include <bpf/bpf.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <net/if.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace corescope {

namespace {

// "…@PID" at the end, for probes of user space; -1: every process.
pid_t take_pid(const bpf_program* program, std::string& target)
{
	const size_t at = target.rfind('@');
	if (at == target.npos || at + 1 == target.size())
		return -1;
	try {
		const uint64_t pid = parse_number(std::string_view(target).substr(at + 1), 1, 1 << 22);
		target.resize(at);
		return static_cast<pid_t>(pid);
	} catch (const BadValue& bad) {
		refuse_target(program, target, "the PID behind @ " + bad.why);
	}
}

// Attaches by `make`, whose result is libbpf's: null and errno.
template <class Make>
bpf_link* link_or_throw(const bpf_program* program, const std::string& where, Make&& make)
{
	bpf_link* link = make();
	if (link)
		return link;
	const Error why = explain_attach(-errno, where);
	throw Error(why.code, "program '" + std::string(bpf_program__name(program)) + "': " + why.message);
}

std::vector<unsigned> online_cpus()
{
	std::vector<unsigned> cpus = parse_cpu_list(first_line("/sys/devices/system/cpu/online"));
	if (cpus.empty())
		throw Error(kUnavailable, "/sys/devices/system/cpu/online cannot be read; is /sys mounted?");
	return cpus;
}

void attach_perf_event(bpf_program* program, const std::string& target, uint64_t frequency,
	std::vector<std::unique_ptr<LoadedHook>>& out)
{
	pid_t pid = -1;
	if (!target.empty()) {
		try {
			pid = static_cast<pid_t>(parse_number(target, 1, 1 << 22));
		} catch (const BadValue& bad) {
			refuse_target(program, target, "a PID " + bad.why);
		}
	}
	const std::string where =
		"perf_event " + std::to_string(frequency) + " Hz" + (pid > 0 ? " of pid " + target : "");
	perf_event_attr attr = {};
	attr.size = sizeof(attr);
	attr.type = PERF_TYPE_SOFTWARE; // there on every machine, virtual or not
	attr.config = PERF_COUNT_SW_CPU_CLOCK;
	attr.freq = 1;
	attr.sample_freq = frequency;
	const std::vector<unsigned> cpus = pid > 0 ? std::vector<unsigned>{0} : online_cpus();
	for (const unsigned cpu : cpus) {
		const int fd = static_cast<int>(syscall(SYS_perf_event_open, &attr, pid > 0 ? pid : -1,
			pid > 0 ? -1 : static_cast<int>(cpu), -1, PERF_FLAG_FD_CLOEXEC));
		if (fd < 0 && (errno == ENXIO || errno == ENODEV) && pid < 0)
			continue; // a CPU that has just gone offline
		if (fd < 0 && errno == ESRCH)
			refuse_target(program, target, "there is no such process");
		if (fd < 0)
			throw explain_attach(-errno, where);
		bpf_link* link = bpf_program__attach_perf_event(program, fd);
		if (!link) {
			const int error = errno;
			close(fd);
			throw explain_attach(-error, where);
		}
		out.push_back(std::make_unique<LoadedHook>(program, where, link));
	}
}

void attach_filter(
	bpf_program* program, const std::string& target, std::vector<std::unique_ptr<LoadedHook>>& out)
{
	const size_t colon = target.rfind(':');
	const std::string name = target.substr(0, colon);
	const std::string direction = colon == target.npos ? "ingress" : target.substr(colon + 1);
	if (direction != "ingress" && direction != "egress")
		refuse_target(program, target, "must be INTERFACE, INTERFACE:ingress or INTERFACE:egress");
	auto one = std::make_unique<LoadedHook>(program, "tc " + direction + " on " + name, nullptr);
	const unsigned index = if_nametoindex(name.c_str());
	if (!index)
		refuse_target(program, target, "there is no interface '" + name + "'");
	const bpf_tc_attach_point point = direction == "egress" ? BPF_TC_EGRESS : BPF_TC_INGRESS;
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = static_cast<int>(index), .attach_point = point);
	int error = bpf_tc_hook_create(&hook);
	if (error && error != -EEXIST)
		throw explain_attach(error, one->where);
	one->made_qdisc = !error;
	LIBBPF_OPTS(bpf_tc_opts, opts, .prog_fd = bpf_program__fd(program));
	error = bpf_tc_attach(&hook, &opts);
	if (error) {
		if (one->made_qdisc) {
			hook.attach_point = static_cast<bpf_tc_attach_point>(BPF_TC_INGRESS | BPF_TC_EGRESS);
			bpf_tc_hook_destroy(&hook);
		}
		throw explain_attach(error, one->where);
	}
	one->interface = static_cast<int>(index);
	one->point = point;
	one->handle = opts.handle;
	one->priority = opts.priority;
	out.push_back(std::move(one));
}

bpf_link* attach_user_probe(bpf_program* program, std::string target)
{
	const std::string whole = target;
	const std::string_view kind = section_kind(program);
	const pid_t pid = take_pid(program, target);
	const size_t colon = target.find(':');
	if (colon == target.npos || colon == 0 || colon + 1 == target.size())
		refuse_target(program, whole,
			kind == "usdt" ? "must be BINARY:PROVIDER:NAME"
						   : "must be BINARY:FUNCTION or BINARY:FUNCTION+OFFSET");
	const std::string binary = target.substr(0, colon);
	std::string symbol = target.substr(colon + 1);
	if (kind == "usdt") {
		const size_t second = symbol.find(':');
		if (second == symbol.npos)
			refuse_target(program, whole, "must be BINARY:PROVIDER:NAME");
		const std::string provider = symbol.substr(0, second), name = symbol.substr(second + 1);
		return link_or_throw(program, "usdt " + target, [&] {
			return bpf_program__attach_usdt(
				program, pid, binary.c_str(), provider.c_str(), name.c_str(), nullptr);
		});
	}
	size_t offset = 0;
	if (const size_t plus = symbol.find('+'); plus != symbol.npos) {
		char* end = nullptr;
		offset = std::strtoull(symbol.c_str() + plus + 1, &end, 0);
		if (*end || plus + 1 == symbol.size())
			refuse_target(program, whole, "the offset behind + is no number");
		symbol.resize(plus);
	}
	LIBBPF_OPTS(
		bpf_uprobe_opts, opts, .retprobe = kind.substr(0, 9) == "uretprobe", .func_name = symbol.c_str());
	return link_or_throw(program, std::string(kind) + " " + target,
		[&] { return bpf_program__attach_uprobe_opts(program, pid, binary.c_str(), offset, &opts); });
}

bpf_link* attach_probe(bpf_program* program, const std::string& target)
{
	const std::string_view kind = section_kind(program);
	const bool at_return = kind.substr(0, 9) == "kretprobe" || kind == "kretsyscall";
	const std::string where = std::string(kind) + " " + target;
	if (kind == "ksyscall" || kind == "kretsyscall") {
		LIBBPF_OPTS(bpf_ksyscall_opts, opts, .retprobe = at_return);
		return link_or_throw(
			program, where, [&] { return bpf_program__attach_ksyscall(program, target.c_str(), &opts); });
	}
	if (kind == "kprobe.multi" || kind == "kretprobe.multi") {
		LIBBPF_OPTS(bpf_kprobe_multi_opts, opts, .retprobe = at_return);
		return link_or_throw(program, where,
			[&] { return bpf_program__attach_kprobe_multi_opts(program, target.c_str(), &opts); });
	}
	return link_or_throw(
		program, where, [&] { return bpf_program__attach_kprobe(program, at_return, target.c_str()); });
}

bpf_link* attach_tracepoint(bpf_program* program, const std::string& target)
{
	const size_t cut = target.find_first_of("/:");
	if (cut == target.npos)
		refuse_target(program, target, "must be CATEGORY/NAME, as sched/sched_switch");
	const std::string category = target.substr(0, cut), name = target.substr(cut + 1);
	return link_or_throw(program, "tp/" + category + "/" + name,
		[&] { return bpf_program__attach_tracepoint(program, category.c_str(), name.c_str()); });
}

// A cgroup or a network namespace, by the file that stands for it.
bpf_link* attach_to_file(bpf_program* program, const std::string& target)
{
	const bool network = in_network(program);
	const int fd = open(target.c_str(), O_RDONLY | O_CLOEXEC | (network ? O_NONBLOCK : O_DIRECTORY));
	if (fd < 0)
		refuse_target(program, target,
			std::string("cannot be opened as a ") + (network ? "network namespace: " : "cgroup: ") +
				std::strerror(errno));
	bpf_link* link =
		network ? bpf_program__attach_netns(program, fd) : bpf_program__attach_cgroup(program, fd);
	const int error = errno;
	close(fd);
	if (!link && (error == EBADF || (network && error == EINVAL)))
		refuse_target(program, target,
			network ? "is no network namespace" : "is no folder of the cgroup (v2) file system");
	errno = error;
	return link_or_throw(program, std::string(network ? "netns " : "cgroup ") + target, [&] { return link; });
}

} // namespace

LoadedHook::~LoadedHook()
{
	if (link) {
		bpf_link__destroy(link);
		return;
	}
	if (!interface)
		return;
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = interface, .attach_point = point);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = handle, .priority = priority);
	bpf_tc_detach(&hook, &opts);
	if (made_qdisc) {
		hook.attach_point = static_cast<bpf_tc_attach_point>(BPF_TC_INGRESS | BPF_TC_EGRESS);
		bpf_tc_hook_destroy(&hook);
	}
}

void attach_by_target(bpf_program* program, const std::string& target, uint64_t frequency,
	std::vector<std::unique_ptr<LoadedHook>>& out)
{
	const bpf_prog_type kind = bpf_program__type(program);
	const std::string section = bpf_program__section_name(program);
	if (kind == BPF_PROG_TYPE_PERF_EVENT)
		return attach_perf_event(program, target, frequency, out);
	const auto add = [&](const std::string& where, bpf_link* link) {
		out.push_back(std::make_unique<LoadedHook>(program, where, link));
	};
	const auto automatic = [&] {
		add(section, link_or_throw(program, section, [&] { return bpf_program__attach(program); }));
	};
	if (target.empty())
		return automatic();
	switch (kind) {
	case BPF_PROG_TYPE_SCHED_CLS: return attach_filter(program, target, out);
	case BPF_PROG_TYPE_XDP: {
		const unsigned index = if_nametoindex(target.c_str());
		if (!index)
			refuse_target(program, target, "there is no interface of that name");
		return add("xdp on " + target, link_or_throw(program, "xdp on " + target, [&] {
			return bpf_program__attach_xdp(program, static_cast<int>(index));
		}));
	}
	case BPF_PROG_TYPE_KPROBE:
		return is_user_probe(program) ? add(section + " " + target, attach_user_probe(program, target))
									  : add(section + " " + target, attach_probe(program, target));
	case BPF_PROG_TYPE_TRACEPOINT: return add("tp/" + target, attach_tracepoint(program, target));
	case BPF_PROG_TYPE_RAW_TRACEPOINT:
	case BPF_PROG_TYPE_RAW_TRACEPOINT_WRITABLE:
		return add("raw_tp/" + target, link_or_throw(program, "raw_tp/" + target, [&] {
			return bpf_program__attach_raw_tracepoint(program, target.c_str());
		}));
	case BPF_PROG_TYPE_LSM:
		if (!in_cgroup(program))
			return automatic();
		[[fallthrough]];
	default: break;
	}
	if (in_cgroup(program) || in_network(program))
		return add((in_cgroup(program) ? "cgroup " : "netns ") + target, attach_to_file(program, target));
	return automatic(); // fentry, tp_btf, LSM: the target was set before the load
}

} // namespace corescope
