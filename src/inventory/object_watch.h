// SPDX-License-Identifier: BSD-2-Clause
// Maps and links as they come and go. The kernel writes no record of these as it does of programs, so its lists of ids are
// looked at; what came and went in between is known by its id (id_account.h).
#pragma once

#include "base/id_account.h"
#include "inventory/holders.h"
#include "system/cgroup.h"

#include <functional>
#include <map>
#include <set>

namespace corescope {

struct WatchedObject {
	ObjectKind kind; // map or link
	uint32_t id;
	bool known = false; // else it was gone before it could be asked, and all below is empty
	KernelMap map{};
	KernelLink link{};
	std::string prog_name{}; // of a link's program
	int pid = 0;             // that holds it; 0: none did when it was found
	std::string comm{};
};

class ObjectWatch {
public:
	// What is there now has not come. Throws Error(kNoPermission).
	ObjectWatch();

	// to_the_end: also what came and went with nothing after it. For that a map and a link are made for a moment, whose
	// ids say how far the kernel has counted.
	void look(bool to_the_end, const std::function<void(const WatchedObject&, bool came)>& each);

private:
	struct Kind {
		ObjectKind kind;
		IdAccount account;
		uint32_t ticket; // the last of our own
		std::map<uint32_t, WatchedObject> known;
		std::set<uint32_t> unready; // their makers are not done with them yet
	};
	std::vector<uint32_t> others(ObjectKind kind, uint32_t ticket);
	uint32_t take_ticket(ObjectKind kind);
	Kind begin(ObjectKind kind);
	WatchedObject learn(ObjectKind kind, uint32_t id);
	void find_holder(WatchedObject& object);

	HolderWalk walk_;
	CgroupResolver cgroups_;
	Kind kinds_[2];
	bool walked_ = false; // at this look
	std::vector<holder> holders_;
};

} // namespace corescope
