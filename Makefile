# SPDX-License-Identifier: BSD-2-Clause
# Builds corescope: pattern rules only, a tool is a name. bpf/X.bpf.c becomes an object, the object a skeleton,
# and all of src/ and tools/ one binary. Nothing here lists a tool; everything generated lies under build/.
# `make help` tells the targets, V=1 shows the commands, SAN=1 builds with ASan and UBSan in a folder of its own.

VERSION  := 0.1.0
# When that was released: the date of its manual pages, unless SOURCE_DATE_EPOCH (seconds since 1970) says another.
RELEASED := 2026-11-20
# The BPF instruction set that every kernel since 5.10 takes: pinned here and nowhere else.
BPF_CPU  := v3

prefix   ?= /usr/local
CLANG    ?= clang
STRIP    ?= strip
OBJCOPY  ?= objcopy
WERROR   ?= -Werror
LLVM_STRIP ?= $(or $(shell command -v llvm-strip),$(lastword $(sort $(wildcard /usr/bin/llvm-strip-*))),llvm-strip)
LLVM_OBJCOPY ?= $(subst llvm-strip,llvm-objcopy,$(LLVM_STRIP))
# bpftool often lies in sbin, outside a user's PATH; Ubuntu's hides behind a wrapper that wants the running kernel's.
BPFTOOL  ?= $(or $(lastword $(sort $(wildcard /usr/lib/linux-tools-*/bpftool))),$(shell command -v bpftool),/usr/sbin/bpftool)

# The kernel's name of an architecture, as in vmlinux/; Debian's, and its compilers', beside it.
kernel_arch = $(patsubst aarch64,arm64,$(firstword $(subst -, ,$(1))))
debian_arch_x86_64 := amd64
debian_arch_arm64  := arm64
triplet_x86_64 := x86_64-linux-gnu
triplet_arm64  := aarch64-linux-gnu

HOST_ARCH := $(call kernel_arch,$(shell uname -m))
MACHINE  := $(call kernel_arch,$(shell $(CXX) -dumpmachine 2>/dev/null))
ARCH     ?= $(MACHINE)
MULTIARCH := $(triplet_$(ARCH))
# A build for another machine lies in a folder of its own. Unless CXX makes it already, Debian's cross compiler does, and
# the libraries come from a sysroot (see packaging/sysroot). SYSROOT= takes them from where that compiler looks.
foreign  := $(filter-out $(HOST_ARCH),$(ARCH))
build_of  = build$(if $(filter-out $(HOST_ARCH),$(1)),/$(1))
B        := $(call build_of,$(ARCH))
O        := $(B)$(if $(SAN),/asan)
ifneq ($(ARCH),$(MACHINE))
CC       := $(MULTIARCH)-gcc
CXX      := $(MULTIARCH)-g++
STRIP    := $(MULTIARCH)-strip
OBJCOPY  := $(MULTIARCH)-objcopy
endif
ifneq ($(foreign),)
SYSROOT  ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/corescope/sysroot/$(debian_arch_$(ARCH))
endif

# --- what there is -----------------------------------------------------------------------------------------------

bpf_src     := $(sort $(wildcard bpf/*.bpf.c))
src_src     := $(sort $(filter-out src/docs/%,$(shell find src -name '*.cpp' 2>/dev/null)))
# Programs that write what accompanies the binary, from the tools' own declarations.
docs_src    := $(sort $(wildcard src/docs/*.cpp))
docs_lib    := $(sort $(wildcard src/docs/lib/*.cpp))
# Of docs/, what is not about building corescope is told in manuals.
doc_pages   := $(filter-out docs/design.md docs/testing.md docs/writing-a-tool.md,$(sort $(wildcard docs/*.md)))
tool_src    := $(sort $(wildcard tools/*.cpp))
support_src := $(sort $(wildcard tests/support/*.cpp))
load_src    := $(sort $(wildcard tests/load/*.cpp tests/load/*.c))
fixtures    := $(patsubst %.bpf.c,$(B)/%.bpf.o,$(sort $(wildcard tests/bpf/*.bpf.c)))
fuzz_src    := $(sort $(wildcard tests/fuzz/*.cpp))
uses_fixture := $(shell grep -ls '\.incbin' $(wildcard tests/*/*.cpp) /dev/null)
main_src    := src/cli/main.cpp
# What runs for each event is compiled for speed, all the rest for size.
hot_src     := $(tool_src) $(wildcard $(addsuffix .cpp,src/bpf/ring src/bpf/loss src/cli/stream $(addprefix src/output/, \
	arguments attribution csv escape json table utf8 width)))
