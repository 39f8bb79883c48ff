// SPDX-License-Identifier: BSD-2-Clause
// See trial_user.h.
#include "bpf/trial_user.h"

#include "bpf/surroundings.h"

#include <cerrno>
#include <climits>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

// Instructions that every architecture spells alike, at addresses that no optimization moves. Two places, because one
// cannot have a semaphore and none.
asm(".pushsection .text.corescope_trial,\"ax\",%progbits\n"
	".globl corescope_trial_place, corescope_trial_counted\n"
	".hidden corescope_trial_place, corescope_trial_counted\n"
	".type corescope_trial_place, %function\n"
	".type corescope_trial_counted, %function\n"
	".balign 16\n"
	"corescope_trial_place:\n"
	"nop\n"
	"ret\n"
	".balign 16\n"
	"corescope_trial_counted:\n"
	"nop\n"
	"ret\n"
	".popsection\n");
extern "C" void corescope_trial_place();
extern "C" void corescope_trial_counted();
extern "C" const char __ehdr_start[]
	__attribute__((visibility("hidden"))); // as an array: more lies behind the header

namespace corescope {

namespace {

// In memory that can be written and comes from the file: the kernel counts here whoever looks.
__attribute__((section(".data.corescope_trial"), used)) volatile unsigned short g_semaphore = 0;

// Where in the file an address of ours comes from.
uint64_t file_offset(const volatile void* address)
{
	const char* const base = __ehdr_start;
	const auto& file = *reinterpret_cast<const ElfW(Ehdr)*>(base);
	const auto* header = reinterpret_cast<const ElfW(Phdr)*>(base + file.e_phoff);
	uint64_t first = UINT64_MAX; // the address that the file's beginning was linked for
	for (int i = 0; i < file.e_phnum; i++)
		if (header[i].p_type == PT_LOAD && header[i].p_offset == 0)
			first = header[i].p_vaddr;
	const uint64_t linked = static_cast<uint64_t>(reinterpret_cast<uintptr_t>(address)) -
		static_cast<uint64_t>(reinterpret_cast<uintptr_t>(base)) + first;
	for (int i = 0; i < file.e_phnum; i++)
		if (header[i].p_type == PT_LOAD && linked >= header[i].p_vaddr &&
			linked < header[i].p_vaddr + header[i].p_filesz)
			return linked - header[i].p_vaddr + header[i].p_offset;
	return 0;
}

// Such a number as /sys tells: "8", or "config:32-63"; -1 if it tells none.
int number_in(const std::string& path, const char* before)
{
	char text[64] = {};
	const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
	const ssize_t size = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	const int error = errno;
	if (fd >= 0)
		close(fd);
	errno = error;
	int number = -1;
	if (size <= 0 || std::sscanf(text, (std::string(before) + "%d").c_str(), &number) != 1)
		return -1;
	return number;
}

int attach_event(perf_event_attr& attr, int pid, int cpu, int program)
{
	attr.size = sizeof(attr);
	const int event =
		static_cast<int>(syscall(SYS_perf_event_open, &attr, pid, cpu, -1, PERF_FLAG_FD_CLOEXEC));
	if (event < 0)
		return -errno;
	if (ioctl(event, PERF_EVENT_IOC_SET_BPF, program) == 0 && ioctl(event, PERF_EVENT_IOC_ENABLE, 0) == 0)
		return event;
	const int error = errno;
	close(event);
	return -error;
}

constexpr const char* kSources = "/sys/bus/event_source/devices/";

// Of probes that the kernel makes for a perf event.
int probe_type(const char* kind)
{
	const int type = number_in(std::string(kSources) + kind + "/type", "");
	return type < 0 ? -(errno ? errno : ENOENT) : type;
}

} // namespace

int attach_tracepoint(int program, const std::string& name)
{
	int id = -1, error = ENOENT;
	for (const char* root : {"/sys/kernel/tracing", "/sys/kernel/debug/tracing"}) {
		errno = ENOENT;
		id = number_in(std::string(root) + "/events/" + name + "/id", "");
		if (id >= 0)
			break;
		if (errno != ENOENT)
			error = errno;
	}
	if (id < 0)
		return -error;
	perf_event_attr attr{};
	attr.type = PERF_TYPE_TRACEPOINT;
	attr.config = static_cast<uint64_t>(id);
	return attach_event(attr, -1, 0, program);
}

int attach_kprobe(int program, const std::string& function)
{
	errno = ENOENT;
	const int type = probe_type("kprobe");
	if (type < 0)
		return type;
	perf_event_attr attr{};
	attr.type = static_cast<uint32_t>(type);
	attr.config1 = reinterpret_cast<uint64_t>(function.c_str());
	return attach_event(attr, -1, 0, program);
}

int attach_uprobe(int program, bool counted)
{
	errno = ENOENT;
	const int type = probe_type("uprobe");
	if (type < 0)
		return type;
	const char* const name = reinterpret_cast<const char*>(getauxval(AT_EXECFN));
	const char* const path = access("/proc/self/exe", R_OK) == 0 ? "/proc/self/exe" : name ? name : "";
	perf_event_attr attr{};
	attr.type = static_cast<uint32_t>(type);
	attr.config1 = reinterpret_cast<uint64_t>(path);
	attr.config2 =
		file_offset(reinterpret_cast<const void*>(counted ? corescope_trial_counted : corescope_trial_place));
	if (counted) {
		const int shift = number_in(std::string(kSources) + "uprobe/format/ref_ctr_offset", "config:");
		if (shift < 0)
			return -EOPNOTSUPP;
		attr.config = file_offset(&g_semaphore) << shift;
	}
	return attach_event(attr, -1, 0, program);
}

int attach_counter(int program, unsigned type, unsigned long config)
{
	perf_event_attr attr{};
	attr.type = type;
	attr.config = config;
	attr.sample_period = type == PERF_TYPE_SOFTWARE ? 1000000 : 100000; // a millisecond; so many cycles
	return attach_event(attr, -1, sched_getcpu(), program);
}

bool pass_by(bool counted)
{
	(counted ? corescope_trial_counted : corescope_trial_place)();
	return !counted || g_semaphore > 0;
}

} // namespace corescope
