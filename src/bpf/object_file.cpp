// SPDX-License-Identifier: BSD-2-Clause
// See object_file.h. Headers are read by libelf, which checks its own bounds; what libbpf reads without looking (string
// tables that do not end, sections beyond the file, symbols of sections that are not there) is checked here.
#include "bpf/object_file.h"

#include "base/error.h"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <gelf.h>
#include <memory>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace corescope {

namespace {

constexpr off_t kLargest = 256 << 20;
constexpr size_t kMostSections =
	65000; // above, their number stands elsewhere, and libbpf does not look there
constexpr uint16_t kNativeOrder = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? ELFDATA2LSB : ELFDATA2MSB;

[[noreturn]] void damaged(const std::string& path, const std::string& why)
{
	throw Error(kDataError, path + ": is damaged: " + why + "; compile it again");
}

std::vector<char> read_file(const std::string& path)
{
	const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		throw Error(errno == EACCES ? kNoPermission : kDataError, path + ": " + std::strerror(errno));
	struct stat about;
	std::vector<char> bytes;
	const char* problem = fstat(fd, &about) != 0 ? std::strerror(errno)
		: !S_ISREG(about.st_mode)                ? "is no regular file"
		: about.st_size > kLargest               ? "is larger than 256 MiB, which no BPF object is"
												 : nullptr;
	if (!problem) {
		bytes.resize(static_cast<size_t>(about.st_size));
		size_t done = 0;
		ssize_t n = 1;
		while (done < bytes.size() && (n = read(fd, bytes.data() + done, bytes.size() - done)) > 0)
			done += static_cast<size_t>(n);
		if (n < 0)
			problem = std::strerror(errno);
		bytes.resize(done);
	}
	close(fd);
	if (problem)
		throw Error(kDataError, path + ": " + problem);
	return bytes;
}

void check_identity(const std::string& path, const std::vector<char>& bytes)
{
	const auto* at = reinterpret_cast<const unsigned char*>(bytes.data());
	const auto refuse = [&](const std::string& why) { throw Error(kDataError, path + ": " + why); };
	if (bytes.empty())
		refuse("is empty");
	if (bytes.size() < EI_NIDENT || std::memcmp(at, ELFMAG, SELFMAG) != 0)
		refuse("is no ELF file; give what `clang -target bpf -g -O2 -c` has made");
	if (at[EI_CLASS] != ELFCLASS64)
		refuse("is a 32-bit ELF file; BPF objects have 64 bits");
	if (at[EI_DATA] != kNativeOrder)
		throw Error(kUnavailable,
			path + ": has the other byte order; compile it with -target " +
				(kNativeOrder == ELFDATA2LSB ? "bpfel" : "bpfeb") + " for this machine");
	Elf64_Ehdr header;
	if (bytes.size() < sizeof(header))
		damaged(path, "it ends within its header");
	std::memcpy(&header, at, sizeof(header));
	if (header.e_machine != EM_BPF)
		refuse("is an ELF file for another machine (e_machine " + std::to_string(header.e_machine) +
			"), not for BPF; compile it with -target bpf");
	if (header.e_type != ET_REL)
		refuse("is no relocatable object; give what clang -c has made, not what a linker has");
	if (header.e_shoff == 0 || header.e_shnum == 0)
		refuse("has no sections");
	if (header.e_shentsize != sizeof(Elf64_Shdr) || header.e_shoff > bytes.size() ||
		header.e_shoff % 8 != 0 || header.e_shnum >= kMostSections ||
		header.e_shnum > (bytes.size() - header.e_shoff) / sizeof(Elf64_Shdr))
		damaged(path, "its table of sections does not lie in the file (is it cut short?)");
	if (header.e_shstrndx == 0 || header.e_shstrndx >= header.e_shnum)
		damaged(path, "its sections have no names");
}

struct EndElf {
	void operator()(Elf* elf) const { elf_end(elf); }
};

// One pass over the sections, and one over what refers to them.
class Checker {
public:
	Checker(ObjectFile& file) : file_(file)
	{
		elf_version(EV_CURRENT);
		elf_.reset(elf_memory(file.bytes.data(), file.bytes.size()));
		if (!elf_ || elf_getshdrstrndx(elf_.get(), &names_) != 0)
			damaged(file.path, elf_errmsg(-1));
	}

