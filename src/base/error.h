// SPDX-License-Identifier: BSD-2-Clause
// The one exception of set-up, and the exit statuses (sysexits where they have a word for it). The message is
// one line, "what failed: why; what to do"; whoever catches it prints it to stderr and exits with the code.
#pragma once

#include <exception>
#include <string>
#include <utility>

namespace corescope {

enum ExitCode : int {
	kOk = 0,            // done, also after SIGINT, SIGTERM or the end of --duration
	kFailure = 1,       // failed while running
	kUsage = 64,        // the command line makes no sense
	kDataError = 65,    // what was given to read is not what it should be
	kUnavailable = 69,  // this kernel or host lacks what is needed
	kIoError = 74,      // the output could not be written
	kTempFail = 75,     // a previous run still holds the lock
	kNoPermission = 77, // privilege is missing
};

struct Error : std::exception {
	Error(int exit_code, std::string text) : code(exit_code), message(std::move(text)) {}
	const char* what() const noexcept override { return message.c_str(); }

	int code;
	std::string message;
};

} // namespace corescope
