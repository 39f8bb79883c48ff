// SPDX-License-Identifier: BSD-2-Clause
// A folder of a test's own in the BPF file system, which goes with all that is pinned in it.
#pragma once

#include <filesystem>
#include <string>
#include <unistd.h>

namespace corescope::test {

class PinFolder {
public:
	PinFolder() : path_("/sys/fs/bpf/corescope-test-" + std::to_string(getpid()))
	{
		std::error_code failed;
		if (!std::filesystem::create_directory(path_, failed))
			path_.clear();
	}
	~PinFolder()
	{
		std::error_code ignored;
		if (!path_.empty())
			std::filesystem::remove_all(path_, ignored);
	}
	PinFolder(const PinFolder&) = delete;
	PinFolder& operator=(const PinFolder&) = delete;
	const std::string& path() const { return path_; } // "" where it cannot be made

private:
	std::string path_;
};

} // namespace corescope::test
