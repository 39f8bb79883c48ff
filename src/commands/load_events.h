// SPDX-License-Identifier: BSD-2-Clause
// The rings and perf buffers of a loaded object, each record decoded by the type that the object's BTF has for it.
#pragma once

#include "bpf/ring.h"
#include "btf/columns.h"
#include "btf/type.h"
#include "commands/load.h"
#include "commands/load_output.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

struct perf_buffer;

namespace corescope {

class LoadEvents {
public:
	// Before the load: which maps there are, and what their declarations and --event say of their records.
	LoadEvents(LoadedObject& object, BtfTypes* types);
	~LoadEvents();
	LoadEvents(const LoadEvents&) = delete;
	LoadEvents& operator=(const LoadEvents&) = delete;

	// After the load: opens them, and tells types that no declaration named from the programs. What stays unknown is
	// told on standard error.
	void open(LoadOutput& output);

	bool any() const { return !channels_.empty(); }
	std::vector<int> fds() const; // for poll()
	// Hands on what is there; stops early where `enough` says so. Returns how many records there were.
	size_t drain(LoadOutput& output, const std::function<bool()>& enough);
	// Rings that were found full: who could not reserve is not counted by the kernel.
	std::string full_rings() const;

private:
	struct Kind { // of record
		const BtfType* type = nullptr;
		size_t source = 0;
	};
	struct Channel {
		bpf_map* map = nullptr;
		std::string name;
		bool is_perf = false;
		std::vector<Kind> kinds; // the first is taken where no size fits
		std::unique_ptr<Ring> ring;
		perf_buffer* perf = nullptr;
		uint64_t full = 0;
		LoadEvents* owner = nullptr;
	};

	const BtfType* guess(const Channel& channel, uint32_t size, std::vector<std::string>& candidates) const;
	void deliver(const Channel& channel, std::string_view bytes);
	static void perf_sample(void* context, int cpu, void* data, unsigned size);
	static void perf_lost(void* context, int cpu, unsigned long long count);

	LoadedObject& object_;
	BtfTypes* types_; // null: the object has no BTF
	std::vector<std::unique_ptr<Channel>> channels_;
	std::vector<std::unique_ptr<BtfColumns>> columns_;
	LoadOutput* output_ = nullptr;
	const std::function<bool()>* enough_ = nullptr;
	bool stopped_ = false;
};

} // namespace corescope
