# xlpt - Xen pciback passthrough toolkit
#
#   make            build build/xlpt          make check       all tests, the lab included
#   make deps       install what is needed    make check-fast  the tests that need no Xen
#   make demo       watch it on a real Xen    make install     DESTDIR= PREFIX=/usr/local
#   V=1 shows the commands, CC=clang changes the compiler, O=dir the output directory.

PREFIX ?= /usr/local
SBINDIR ?= $(PREFIX)/sbin
MANDIR ?= $(PREFIX)/share/man
BASHCOMPDIR ?= $(PREFIX)/share/bash-completion/completions
UNITDIR ?= $(PREFIX)/lib/systemd/system
GUARDDIR = $(PREFIX)/lib/xlpt/guard
UDEVDIR ?= $(PREFIX)/lib/udev/rules.d
HOOKDIR ?= $(PREFIX)/share/xlpt/hooks
O ?= build
CC = gcc
PKG_CONFIG ?= pkg-config
VERSION := $(shell sed -n 's/^xlpt \([0-9.]*\).*/\1/p;T;q' ChangeLog)

PKGS = xenlight xlutil xencontrol xenstore xentoollog libxml-2.0 libpci libkmod libnl-3.0 \
       libnl-route-3.0 smartcols json-c
WARN = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wformat=2 -Wvla $(WERROR)
CFLAGS ?= -O2 -g
OPT_CFLAGS = -std=gnu11 -fno-strict-aliasing -fstack-protector-strong -D_GNU_SOURCE -I. $(WARN) \
	     -DXLPT_VERSION='"$(VERSION)"' $(shell $(PKG_CONFIG) --cflags $(PKGS))
# Hardening stands before CFLAGS and LDFLAGS, so that those who give their own can undo it. FORTIFY
# wants an optimizer, and hides errors from sanitizers. tests/check-hardening looks at the result.
has = $(shell $(CC) -Werror $(1) -x c -c /dev/null -o /dev/null 2>/dev/null && echo $(1))
OPTIMIZED = $(filter-out -O0,$(lastword $(filter -O%,$(CFLAGS))))
NO_FORTIFY = $(findstring -fsanitize,$(CFLAGS))$(findstring _FORTIFY_SOURCE,$(CFLAGS) $(CPPFLAGS))
HARDEN_CFLAGS := -fPIE $(call has,-fstack-clash-protection) $(call has,-fcf-protection) \
	$(call has,-mbranch-protection=standard) \
	$(if $(OPTIMIZED),$(if $(NO_FORTIFY),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2))
HARDEN_LDFLAGS = -pie -Wl,-z,relro,-z,now,-z,noexecstack
# Only what is used is loaded: a command lives for a second, and loading is part of it.
LIBS = -Wl,--as-needed $(shell $(PKG_CONFIG) --libs $(PKGS))

SRCS = $(wildcard core/*.c pciback/*.c xenstore/*.c converters/*.c xl-plugin/*.c) xl-plugin/guard-xl/words.c
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

# Stands before xl, so it needs nothing but libc: see xl-plugin/guard-xl/main.c.
$(O)/guard/xl: $(O)/xl-plugin/guard-xl/main.o $(O)/xl-plugin/guard-xl/words.o
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(HARDEN_CFLAGS) $(CFLAGS) $(HARDEN_LDFLAGS) $(LDFLAGS) -o $@ $^

$(O)/libxlpt.a: $(LIBOBJS)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(O)/%.o: %.c Makefile
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D) && $(CC) $(OPT_CFLAGS) $(HARDEN_CFLAGS) $(CFLAGS) $(CPPFLAGS) -MMD -MP -c -o $@ $<

$(TESTS): $(O)/%: $(O)/%.o $(FAKEOBJS) $(O)/libxlpt.a | $(O)/guard/xl
	$(call say,LINK,$@)
	$(Q)$(CC) $(HARDEN_CFLAGS) $(CFLAGS) $(HARDEN_LDFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS) $(shell $(PKG_CONFIG) --libs cmocka)

$(O)/man/%: docs/man/%.scd
	$(call say,MAN,$@)
	$(Q)mkdir -p $(@D) && scdoc <$< >$@

include tests/tests.mk

# The places stand in units, rules and the guard's lines, which a shell, systemd, udev and AppArmor read.
PLACES = $(SBINDIR)$(MANDIR)$(BASHCOMPDIR)$(UNITDIR)$(GUARDDIR)$(UDEVDIR)$(HOOKDIR)
ODD_PLACE = printf %s "$$XLPT_PLACES" | LC_ALL=C grep -q '[^A-Za-z0-9/._+-]'
# DESTDIR comes in by the environment: whatever it has in it, the shell takes it as it is.
TO = "$$XLPT_DESTDIR"

install: export XLPT_PLACES = $(PLACES)
install: export XLPT_DESTDIR = $(DESTDIR)
install: all
	@if $(ODD_PLACE); then echo 'xlpt: PREFIX and the other folders may have letters, digits and' \
		'/._+- in their names, nothing else' >&2; exit 1; fi
	install -D -m 755 $(O)/xlpt $(TO)$(SBINDIR)/xlpt
	install -D -m 755 $(O)/guard/xl $(TO)$(GUARDDIR)/xl
	ln -sf xl $(TO)$(GUARDDIR)/libxl-save-helper
	install -D -m 644 docs/completion.bash $(TO)$(BASHCOMPDIR)/xlpt
	mkdir -p $(TO)$(UNITDIR)
	for u in docs/systemd/*.service; do sed 's,/usr/local/sbin,$(SBINDIR),' $$u \
		>$(TO)$(UNITDIR)/$$(basename $$u) || exit 1; done
	mkdir -p $(TO)$(UDEVDIR) $(TO)$(HOOKDIR)
	sed 's,/usr/local/sbin,$(SBINDIR),' docs/hooks/90-xlpt-pool.rules \
		>$(TO)$(UDEVDIR)/90-xlpt-pool.rules
	sed 's,/usr/local/sbin,$(SBINDIR),' docs/hooks/libvirt-libxl >$(TO)$(HOOKDIR)/libvirt-libxl
	chmod 755 $(TO)$(HOOKDIR)/libvirt-libxl
	for m in $(MANS); do install -D -m 644 $$m \
		$(TO)$(MANDIR)/man$${m##*.}/$$(basename $$m) || exit 1; done

clean:
	rm -rf $(O)

-include $(shell test -d $(O) && find $(O) -name '*.d')
.PHONY: all install clean
