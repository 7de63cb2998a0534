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
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

# Stands before xl, so it needs nothing but libc: see xl-plugin/guard-xl/main.c.
$(O)/guard/xl: $(O)/xl-plugin/guard-xl/main.o $(O)/xl-plugin/guard-xl/words.o
	$(call say,LINK,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^

$(O)/libxlpt.a: $(LIBOBJS)
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(O)/%.o: %.c Makefile
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D) && $(CC) $(OPT_CFLAGS) $(CFLAGS) $(CPPFLAGS) -MMD -MP -c -o $@ $<

$(TESTS): $(O)/%: $(O)/%.o $(FAKEOBJS) $(O)/libxlpt.a | $(O)/guard/xl
	$(call say,LINK,$@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS) $(shell $(PKG_CONFIG) --libs cmocka)

$(O)/man/%: docs/man/%.scd
	$(call say,MAN,$@)
	$(Q)mkdir -p $(@D) && scdoc <$< >$@

include tests/tests.mk

install: all
	install -D -m 755 $(O)/xlpt $(DESTDIR)$(SBINDIR)/xlpt
	install -D -m 755 $(O)/guard/xl $(DESTDIR)$(GUARDDIR)/xl
	ln -sf xl $(DESTDIR)$(GUARDDIR)/libxl-save-helper
	install -D -m 644 docs/completion.bash $(DESTDIR)$(BASHCOMPDIR)/xlpt
	mkdir -p $(DESTDIR)$(UNITDIR)
	for u in docs/systemd/*.service; do sed 's,/usr/local/sbin,$(SBINDIR),' $$u \
		>$(DESTDIR)$(UNITDIR)/$$(basename $$u) || exit 1; done
	mkdir -p $(DESTDIR)$(UDEVDIR) $(DESTDIR)$(HOOKDIR)
	sed 's,/usr/local/sbin,$(SBINDIR),' docs/hooks/90-xlpt-pool.rules \
		>$(DESTDIR)$(UDEVDIR)/90-xlpt-pool.rules
	sed 's,/usr/local/sbin,$(SBINDIR),' docs/hooks/libvirt-libxl >$(DESTDIR)$(HOOKDIR)/libvirt-libxl
	chmod 755 $(DESTDIR)$(HOOKDIR)/libvirt-libxl
	for m in $(MANS); do install -D -m 644 $$m \
		$(DESTDIR)$(MANDIR)/man$${m##*.}/$$(basename $$m) || exit 1; done

clean:
	rm -rf $(O)

-include $(shell test -d $(O) && find $(O) -name '*.d')
.PHONY: all install clean
