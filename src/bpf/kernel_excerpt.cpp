// SPDX-License-Identifier: BSD-2-Clause
// libbpf asks for the kernel's types in one place and hands programs to the kernel in one place; the linker sends both
// calls here (--wrap). Relocations need no number of a type. Three things do, and get the kernel's own: what a program
// hooks into, functions that it calls, and the type that it casts a pointer to.
#include "bpf/kernel_excerpt.h"

#include "base/error.h"
#include "btf/question.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <optional>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace corescope {

namespace {

constexpr const char* kOwnBtf = "/sys/kernel/btf/vmlinux";
constexpr size_t kSpareBytes =
	4096; // the file's size is told by the kernel; whether it fits is seen by reading on

thread_local const KernelExcerpt* excerpt_in_use = nullptr;

// The file's pages as they lie in the kernel (since 6.16), or a copy.
class OwnBtf {
public:
	OwnBtf()
	{
		const int fd = open(kOwnBtf, O_RDONLY | O_CLOEXEC);
		if (fd < 0)
			return;
		struct stat about;
		if (fstat(fd, &about) == 0 && about.st_size > 0) {
			size_ = static_cast<size_t>(about.st_size);
			mapped_ = size_;
			map_ = mmap(nullptr, mapped_, PROT_READ, MAP_PRIVATE, fd, 0);
			if (map_ == MAP_FAILED)
				copy(fd);
		}
		close(fd);
	}
	~OwnBtf()
	{
		if (map_ != MAP_FAILED)
			munmap(map_, mapped_);
	}
	OwnBtf(const OwnBtf&) = delete;
	OwnBtf& operator=(const OwnBtf&) = delete;

	// Empty: it could not be read.
	std::string_view bytes() const
	{
		return map_ == MAP_FAILED ? std::string_view() : std::string_view(static_cast<char*>(map_), size_);
	}

private:
	void copy(int fd)
	{
		mapped_ = size_ + kSpareBytes;
		map_ = mmap(nullptr, mapped_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
		if (map_ == MAP_FAILED)
			return;
		size_t done = 0;
		ssize_t got;
		while ((got = read(fd, static_cast<char*>(map_) + done, mapped_ - done)) > 0)
			done += static_cast<size_t>(got);
		if (got == 0 && done == size_)
			return;
		munmap(map_, mapped_);
		map_ = MAP_FAILED;
	}

	void* map_ = MAP_FAILED;
	size_t size_ = 0, mapped_ = 0;
};

// What libbpf will look for as a program's hook, by its section's name.
void add_hook(std::set<std::string, std::less<>>& names, std::string_view section)
{
	const size_t slash = section.find('/');
	if (slash == std::string_view::npos)
		return;
	std::string_view kind = section.substr(0, slash);
	if (kind.size() > 2 && kind.substr(kind.size() - 2) == ".s")
		kind.remove_suffix(2);
	const char* const prefix = kind == "tp_btf" ? "btf_trace_"
		: kind == "lsm"                         ? "bpf_lsm_"
		: kind == "iter"                        ? "bpf_iter_"
												: "";
	names.insert(prefix + std::string(section.substr(slash + 1)));
}

bool jumps(const bpf_insn& at)
{
	const unsigned kind = BPF_CLASS(at.code), how = BPF_OP(at.code);
	return (kind == BPF_JMP || kind == BPF_JMP32) && how != BPF_CALL && how != BPF_EXIT;
}

bool sets_r2(const bpf_insn& at)
{
	const unsigned kind = BPF_CLASS(at.code);
	return at.dst_reg == BPF_REG_2 && at.code &&
		(kind == BPF_LD || kind == BPF_LDX || kind == BPF_ALU || kind == BPF_ALU64);
}

// The instruction that puts a cast's second argument, a number of a type, into its register. Compilers put it right before
// the call, which no jump may reach past it.
std::optional<size_t> cast_argument(const std::vector<bpf_insn>& program, size_t call)
{
	size_t from = call;
	while (from > 0 && call - from < 8) {
		from--;
		if (BPF_CLASS(program[from].code) == BPF_JMP || BPF_CLASS(program[from].code) == BPF_JMP32)
			return {};
		if (!sets_r2(program[from]))
			continue;
		if (program[from].code != (BPF_LD | BPF_IMM | BPF_DW) || program[from].src_reg)
			return {};
		for (size_t i = 0; i < program.size(); i++) {
			const size_t to = i + 1 + static_cast<size_t>(static_cast<ssize_t>(program[i].off));
			if (jumps(program[i]) && to > from && to <= call)
				return {};
		}
		return from;
	}
	return {};
}

// In place of numbers in the excerpt, the kernel's. False: something in here is not as it is known.
bool renumber(std::vector<bpf_insn>& program, const std::vector<uint32_t>& kernel_type, uint32_t cast)
{
	const auto put = [&](int32_t& number) {
		if (static_cast<uint32_t>(number) >= kernel_type.size())
			return false;
		number = static_cast<int32_t>(kernel_type[static_cast<uint32_t>(number)]);
		return true;
	};
	for (size_t i = 0; i < program.size(); i++) {
		bpf_insn& at = program[i];
		if (at.code == (BPF_LD | BPF_IMM | BPF_DW)) {
			if (at.src_reg == BPF_PSEUDO_BTF_ID && at.imm && !put(at.imm))
				return false;
			i++;
		} else if (at.code == (BPF_JMP | BPF_CALL) && at.src_reg == BPF_PSEUDO_KFUNC_CALL && !at.off) {
			if (static_cast<uint32_t>(at.imm) == cast) {
				const std::optional<size_t> argument = cast_argument(program, i);
				if (!argument || !put(program[*argument].imm))
					return false;
			}
			if (!put(at.imm))
				return false;
		}
	}
	return true;
}

} // namespace

bool uses_kernel_excerpt() { return excerpt_in_use != nullptr; }

KernelExcerpt::KernelExcerpt(BtfExcerpt types) : types_(std::move(types))
{
	const Btf readable(btf__new(types_.raw.data(), static_cast<uint32_t>(types_.raw.size())));
	const int cast =
		readable ? btf__find_by_name_kind(readable.get(), "bpf_rdonly_cast", BTF_KIND_FUNC) : -EINVAL;
	if (!readable)
		throw Error(kFailure, "the excerpt of the kernel's types cannot be read");
	cast_ = cast > 0 ? static_cast<uint32_t>(cast) : 0;
	excerpt_in_use = this;
}
KernelExcerpt::~KernelExcerpt() { excerpt_in_use = nullptr; }

std::unique_ptr<KernelExcerpt> KernelExcerpt::of(bpf_object* object, std::string_view elf)
{
	try {
		std::set<std::string, std::less<>> names = btf_names(elf);
		const bpf_program* program = nullptr;
		while ((program = bpf_object__next_program(object, const_cast<bpf_program*>(program))))
			add_hook(names, bpf_program__section_name(program));
		const OwnBtf own;
		if (own.bytes().empty())
			return nullptr;
		return std::unique_ptr<KernelExcerpt>(new KernelExcerpt(btf_excerpt(own.bytes(), names)));
	} catch (const Error&) {
		return nullptr; // libbpf will say better than we what is wrong with the types, if anything is
	}
}

} // namespace corescope

