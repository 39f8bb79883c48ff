// SPDX-License-Identifier: BSD-2-Clause
// See holders.h. The iterator learns what descriptors of BPF look like from four of our own.
#include "inventory/holders.h"

#include "event.h"
#include "holders.skel.h"

#include <bpf/bpf.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace corescope {

namespace {

int open_idle_perf_event()
{
	perf_event_attr attr = {};
	attr.size = sizeof(attr);
	attr.type = PERF_TYPE_SOFTWARE;
	attr.config = PERF_COUNT_SW_DUMMY;
	attr.exclude_kernel = 1;
	attr.disabled = 1;
	return static_cast<int>(syscall(SYS_perf_event_open, &attr, 0, -1, -1, PERF_FLAG_FD_CLOEXEC));
}

// -1 where the kernel refuses.
int create_link(int iterator_program)
{
	LIBBPF_OPTS(bpf_link_create_opts, options);
	const int link = bpf_link_create(iterator_program, 0, BPF_TRACE_ITER, &options);
	return link < 0 ? -1 : link;
}

// A line of fdinfo: key, tab, number.
bool has_number(const char* line, const char* key, __u32& number)
{
	const size_t size = std::strlen(key);
	if (std::strncmp(line, key, size) != 0)
		return false;
	char* end;
	const auto value = static_cast<__u32>(std::strtoul(line + size, &end, 10));
	if (end == line + size)
		return false;
	number = value;
	return true;
}

// "prog_id:" and the like; lines of what a link holds come after its own.
bool read_fdinfo(const std::string& path, holder& found)
{
	FILE* file = std::fopen(path.c_str(), "re");
	if (!file)
		return false;
	char line[256];
	bool known = false;
	while (!known && std::fgets(line, sizeof(line), file)) {
		known = true;
		if (has_number(line, "link_id:", found.id))
			found.kind = HOLDS_LINK;
		else if (has_number(line, "map_id:", found.id))
			found.kind = HOLDS_MAP;
		else if (has_number(line, "prog_id:", found.id))
			found.kind = HOLDS_PROG;
		else
			known = false;
	}
	std::fclose(file);
	return known;
}

void read_comm(const std::string& process, holder& found)
{
	FILE* file = std::fopen((process + "/comm").c_str(), "re");
	if (!file)
		return;
	found.comm[std::fread(found.comm, 1, sizeof(found.comm) - 1, file)] = '\0';
	found.comm[std::strcspn(found.comm, "\n")] = '\0';
	std::fclose(file);
}

} // namespace

HolderWalk::HolderWalk() : skeleton_(holders_bpf::open_and_load())
{
	if (!skeleton_)
		return;
	const int program = bpf_program__fd(skeleton_->progs.holders);
	iterator_ = create_link(program);
	perf_ = open_idle_perf_event();
	auto& fds = skeleton_->data->known_fds;
	fds[HOLDS_PROG] = program;
	fds[HOLDS_MAP] = bpf_map__fd(skeleton_->maps.data);
	fds[HOLDS_LINK] = iterator_;
	fds[HOLDS_PERF] = perf_;
	note_own();
}

HolderWalk::~HolderWalk()
{
	if (iterator_ >= 0)
		close(iterator_);
	if (perf_ >= 0)
		close(perf_);
	holders_bpf::destroy(skeleton_);
}

Descriptor HolderWalk::another_link() const
{
	return Descriptor(iterator_ < 0 ? -1 : create_link(bpf_program__fd(skeleton_->progs.holders)));
}

void HolderWalk::note_own()
{
	const auto note = [&](int fd) {
		if (const auto object = object_of(fd))
			own_.insert({object->kind, object->id});
	};
	note(bpf_program__fd(skeleton_->progs.holders));
	note(iterator_);
	bpf_map* map;
	bpf_object__for_each_map(map, skeleton_->obj) note(bpf_map__fd(map));
}

std::vector<holder> HolderWalk::all()
{
	not_seen_ = 0;
	const int reader = iterator_ < 0 ? -1 : bpf_iter_create(iterator_);
	if (reader < 0)
		return by_fdinfo();
	std::vector<holder> holders;
	holder batch[256];
	size_t have = 0; // bytes in the batch: a read may end within a record
	for (;;) {
		const ssize_t n = read(reader, reinterpret_cast<char*>(batch) + have, sizeof(batch) - have);
		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			continue;
		if (n <= 0)
			break;
		have += static_cast<size_t>(n);
		const size_t whole = have / sizeof(holder);
		for (size_t i = 0; i < whole; i++)
			if (batch[i].pid != getpid())
				holders.push_back(batch[i]);
		have -= whole * sizeof(holder);
		std::memmove(batch, batch + whole, have);
	}
	close(reader);
	return holders;
}

std::vector<holder> HolderWalk::by_fdinfo()
{
	std::vector<holder> holders;
	DIR* processes = opendir("/proc");
	if (!processes)
		return holders;
	while (const dirent* process = readdir(processes)) {
		const auto pid = static_cast<pid_t>(std::strtol(process->d_name, nullptr, 10));
		if (pid <= 0 || pid == getpid())
			continue;
		const std::string base = "/proc/" + std::string(process->d_name);
		DIR* descriptors = opendir((base + "/fd").c_str());
		if (!descriptors) {
			not_seen_ += errno == EACCES || errno == EPERM;
			continue;
		}
		while (const dirent* descriptor = readdir(descriptors)) {
			char what[64] = {};
			if (readlinkat(dirfd(descriptors), descriptor->d_name, what, sizeof(what) - 1) < 0 ||
				std::strncmp(what, "anon_inode:", 11) != 0)
				continue;
			holder found = {};
			found.pid = pid;
			found.fd = static_cast<int>(std::strtol(descriptor->d_name, nullptr, 10));
			if (std::strstr(what, "bpf")) {
				if (!read_fdinfo(base + "/fdinfo/" + descriptor->d_name, found))
					continue;
			} else if (std::strstr(what, "perf_event")) {
				uint32_t length = 0, kind = 0;
				__u64 offset = 0, address = 0;
				found.kind = HOLDS_PERF;
				if (bpf_task_fd_query(
						pid, found.fd, 0, nullptr, &length, &found.id, &kind, &offset, &address))
					continue;
			} else {
				continue;
			}
			read_comm(base, found);
			holders.push_back(found);
		}
		closedir(descriptors);
	}
	closedir(processes);
	return holders;
}

} // namespace corescope
