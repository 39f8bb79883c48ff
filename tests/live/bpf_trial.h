// SPDX-License-Identifier: BSD-2-Clause
// Programs of two instructions, loaded by the test itself, and attached in every way: what `corescope progs` must find.
#pragma once

#include "harness.h"
#include "pin_folder.h"

#include <bpf/bpf.h>

#include <string>

namespace corescope::test {

// A descriptor, closed at the end.
class Fd {
public:
	explicit Fd(int fd = -1) : fd_(fd) {}
	~Fd() { close(); }
	Fd(Fd&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
	Fd& operator=(Fd&&) = delete;
	int get() const { return fd_; }
	explicit operator bool() const { return fd_ >= 0; }
	void close();

private:
	int fd_;
};

// `return 0`; REQUIREs that the kernel takes it.
Fd load_prog(bpf_prog_type type, const std::string& name, bpf_attach_type attach = BPF_CGROUP_INET_INGRESS,
	uint32_t btf_id = 0);
uint32_t prog_id(const Fd& prog);
uint32_t link_id(const Fd& link);
// In this kernel's types; 0 if there is none.
uint32_t kernel_type(const std::string& name, unsigned kind);
// A perf event of a tracepoint ("task/task_rename"), or of a software clock where none is named.
Fd perf_event(const std::string& tracepoint = "");

// What `corescope progs --output json` says, and the record of that type and id in it; null if there is none.
std::vector<Json> progs(const Process::Setup& setup = {});
Json record(const std::vector<Json>& records, const std::string& type, uint32_t id);

// target: "" for any.
bool has_attachment(const Json& prog, const std::string& kind, const std::string& target);
bool held_by(const Json& object, pid_t pid);

// The output of a program that must end well.
std::string output_of(const std::vector<std::string>& command, const Process::Setup& setup = {});

} // namespace corescope::test
