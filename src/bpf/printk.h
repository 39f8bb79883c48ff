// SPDX-License-Identifier: BSD-2-Clause
// What programs say by bpf_printk. Each call is an event of the kernel's tracing, bpf_trace:bpf_trace_printk, since 5.9;
// so a tracing instance of our own that has only this event gets it without taking a line from whoever reads the
// machine's one trace_pipe, with the boot clock, and with a count of what was lost. All is gone with the instance.
#pragma once

#include "output/field.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace corescope {

struct PrintkLine {
	uint64_t ts = 0; // CLOCK_BOOTTIME ns
	uint32_t tid = 0;
	uint32_t cpu = 0;
	std::string comm; // of the task in whose context the program ran; "<...>" where tracing did not note it
	std::string text;
};

// One line of trace_pipe. False if it is no line of bpf_printk: then it goes on what the one before said.
bool parse_printk(std::string_view line, PrintkLine& out);
// "CPU:3 [LOST 12 EVENTS]": 12; 0 for all other lines.
uint64_t parse_printk_loss(std::string_view line);

// The formats of a program's bpf_printk calls. Every program on the machine prints into the same event, which does not
// say whose it is; but a text that none of our formats can have made is not ours.
class PrintkFormats {
public:
	void add(std::string_view format);
	bool empty() const { return formats_.empty(); }
	size_t size() const { return formats_.size(); }
	bool could_be(std::string_view text) const;

private:
	// Runs of text that must be there in this order, anything between them; first and last are at the ends.
	std::vector<std::vector<std::string>> formats_;
};

class PrintkReader {
public:
	// Makes the instance. Throws Error(kUnavailable, kNoPermission).
	PrintkReader();
	~PrintkReader();
	PrintkReader(const PrintkReader&) = delete;
	PrintkReader& operator=(const PrintkReader&) = delete;

	int fd() const { return pipe_; } // for poll()
	// What has come since, without waiting; each(const PrintkLine&).
	template <class Each>
	void read_all(Each&& each)
	{
		while (fetch())
			for (const PrintkLine& line : lines_)
				each(line);
		finish();
		for (const PrintkLine& line : lines_)
			each(line);
	}
	uint64_t lost() const { return lost_; } // lines that the kernel overwrote before they were read

private:
	void remove();
	void write_setting(const char* file, const char* value) const;
	bool fetch();  // the next piece into lines_; false if there is none
	void finish(); // the last line, which nothing can follow any more, into lines_
	void take(std::string_view line);

	std::string folder_;
	int lock_ = -1, pipe_ = -1;
	std::string rest_;
	std::vector<PrintkLine> lines_;
	PrintkLine pending_;
	bool has_pending_ = false;
	uint64_t lost_ = 0;
};

// Time, command, thread, CPU and text.
std::span<const Field> printk_fields();

// tracefs as it is mounted here; "" if it is not.
std::string tracefs_path();

} // namespace corescope