version_src := src/cli/version.cpp
example_src := $(sort $(wildcard docs/examples/*.bpf.c))
# A suite is a folder of Catch2 tests; `unit` needs no kernel, the others run the built binary.
suites      := $(foreach s,unit live behaviour,$(if $(wildcard tests/$s/*.cpp),$s))
test_src    := $(sort $(foreach s,$(suites),$(wildcard tests/$s/*.cpp)))
# The behaviour suite may also be one program or script.
scripts     := $(wildcard tests/behaviour/run)

tools    := $(patsubst tools/%.cpp,%,$(tool_src))
examples := $(patsubst docs/examples/%.c,$(B)/examples/%.o,$(example_src))
skels    := $(patsubst bpf/%.bpf.c,$(B)/skel/%.skel.h,$(bpf_src))
# Whoever includes a skeleton waits for all of them the first time; from then on the .d files know which.
uses_skel := $(sort $(tool_src) $(shell grep -ls '\.skel\.h' $(src_src) $(wildcard tests/*/*.cpp) /dev/null))

obj       = $(patsubst %,$(O)/obj/%.o,$(basename $(1)))
src_obj  := $(call obj,$(src_src))
lib_obj  := $(call obj,$(filter-out $(main_src),$(src_src)))
# What a unit test links: the runtime without main, and without what only a built skeleton can compile, nor what stands on
# that: whatever is in the same folder.
unit_obj := $(call obj,$(filter-out $(main_src) $(addsuffix %,$(dir $(filter src/%,$(uses_skel)))),$(src_src)))
tool_obj := $(call obj,$(tool_src))
links    := $(addprefix $(O)/,$(tools))
# The workloads are the truth that tools are measured against: never with sanitizers, one set for all builds.
loads    := $(patsubst tests/load/%,$(B)/tests/load/%,$(basename $(load_src)))

comma := ,

# --- flags -------------------------------------------------------------------------------------------------------

hardening_x86_64 := -fcf-protection
hardening_arm64  := -mbranch-protection=standard

warnings := -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wnon-virtual-dtor -Wno-missing-field-initializers $(WERROR)
includes := -Isrc -Iinclude -isystem $(B)/skel$(if $(SYSROOT), \
	-isystem $(SYSROOT)/usr/include -isystem $(SYSROOT)/usr/include/$(MULTIARCH))
# Literals of tests are what they are: no word about their conversion.
# The assembler's path is for .incbin of fixtures.
test_flags := -Itests -Itests/support -Wno-conversion -Wa,-I$(B)/tests/bpf
# The compiler's work on tests is most of a build, and they are not what is measured: not optimized, and no types for gdb.
test_speed := -U_FORTIFY_SOURCE -O0 -g1
common   := -ffile-prefix-map=$(CURDIR)=.$(if $(SYSROOT), -ffile-prefix-map=$(SYSROOT)=) -ffunction-sections -fdata-sections -pthread
ifdef SAN
CXXFLAGS ?= -O0 -g1
common   += -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
# Warnings are the other build's: between the sanitizers' checks g++ 12 sees mistakes in the standard library itself.
warnings := -w
pie      := -fPIE
else
CXXFLAGS ?= -O2 -g
common   += -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fstack-clash-protection $(hardening_$(ARCH))
pie      := -fPIE
endif
CFLAGS   ?= $(CXXFLAGS)
all_cxxflags = -std=c++20 $(common) $(pie) $(warnings) $(includes) $(CPPFLAGS) $(CXXFLAGS)
all_cflags   = -std=gnu11 $(common) $(pie) $(filter-out -Wnon-virtual-dtor,$(warnings)) -Iinclude $(CPPFLAGS) $(CFLAGS)

