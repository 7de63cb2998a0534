# xlpt - Xen pciback passthrough toolkit
#
#   make            build build/xlpt          make check       all tests, the lab included
#   make deps       install what is needed    make check-fast  the tests that need no Xen
#   make deb        Debian packages             make rpm        an RPM package
#   make demo       watch it on a real Xen    make install     DESTDIR= PREFIX=/usr/local
#   make dist       xlpt-VERSION.tar.gz       make uninstall   with the same DESTDIR and PREFIX
#   V=1 shows the commands, CC=clang changes the compiler, O=dir the output directory.

PREFIX ?= /usr/local
SBINDIR ?= $(PREFIX)/sbin
# Where the program itself goes, when SBINDIR/xlpt is something that starts it.
PROGDIR ?= $(SBINDIR)
MANDIR ?= $(PREFIX)/share/man
BASHCOMPDIR ?= $(PREFIX)/share/bash-completion/completions
ZSHCOMPDIR ?= $(PREFIX)/share/zsh/site-functions
FISHCOMPDIR ?= $(PREFIX)/share/fish/vendor_completions.d
UNITDIR ?= $(PREFIX)/lib/systemd/system
GUARDDIR = $(PREFIX)/lib/xlpt/guard
UDEVDIR ?= $(PREFIX)/lib/udev/rules.d
PRESETDIR ?= $(PREFIX)/lib/systemd/system-preset
TMPFILESDIR ?= $(PREFIX)/lib/tmpfiles.d
HOOKDIR ?= $(PREFIX)/share/xlpt/hooks
SAMPLEDIR ?= $(PREFIX)/share/xlpt
O ?= build
# Make's own default is cc; what the environment or the command line says counts.
ifeq ($(origin CC),default)
CC = gcc
endif
PKG_CONFIG ?= pkg-config
VERSION := $(shell sed -n 's/^xlpt \([0-9.]*\).*/\1/p;T;q' ChangeLog)

PKGS = xenlight xlutil xencontrol xenstore xentoollog libxml-2.0 libpci libkmod libnl-3.0 \
       libnl-route-3.0 smartcols json-c
WARN = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 -Wvla $(WERROR)
CFLAGS ?= -O2 -g
OPT_CFLAGS = -std=gnu11 -fno-strict-aliasing -fstack-protector-strong -D_GNU_SOURCE -I. $(WARN) \
	     -DXLPT_VERSION='"$(VERSION)"' $(call cflags_of,$(PKG_WORDS)) $(CMOCKA_CFLAGS)
# What pkg-config says of the libraries: asked once, when the first command wants it. Make clean never does.
PKG_WORDS = $(eval PKG_WORDS := $(call pkg_config,$(PKGS)))$(PKG_WORDS)
CMOCKA_WORDS = $(eval CMOCKA_WORDS := $(call pkg_config,cmocka))$(CMOCKA_WORDS)
libs_of = $(filter -l% -L% -Wl%,$(1))
cflags_of = $(filter-out -l% -L% -Wl%,$(1))
pkg_config = $(or $(shell $(PKG_CONFIG) --cflags --libs $(1) 2>/dev/null),$(call pkg_missing,$(1)))
pkg_missing = $(error $(if $(shell $(PKG_CONFIG) --version 2>/dev/null),$(call lib_missing,$(strip \
	$(foreach p,$(1),$(if $(shell $(PKG_CONFIG) --exists $(p) || echo no),$(p))))),there is no \
	$(PKG_CONFIG). On Debian: apt-get install pkg-config (or all that is needed: make deps)))
lib_missing = $(if $(1),a library is missing: $(1). On Debian: apt-get install $(sort $(foreach \
	p,$(1),$(DEB_$(p)))) (or all that is needed: make deps),$(shell $(PKG_CONFIG) --libs $(PKGS) 2>&1))