	void check()
	{
		for (Elf_Scn* section = nullptr; (section = elf_nextscn(elf_.get(), section));)
			look_at(section);
		check_symbols();
		for (const Link& link : relocations_)
			check_relocations(link);
		if (legacy_maps_)
			throw Error(kUnavailable,
				file_.path +
					": declares its maps in a `maps` section, as before libbpf 1.0; declare them in SEC(\".maps\")");
	}

private:
	struct Link {
		GElf_Shdr header;
		Elf_Data* data;
	};

	const char* string(size_t table, size_t offset)
	{
		const char* found = elf_strptr(elf_.get(), table, offset);
		if (!found)
			damaged(file_.path, "a name lies outside its table");
		return found;
	}

	void look_at(Elf_Scn* section)
	{
		GElf_Shdr header;
		if (!gelf_getshdr(section, &header))
			damaged(file_.path, elf_errmsg(-1));
		const bool has_bytes = header.sh_type != SHT_NOBITS && header.sh_type != SHT_NULL;
		if (has_bytes &&
			(header.sh_offset > file_.bytes.size() || header.sh_size > file_.bytes.size() - header.sh_offset))
			damaged(file_.path, "a section reaches beyond the end of the file (is it cut short?)");
		if (!has_bytes && header.sh_size > static_cast<uint64_t>(kLargest))
			damaged(file_.path, "a section is larger than any map can be");
		const char* bytes = file_.bytes.data() + (has_bytes ? header.sh_offset : 0);
		if (header.sh_type == SHT_STRTAB && (header.sh_size == 0 || bytes[header.sh_size - 1] != 0))
			damaged(file_.path, "a table of names does not end");
		const std::string name = string(names_, header.sh_name);
		const bool executable = header.sh_type == SHT_PROGBITS && header.sh_flags & SHF_EXECINSTR;
		if (executable && header.sh_size % 8 != 0)
			damaged(file_.path, "section " + name + " does not hold whole instructions");
		file_.sections.push_back({name, header.sh_size, executable});
		if (header.sh_type == SHT_SYMTAB || header.sh_type == SHT_REL) {
			Elf_Data* data = elf_getdata(section, nullptr);
			const size_t entry = header.sh_type == SHT_SYMTAB ? sizeof(Elf64_Sym) : sizeof(Elf64_Rel);
			if (!data || header.sh_entsize != entry || header.sh_size % entry != 0 || !data->d_buf)
				damaged(file_.path, "section " + name + " does not hold what it says");
			if (header.sh_type == SHT_REL)
				relocations_.push_back({header, data});
			else if (symbols_.data)
				damaged(file_.path, "it has two tables of symbols");
			else
				symbols_ = {header, data};
		}
		if (name == "license" && has_bytes)
			file_.license.assign(bytes, strnlen(bytes, header.sh_size));
		legacy_maps_ = legacy_maps_ || (name == "maps" && header.sh_size);
		file_.has_btf = file_.has_btf || name == ".BTF";
		file_.has_line_info = file_.has_line_info || name == ".BTF.ext";
	}

	void check_symbols()
	{
		if (!symbols_.data)
			damaged(file_.path, "it has no table of symbols");
		const size_t count = symbols_.header.sh_size / sizeof(Elf64_Sym);
		GElf_Shdr strings;
		Elf_Scn* table = elf_getscn(elf_.get(), symbols_.header.sh_link);
		if (!table || !gelf_getshdr(table, &strings) || strings.sh_type != SHT_STRTAB)
			damaged(file_.path, "its symbols have no names");
		for (size_t i = 0; i < count; i++) {
			GElf_Sym symbol;
			gelf_getsym(symbols_.data, static_cast<int>(i), &symbol);
			string(symbols_.header.sh_link, symbol.st_name);
			if (symbol.st_shndx == SHN_UNDEF || symbol.st_shndx >= SHN_LORESERVE)
				continue;
			if (symbol.st_shndx > file_.sections.size())
				damaged(file_.path, "a symbol lies in a section that is not there");
			const ObjectFile::Section& in = file_.sections[symbol.st_shndx - 1];
			if (symbol.st_value > in.size || symbol.st_size > in.size - symbol.st_value)
				damaged(file_.path, "a symbol reaches beyond section " + in.name);
		}
	}