extern "C" {

// NOLINTBEGIN(bugprone-reserved-identifier): the linker's names
btf* __real_btf__load_vmlinux_btf();
btf* __wrap_btf__load_vmlinux_btf();
int __real_bpf_prog_load(bpf_prog_type type, const char* name, const char* license, const bpf_insn* program,
	size_t size, bpf_prog_load_opts* opts);
int __wrap_bpf_prog_load(bpf_prog_type type, const char* name, const char* license, const bpf_insn* program,
	size_t size, bpf_prog_load_opts* opts);

btf* __wrap_btf__load_vmlinux_btf()
{
	using namespace corescope;
	if (!excerpt_in_use)
		return __real_btf__load_vmlinux_btf();
	const std::string& raw = excerpt_in_use->types().raw;
	return btf__new(raw.data(), static_cast<uint32_t>(raw.size()));
}

// Called again for the verifier's log, so what libbpf holds stays as it is.
int __wrap_bpf_prog_load(bpf_prog_type type, const char* name, const char* license, const bpf_insn* program,
	size_t size, bpf_prog_load_opts* opts)
{
	using namespace corescope;
	if (!excerpt_in_use || !opts)
		return __real_bpf_prog_load(type, name, license, program, size, opts);
	try {
		const std::vector<uint32_t>& kernel_type = excerpt_in_use->types().kernel_type;
		std::vector<bpf_insn> own(program, program + size);
		bpf_prog_load_opts own_opts{};
		std::memcpy(&own_opts, opts, std::min(sizeof(own_opts), opts->sz));
		const bool hooked = opts->attach_btf_id && !opts->attach_prog_fd && !opts->attach_btf_obj_fd;
		if (!renumber(own, kernel_type, excerpt_in_use->cast()) ||
			(hooked && opts->attach_btf_id >= kernel_type.size())) {
			errno = ESRCH;
			return -ESRCH;
		}
		if (hooked)
			own_opts.attach_btf_id = kernel_type[opts->attach_btf_id];
		return __real_bpf_prog_load(type, name, license, own.data(), own.size(), &own_opts);
	} catch (const std::bad_alloc&) { // no exception may cross libbpf
		errno = ENOMEM;
		return -ENOMEM;
	}
}
// NOLINTEND(bugprone-reserved-identifier)
}
