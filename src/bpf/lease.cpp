// SPDX-License-Identifier: BSD-2-Clause
// See lease.h.
#include "bpf/lease.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <string>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace corescope {

namespace {

constexpr size_t kMostEvents = 200; // SCM_MAX_FD is 253

// The tracepoint's number in tracefs; -1 if it has none.
int tracepoint_id(std::string_view section)
{
	const std::string name(section.substr(section.find('/') + 1)); // "syscalls/sys_exit_kill"
	for (const char* root : {"/sys/kernel/tracing", "/sys/kernel/debug/tracing"}) {
		const std::string path = std::string(root) + "/events/" + name + "/id";
		const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			continue;
		char text[16] = {};
		const ssize_t size = read(fd, text, sizeof(text) - 1);
		close(fd);
		if (size > 0)
			return static_cast<int>(std::strtol(text, nullptr, 10));
	}
	return -1;
}

int open_disabled(int id)
{
	perf_event_attr attr = {};
	attr.type = PERF_TYPE_TRACEPOINT;
	attr.size = sizeof(attr);
	attr.config = static_cast<__u64>(id);
	attr.disabled = 1;
	return static_cast<int>(syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC));
}

void send_to_itself(int from, std::vector<int>& fds)
{
	char byte = 0;
	iovec data = {&byte, 1};
	std::vector<char> control(CMSG_SPACE(fds.size() * sizeof(int)));
	msghdr message = {};
	message.msg_iov = &data;
	message.msg_iovlen = 1;
	message.msg_control = control.data();
	message.msg_controllen = control.size();
	cmsghdr* header = CMSG_FIRSTHDR(&message);
	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(fds.size() * sizeof(int));
	std::memcpy(CMSG_DATA(header), fds.data(), fds.size() * sizeof(int));
	sendmsg(from, &message, MSG_DONTWAIT);
}

} // namespace

void TracepointLease::take(const std::vector<std::string_view>& sections)
{
	std::vector<int> events;
	for (const std::string_view section : sections) {
		if (section.substr(0, 3) != "tp/" || events.size() == kMostEvents)
			continue;
		const int id = tracepoint_id(section);
		const int event = id < 0 ? -1 : open_disabled(id);
		if (event >= 0)
			events.push_back(event);
	}
	if (events.empty())
		return;
	int pair[2];
	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair) == 0) {
		// The end of a process closes its descriptors in ascending order, and this pair must be closed so.
		queue_ = pair[0] < pair[1] ? pair[0] : pair[1];
		last_ = pair[0] < pair[1] ? pair[1] : pair[0];
		std::vector<int> with_queue = events;
		with_queue.push_back(queue_);
		send_to_itself(last_, with_queue);
	}
	for (const int event : events)
		close(event);
}

TracepointLease::~TracepointLease()
{
	if (queue_ < 0)
		return;
	close(queue_);
	close(last_);
}

} // namespace corescope
