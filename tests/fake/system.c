/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/fake/system.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.h"

void world_file(struct world *w, const char *path, const char *text, unsigned mode)
{
	struct xlpt_host *h = fake_bus_host(w->bus);
	_cleanup_close_ int fd = -1;

	fake_bus_put(w->bus, path, text);
	fd = h->ops->open(h, path, O_RDONLY, 0);
	if (fd < 0 || fchmod(fd, mode))
		abort();
}

void world_program(struct world *w, const char *path)
{
	world_file(w, path, "ELF", 0755);
}

static void put_module_list(struct world *w, const char *release, const char *name,
			    const char *text)
{
	_cleanup_free_ char *path = xlpt_xasprintf("/lib/modules/%s/%s", release, name);

	fake_bus_put(w->bus, path, text);
}

static void put_kernel(struct world *w, const char *release)
{
	_cleanup_free_ char *line = xlpt_xasprintf("%s\n", release);

	fake_bus_put(w->bus, "/proc/sys/kernel/osrelease", line);
	put_module_list(w, release, "modules.dep",
			"kernel/drivers/xen/xen-pciback/xen-pciback.ko:\n");
}

void world_system(struct world *w, const char *release)
{
	put_kernel(w, release);
	put_module_list(w, release, "modules.alias",
			"alias pci:v00008086d000010D3sv* e1000e\n"
			"alias pci:v00008086d000010C9sv* igb\n"
			"alias pci:v00001B36d00000010sv* nvme\n");
	fake_bus_put(w->bus, "/proc/cmdline", "root=/dev/sda1 ro\n");
	fake_bus_put(w->bus, "/usr/sbin/update-initramfs", "");
	fake_bus_put(w->bus, "/usr/sbin/grub-mkconfig", "/etc/default/grub.d/*.cfg");
	world_program(w, SYSTEM_GUARD);
	world_program(w, "/usr/sbin/xl");
	fake_bus_put(w->bus, "/usr/local/sbin/.keep", "");
	fake_bus_put(w->bus, "/etc/systemd/system/.keep", "");
	fake_bus_put(w->bus, "/etc/login.defs", "ENV_SUPATH\tPATH=/usr/local/sbin:/usr/sbin\n");
	fake_bus_put(w->bus, "/etc/default/xendomains", "XENDOMAINS_SAVE=/var/lib/xen/save\n");
}

void world_sound(struct world *w)
{
	put_kernel(w, SYSTEM_KERNEL);
	fake_bus_put(w->bus, "/sys/hypervisor/type", "xen\n");
	fake_bus_put(w->bus, "/boot/config-" SYSTEM_KERNEL, "CONFIG_XEN_PCIDEV_BACKEND=m\n");
	fake_bus_put(w->bus, "/sys/module/xen_pciback/parameters/passthrough", "N\n");
}

void world_files(struct world *w, struct xlpt_str *out, const char *path)
{
	struct xlpt_host *h = fake_bus_host(w->bus);
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
	if (fstat(fd, &st) || (S_ISREG(st.st_mode) && xlpt_file_read_fd(fd, 1 << 20, &text)))
		abort();
	if (S_ISREG(st.st_mode)) {
		_cleanup_free_ char *rights = NULL;

		if (xlpt_file_rights(h, path, &rights))
			abort();
		xlpt_str_addf(out, "%s %s <<%s>>\n", path, rights, xlpt_str_get(&text));
	}
	if (S_ISDIR(st.st_mode) && (strstr(path, ".service.d") || strstr(path, ".link.d")))
		xlpt_str_addf(out, "%s\n", path);
	close(fd);
	h->ops->list(h, path, &names);
	for (char **n = names; n && *n; n++) {
		_cleanup_free_ char *below = xlpt_xasprintf("%s/%s", path, *n);

		world_files(w, out, below);
	}
}

bool world_journals(struct world *w)
{
	_cleanup_strv_ char **names = NULL;

	return xlpt_host_list(fake_bus_host(w->bus), &names, "/run/xlpt/journal") == 0 && *names;
}
