// SPDX-License-Identifier: BSD-2-Clause
// Through /proc/PID/map_files, which is the very file that is mapped, else by its path below /proc/PID/root. Debug
// files are looked for where gdb does: by build id, then by .gnu_debuglink, below the process' root and below ours.
#include "symbols/binaries.h"

#include "base/error.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <elf.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <zlib.h>

namespace corescope {

namespace {

constexpr size_t kMostBytes = 64 << 20;
constexpr size_t kMostFiles = 4096;
constexpr size_t kOtherFiles = 128; // descriptors that others need
constexpr size_t kMostResting = 128;
constexpr size_t kMostRoots = 64;
constexpr size_t kOurRoot = 0;
const std::string kDebug = "/usr/lib/debug";

uint64_t pair_of(dev_t device) { return static_cast<uint64_t>(device); }

bool is_file(int fd)
{
	struct stat about;
	return fd >= 0 && !fstat(fd, &about) && S_ISREG(about.st_mode);
}

// -1 where it is nothing that can be read like a file.
int checked(int fd)
{
	if (fd >= 0 && !is_file(fd)) {
		close(fd);
		return -1;
	}
	return fd;
}

uint32_t checksum(int fd)
{
	std::string part(1 << 16, '\0');
	uLong crc = crc32(0, nullptr, 0);
	off_t at = 0;
	for (ssize_t n; (n = pread(fd, part.data(), part.size(), at)) > 0; at += n)
		crc = crc32(crc, reinterpret_cast<const Bytef*>(part.data()), static_cast<uInt>(n));
	return static_cast<uint32_t>(crc);
}

} // namespace

Binaries::Binaries()
{
	rlimit limit = {};
	if (!getrlimit(RLIMIT_NOFILE, &limit) && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, kMostFiles + kOtherFiles);
		setrlimit(RLIMIT_NOFILE, &limit);
		getrlimit(RLIMIT_NOFILE, &limit);
	}
	most_files_ = limit.rlim_cur > 2 * kOtherFiles ? std::min(kMostFiles, limit.rlim_cur - kOtherFiles) : 64;
	roots_.push_back(::open("/", O_PATH | O_DIRECTORY | O_CLOEXEC));
	struct stat about;
	if (roots_[kOurRoot] >= 0 && !fstat(roots_[kOurRoot], &about))
		known_roots_[{pair_of(about.st_dev), about.st_ino}] = kOurRoot;
}

Binaries::~Binaries()
{
	for (File& file : files_) {
		file.elf.reset();
		if (file.fd >= 0)
			close(file.fd);
	}
	for (const int root : roots_)
		if (root >= 0)
			close(root);
}