hard_link := -Wl,--gc-sections -Wl,-z,relro -Wl,-z,now -Wl,-z,noexecstack -Wl,--build-id=sha1
# See src/base/no_dlopen.cpp, src/bpf/module_types.cpp, src/bpf/kernel_excerpt.cpp and, for what only SQL has,
# src/hist/sqlite_parts.cpp.
hard_link += -Wl,--wrap=dlopen,--wrap=dlsym,--wrap=dlclose,--wrap=dlerror,--wrap=bpf_btf_get_next_id
hard_link += -Wl,--wrap=btf__load_vmlinux_btf,--wrap=bpf_prog_load
sql_only  := acos acosh asin asinh atan atan2 atanh cos cosh sin sinh tan tanh
hard_link += $(addprefix -Wl$(comma)--wrap=,$(sql_only))
hard_link := $(hard_link)$(if $(SYSROOT), -L$(SYSROOT)/usr/lib/$(MULTIARCH))
libs      := -lbpf -lelf -lz -lcap -lseccomp -lsqlite3 -llzma -lm
ifdef SAN
# A sanitizer needs the dynamic loader; our own libraries stay static, so that the same ones are tested.
link_exe  = $(CXX) $(CXXFLAGS) $(common) -pie $(hard_link) $(LDFLAGS)
link_libs = -Wl,-Bstatic $(libs) -Wl,-Bdynamic
else
link_exe  = $(CXX) $(CXXFLAGS) $(common) -static-pie $(hard_link) $(LDFLAGS)
link_libs = $(libs)
# What is shipped: lld folds functions that are the same code into one, and packs relative relocations for every
# architecture. No code here compares the addresses of functions.
# A cross compiler looks for it under a name of its own, unless it is told where (-B).
link_small = -fuse-ld=lld $(if $(foreign),-B$(dir $(shell command -v ld.lld))) -Wl,--icf=all,-O2,--pack-dyn-relocs=relr
link_load = $(CXX) $(CXXFLAGS) $(common) -static $(hard_link) $(LDFLAGS)
endif
ifneq ($(foreign),)
# Tests run in a guest, where there is nothing else.
link_test = $(link_exe)
test_libs = $(libs)
else
link_test = $(CXX) $(CXXFLAGS) $(common) -pie $(hard_link) $(LDFLAGS)
test_libs = -Wl,-Bstatic $(libs) -Wl,-Bdynamic
endif

# BPF_PROG() names every argument of a hook, used or not; ctx stays behind it.
bpf_flags = -target bpf -mcpu=$(BPF_CPU) -O2 -g -std=gnu11 -D__TARGET_ARCH_$(patsubst x86_64,x86,$(ARCH)) \
	-Ibpf -Iinclude -isystem vmlinux/$(ARCH) -idirafter $(if $(foreign),/usr/$(MULTIARCH)/include,/usr/include/$(MULTIARCH)) \
	-ffile-prefix-map=$(CURDIR)=. -fno-stack-protector -Wall -Wextra -Wshadow -Wno-unused-parameter \
	-Wno-missing-field-initializers $(WERROR)

# The build's name goes into one object only. A release is the commit with the tag vVERSION, unchanged, or a tree without
# repository or git, as it is unpacked from a release's sources: both give the same bytes.
ifndef BUILD
BUILD    := $(patsubst v$(VERSION),release,$(or $(shell [ -e .git ] && git describe --always --dirty --abbrev=12 2>/dev/null),release))
endif
version_flags := -DCORESCOPE_VERSION='"$(VERSION)"' -DCORESCOPE_BUILD='"$(BUILD)"'

# --- how it is said ----------------------------------------------------------------------------------------------

ifeq ($(V),1)
Q   :=
say :=
else
Q   := @
say  = @printf '  %-9s%s\n' '$(1)' '$(2)'
MAKEFLAGS += --no-print-directory
endif

.DELETE_ON_ERROR:
# Kept although only pattern rules name them; .SECONDARY would also leave a deleted object unmade.
.PRECIOUS: $(B)/bpf/%.bpf.o $(B)/examples/%.bpf.o $(B)/bpf/%.raw_tp.bpf.o $(B)/skel/%.skel.h
.SUFFIXES:
.DEFAULT_GOAL := all
.PHONY: all arm64 objects test test-unit test-live test-behaviour test-e2e test-asan test-size fuzz test-packages test-dist tests loads examples bench man completions \
	schema everything install install-links install-compat deb rpm dist dist-one clean format format-check lint \
	compile_commands.json check-vmlinux help FORCE

all: $(O)/corescope $(links) examples

examples: $(examples)

arm64:
	@$(MAKE) ARCH=arm64 all

objects: $(foreach o,$(patsubst bpf/%.bpf.c,$(B)/bpf/%,$(bpf_src)),$o.bpf.o $o.raw_tp.bpf.o)

