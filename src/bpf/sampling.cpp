// SPDX-License-Identifier: BSD-2-Clause
// See sampling.h.
#include "bpf/sampling.h"

#include "base/error.h"
#include "base/files.h"
#include "system/host.h"

#include <cerrno>
#include <cstring>
#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace corescope {

std::vector<bpf_link*> attach_sampling(bpf_program* program, const Sampling& sampling)
{
	std::vector<unsigned> cpus = sampling.cpus.empty() ? online_cpus() : sampling.cpus;
	if (cpus.empty())
		throw Error(kUnavailable, "/sys/devices/system/cpu/online does not tell which CPUs there are");
	std::vector<bpf_link*> links;
	const auto refuse = [&](int code, const std::string& why) {
		for (bpf_link* link : links)
			bpf_link__destroy(link);
		throw Error(code, why);
	};
	for (const unsigned cpu : cpus) {
		perf_event_attr attr = {};
		attr.size = sizeof(attr);
		attr.type = sampling.type;
		attr.config = sampling.config;
		attr.freq = sampling.frequency;
		attr.sample_period = sampling.rate; // a union with sample_freq
		const int fd = static_cast<int>(
			syscall(SYS_perf_event_open, &attr, -1, static_cast<int>(cpu), -1, PERF_FLAG_FD_CLOEXEC));
		const int error = errno;
		if (fd < 0 && error == ENODEV) {
			if (sampling.cpus.empty() && links.size() + 1 < cpus.size())
				continue; // has gone offline meanwhile
			refuse(sampling.cpus.empty() ? kUnavailable : kUsage,
				"CPU " + std::to_string(cpu) + " is not online");
		}
		if (fd < 0 && error == EINVAL && sampling.frequency)
			refuse(kUsage,
				"perf events at " + std::to_string(sampling.rate) +
					" a second: refused; kernel.perf_event_max_sample_rate is " +
					first_line("/proc/sys/kernel/perf_event_max_sample_rate"));
		if (fd < 0)
			refuse(error == EACCES || error == EPERM ? kNoPermission : kUnavailable,
				std::string("perf event on CPU ") + std::to_string(cpu) + ": " + std::strerror(error));
		bpf_link* link = bpf_program__attach_perf_event(program, fd);
		if (!link) {
			const int why = errno;
			close(fd);
			refuse(kUnavailable, std::string("cannot run a program at perf events: ") + std::strerror(why));
		}
		links.push_back(link);
	}
	return links;
}

} // namespace corescope
