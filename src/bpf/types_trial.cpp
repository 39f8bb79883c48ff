// SPDX-License-Identifier: BSD-2-Clause
// A program of eight instructions that the kernel runs once for each half of a name; see types_trial.h. The name lies
// far inside task_struct: on a kernel of another version, or of another configuration, it lies elsewhere.
#include "bpf/types_trial.h"

#include "btf/question.h"

#include <bpf/bpf.h>

#include <cstdint>
#include <cstring>
#include <iterator>
#include <optional>
#include <sys/prctl.h>
#include <unistd.h>

namespace corescope {

namespace {

constexpr size_t kNameBytes = 16;
constexpr size_t kCompared = 8; // bytes of it, the NUL behind it too

// The offset in bytes of a member of struct task_struct, also within anonymous ones.
std::optional<uint32_t> offset_of(const btf* types, uint32_t id, std::string_view wanted)
{
	const btf_type* type = resolved(types, id);
	if (!type || !btf_is_composite(type))
		return std::nullopt;
	for (uint32_t i = 0; i < btf_vlen(type); i++) {
		const btf_member& member = btf_members(type)[i];
		const std::string_view name = btf__name_by_offset(types, member.name_off);
		const uint32_t at = btf_member_bit_offset(type, i) / 8;
		if (name == wanted)
			return at;
		if (name.empty())
			if (const auto inside = offset_of(types, member.type, wanted))
				return at + *inside;
	}
	return std::nullopt;
}

// Four bytes of the current task at this offset, or nothing.
std::optional<uint32_t> read_current(uint32_t offset)
{
	const auto call = [](int32_t helper) { return bpf_insn{BPF_JMP | BPF_CALL, 0, 0, 0, helper}; };
	const bpf_insn program[] = {
		call(BPF_FUNC_get_current_task),
		{BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_3, BPF_REG_0, 0, 0},
		{BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_3, 0, 0, static_cast<int32_t>(offset)},
		{BPF_ALU64 | BPF_MOV | BPF_X, BPF_REG_1, BPF_REG_10, 0, 0},
		{BPF_ALU64 | BPF_ADD | BPF_K, BPF_REG_1, 0, 0, -8},
		{BPF_ALU64 | BPF_MOV | BPF_K, BPF_REG_2, 0, 0, sizeof(uint32_t)},
		call(BPF_FUNC_probe_read_kernel),
		{BPF_LDX | BPF_MEM | BPF_W, BPF_REG_0, BPF_REG_10, -8, 0},
		{BPF_JMP | BPF_EXIT, 0, 0, 0, 0},
	};
	LIBBPF_OPTS(bpf_prog_load_opts, load);
	const int fd =
		bpf_prog_load(BPF_PROG_TYPE_RAW_TRACEPOINT, "types_trial", "GPL", program, std::size(program), &load);
	if (fd < 0)
		return std::nullopt;
	LIBBPF_OPTS(bpf_test_run_opts, run);
	const int error = bpf_prog_test_run_opts(fd, &run);
	close(fd);
	return error ? std::nullopt : std::optional<uint32_t>(run.retval);
}

} // namespace

bool types_fit_this_kernel(const btf* types)
{
	const int task = btf__find_by_name_kind(types, "task_struct", BTF_KIND_STRUCT);
	const auto at =
		task > 0 ? offset_of(types, static_cast<uint32_t>(task), "comm") : std::optional<uint32_t>();
	char name[kNameBytes] = {};
	if (!at || prctl(PR_GET_NAME, name) != 0)
		return true;
	for (uint32_t i = 0; i < kCompared; i += sizeof(uint32_t)) {
		const auto found = read_current(*at + i);
		if (found && std::memcmp(&*found, name + i, sizeof(*found)) != 0)
			return false;
	}
	return true;
}

} // namespace corescope