help:
	@echo 'all                    build/corescope, a link build/TOOL for each tool, and the examples (the default)'
	@echo 'arm64                  the same for arm64, in build/arm64 (./bootstrap install arm64); also any target with ARCH=arm64'
	@echo 'objects                the BPF objects alone'
	@echo 'examples               docs/examples/*.bpf.c as build/examples/*.bpf.o, for corescope load'
	@echo 'test                   every suite, one closing line; also test-unit, test-live, test-behaviour'
	@echo 'test-e2e               with Prometheus, systemd and cron (./bootstrap install e2e)'
	@echo 'test-asan              the unit and live tests built with ASan and UBSan, in build/asan'
	@echo 'test-size              what the binary weighs, by cause, and whether that is more than it may'
	@echo 'fuzz                   hostile input for FUZZ_SECONDS=60 each: what tests/fuzz holds (clang)'
	@echo 'bench                  the measurements under bench/'
	@echo 'matrix                 the tools under other kernels, in qemu; MATRIX= gives tests/matrix/run options'
	@echo 'matrix-arm64           the same under the kernels of arm64; matrix-relocations: both, without booting any'
	@echo 'man, completions       build/man and build/completions (bash, zsh, fish), from what the tools declare'
	@echo 'schema                 build/schema/TOOL.schema.json: what --output json prints'
	@echo 'install                DESTDIR= prefix=/usr/local; LINKS=1 adds links to libexec/corescope'
	@echo 'install-links          manuals and completions for links that are called like the tools'
	@echo 'install-compat         links with the bare names of tools in sbin, and install-links'
	@echo 'deb, rpm               packages, in build/deb and build/rpm (./bootstrap install packages); ARCH=arm64 too'
	@echo 'test-packages          the packages in clean chroots of Debian 11, 12 and 13 (network)'
	@echo 'dist                   tarballs for x86_64 and arm64 with SHA256SUMS, in build/dist; test-dist tries them (root)'
	@echo 'format, format-check   clang-format over our own code'
	@echo 'lint                   clang-tidy and cppcheck over our own code'
	@echo 'compile_commands.json  for editors, under build/'
	@echo 'check-vmlinux          makes vmlinux.h again from the kernel packages and compares (network)'
	@echo 'clean                  removes build/'
	@echo 'V=1 shows commands, SAN=1 builds with sanitizers, WERROR= lets warnings pass, BUILD= names the build'

# A stamp holds what its name says; it is touched only when that changes, and so are those that depend on it. Where the
# tree lies is no part of it: the bytes that come out are the same.
# $(1) file, $(2) contents
define stamp
	@mkdir -p $(dir $(1))
	@printf '%s\n' '$(subst ','\'',$(subst $(CURDIR),,$(2)))' | cmp -s - $(1) || \
		printf '%s\n' '$(subst ','\'',$(subst $(CURDIR),,$(2)))' > $(1)
endef

cc_id = $(shell $(1) --version 2>/dev/null | head -n 1)
$(O)/.flags-cxx: FORCE
	$(call stamp,$@,$(call cc_id,$(CXX)) $(all_cxxflags) $(all_cflags) $(test_flags) $(test_speed))
$(O)/.flags-link: FORCE
	$(call stamp,$@,$(link_exe) $(link_small) $(link_libs) $(link_load) $(src_obj) $(tool_obj))
$(O)/.flags-test: FORCE
	$(call stamp,$@,$(link_test) $(test_libs) $(src_obj) $(test_src) $(support_src))
$(O)/.flags-version: FORCE
	$(call stamp,$@,$(version_flags))
$(B)/.flags-bpf: FORCE
	$(call stamp,$@,$(call cc_id,$(CLANG)) $(bpf_flags))

# Below, -MD and not -MMD: vmlinux.h and the skeletons are system headers to the compiler, and their changes count.

# --- kernel half -------------------------------------------------------------------------------------------------

define compile_bpf
	$(call say,BPF,$@)
	@mkdir -p $(@D)
	$(Q)$(CLANG) $(bpf_flags) $(1) -MD -MP -MF $(@:.o=.d) -MT $@ -c $< -o $@
	$(Q)$(LLVM_STRIP) -g $@
endef

# What tests read and never load. A test takes it in by .incbin.
$(fixtures): $(B)/tests/bpf/%.bpf.o: tests/bpf/%.bpf.c $(B)/.flags-bpf
	$(call compile_bpf)

