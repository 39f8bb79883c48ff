# SPDX-License-Identifier: BSD-2-Clause
# Part of the Makefile: what goes with the binary (manuals, completions, schemas), where all of it is installed, and the
# packages and tarballs that hold it.

# --- what goes with the binary ----------------------------------------------------------------------------------

# What tools declare is the same on every machine; who writes it down has to run on this one.
D := $(if $(foreign),$(call build_of,$(HOST_ARCH)),$(O))
schemas := $(patsubst %,$(D)/schema/%.schema.json,$(tools))

ifneq ($(foreign),)
.PHONY: native-documents
native-documents:
	@$(MAKE) ARCH=$(HOST_ARCH) SYSROOT= man completions schema
man completions schema: native-documents
else
docs_bin := $(patsubst src/docs/%.cpp,$(O)/docs/%,$(docs_src))
$(docs_bin): $(O)/docs/%: $(O)/obj/src/docs/%.o $(call obj,$(docs_lib)) $(lib_obj) $(tool_obj) $(O)/.flags-link
	$(call say,LD,$@)
	@mkdir -p $(@D)
	$(Q)$(link_exe) $(filter %.o,$^) $(link_libs) -o $@

schema: $(schemas)
$(schemas): $(D)/schema/%.schema.json: $(O)/docs/schema
	@mkdir -p $(@D)
	$(Q)$< $* > $@

# Manuals and completions: corescope(8), a page for each tool and command, pages for docs/. Nothing in them depends on the
# day, the place or the machine of the build.
doc_date := $(if $(SOURCE_DATE_EPOCH),$(shell date -u -d @$(SOURCE_DATE_EPOCH) +%F),$(RELEASED))

$(D)/.flags-docs: FORCE
	$(call stamp,$@,$(doc_date) $(doc_pages))

$(D)/man/.made: $(O)/docs/pages $(doc_pages) README.md $(D)/.flags-docs
	$(call say,MAN,$(@D))
	$(Q)rm -rf $(@D) && $< --man $(@D) --date $(doc_date) --readme README.md $(doc_pages) && touch $@

$(D)/completions/.made: $(O)/docs/pages $(wildcard packaging/completions/*)
	$(call say,COMPLETE,$(@D))
	$(Q)rm -rf $(@D) && $< --completions $(@D) --templates packaging/completions && touch $@

man: $(D)/man/.made
completions: $(D)/completions/.made
endif

# --- install, packages, tarballs ---------------------------------------------------------------------------------

# Packages install by this and by nothing else; they set prefix, and what their distribution calls otherwise.
bindir        ?= $(prefix)/bin
sbindir       ?= $(prefix)/sbin
libexecdir    ?= $(prefix)/libexec
datadir       ?= $(prefix)/share/corescope
docdir        ?= $(prefix)/share/doc/corescope
licensedir    ?= $(docdir)
mandir        ?= $(prefix)/share/man
# Where the shells look. Debian's zsh has vendor-completions in place of site-functions.
bashcompdir   ?= $(prefix)/share/bash-completion/completions
zshcompdir    ?= $(prefix)/share/zsh/site-functions
fishcompdir   ?= $(prefix)/share/fish/vendor_completions.d
unitdir       ?= $(prefix)/lib/systemd/system
sysconfdir    ?= /etc
localstatedir ?= /var

# What is shipped names the paths of a package. $(1) files, $(2) folder, $(3) not empty: one that is there is kept, it may
# have been changed
define put
	$(Q)for f in $(1); do to=$(DESTDIR)$(2)/$${f##*/}; \
		$(if $(3),[ ! -e $$to ] || continue;) \
		sed 's|/usr/bin/corescope|$(bindir)/corescope|g; s|/etc/corescope|$(sysconfdir)/corescope|g' $$f | \
		install -D -m 644 /dev/stdin $$to || exit; done
endef

everything: all man completions schema

