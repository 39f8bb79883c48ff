// SPDX-License-Identifier: BSD-2-Clause
// See instructions.h; encodings: Documentation/bpf/instruction-set.rst of the kernel.
#include "bpf/instructions.h"

namespace corescope {

namespace {

bool is_helper_call(const bpf_insn& insn) { return insn.code == (BPF_JMP | BPF_CALL) && insn.src_reg == 0; }

bool is_map_load(const bpf_insn& insn)
{
	return insn.code == (BPF_LD | BPF_IMM | BPF_DW) && insn.src_reg == BPF_PSEUDO_MAP_FD;
}

// The instruction before `at` that last wrote `reg`, or none (nullptr) where control may have come from elsewhere.
const bpf_insn* writer_of(Instructions program, size_t at, unsigned reg)
{
	while (at-- > 0) {
		const bpf_insn& insn = program[at];
		const unsigned kind = BPF_CLASS(insn.code);
		if (at > 0 && program[at - 1].code == (BPF_LD | BPF_IMM | BPF_DW))
			continue; // the second half of one that is two long
		if (kind == BPF_JMP || kind == BPF_JMP32) {
			if (BPF_OP(insn.code) == BPF_CALL && reg <= 5)
				return nullptr; // a call spoils r0 to r5
			continue;
		}
		if (kind != BPF_ST && kind != BPF_STX && insn.dst_reg == reg)
			return &insn;
	}
	return nullptr;
}

// What is in the register at the call: a map's descriptor or a number, through moves between registers.
int64_t constant_in(Instructions program, size_t at, unsigned reg, bool map)
{
	for (int moves = 0; moves < 4; moves++) {
		const bpf_insn* insn = writer_of(program, at, reg);
		if (!insn)
			return -1;
		if (map && is_map_load(*insn))
			return insn->imm;
		const unsigned kind = BPF_CLASS(insn->code);
		if ((kind != BPF_ALU && kind != BPF_ALU64) || BPF_OP(insn->code) != BPF_MOV)
			return -1;
		if (BPF_SRC(insn->code) == BPF_K)
			return map ? -1 : insn->imm;
		reg = insn->src_reg;
		at = static_cast<size_t>(insn - program.data());
	}
	return -1;
}

} // namespace

bool calls_helper(Instructions program, int32_t helper)
{
	for (const bpf_insn& insn : program)
		if (is_helper_call(insn) && insn.imm == helper)
			return true;
	return false;
}

bool prints_to_trace(Instructions program)
{
	return calls_helper(program, BPF_FUNC_trace_printk) || calls_helper(program, BPF_FUNC_trace_vprintk);
}

std::vector<RecordSite> record_sites(Instructions program)
{
	std::vector<RecordSite> sites;
	for (size_t i = 0; i < program.size(); i++) {
		if (!is_helper_call(program[i]))
			continue;
		unsigned map_in, size_in;
		switch (program[i].imm) {
		case BPF_FUNC_ringbuf_reserve: map_in = 1, size_in = 2; break;
		case BPF_FUNC_ringbuf_output: map_in = 1, size_in = 3; break;
		case BPF_FUNC_perf_event_output: map_in = 2, size_in = 5; break;
		default: continue;
		}
		const int64_t size = constant_in(program, i, size_in, false);
		sites.push_back({i, static_cast<int>(constant_in(program, i, map_in, true)),
			size > 0 ? static_cast<uint32_t>(size) : 0});
	}
	return sites;
}

} // namespace corescope