# Programs of their own, for `corescope load`.
$(B)/examples/%.bpf.o: docs/examples/%.bpf.c $(B)/.flags-bpf
	$(call compile_bpf)

# Each kernel half twice: with the kernel's types, and for kernels that offer none (bpf/lib/hook.bpf.h).
$(B)/bpf/%.bpf.o: bpf/%.bpf.c $(B)/.flags-bpf
	$(call compile_bpf)

$(B)/bpf/%.raw_tp.bpf.o: bpf/%.bpf.c $(B)/.flags-bpf
	$(call compile_bpf,-DWITHOUT_BTF)

# _Bool is not C++ for clang-tidy's clang.
$(skels): $(B)/skel/%.skel.h: $(B)/bpf/%.bpf.o $(B)/bpf/%.raw_tp.bpf.o bpf/skeleton
	$(call say,GEN-SKEL,$@)
	@mkdir -p $(@D)
	$(Q)BPFTOOL=$(BPFTOOL) LLVM_OBJCOPY=$(LLVM_OBJCOPY) bpf/skeleton $(subst -,_,$*)_bpf $(filter %.o,$^) > $@.tmp
	@sed 's/\<_Bool\>/bool/g' $@.tmp > $@ && rm $@.tmp

# --- user half ---------------------------------------------------------------------------------------------------

$(call obj,$(uses_skel)): | $(skels)
$(call obj,$(version_src)): $(O)/.flags-version
$(call obj,$(version_src)): private extra += $(version_flags)

# What most files include is read once. A file that includes less than it needs is found by lint, which does without.
# The runtime only where nothing warns: optimized, g++ 12 finds mistakes in what it no longer takes for a system's header.
# $(1) header, $(2) sources. -fpch-preprocess is for compiler caches; flags that differ are an error (-Winvalid-pch).
define precompiled
$(call obj,$(2)): $(O)/obj/$(1).gch
$(if $(SYSROOT),$(O)/obj/$(1).gch: | $(SYSROOT)/packages)
$(call obj,$(2)): private pch = -include $(O)/obj/$(1) -fpch-preprocess -Winvalid-pch
endef
$(if $(SAN),$(eval $(call precompiled,src/precompiled.h,$(src_src) $(docs_src) $(docs_lib) $(tool_src))))
$(eval $(call precompiled,tests/support/precompiled.h,$(filter-out $(addprefix tests/support/,main.cpp json.cpp),$(support_src) $(test_src))))

$(O)/obj/%.h.gch: %.h $(O)/.flags-cxx
	$(call say,PCH,$<)
	@mkdir -p $(@D)
	$(Q)$(CXX) $(all_cxxflags) $(extra) -x c++-header -MD -MP -MF $(@:.gch=.d) -MT $@ -c $< -o $@

