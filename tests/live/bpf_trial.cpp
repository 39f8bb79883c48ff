// SPDX-License-Identifier: BSD-2-Clause
// See bpf_trial.h.
#include "bpf_trial.h"

#include <bpf/btf.h>

#include <algorithm>
#include <dirent.h>
#include <fstream>
#include <linux/perf_event.h>
#include <memory>
#include <sstream>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace corescope::test {

void Fd::close()
{
	if (fd_ >= 0)
		::close(fd_);
	fd_ = -1;
}

Fd load_prog(bpf_prog_type type, const std::string& name, bpf_attach_type attach, uint32_t btf_id)
{
	const bpf_insn program[] = {{BPF_ALU64 | BPF_MOV | BPF_K, 0, 0, 0, 0}, {BPF_JMP | BPF_EXIT, 0, 0, 0, 0}};
	LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = attach, .attach_btf_id = btf_id);
	Fd fd(bpf_prog_load(type, name.c_str(), "GPL", program, std::size(program), &options));
	INFO(name << ": " << strerror(errno));
	REQUIRE(fd);
	return fd;
}

uint32_t prog_id(const Fd& prog)
{
	bpf_prog_info info = {};
	uint32_t size = sizeof(info);
	REQUIRE(bpf_obj_get_info_by_fd(prog.get(), &info, &size) == 0);
	return info.id;
}

uint32_t link_id(const Fd& link)
{
	bpf_link_info info = {};
	uint32_t size = sizeof(info);
	REQUIRE(bpf_obj_get_info_by_fd(link.get(), &info, &size) == 0);
	return info.id;
}

uint32_t kernel_type(const std::string& name, unsigned kind)
{
	static const std::unique_ptr<btf, decltype(&btf__free)> types(btf__load_vmlinux_btf(), btf__free);
	const int id = types ? btf__find_by_name_kind(types.get(), name.c_str(), kind) : 0;
	return id > 0 ? static_cast<uint32_t>(id) : 0;
}

Fd perf_event(const std::string& tracepoint)
{
	perf_event_attr attr = {};
	attr.size = sizeof(attr);
	attr.type = PERF_TYPE_SOFTWARE;
	attr.config = PERF_COUNT_SW_CPU_CLOCK;
	attr.sample_period = 1000000000;
	if (!tracepoint.empty()) {
		std::ifstream file("/sys/kernel/tracing/events/" + tracepoint + "/id");
		uint64_t number = 0;
		file >> number;
		attr.type = PERF_TYPE_TRACEPOINT;
		attr.config = number;
		attr.sample_period = 1;
	}
	return Fd(static_cast<int>(syscall(SYS_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC)));
}

std::string output_of(const std::vector<std::string>& command, const Process::Setup& setup)
{
	Process process(command, setup);
	const std::string out = process.rest();
	const int status = process.wait();
	INFO(command[0] << ": " << process.errors());
	REQUIRE(status == 0);
	return out;
}

std::vector<Json> progs(const Process::Setup& setup)
{
	std::vector<Json> records;
	std::istringstream lines(output_of({corescope_path(), "progs", "--output", "json"}, setup));
	for (std::string line; std::getline(lines, line);)
		records.push_back(Json::parse(line));
	REQUIRE(records.size() >= 2);
	REQUIRE(records.front().at("type") == "meta");
	return records;
}

Json record(const std::vector<Json>& records, const std::string& type, uint32_t id)
{
	for (const Json& record : records)
		if (record.at("type") == type && record.at("id") == id)
			return record;
	return nullptr;
}

bool has_attachment(const Json& prog, const std::string& kind, const std::string& target)
{
	const Json& all = prog.at("attached");
	return std::any_of(all.begin(), all.end(), [&](const Json& one) {
		return one.at("kind") == kind &&
			(target.empty() || (one.at("target").is_string() && one.at("target") == target));
	});
}

bool held_by(const Json& object, pid_t pid)
{
	const Json& all = object.at("processes");
	return std::any_of(all.begin(), all.end(), [&](const Json& one) { return one.at("pid") == pid; });
}

} // namespace corescope::test
