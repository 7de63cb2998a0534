/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* For tests of apply: the world as a host whose kernel, initramfs and boot loader it can write for. */
#ifndef XLPT_TESTS_UNIT_APPLYING_H
#define XLPT_TESTS_UNIT_APPLYING_H

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.h"
#include "tests/unit/commands.h"

#define CONF "/etc/xlpt/host.conf"
#define OWN  "/etc/xlpt/xlpt.conf.d/90-host.conf"
#define REL  "6.1.0-50-amd64"

static inline void program(struct world *w, const char *path)
{
	struct xlpt_host *h = fake_bus_host(w->bus);
	int fd;

	fake_bus_put(w->bus, path, "ELF");
	fd = h->ops->open(h, path, O_RDONLY, 0);
	assert_true(fd >= 0 && fchmod(fd, 0755) == 0);
	close(fd);
}

static inline struct world *apply_world(void)
{
	struct world *w = world_new();

	fake_bus_put(w->bus, "/proc/sys/kernel/osrelease", REL "\n");
	fake_bus_put(w->bus, "/proc/cmdline", "root=/dev/sda1 ro\n");
	fake_bus_put(w->bus, "/lib/modules/" REL "/modules.dep",
		     "kernel/drivers/xen/xen-pciback/xen-pciback.ko:\n");
	fake_bus_put(w->bus, "/lib/modules/" REL "/modules.alias",
		     "alias pci:v00008086d000010D3sv* e1000e\nalias pci:v00008086d000010C9sv* igb\n"
		     "alias pci:v00001B36d00000010sv* nvme\n");
	fake_bus_put(w->bus, "/usr/sbin/update-initramfs", "");
	fake_bus_put(w->bus, "/usr/sbin/grub-mkconfig", "/etc/default/grub.d/*.cfg");
	program(w, "/usr/local/lib/xlpt/guard/xl");
	program(w, "/usr/sbin/xl");
	fake_bus_put(w->bus, "/usr/local/sbin/.keep", "");
	fake_bus_put(w->bus, "/etc/systemd/system/.keep", "");
	fake_bus_put(w->bus, "/etc/login.defs", "ENV_SUPATH\tPATH=/usr/local/sbin:/usr/sbin\n");
	fake_bus_put(w->bus, "/etc/default/xendomains", "XENDOMAINS_SAVE=/var/lib/xen/save\n");
	return w;
}

static inline int apply_setup(void **state)
{
	*state = apply_world();
	return 0;
}

/* Every file and link below path, with its mode and text. */
static inline void walk(struct xlpt_host *h, struct xlpt_str *out, const char *path)
{
	_cleanup_strv_ char **names = NULL;
	_cleanup_str_ struct xlpt_str text = { 0 };
	char link[512];
	struct stat st;
	int fd;

	if (h->ops->readlink(h, path, link, sizeof(link)) >= 0) {
		xlpt_str_addf(out, "%s -> %s\n", path, link);
		return;
	}
	fd = h->ops->open(h, path, O_RDONLY, 0);
	if (fd < 0)
		return;
	assert_int_equal(fstat(fd, &st), 0);
	if (S_ISREG(st.st_mode) && xlpt_file_read_fd(fd, 1 << 20, &text) == 0)
		xlpt_str_addf(out, "%s %o <<%s>>\n", path, st.st_mode & 07777, xlpt_str_get(&text));
	close(fd);
	h->ops->list(h, path, &names);
	for (char **n = names; n && *n; n++) {
		_cleanup_free_ char *below = xlpt_xasprintf("%s/%s", path, *n);

		walk(h, out, below);
	}
}

/* Everything of the host that apply may change, as text. */
static inline char *host_text(struct world *w)
{
	static const char *const roots[] = { "/etc", "/usr/local", "/var/lib/xlpt/pins",
					     "/var/lib/xlpt/pools", "/var/lib/xlpt/applied" };
	struct xlpt_str s = { 0 };
	_cleanup_free_ char *devices = world_snapshot(w);

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(roots); i++)
		walk(fake_bus_host(w->bus), &s, roots[i]);
	xlpt_str_add(&s, devices);
	return xlpt_str_take(&s);
}

static inline bool journals(struct world *w)
{
	_cleanup_strv_ char **names = NULL;

	return xlpt_host_list(fake_bus_host(w->bus), &names, "/run/xlpt/journal") == 0 && *names;
}

static inline void conf(struct world *w, const char *text)
{
	fake_bus_put(w->bus, CONF, text);
}

static inline void text_is(struct world *w, const char *path, const char *want)
{
	_cleanup_free_ char *text = NULL;

	xlpt_host_read_text(fake_bus_host(w->bus), &text, "%s", path);
	if (!want)
		assert_null(text);
	else if (!text || !strstr(text, want))
		fail_msg("%s has no \"%s\":\n%s", path, want, text ? text : "(not there)");
}

#endif
