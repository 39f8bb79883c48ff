// SPDX-License-Identifier: BSD-2-Clause
// Everything of BPF that is in the kernel, joined: who holds it, where it is pinned, what it is attached to, and so what
// will become of it when its loader ends.
#pragma once

#include "bpf/attachments.h"
#include "inventory/holders.h"

#include <map>
#include <string>
#include <vector>

namespace corescope {

struct HoldingProcess {
	int pid;
	std::string comm;
};

struct SeenProg {
	KernelProg info;
	std::string made_for; // the hook it was loaded for, if its kind is loaded for one
	std::vector<Attachment> attached;
	std::vector<std::string> pins;         // of itself and of its links
	std::vector<HoldingProcess> processes; // by itself or by a link; each once
	std::vector<uint32_t> arrays; // maps that contain it, so that it can be called from other programs
	bool own = false;             // corescope's

	bool lasting() const; // it stays when every process has ended
	// Nothing that can be seen keeps it: no process, pin, attachment or map.
	bool unexplained() const;
	// What keeps it: "process", "pin", "attachment", "map".
	std::vector<std::string> kept_by() const;
	// Where a program of its type may hang without the kernel telling; "" if that is known of none.
	std::string perhaps() const;
};

struct SeenMap {
	KernelMap info;
	std::vector<std::string> pins;
	std::vector<HoldingProcess> processes;
	std::vector<uint32_t> prog_ids; // that use it
	bool own = false;
};

struct SeenLink {
	KernelLink info;
	std::vector<std::string> pins;
	std::vector<HoldingProcess> processes;
	bool own = false;
};

struct Inventory {
	std::map<uint32_t, SeenProg> progs;
	std::map<uint32_t, SeenMap> maps;
	std::map<uint32_t, SeenLink> links;
	std::vector<std::string> not_seen; // what it could not look into, each a sentence
};

// Takes some ten milliseconds. What seems to be unexplained is looked at again, since a loader may just be at work or at its
// end. Throws Error(kNoPermission) if the kernel does not show its programs to this process.
Inventory take_inventory();

} // namespace corescope