	void check_relocations(const Link& link)
	{
		const size_t symbols = symbols_.header.sh_size / sizeof(Elf64_Sym);
		if (link.header.sh_info == 0 || link.header.sh_info > file_.sections.size())
			damaged(file_.path, "relocations are for a section that is not there");
		const ObjectFile::Section& target = file_.sections[link.header.sh_info - 1];
		for (size_t i = 0; i < link.header.sh_size / sizeof(Elf64_Rel); i++) {
			GElf_Rel relocation;
			GElf_Sym symbol;
			gelf_getrel(link.data, static_cast<int>(i), &relocation);
			const size_t number = GELF_R_SYM(relocation.r_info);
			if (number >= symbols || relocation.r_offset >= target.size)
				damaged(file_.path, "a relocation of section " + target.name + " leads nowhere");
			gelf_getsym(symbols_.data, static_cast<int>(number), &symbol);
			if (target.name == ".maps" && GELF_ST_TYPE(symbol.st_info) == STT_FUNC)
				file_.tail_calls.insert(string(symbols_.header.sh_link, symbol.st_name));
		}
	}

	ObjectFile& file_;
	std::unique_ptr<Elf, EndElf> elf_;
	size_t names_ = 0;
	Link symbols_{};
	std::vector<Link> relocations_;
	bool legacy_maps_ = false;
};

constexpr int kCrashes[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL};
char g_message[512];
size_t g_message_size = 0;
void* g_stack = nullptr;
constexpr size_t kStackSize = 64 * 1024;

void give_up(int)
{
	if (write(STDERR_FILENO, g_message, g_message_size) < 0) {
		// There is nobody to tell.
	}
	_exit(kDataError);
}

} // namespace

std::string ObjectFile::name() const
{
	std::string name = path.substr(path.rfind('/') + 1);
	return name.substr(0, name.find('.'));
}

ObjectFile read_object_file(const std::string& path)
{
	ObjectFile file;
	file.path = path;
	file.bytes = read_file(path);
	check_identity(path, file.bytes);
	Checker(file).check();
	bool any = false;
	for (const ObjectFile::Section& section : file.sections)
		any = any || (section.executable && section.size && section.name != ".text");
	if (!any)
		throw Error(kDataError,
			path + ": holds no program; a program is a function with SEC(\"…\") that says where it hooks in");
	return file;
}

CrashGuard::CrashGuard(const std::string& path)
{
	const std::string text = "load: " + path +
		": libbpf crashed on this object: it is damaged, or made to harm; compile it again\n";
	g_message_size = text.copy(g_message, sizeof(g_message));
	if (g_message_size == sizeof(g_message))
		g_message[g_message_size - 1] = '\n';
	// A stack of its own: a parser that recurses without end has used up the other.
	g_stack = mmap(nullptr, kStackSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	stack_t stack = {};
	stack.ss_sp = g_stack;
	stack.ss_size = kStackSize;
	if (g_stack != MAP_FAILED)
		sigaltstack(&stack, nullptr);
	struct sigaction action = {};
	action.sa_handler = give_up;
	action.sa_flags = g_stack != MAP_FAILED ? SA_ONSTACK : 0;
	sigemptyset(&action.sa_mask);
	for (const int signal : kCrashes)
		sigaction(signal, &action, nullptr);
}

CrashGuard::~CrashGuard()
{
	for (const int signal : kCrashes)
		std::signal(signal, SIG_DFL);
	stack_t none = {};
	none.ss_flags = SS_DISABLE;
	sigaltstack(&none, nullptr);
	if (g_stack != MAP_FAILED)
		munmap(g_stack, kStackSize);
}

} // namespace corescope