# The page of `corescope report`, compressed. src/report/web/bundle made it; test-e2e checks that it still makes the same.
report_bundle := $(B)/skel/report_bundle.h
$(report_bundle): src/report/web/embed $(wildcard src/report/web/dist/*)
	$(call say,EMBED,$@)
	@mkdir -p $(@D)
	$(Q)src/report/web/embed src/report/web/dist > $@.tmp && mv $@.tmp $@
$(call obj,src/report/page.cpp) $(B)/fuzz/obj/src/report/page.o: | $(report_bundle)

ifneq ($(SYSROOT),)
$(call obj,$(src_src) $(docs_src) $(docs_lib) $(tool_src) $(support_src) $(test_src) $(load_src)): | $(SYSROOT)/packages
$(SYSROOT)/packages: FORCE
	@command -v $(CXX) > /dev/null || { echo 'make: no $(CXX): ./bootstrap install $(ARCH)' >&2; exit 69; }
	@packaging/sysroot $(debian_arch_$(ARCH)) $(SYSROOT)
endif

$(call obj,$(uses_fixture)): $(fixtures)
$(O)/obj/tests/%: private extra = $(test_flags) $(test_speed)
$(call obj,tests/support/json.cpp): private extra = $(test_flags) -g1
$(O)/obj/tests/load/%: private extra = $(test_flags)
$(call obj,$(filter-out $(hot_src),$(src_src))): private extra += $(if $(filter -O2,$(CXXFLAGS)),-Os)

# Names of system calls, as the kernel headers of that architecture have them; compat and x32 are x86_64's.
syscall_header_native := unistd
syscall_header_compat := unistd_32
syscall_header_x32    := unistd_x32
syscall_lists := $(foreach abi,native $(if $(filter x86_64,$(ARCH)),compat x32),$(B)/gen/syscalls_$(abi).inc)
$(call obj,$(wildcard src/system/syscalls_*.cpp)): $(syscall_lists)
$(call obj,$(wildcard src/system/syscalls_*.cpp)): extra = -I$(B)/gen
$(syscall_lists): $(B)/gen/syscalls_%.inc: $(B)/.flags-bpf
	$(call say,GEN,$@)
	@mkdir -p $(@D)
	$(Q)echo '#include <asm/$(syscall_header_$*).h>' | $(CXX) $(includes) -x c -E -dM - > $@.tmp
	@sed -n 's/^#define __NR_\([a-z0-9_]*\) .*/X(\1)/p' $@.tmp | grep -Ev '^X\((syscalls|arch_specific_syscall)\)$$' | LC_ALL=C sort > $@
	@rm $@.tmp

$(O)/obj/%.o: %.cpp $(O)/.flags-cxx
	$(call say,CXX,$<)
	@mkdir -p $(@D)
	$(Q)$(CXX) $(all_cxxflags) $(extra) $(pch) -MD -MP -MF $(@:.o=.d) -MT $@ -c $< -o $@

$(O)/obj/%.o: %.c $(O)/.flags-cxx
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(all_cflags) -MD -MP -MF $(@:.o=.d) -MT $@ -c $< -o $@

# What is shipped is stripped; its symbols stay beside it, found by build id.
$(O)/corescope: $(src_obj) $(tool_obj) $(O)/.flags-link
	$(call say,LD,$@)
	$(Q)$(link_exe) $(link_small) -Wl,-Map=$@.map $(filter %.o,$^) $(link_libs) -o $@.full
	$(Q)$(OBJCOPY) --only-keep-debug $@.full $@.debug
	$(Q)$(STRIP) --strip-all --remove-section=.comment $@.full -o $@.tmp
	$(Q)$(OBJCOPY) --add-gnu-debuglink=$@.debug $@.tmp
	@$(if $(KEEP_FULL),:,rm -f $@.full) && mv $@.tmp $@

$(links): $(O)/%: $(O)/corescope
	@ln -sfn corescope $@

include packaging/install.mk tests/suites.mk

# --- tidy --------------------------------------------------------------------------------------------------------

clean:
	$(Q)rm -rf $(B)

ours := $(sort $(shell find bpf include src tools tests bench -name '*.[ch]' 2>/dev/null) \
	$(shell find src tools tests bench -name '*.cpp' 2>/dev/null))

format:
	$(Q)clang-format -i $(ours)

format-check:
	$(Q)clang-format --dry-run -Werror $(ours)

# Without -Werror, which means g++'s warnings and not clang's own. $(1) source, $(2) command
db_entry = {"directory": "$(CURDIR)", "file": "$(1)", "command": "$(subst ",\",$(subst \,\\,$(filter-out -Werror,$(2)))) -c $(1)"}
db_cxx   = $(call db_entry,$(1),$(CXX) $(all_cxxflags) $(if $(filter $(version_src),$(1)),$(version_flags)) \
	$(if $(filter src/system/syscalls_%,$(1)),-I$(B)/gen) \
	$(if $(filter tests/%,$(1)),$(test_flags)))
lint_src := $(src_src) $(docs_src) $(docs_lib) $(tool_src) $(support_src) $(test_src) $(fuzz_src) $(filter %.cpp,$(load_src))
$(B)/compile_commands.json: FORCE
	@mkdir -p $(@D)
	$(file >$@,[)
	$(foreach s,$(bpf_src),$(file >>$@,$(call db_entry,$s,$(CLANG) $(bpf_flags))$(comma)))
	$(foreach s,$(filter %.c,$(load_src)),$(file >>$@,$(call db_entry,$s,$(CC) $(all_cflags))$(comma)))
	$(foreach s,$(lint_src),$(file >>$@,$(call db_cxx,$s)$(if $(filter $s,$(lastword $(lint_src))),,$(comma))))
	$(file >>$@,])

compile_commands.json: $(B)/compile_commands.json

lint: $(B)/compile_commands.json $(skels) $(syscall_lists)
	@tests/lint $(B) $(lint_src) $(bpf_src)

check-vmlinux:
	@vmlinux/check

-include $(shell find $(O)/obj $(B)/obj $(B)/bpf -type f -name '*.d' 2>/dev/null)
