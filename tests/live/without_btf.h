// SPDX-License-Identifier: BSD-2-Clause
// Tools as they run on a kernel that offers no BTF: /sys/kernel/btf is hidden from them. The verifier still has the types,
// but neither libbpf nor the tool can see them.
#pragma once

#include <string>
#include <vector>

namespace corescope::test {

// While this lives, corescope_path() is a script that hides the kernel's types and starts the tool with these further
// arguments ("--btf", FILE) behind its own; so everything in the harness and beside it works as it is.
class WithoutBtf {
public:
	explicit WithoutBtf(const std::vector<std::string>& arguments = {});
	~WithoutBtf();
	WithoutBtf(const WithoutBtf&) = delete;
	WithoutBtf& operator=(const WithoutBtf&) = delete;

	// Why that cannot be had here; "" if it can.
	static std::string problem();

private:
	std::string before_, script_;
	bool was_set_;
};

// A bundle of this kernel alone, made by `corescope btf bundle` when it is first asked for; gone with the tests.
std::string own_bundle();

} // namespace corescope::test
