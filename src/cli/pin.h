// SPDX-License-Identifier: BSD-2-Clause
// `TOOL --pin NAME`: a histogram tool that is left counting in the kernel, and what it says of itself, so that any
// later process can read it or say why it can't.
#pragma once

#include "bpf/hist_maps.h"
#include "bpf/loss.h"
#include "bpf/pin.h"
#include "cli/histogram.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace corescope {

// Counts up when a reader of the old number would read the maps wrongly.
inline constexpr uint64_t kPinLayout = 1;

struct PinAbout {
	uint64_t layout = kPinLayout;
	std::string identity; // no other pin ever has it
	HistSource source;
	HistBy by = HistBy::all;
	std::vector<std::string> arguments; // of the tool, its name first
	uint64_t max_keys = 0;
	int64_t since_unix_ns = 0;
	uint64_t since_ns = 0; // CLOCK_MONOTONIC
	uint64_t programs = 0;
	uint64_t losses_at = 0; // bytes from the beginning of the map `shared` to its event_shared
	// How the maps are laid out.
	uint64_t p = HIST_P, limit_log2 = HIST_LIMIT_LOG2, slots = HIST_SLOTS;
	uint64_t cpu_bytes = sizeof(hist_cpu), row_bytes = sizeof(hist_row), shared_bytes = sizeof(event_shared);
	uint64_t loss_causes = LOSS_CAUSES;

	// Why this corescope cannot read it; "" if it can.
	std::string unreadable() const;
};
std::string pack_about(const PinAbout& about);
// Reads what it knows, whatever the layout. Throws Malformed.
PinAbout unpack_about(std::string_view bytes);
PinAbout read_about(const PinReader& pin); // throws Error

// Loads, attaches, pins. Returns the exit status; throws Error, and then nothing is left.
int pin_histogram(const HistRun& run);

// The names of their maps.
inline constexpr const char* kPinAbout = "about";
inline constexpr const char* kPinHistograms = "histograms";
inline constexpr const char* kPinShared = "shared";
// A map that holds these bytes and is never written again; the caller's to close.
int make_about_map(std::string_view bytes);

// What a pin has counted by now.
class PinnedCounts {
public:
	// Throws Error, kUnavailable where this corescope cannot read it.
	PinnedCounts(const PinReader& pin, const PinAbout& about);
	~PinnedCounts();
	PinnedCounts(const PinnedCounts&) = delete;
	PinnedCounts& operator=(const PinnedCounts&) = delete;

	struct Reading {
		Snapshot snapshot; // its window tells the losses too
		LossCounts losses{};
	};
	Reading read(CgroupResolver& cgroups); // throws Error

private:
	void close_all();
	LossCounts losses() const;

	HistBy by_;
	std::unique_ptr<HistMaps> maps_;
	int shared_ = -1;
	std::vector<int> programs_;
	size_t shared_bytes_ = 0, losses_at_;
};

} // namespace corescope