size_t Binaries::root_of(pid_t pid)
{
	const int fd =
		::open(("/proc/" + std::to_string(pid) + "/root").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
	struct stat about;
	if (fd < 0)
		return kOurRoot;
	size_t place = 1; // the first that is free
	while (place < roots_.size() && roots_[place] >= 0)
		place++;
	if (fstat(fd, &about) || place >= kMostRoots) {
		close(fd);
		return kOurRoot;
	}
	const auto [known, fresh] = known_roots_.try_emplace({pair_of(about.st_dev), about.st_ino}, place);
	if (!fresh) {
		close(fd);
	} else {
		roots_.resize(std::max(roots_.size(), place + 1), -1);
		roots_[place] = fd;
	}
	return known->second;
}

// Where no file needs it any more.
void Binaries::close_root(size_t root)
{
	if (root == kOurRoot || std::any_of(files_.begin(), files_.end(), [&](const File& file) {
			return file.fd >= 0 && file.root == root;
		}))
		return;
	close(roots_[root]);
	roots_[root] = -1;
	std::erase_if(known_roots_, [&](const auto& known) { return known.second == root; });
}

void Binaries::close_file(File& file)
{
	const size_t root = file.root;
	known_.erase(file.identity);
	file.elf.reset();
	close(file.fd);
	file = {};
	resting_--;
	close_root(root);
}

void Binaries::release(size_t index)
{
	File& file = files_[index];
	if (--file.users)
		return;
	file.used = ++clock_;
	if (++resting_ > kMostResting)
		close_oldest();
}

// Of those that rest, of which there must be one. Returns its place, which is free then.
size_t Binaries::close_oldest()
{
	File* oldest = nullptr;
	for (File& one : files_)
		if (one.fd >= 0 && !one.users && (!oldest || one.used < oldest->used))
			oldest = &one;
	close_file(*oldest);
	return static_cast<size_t>(oldest - files_.data());
}

// files_.size() if none is free.
size_t Binaries::place_for_file()
{
	for (size_t i = 0; i < files_.size(); i++)
		if (files_[i].fd < 0)
			return i;
	if (files_.size() < most_files_) {
		files_.emplace_back();
		return files_.size() - 1;
	}
	return resting_ ? close_oldest() : files_.size();
}

// Links in a container's files lead to its own files, never to the host's.
int Binaries::open_below(size_t root, const std::string& path) const
{
	open_how how = {};
	how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK;
	how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
	const long fd = syscall(SYS_openat2, roots_[root], path.c_str(), &how, sizeof(how));
	return checked(static_cast<int>(fd));
}

std::optional<size_t> Binaries::open(pid_t pid, const Mapping& mapping)
{
	char exact[96];
	std::snprintf(exact, sizeof(exact), "/proc/%d/map_files/%llx-%llx", pid,
		static_cast<unsigned long long>(mapping.start), static_cast<unsigned long long>(mapping.end));
	struct stat about;
	int fd = checked(::open(exact, O_RDONLY | O_CLOEXEC | O_NONBLOCK));
	if (fd < 0) {
		if (mapping.deleted)
			return std::nullopt;
		const size_t root = root_of(pid);
		fd = open_below(root, mapping.path);
		close_root(root);
		if (fd >= 0 && (fstat(fd, &about) || about.st_ino != mapping.inode)) {
			close(fd); // another file has its path by now
			fd = -1;
		}
	}
	if (fd < 0 || fstat(fd, &about)) {
		if (fd >= 0)
			close(fd);
		return std::nullopt;
	}
	const Identity identity{pair_of(about.st_dev), about.st_ino, about.st_size,
		about.st_mtim.tv_sec * int64_t{1000000000} + about.st_mtim.tv_nsec};
	if (const auto known = known_.find(identity); known != known_.end()) {
		close(fd);
		resting_ -= !files_[known->second].users++;
		return known->second;
	}
	const size_t place = place_for_file();
	if (place == files_.size()) {
		close(fd);
		return std::nullopt;
	}
	known_[identity] = place;
	File& file = files_[place];
	file.fd = fd;
	file.identity = identity;
	file.users = 1;
	file.path = mapping.path;
	file.root = root_of(pid);
	return place;
}

bool Binaries::add_from(int fd, const std::string& build_id, const uint32_t* crc, SymbolTable& to) const
{
	if (fd < 0)
		return false;
	bool added = false;
	try {
		const ElfFile debug(fd);
		if (crc ? checksum(fd) == *crc : debug.build_id() == build_id)
			added = debug.add_functions(SHT_SYMTAB, to);
	} catch (const Error&) { // is no ELF file
	}
	close(fd);
	return added;
}

bool Binaries::add_debug_file(const File& file, SymbolTable& to) const
{
	const std::string id = file.elf->build_id();
	const auto link = file.elf->debug_link();
	const std::string folder = file.path.substr(0, file.path.rfind('/') + 1);
	std::string hex;
	for (const unsigned char byte : id) {
		char digits[3];
		std::snprintf(digits, sizeof(digits), "%02x", byte);
		hex += digits;
		if (hex.size() == 2)
			hex += '/';
	}
	const std::string by_id = kDebug + "/.build-id/" + hex + ".debug";
	for (const size_t root : {file.root, kOurRoot}) {
		if (id.size() > 1 && add_from(open_below(root, by_id), id, nullptr, to))
			return true;
		if (link && !folder.empty())
			for (const std::string& path : {folder + link->name, folder + ".debug/" + link->name,
					 kDebug + folder + link->name, kDebug + "/" + link->name})
				if (add_from(open_below(root, path), id, &link->crc, to))
					return true;
		if (file.root == kOurRoot)
			break;
	}
	return false;
}

void Binaries::read(File& file)
{
	try {
		if (!file.elf)
			file.elf = std::make_unique<ElfFile>(file.fd);
	} catch (const Error&) {
		file.broken = true;
		return;
	}
	auto table = std::make_unique<SymbolTable>();
	if (!file.elf->add_functions(SHT_SYMTAB, *table)) {
		if (!add_debug_file(file, *table)) {
			std::string mini = file.elf->mini_debug_info();
			try {
				if (!mini.empty())
					ElfFile(mini).add_functions(SHT_SYMTAB, *table);
			} catch (const Error&) { // is damaged
			}
		}
		file.elf->add_functions(SHT_DYNSYM, *table);
	}
	file.elf->add_plt(*table);
	table->sort();
	file.functions = std::move(table);
	file.elf = std::make_unique<ElfFile>(file.fd); // without the sections that the last one has read
	make_room(file);
}

void Binaries::make_room(const File& keep)
{
	for (;;) {
		size_t bytes = 0;
		File* oldest = nullptr;
		for (File& file : files_) {
			if (!file.functions)
				continue;
			bytes += file.functions->bytes();
			if (&file != &keep && (!oldest || file.used < oldest->used))
				oldest = &file;
		}
		if (bytes <= kMostBytes || !oldest)
			return;
		oldest->functions.reset();
		oldest->elf.reset();
	}
}

Binaries::Place Binaries::find(size_t index, uint64_t file_offset, bool call)
{
	File& file = files_[index];
	file.used = ++clock_;
	if (!file.functions && !file.broken)
		read(file);
	if (file.broken)
		return {};
	Place place;
	place.address = file.elf->address_of(file_offset);
	if (!place.address)
		return place;
	place.function = file.functions->find(*place.address - call);
	if (place.function)
		place.function->offset += call;
	return place;
}

} // namespace corescope