install: everything
	$(call say,INSTALL,$(DESTDIR)$(prefix))
	$(Q)install -D -m 755 $(O)/corescope $(DESTDIR)$(bindir)/corescope
	$(call put,$(wildcard packaging/systemd/*),$(unitdir))
	$(call put,$(wildcard packaging/cron.d/*),$(sysconfdir)/cron.d,keep)
	$(call put,$(wildcard packaging/jobs/*.conf),$(sysconfdir)/corescope/jobs,keep)
	$(call put,$(schemas),$(datadir)/schema)
	$(call put,$(filter-out %/tests.yml,$(wildcard packaging/prometheus/*.yml)),$(datadir)/prometheus)
	$(call put,$(wildcard packaging/grafana/*.json),$(datadir)/grafana)
	$(call put,$(wildcard docs/*.md),$(docdir))
	$(if $(licensedir),$(call put,LICENSE,$(licensedir)))
	$(Q)install -d $(DESTDIR)$(localstatedir)/lib/corescope
	$(Q)for page in $(D)/man/*.[1-9]; do \
		install -D -m 644 "$$page" "$(DESTDIR)$(mandir)/man$${page##*.}/$${page##*/}" || exit; done
	$(Q)install -D -m 644 $(D)/completions/bash/corescope $(DESTDIR)$(bashcompdir)/corescope
	$(Q)install -D -m 644 $(D)/completions/zsh/_corescope $(DESTDIR)$(zshcompdir)/_corescope
	$(Q)install -D -m 644 $(D)/completions/fish/corescope.fish $(DESTDIR)$(fishcompdir)/corescope.fish
ifdef LINKS
	$(Q)install -d $(DESTDIR)$(libexecdir)/corescope
	$(Q)for t in $(tools); do ln -sfnr $(DESTDIR)$(bindir)/corescope $(DESTDIR)$(libexecdir)/corescope/$$t; done
endif

# The bare names; these clash with libbpf-tools.
install-compat: install-links
	$(call say,INSTALL,$(DESTDIR)$(sbindir))
	$(Q)install -d $(DESTDIR)$(sbindir)
	$(Q)for t in $(tools); do ln -sfnr $(DESTDIR)$(bindir)/corescope $(DESTDIR)$(sbindir)/$$t || exit; done

# Asked by packaging/: `make -s print-libs`.
binary   := $(O)/corescope
compiler := $(CXX)
print-%:
	@echo '$($*)'

# Binary packages, in build/deb and build/rpm; what this build made is not made again.
deb: everything
	@packaging/make-deb $(B) $(ARCH) $(VERSION) $(BUILD)

rpm: everything
	@packaging/make-rpm $(B) $(ARCH) $(VERSION) $(BUILD)

# A tarball for each machine, to be unpacked over /usr/local or anywhere else; the same bytes in whatever folder it is
# made, by the same compilers. What it holds is what `make install` installs, with its links.
DIST_ARCHS ?= x86_64 arm64
dist_name   = corescope-$(VERSION)-linux-$(ARCH)
dist_tar    = tar --sort=name --format=ustar --mtime=@$(SOURCE_DATE_EPOCH) --owner=0 --group=0 --numeric-owner \
	--mode=u+rwX,go+rX,go-w

# The date of all that bears one is the commit's, which `git archive` gives to files too.
dist dist-one test-dist: export SOURCE_DATE_EPOCH := $(or $(SOURCE_DATE_EPOCH),$(shell [ -e .git ] && git log -1 --format=%ct 2>/dev/null),$(shell stat -c %Y Makefile))

dist:
	$(Q)rm -rf build/dist
	$(Q)for arch in $(DIST_ARCHS); do $(MAKE) ARCH=$$arch BUILD=$(BUILD) dist-one || exit; done
	$(Q)cd build/dist && sha256sum *.tar.gz > SHA256SUMS && cat SHA256SUMS

dist-one: all
	$(call say,DIST,build/dist/$(dist_name).tar.gz)
	$(Q)rm -rf $(B)/stage && mkdir -p build/dist
	$(Q)$(MAKE) ARCH=$(ARCH) install DESTDIR=$(CURDIR)/$(B)/stage prefix=/usr/local sysconfdir=/usr/local/etc LINKS=1
	$(Q)mv $(B)/stage/usr/local $(B)/stage/$(dist_name)
	$(Q)install -m 644 LICENSE README.md $(B)/stage/$(dist_name)
	$(Q)LC_ALL=C $(dist_tar) -C $(B)/stage -cf $(B)/stage.tar $(dist_name)
	$(Q)gzip -9nc $(B)/stage.tar > build/dist/$(dist_name).tar.gz
	@rm -rf $(B)/stage $(B)/stage.tar

# That it is so, and that it runs where it should; each builds or unpacks in folders of its own.
test-dist: dist
	@tests/run "tests/dist/reproducible build/dist $(BUILD)" "tests/dist/chroots build/dist"

# For links that are called like the tools, wherever those are: completions, and the names in the manual. They take the
# place of what others may have under these names.
install-links: completions
	$(Q)install -d $(DESTDIR)$(mandir)/man8 $(DESTDIR)$(bashcompdir) $(DESTDIR)$(zshcompdir) $(DESTDIR)$(fishcompdir)
	$(Q)for t in $(tools); do \
		echo ".so man8/corescope-$$t.8" | install -m 644 /dev/stdin $(DESTDIR)$(mandir)/man8/$$t.8 && ln -sfn corescope $(DESTDIR)$(bashcompdir)/$$t || exit; done
	$(Q)install -m 644 $(D)/completions/links/zsh/* $(DESTDIR)$(zshcompdir)
	$(Q)install -m 644 $(D)/completions/links/fish/* $(DESTDIR)$(fishcompdir)
