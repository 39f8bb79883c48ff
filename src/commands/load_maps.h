// SPDX-License-Identifier: BSD-2-Clause
// What stands in the maps and global variables of a loaded object, by its BTF.
#pragma once

#include "btf/type.h"
#include "btf/variables.h"
#include "commands/load.h"
#include "commands/load_output.h"

#include <string>
#include <vector>

namespace corescope {

class LoadMaps {
public:
	// types: null where the object has no BTF; then bytes are shown in hexadecimal.
	LoadMaps(const LoadedObject& object, BtfTypes* types);

	bool any() const { return !maps_.empty() || !variables_.empty(); }
	void write(LoadOutput& output);

private:
	struct Map {
		bpf_map* map;
		std::string name;
		const BtfType* key;   // null: not known
		const BtfType* value; // null: not known
		bool per_cpu;
		bool array;
		size_t key_size, value_size, stride; // stride: from one CPU's value to the next
	};
	struct Entry {
		std::string key, value; // value: of all CPUs one after the other, where it is per CPU
	};

	std::vector<Entry> read(const Map& map, size_t& zeros) const;
	void write_map(LoadOutput& output, const Map& map);
	void write_slots(LoadOutput& output, const Map& map, const Entry& entry);
	void write_entry(LoadOutput& output, const Map& map, const Entry& entry);
	void write_row(LoadOutput& output, std::string_view source, const BtfType* key,
		std::string_view key_bytes, const BtfType* value, std::string_view value_bytes, int cpu);
	void write_variables(LoadOutput& output);

	const LoadedObject& object_;
	BtfTypes* types_;
	std::vector<Map> maps_;
	std::unique_ptr<BtfVariables> of_object_;
	std::vector<const BtfVariable*> variables_;
	size_t cpus_;
	bool per_cpu_;
};

} // namespace corescope