$(foreach p,xenlight xlutil xencontrol xenstore xentoollog,$(eval DEB_$(p) = libxen-dev))
DEB_libxml-2.0 = libxml2-dev
DEB_libpci = libpci-dev
DEB_libkmod = libkmod-dev
DEB_libnl-3.0 = libnl-3-dev
DEB_libnl-route-3.0 = libnl-route-3-dev
DEB_smartcols = libsmartcols-dev
DEB_json-c = libjson-c-dev
DEB_cmocka = libcmocka-dev
# Hardening stands before CFLAGS and LDFLAGS, so that those who give their own can undo it. FORTIFY
# wants an optimizer, and hides errors from sanitizers. tests/check-hardening looks at the result.
has = $(shell $(CC) -Werror $(1) -x c -c /dev/null -o /dev/null 2>/dev/null && echo $(1))
OPTIMIZED = $(filter-out -O0,$(lastword $(filter -O%,$(CFLAGS))))
NO_FORTIFY = $(findstring -fsanitize,$(CFLAGS))$(findstring _FORTIFY_SOURCE,$(CFLAGS) $(CPPFLAGS))
HARDEN_CFLAGS := -fPIE $(call has,-fstack-clash-protection) $(call has,-fcf-protection) \
	$(call has,-mbranch-protection=standard) \
	$(if $(OPTIMIZED),$(if $(NO_FORTIFY),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2))
HARDEN_LDFLAGS = -pie -Wl,-z,relro,-z,now,-z,noexecstack
# Only what is used is loaded: a command lives for a second, and loading is part of it. What few commands
# use is loaded by these (core/lazy.h), under the name that a program linked with it would ask for.
LAZY_LIBS = $(filter -lxml2 -lkmod,$(call libs_of,$(PKG_WORDS)))
LIBS = -Wl,--as-needed $(filter-out $(LAZY_LIBS),$(call libs_of,$(PKG_WORDS))) -ldl
# Tests read the XML that is written.
TEST_LIBS = $(LIBS) $(LAZY_LIBS) $(call libs_of,$(CMOCKA_WORDS))
READELF ?= readelf
soname_of = $(shell $(READELF) -d $(O)/lazy.so | sed -n 's/.*(NEEDED).*\[\($(1)\.so.*\)\].*/\1/p')

SRCS = $(wildcard core/*.c pciback/*/*.c xenstore/*.c converters/*.c converters/*/*.c xl-plugin/*.c \
	xl-plugin/*/*.c) $(addprefix xl-plugin/sentry/xl/,words.c create.c wants.c)
