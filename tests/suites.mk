# SPDX-License-Identifier: BSD-2-Clause
# Part of the Makefile: the test suites, fuzzing, measurements, and the matrix of other kernels.

# --- tests -------------------------------------------------------------------------------------------------------

define suite
$(O)/tests/$(1): $(2) $$(call obj,$$(sort $$(wildcard tests/$(1)/*.cpp)) $$(support_src) $(3)) $(O)/.flags-test
	$$(call say,LD,$$@)
	@mkdir -p $$(@D)
	$$(Q)$$(link_test) $$(filter %.o,$$^) $$(test_libs) -o $$@
endef
# The behaviour suite asks the tools what they declare, and runs them as the live tests do.
$(if $(filter live,$(suites)),$(eval $(call suite,live,$(lib_obj))))
$(if $(filter behaviour,$(suites)),$(eval $(call suite,behaviour,$(lib_obj) $(tool_obj),$(wildcard tests/live/harness*.cpp))))
$(if $(filter unit,$(suites)),$(eval $(call suite,unit,$(unit_obj) $(call obj,$(filter-out src/docs/lib/man%,$(docs_lib))))))

ifdef SAN
loads:
	@$(MAKE) SAN= loads
else
loads: $(loads)
$(loads): $(B)/tests/load/%: $(B)/obj/tests/load/%.o $(B)/.flags-link
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(link_load) $< -o $@
endif

tests: $(addprefix $(O)/tests/,$(suites)) loads all man completions

# Tests wait more than they compute: so many at once. See tests/support/workers.h.
TEST_WORKERS ?= $(shell echo $$((2 * $$(nproc))))
# Of those that trace a whole machine, a few that fail beside others may show alone that they pass; the output names them.
as_workers = $(foreach s,$(1),'$s --workers $(TEST_WORKERS)$(if $(filter %/live %/behaviour,$s), --again 3)')

# Tests find the binary and the workloads by these two.
run_tests = CORESCOPE=$(CURDIR)/$(O)/corescope CORESCOPE_LOADS=$(CURDIR)/$(B)/tests/load tests/run

test: tests
	@$(run_tests) $(call as_workers,$(addprefix $(O)/tests/,$(suites))) $(scripts) $(if $(SAN),,'$(size_check)')

# What the binary may weigh, in bytes, by architecture; docs/packages.md has what is in it. Whoever raises a bound says there
# what for.
size_bound_x86_64 := 4900000
size_bound_arm64  := 4600000
size_check = SQL_ONLY="$(sql_only)" tests/size $(O)/corescope.map $(O)/corescope $(or $(size_bound_$(ARCH)),0) $(src_obj) $(tool_obj)

test-size: all
	@$(run_tests) '$(size_check)'

test-unit: $(O)/tests/unit
	@$(run_tests) $(call as_workers,$(O)/tests/unit)

test-live: $(O)/tests/live loads all
	@$(run_tests) $(call as_workers,$(O)/tests/live)

test-behaviour: $(addprefix $(O)/tests/,$(filter behaviour,$(suites))) loads all man completions
	@$(run_tests) $(call as_workers,$(addprefix $(O)/tests/,$(filter behaviour,$(suites)))) $(scripts)

# With what others make, which the other suites do without: each file is a suite, *.py and *.sh are their parts.
test-e2e: all schema completions
	@$(run_tests) $(filter-out %.py %.sh %/__pycache__,$(sort $(wildcard tests/e2e/*)))

# The tools are what is under the sanitizers; the live tests themselves run them, as they are.
ifdef SAN
test-asan: export ASAN_OPTIONS ?= abort_on_error=0:detect_stack_use_after_return=1:strict_string_checks=1
test-asan: export UBSAN_OPTIONS ?= print_stacktrace=1
test-asan: $(O)/tests/unit all loads
	@$(MAKE) SAN= $(B)/tests/live
	@$(run_tests) $(call as_workers,$(O)/tests/unit $(B)/tests/live)
else
test-asan:
	@$(MAKE) SAN=1 test-asan
endif

test-packages: deb rpm
	@$(run_tests) 'tests/packages/run $(B)'

# Each tests/fuzz/X.cpp is a target, built with clang from what its lines `// Links:` name, under ASan and UBSan. Seeds are
# the objects that tests read, and their BTF. FUZZ_SECONDS= for how long each.
FUZZ_CXX   ?= clang++
fuzz_links  = $(wildcard $(shell sed -n 's|^// Links: *||p' $(1)))
fuzz_obj    = $(patsubst %.cpp,$(B)/fuzz/obj/%.o,$(1))
fuzz_flags := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
fuzz_bins  := $(patsubst tests/fuzz/%.cpp,$(B)/fuzz/%,$(fuzz_src))
fuzz_seeds := $(patsubst $(B)/tests/bpf/%.bpf.o,$(B)/fuzz/seeds/%.btf,$(fixtures))

fuzz: $(fuzz_bins) $(fuzz_seeds)
	@tests/fuzz/run $(B)/fuzz $(fuzz_bins)

$(B)/fuzz/obj/%.o: %.cpp $(O)/.flags-cxx
	$(call say,FUZZ-CXX,$<)
	@mkdir -p $(@D)
	$(Q)$(FUZZ_CXX) -std=c++20 -O1 -g $(fuzz_flags) -fsanitize=fuzzer-no-link $(warnings) $(includes) $(test_flags) \
		-MD -MP -MF $(@:.o=.d) -MT $@ -c $< -o $@

define fuzz_target
$(B)/fuzz/$(1): $(call fuzz_obj,tests/fuzz/$(1).cpp $(call fuzz_links,tests/fuzz/$(1).cpp))
	$$(call say,LD,$$@)
	$$(Q)$(FUZZ_CXX) $(fuzz_flags) -fsanitize=fuzzer $$(filter %.o,$$^) -Wl,-Bstatic $(filter-out -lm,$(libs)) -Wl,-Bdynamic -lm -o $$@
endef
$(foreach t,$(patsubst tests/fuzz/%.cpp,%,$(fuzz_src)),$(eval $(call fuzz_target,$t)))

$(fuzz_seeds): $(B)/fuzz/seeds/%.btf: $(B)/tests/bpf/%.bpf.o
	@mkdir -p $(@D)
	$(Q)cp $< $(@:.btf=.bpf.o)
	$(Q)$(LLVM_OBJCOPY) --dump-section .BTF=$@ $< /dev/null

bench: tests
	@if [ -x bench/run ]; then $(run_tests:tests/run=bench/run); else echo 'bench: there is no bench/run' >&2; exit 1; fi

# --- other kernels -----------------------------------------------------------------------------------------------

# Without sanitizers: a guest has their libraries, but an emulated CPU is slow enough.
.PHONY: matrix matrix-arm64 matrix-relocations
matrix: $(B)/tests/live loads all
ifneq ($(foreign),)
	@$(MAKE) ARCH=$(HOST_ARCH) all
endif
	@tests/matrix/run --arch $(debian_arch_$(ARCH)) --build $(B) --native $(call build_of,$(HOST_ARCH))/corescope \
		--bpftool $(BPFTOOL) --strip $(STRIP) $(if $(SYSROOT),--busybox $(SYSROOT)/bin/busybox) $(MATRIX)

matrix-arm64:
	@$(MAKE) ARCH=arm64 matrix

matrix-relocations:
	@$(MAKE) ARCH=x86_64 objects
	@$(MAKE) ARCH=arm64 objects
	@tests/matrix/run --bpftool $(BPFTOOL) --relocations amd64=$(call build_of,x86_64)/bpf \
		--relocations arm64=$(call build_of,arm64)/bpf
