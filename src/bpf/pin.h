// SPDX-License-Identifier: BSD-2-Clause
// Maps and links that outlive their process: a folder for each name in the BPF file system. A folder is made under a
// name that no pin can have, and gets its own by one rename, so that it is there with all that belongs to it or not at
// all. Whoever makes one holds a lock on it: a hidden folder that nobody locks was left by a crash.
#pragma once

#include "base/parse.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace corescope {

inline constexpr const char* kBpffs = "/sys/fs/bpf";
inline constexpr const char* kPinFolder = "/sys/fs/bpf/corescope";

// Letters, digits, '-' and '_', the first no sign; at most 64. The file system itself refuses dots.
struct PinName {
	std::string value; // "": not given
};
void parse_value(PinName& out, const char* text); // throws BadValue
inline ArgumentShape argument_shape(const PinName*) { return {ArgumentShape::Kind::pin}; }

// 128 random bits in hexadecimal digits.
std::string random_id();

// What is about to be pinned. All members throw Error: kTempFail where the name is taken, kNoPermission, kUnavailable
// where there is no BPF file system, or where this kernel cannot pin what is given.
class NewPin {
public:
	// Mounts the BPF file system where there is none, and removes what crashes have left.
	explicit NewPin(const std::string& name);
	~NewPin(); // what was not published is gone, and its links with it
	NewPin(const NewPin&) = delete;
	NewPin& operator=(const NewPin&) = delete;

	void add_map(const char* as, int fd);
	void add_program(int fd);
	// hook: as messages name it. Links come last: until there is one, nothing runs for a pin that a crash has left.
	void add_link(int fd, std::string_view hook);
	void publish();

private:
	void add(const std::string& as, int fd);

	std::string name_, folder_;
	int lock_ = -1;
	unsigned programs_ = 0, links_ = 0;
};

// A pin that is there. What is opened belongs to this one, even if it is removed and another takes its name meanwhile.
class PinReader {
public:
	// alone: waits until no other reader that wants to be alone is at it; throws Error(kTempFail) after a while.
	PinReader(const std::string& name, bool alone);
	~PinReader();
	PinReader(const PinReader&) = delete;
	PinReader& operator=(const PinReader&) = delete;

	const std::string& name() const { return name_; }
	// Descriptors to read from; the caller's to close. Programs are numbered from 0.
	int open_map(const char* as) const { return open_pinned(as); }
	int open_program(uint64_t number) const { return open_pinned("prog_" + std::to_string(number)); }

private:
	int open_pinned(const std::string& as) const;

	std::string name_;
	int folder_;
};

// Names of all pins, in order. Throws Error(kNoPermission).
std::vector<std::string> pin_names();

// Returns when its programs are gone, where we may look; else they go a moment later.
void remove_pin(const std::string& name);

// What crashes have left half made or half removed. Returns how many.
size_t remove_pin_leftovers();

} // namespace corescope
