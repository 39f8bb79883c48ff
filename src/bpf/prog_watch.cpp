// SPDX-License-Identifier: BSD-2-Clause
// One perf event that counts nothing for each CPU, whose buffer carries the side-band records.
#include "bpf/prog_watch.h"

#include "base/error.h"
#include "system/host.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <linux/perf_event.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace corescope {

namespace {

constexpr size_t kDataPages = 16; // a power of two

size_t data_size() { return kDataPages * page_size(); }

int open_side_band(unsigned cpu)
{
	perf_event_attr attr = {};
	attr.size = sizeof(attr);
	attr.type = PERF_TYPE_SOFTWARE;
	attr.config = PERF_COUNT_SW_DUMMY;
	attr.sample_type = PERF_SAMPLE_TID | PERF_SAMPLE_TIME;
	attr.sample_id_all = 1;
	attr.bpf_event = 1;
	attr.use_clockid = 1;
	attr.clockid = CLOCK_BOOTTIME;
	attr.watermark = 1;
	attr.wakeup_watermark = 1;
	return static_cast<int>(
		syscall(SYS_perf_event_open, &attr, -1, static_cast<int>(cpu), -1, PERF_FLAG_FD_CLOEXEC));
}

struct BpfRecord {
	uint16_t type, flags;
	uint32_t id;
	uint8_t tag[8];
	int32_t pid, tid;
	uint64_t time;
};

} // namespace

ProgWatch::ProgWatch()
{
	for (unsigned cpu = 0; cpu < possible_cpus(); cpu++) {
		const int fd = open_side_band(cpu);
		if (fd < 0 && errno == ENODEV) // not online
			continue;
		if (fd < 0) {
			const int error = errno;
			throw Error(error == EACCES || error == EPERM ? kNoPermission : kUnavailable,
				std::string("--watch: perf events of BPF programs: ") + std::strerror(error) +
					"; they take Linux 5.1 and the capability CAP_PERFMON; run it as root");
		}
		void* memory = mmap(nullptr, page_size() + data_size(), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
		if (memory == MAP_FAILED) {
			close(fd);
			throw Error(
				kUnavailable, std::string("--watch: a buffer for perf events: ") + std::strerror(errno));
		}
		cpus_.push_back({fd, static_cast<unsigned char*>(memory)});
	}
}

ProgWatch::~ProgWatch()
{
	for (const Cpu& cpu : cpus_) {
		munmap(cpu.memory, page_size() + data_size());
		close(cpu.fd);
	}
}

void ProgWatch::drain(const Cpu& cpu, std::vector<ProgEvent>& events)
{
	auto* page = reinterpret_cast<perf_event_mmap_page*>(cpu.memory);
	const unsigned char* data = cpu.memory + page_size();
	const uint64_t head = __atomic_load_n(&page->data_head, __ATOMIC_ACQUIRE);
	uint64_t tail = page->data_tail;
	const auto copy = [&](uint64_t at, void* to, size_t size) { // a record may lie around the end
		for (size_t i = 0; i < size; i++)
			static_cast<unsigned char*>(to)[i] = data[(at + i) % data_size()];
	};
	while (tail < head) {
		perf_event_header header;
		copy(tail, &header, sizeof(header));
		if (header.size < sizeof(header))
			break;
		if (header.type == PERF_RECORD_BPF_EVENT && header.size >= sizeof(header) + sizeof(BpfRecord)) {
			BpfRecord record;
			copy(tail + sizeof(header), &record, sizeof(record));
			if (record.type == PERF_BPF_EVENT_PROG_LOAD || record.type == PERF_BPF_EVENT_PROG_UNLOAD) {
				ProgEvent event{record.time, record.type == PERF_BPF_EVENT_PROG_LOAD, record.id, {},
					record.pid, record.tid};
				std::memcpy(event.tag, record.tag, sizeof(event.tag));
				events.push_back(event);
			}
		} else if (header.type == PERF_RECORD_LOST) {
			uint64_t id_and_count[2];
			copy(tail + sizeof(header), id_and_count, sizeof(id_and_count));
			lost_ += id_and_count[1];
		}
		tail += header.size;
	}
	__atomic_store_n(&page->data_tail, tail, __ATOMIC_RELEASE);
}

void ProgWatch::wait(int stop, int timeout_ms, const std::function<void(const ProgEvent&)>& each)
{
	std::vector<pollfd> waiting{{stop, POLLIN, 0}};
	for (const Cpu& cpu : cpus_)
		waiting.push_back({cpu.fd, POLLIN, 0});
	poll(waiting.data(), waiting.size(), timeout_ms);
	std::vector<ProgEvent> events;
	for (const Cpu& cpu : cpus_)
		drain(cpu, events);
	std::stable_sort(events.begin(), events.end(),
		[](const ProgEvent& a, const ProgEvent& b) { return a.boot_ns < b.boot_ns; });
	for (const ProgEvent& event : events)
		each(event);
}

} // namespace corescope