LIBOBJS = $(patsubst %.c,$(O)/%.o,$(filter-out xl-plugin/main.c,$(SRCS)))
FAKEOBJS = $(patsubst %.c,$(O)/%.o,$(wildcard tests/fake/*.c))
TESTS = $(patsubst %.c,$(O)/%,$(wildcard tests/unit/test-*.c tests/cli/test-*.c))
MANS = $(patsubst docs/man/%.scd,$(O)/man/%,$(wildcard docs/man/*.scd))
Q = $(if $(V),,@)
say = $(if $(V),,@printf '  %-7s %s\n' '$(1)' '$(2)')

all: $(O)/xlpt $(O)/guard/xl $(MANS)

$(O)/xlpt: $(O)/xl-plugin/main.o $(O)/libxlpt.a
	$(call say,LINK,$@)
	$(Q)$(CC) $(HARDEN_CFLAGS) $(CFLAGS) $(HARDEN_LDFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

# Stands before xl, so it needs nothing but libc: see xl-plugin/sentry/xl/main.c.
$(O)/guard/xl: $(addprefix $(O)/xl-plugin/sentry/xl/,main.o words.o create.o wants.o create-run.o)
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(HARDEN_CFLAGS) $(CFLAGS) $(HARDEN_LDFLAGS) $(LDFLAGS) -o $@ $^

$(O)/libxlpt.a: $(LIBOBJS)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

# Empty, but linked with what is loaded later. What finds out a package's dependencies can look at it.
$(O)/lazy.so: Makefile
	$(Q)mkdir -p $(@D) && echo | $(CC) -shared -nostdlib -o $@ -x c - $(filter -L%,$(call libs_of,$(PKG_WORDS))) \
		-Wl,--no-as-needed $(LAZY_LIBS)

$(O)/converters/libvirt/libxml.o $(O)/pciback/device/kmod.o: $(O)/lazy.so
$(O)/converters/libvirt/libxml.o: OPT_CFLAGS += -DXLPT_SO_XML2='"$(call soname_of,libxml2)"'
$(O)/pciback/device/kmod.o: OPT_CFLAGS += -DXLPT_SO_KMOD='"$(call soname_of,libkmod)"'

$(O)/%.o: %.c Makefile
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D) && $(CC) $(OPT_CFLAGS) $(HARDEN_CFLAGS) $(CFLAGS) $(CPPFLAGS) -MMD -MP -c -o $@ $<

$(O)/tests/%.o: CMOCKA_CFLAGS = $(call cflags_of,$(CMOCKA_WORDS))

# What the commands print as JSON is seen on its way: tests/unit/seen.c.
SEEN = -Wl,--wrap=xlpt_run,--wrap=xlpt_print_json
$(TESTS): $(O)/%: $(O)/%.o $(O)/tests/unit/seen.o $(FAKEOBJS) $(O)/libxlpt.a | $(O)/guard/xl
	$(call say,LINK,$@)
	$(Q)$(CC) $(HARDEN_CFLAGS) $(CFLAGS) $(HARDEN_LDFLAGS) $(LDFLAGS) $(SEEN) -o $@ $^ $(TEST_LIBS)

# The first line tells man(1) that there are tables.
$(O)/man/%: docs/man/%.scd
	$(call say,MAN,$@)
	$(Q)mkdir -p $(@D) && scdoc <$< >$@ && if grep -q '^\.TS' $@; then sed -i "1i '\\\\\" t" $@; fi

include tests/tests.mk

# The places stand in units, rules and the guard's lines, which a shell, systemd, udev and AppArmor read.
PLACES = $(OPENRCDIR)$(SBINDIR)$(PROGDIR)$(SAMPLEDIR)$(PRESETDIR)$(TMPFILESDIR)$(MANDIR)$(BASHCOMPDIR)$(ZSHCOMPDIR)$(FISHCOMPDIR)$(UNITDIR)$(GUARDDIR)$(UDEVDIR)$(HOOKDIR)
ODD_PLACE = printf %s "$$XLPT_PLACES" | LC_ALL=C grep -q '[^A-Za-z0-9/._+-]'
CHECK_PLACES = if $(ODD_PLACE); then echo 'xlpt: PREFIX and the other folders may have letters, digits and' \
	'/._+- in their names, nothing else' >&2; exit 1; fi
# DESTDIR comes in by the environment: whatever it has in it, the shell takes it as it is.
TO = "$$XLPT_DESTDIR"
OPENRCDIR ?= /etc/init.d
OPENRC = $(notdir $(wildcard packaging/openrc/*))
UNITS = $(notdir $(wildcard docs/systemd/*.service docs/systemd/*.timer))
# Everything that install puts somewhere, and where.
SCHEMAS = $(notdir $(wildcard docs/schema/*.json))
ANSIBLE = $(patsubst docs/ansible/%,%,$(wildcard $(addprefix docs/ansible/,galaxy.yml README.md meta/*.yml \
	examples/* plugins/*/*.py tests/sanity/*.txt)))
INSTALLED = $(PROGDIR)/xlpt $(addprefix $(SAMPLEDIR)/ansible/,$(ANSIBLE)) $(SAMPLEDIR)/apparmor/xlpt \
	$(addprefix $(SAMPLEDIR)/schema/,$(SCHEMAS)) $(SAMPLEDIR)/xlpt.conf $(SAMPLEDIR)/prometheus/xlpt.rules.yml \
	$(PRESETDIR)/80-xlpt.preset $(TMPFILESDIR)/xlpt.conf \
	$(GUARDDIR)/xl $(GUARDDIR)/libxl-save-helper $(BASHCOMPDIR)/xlpt \
	$(ZSHCOMPDIR)/_xlpt $(FISHCOMPDIR)/xlpt.fish \
	$(addprefix $(UNITDIR)/,$(UNITS)) $(UDEVDIR)/90-xlpt-pool.rules $(HOOKDIR)/libvirt-libxl \
	$(foreach m,$(notdir $(MANS)),$(MANDIR)/man$(patsubst .%,%,$(suffix $(m)))/$(m))
# The folders that install had to make, for uninstall: the file names itself's, too.
MADE = $(PREFIX)/lib/xlpt/folders-made

install install-openrc uninstall: export XLPT_PLACES = $(PLACES)
install install-openrc uninstall: export XLPT_DESTDIR = $(DESTDIR)
install: all
	@$(CHECK_PLACES)
	@made=$$(for d in $(sort $(dir $(INSTALLED) $(MADE))); do d=$${d%/}; \
		while [ ! -d $(TO)"$$d" ]; do echo "$$d/"; case $$d in */*) d=$${d%/*} ;; *) break ;; esac; done; \
		done); mkdir -p $(TO)$(dir $(MADE)) && { cat $(TO)$(MADE) 2>/dev/null; echo "$$made"; } | \
		LC_ALL=C sort -u | sed '/^$$/d' >$(TO)$(MADE).new && mv $(TO)$(MADE).new $(TO)$(MADE)
	install -D -m 755 $(O)/xlpt $(TO)$(PROGDIR)/xlpt
	install -D -m 755 $(O)/guard/xl $(TO)$(GUARDDIR)/xl
	ln -sf xl $(TO)$(GUARDDIR)/libxl-save-helper
	install -D -m 644 docs/completion.bash $(TO)$(BASHCOMPDIR)/xlpt
	install -D -m 644 docs/completion.zsh $(TO)$(ZSHCOMPDIR)/_xlpt
	install -D -m 644 docs/completion.fish $(TO)$(FISHCOMPDIR)/xlpt.fish
	mkdir -p $(TO)$(UNITDIR)
	for u in $(UNITS); do sed 's,/usr/local/sbin,$(SBINDIR),' docs/systemd/$$u \
		>$(TO)$(UNITDIR)/$$u || exit 1; done
	install -D -m 644 docs/systemd/80-xlpt.preset $(TO)$(PRESETDIR)/80-xlpt.preset
	install -D -m 644 docs/systemd/xlpt.tmpfiles $(TO)$(TMPFILESDIR)/xlpt.conf
	install -D -m 644 docs/xlpt.conf $(TO)$(SAMPLEDIR)/xlpt.conf
	install -D -m 644 docs/prometheus/xlpt.rules.yml $(TO)$(SAMPLEDIR)/prometheus/xlpt.rules.yml
	for f in $(ANSIBLE); do install -D -m 644 docs/ansible/$$f $(TO)$(SAMPLEDIR)/ansible/$$f || exit 1; done
	mkdir -p $(TO)$(SAMPLEDIR)/apparmor $(TO)$(SAMPLEDIR)/schema
	sed 's,/usr/local/sbin/xlpt,$(PROGDIR)/xlpt,' docs/apparmor/xlpt >$(TO)$(SAMPLEDIR)/apparmor/xlpt
	for s in $(SCHEMAS); do install -m 644 docs/schema/$$s $(TO)$(SAMPLEDIR)/schema/$$s || exit 1; done
	mkdir -p $(TO)$(UDEVDIR) $(TO)$(HOOKDIR)
	sed 's,/usr/local/sbin,$(SBINDIR),' docs/hooks/90-xlpt-pool.rules \
		>$(TO)$(UDEVDIR)/90-xlpt-pool.rules
	sed 's,/usr/local/sbin,$(SBINDIR),' docs/hooks/libvirt-libxl >$(TO)$(HOOKDIR)/libvirt-libxl
	chmod 755 $(TO)$(HOOKDIR)/libvirt-libxl
	for m in $(MANS); do install -D -m 644 $$m \
		$(TO)$(MANDIR)/man$${m##*.}/$$(basename $$m) || exit 1; done

# What install put there, and the folders that it made if nothing else is in them.
uninstall:
	@$(CHECK_PLACES)
	@if f=$$(grep -lsF $(GUARDDIR)/ $(TO)/etc/default/xendomains $(TO)/etc/sysconfig/xendomains \
		$(TO)/etc/systemd/system/*/xlpt-guard.conf); [ "$$f" ] || [ $(TO)$(SBINDIR)/xl -ef $(TO)$(GUARDDIR)/xl ]; \
	then echo "xlpt: xl and libvirt are started by way of the guard ($${f:-$(SBINDIR)/xl}), so it stays;" \
		'first: xlpt guard remove' >&2; exit 1; fi
	for f in $(INSTALLED) $(addprefix $(OPENRCDIR)/,$(OPENRC)); do rm -f $(TO)$$f || exit 1; done
	@made=$$(LC_ALL=C sort -r $(TO)$(MADE) 2>/dev/null); rm -f $(TO)$(MADE) || exit 1; \
		for d in $$made; do rmdir $(TO)"$$d" 2>/dev/null; done; :

# The tree of the last commit, byte for byte the same wherever it is made.
DIST = xlpt-$(VERSION)
dist:
	@if [ "$$(git rev-parse --show-prefix 2>&1)" ]; then \
		echo 'xlpt: make dist packs a commit of the git repository, and this tree is not one' >&2; exit 1; fi
	@git diff --quiet HEAD || echo '  NOTE    changes that are not committed are not in it'
	$(call say,DIST,$(DIST).tar.gz)
	$(Q)git -c tar.umask=0022 archive --format=tar --prefix=$(DIST)/ HEAD >$(DIST).tar && gzip -9 -n -f $(DIST).tar
# Packages for this Debian and its Xen, in $(O)/deb. They are built from a copy, because dpkg-buildpackage puts
# them beside the sources. Each release has its own version, so that one goes over the other when the host goes
# from one release to the next. The tests are make check's.
DEB_VERSION ?= $(VERSION)~deb$(shell . /etc/os-release && echo $$VERSION_ID)
deb:
	rm -rf $(O)/deb && mkdir -p $(O)/deb/xlpt
	{ git ls-files -z --cached --others --exclude-standard 2>/dev/null || \
		find . -path ./$(O) -prune -o -type f -print0; } | \
		tar --null --ignore-failed-read -T - -cf - | tar -C $(O)/deb/xlpt -xf -
	sed -i '1s/(.*)/($(DEB_VERSION))/' $(O)/deb/xlpt/debian/changelog
	cd $(O)/deb/xlpt && env -u MAKEFLAGS -u MAKELEVEL DEB_BUILD_OPTIONS="nocheck $$DEB_BUILD_OPTIONS" \
		dpkg-buildpackage -us -uc -b $(DEB_FLAGS)
	rm -rf $(O)/deb/xlpt && ls $(O)/deb/*.deb

# An RPM package, in $(O)/rpm/RPMS. Where the libraries' packages have other names than Fedora's, as on Debian,
# rpm cannot know that they are there: nothing is asked for then. The tests are make check's.
RPM_FLAGS ?= $(if $(wildcard /etc/debian_version),--nodeps --define 'debug_package %{nil}')
rpm:
	@test "$$(sed -n 's/^Version: *//p' packaging/rpm/xlpt.spec)" = '$(VERSION)' || { \
		echo 'packaging/rpm/xlpt.spec and ChangeLog have different versions' >&2; exit 1; }
	rm -rf $(O)/rpm && mkdir -p $(O)/rpm/SOURCES
	{ git ls-files -z --cached --others --exclude-standard 2>/dev/null || \
		find . -path ./$(O) -prune -o -type f -print0; } | \
		tar --null --ignore-failed-read -T - --transform 's,^\(\./\)*,$(DIST)/,' -czf $(O)/rpm/SOURCES/$(DIST).tar.gz
	env -u MAKEFLAGS -u MAKELEVEL rpmbuild -bb --nocheck $(RPM_FLAGS) \
		--define '_topdir $(abspath $(O)/rpm)' packaging/rpm/xlpt.spec
	ls $(O)/rpm/RPMS/*/*.rpm

# Services for hosts with OpenRC in the place of systemd; rc-update adds them to a runlevel.
install-openrc:
	@$(CHECK_PLACES)
	mkdir -p $(TO)$(OPENRCDIR)
	for s in $(OPENRC); do sed 's,/usr/local/sbin,$(SBINDIR),' packaging/openrc/$$s \
		>$(TO)$(OPENRCDIR)/$$s && chmod 755 $(TO)$(OPENRCDIR)/$$s || exit 1; done

clean:
	rm -rf $(O)

-include $(shell test -d $(O) && find $(O) \( -path $(O)/deb -o -path $(O)/rpm \) -prune -o -name '*.d' -type f -print)
.PHONY: all install install-openrc uninstall dist deb rpm clean
