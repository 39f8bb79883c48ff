// SPDX-License-Identifier: BSD-2-Clause
// A compiled BPF object as a file from anywhere: looked over before libbpf parses it, because libbpf trusts what it
// reads. What is found on the way (sections, licence, tail-called programs) is kept for whoever tells of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace corescope {

struct ObjectFile {
	struct Section {
		std::string name;
		uint64_t size;   // bytes
		bool executable; // holds programs
	};

	std::string path;
	std::vector<char> bytes;
	std::vector<Section> sections;
	std::string license;
	bool has_btf = false;
	bool has_line_info = false;       // .BTF.ext
	std::set<std::string> tail_calls; // programs that initialize an array of programs

	std::string name() const; // the file's, without folder and .bpf.o
};

// Reads and checks it. Throws Error, one line: kDataError for what is no sound BPF object, kUnavailable for a sound one
// that libbpf cannot take (another byte order, a `maps` section as before libbpf 1.0).
ObjectFile read_object_file(const std::string& path);

// From now until its end, a crash (of libbpf's parser, on an object that deceives all checks) becomes one line on
// standard error and exit status 65. Nothing is attached or pinned in that time, so that the kernel cleans up alone.
class CrashGuard {
public:
	explicit CrashGuard(const std::string& path);
	~CrashGuard();
	CrashGuard(const CrashGuard&) = delete;
	CrashGuard& operator=(const CrashGuard&) = delete;
};

} // namespace corescope
