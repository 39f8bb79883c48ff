// SPDX-License-Identifier: BSD-2-Clause
// The kernel asked by trial: for each way to hook in a program of a few instructions is loaded, attached to something
// that hardly ever happens, which is then made to happen. Neither BTF nor versions nor the kernel's configuration tell
// that reliably. Everything hangs on descriptors of this process: nothing is left, however it ends.
#pragma once

#include "bpf/explain.h"
#include "bpf/lease.h"

#include <bpf/bpf.h>

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

struct btf;

namespace corescope {

// What trials share: this kernel's types, and what is closed side by side at the end, since some links take their time.
class TrialGround {
public:
	TrialGround() = default;
	~TrialGround();
	TrialGround(const TrialGround&) = delete;
	TrialGround& operator=(const TrialGround&) = delete;

	// Of a type or function; 0 if there is none, or no types at all.
	unsigned type_id(const std::string& name, unsigned kind) const;
	bool has_types() const;
	void close_later(int fd) { closing_.push_back(fd); }
	// Of a trial's section: what is said of it in lease.h.
	void lend(const char* section)
	{
		leases_.push_back(std::make_unique<TracepointLease>());
		leases_.back()->take({section});
	}

private:
	std::vector<std::unique_ptr<TracepointLease>> leases_; // outlive what is closed
	std::vector<int> closing_;
};

// One way to hook in.
struct Trial {
	const char* name;
	const char* section; // as sections of such programs are named: what diagnose() goes by
	const char* what;    // for people
	bpf_prog_type type;
	bpf_attach_type attach_type;
	const char* type_prefix; // of what is looked for in this kernel's types; null: needs none
	unsigned type_kind;      // BTF_KIND_…
	std::string (*target)();
	int (*attach)(int program, const Trial& trial); // a descriptor, or a negative errno
	bool (*provoke)(int link);                      // makes it happen; false if that cannot be
};
std::span<const Trial> hook_trials();

// None: loaded, attached, and it ran.
std::optional<Failure> try_hook(const Trial& trial, TrialGround& ground);

// Whether this kernel lets tp_btf programs (raw_tp without types) call a helper, BPF_FUNC_…; by its verifier's words.
std::optional<Failure> try_helper(bpf_func_id helper, TrialGround& ground);

std::optional<Failure> try_ring_buffer();
std::optional<Failure> try_task_storage(TrialGround& ground);

// Whether a program that is loaded becomes machine code; none if none can be loaded, or that is not told.
std::optional<bool> try_jit();

} // namespace corescope
