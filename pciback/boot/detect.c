/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which kernel, and which pciback it has.
 */
#include "pciback/boot/homes.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "core/file.h"

#define MODULES	 "/lib/modules"
#define FILE_MAX (32u << 20)

/* NixOS has no /lib/modules: its modprobe looks into the system that was booted, and the one that is there now. */
static const char *const module_dirs[] = { MODULES, "/run/booted-system/kernel-modules/lib/modules",
					   "/run/current-system/kernel-modules/lib/modules" };

char *xlpt_boot_module_file(struct xlpt_host *h, const char *release, const char *file)
{
	const char *dir = MODULES;

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(module_dirs); i++)
		if (xlpt_host_has(h, "%s/%s/modules.dep", module_dirs[i], release)) {
			dir = module_dirs[i];
			break;
		}
	return xlpt_xasprintf("%s/%s%s%s", dir, release, *file ? "/" : "", file);
}

int xlpt_boot_slurp(struct xlpt_host *h, const char *path, struct xlpt_str *out)
{
	return xlpt_file_read(h, path, FILE_MAX, out);
}

char *xlpt_boot_line(char **cursor)
{
	return xlpt_file_line(cursor);
}

char *xlpt_boot_whole_line(char **cursor, unsigned *lines)
{
	char *line = xlpt_boot_line(cursor);
	size_t n = line ? strlen(line) : 0;

	for (*lines = 1; n && line[n - 1] == '\\' && **cursor; ++*lines) {
		char *next = xlpt_boot_line(cursor);
		size_t more = strlen(next);

		memmove(line + n - 1, next, more + 1);
		n += more - 1;
	}
	return line;
}

bool xlpt_module_eq(const char *a, const char *b)
{
	for (; *a && *b; a++, b++)
		if (*a != *b && !((*a == '-' || *a == '_') && (*b == '-' || *b == '_')))
			return false;
	return *a == *b;
}

bool xlpt_boot_strv_has(char **v, const char *s)
{
	for (; v && *v; v++)
		if (xlpt_module_eq(*v, s))
			return true;
	return false;
}

void xlpt_boot_strv_add(char ***v, const char *s)
{
	if (!xlpt_boot_strv_has(*v, s))
		xlpt_strv_add(v, s);
}

char *xlpt_boot_module_name(const char *path, size_t len)
{
	const char *slash = memrchr(path, '/', len), *ko;
	char *name;

	if (slash) {
		len -= (size_t)(slash + 1 - path);
		path = slash + 1;
	}
	ko = memmem(path, len, ".ko", 3);
	/* .ko, .ko.gz, .ko.xz, .ko.zst */
	if (!ko || ko == path || !(ko + 3 == path + len || ko[3] == '.'))
		return NULL;
	name = xlpt_xstrndup(path, (size_t)(ko - path));
	for (char *p = name; *p; p++)
		if (*p == '-')
			*p = '_';
	return name;
}

/* ---- the kernel ---- */

/* As strverscmp(3) orders them: 6.1.0-50 after 6.1.0-9. Of equals a Xen kernel is dom0's. */
static bool newer(const char *a, const char *b)
{
	bool xa = strstr(a, "xen") != NULL, xb = strstr(b, "xen") != NULL;

	return xa == xb ? strverscmp(a, b) > 0 : xa;
}

static char *newest(struct xlpt_host *h)
{
	_cleanup_strv_ char **names = NULL;
	const char *best = NULL;

	xlpt_host_list(h, &names, MODULES);
	for (char **name = names; name && *name; name++)
		if ((!best || newer(*name, best)) &&
		    xlpt_host_has(h, MODULES "/%s/modules.dep", *name))
			best = *name;
	return xlpt_xstrdup(best);
}

char *xlpt_boot_next_kernel(struct xlpt_host *h, const struct xlpt_boot *boot, bool *chosen)
{
	_cleanup_free_ char *best = boot->running ? newest(h) : NULL;
	_cleanup_free_ char *next =
		boot->running && boot->loaders ? xlpt_home_kernel(h, boot) : NULL;

	*chosen = next && strcmp(next, boot->release) != 0;
	if (*chosen)
		return XLPT_TAKE(next);
	/* The next grub-mkconfig may well give that very entry the newer one. */
	return best && newer(best, boot->release) ? XLPT_TAKE(best) : NULL;
}

static char *find_release(struct xlpt_host *h, bool *running)
{
	_cleanup_free_ char *now = NULL;

	*running = false;
	if (xlpt_host_read_text(h, &now, "/proc/sys/kernel/osrelease") >= 0 && *xlpt_chomp(now) &&
	    !strchr(now, '/')) {
		*running = true;
		return XLPT_TAKE(now);
	}
	return newest(h);
}

/* A line of modules.dep or modules.builtin that is the module itself; the text is changed. */
static bool listed(struct xlpt_host *h, const char *release, const char *file, const char *module)
{
	_cleanup_free_ char *path = xlpt_boot_module_file(h, release, file);
	_cleanup_str_ struct xlpt_str text = { 0 };
	char *cursor, *line;

	if (xlpt_boot_slurp(h, path, &text) < 0)
		return false;
	cursor = text.s;
	while ((line = xlpt_boot_line(&cursor))) {
		_cleanup_free_ char *name = xlpt_boot_module_name(line, strcspn(line, ":"));

		if (name && xlpt_module_eq(name, module))
			return true;
	}
	return false;
}

bool xlpt_boot_is_builtin(struct xlpt_host *h, const struct xlpt_boot *boot, const char *module)
{
	return boot->release && listed(h, boot->release, "modules.builtin", module);
}

/* The value of a configuration symbol: 'y', 'm', or 0. */
static char config_value(struct xlpt_host *h, const char *release, const char *symbol)
{
	_cleanup_free_ char *path = xlpt_xasprintf("/boot/config-%s", release);
	_cleanup_str_ struct xlpt_str text = { 0 };
	char *cursor, *line;
	size_t n = strlen(symbol);

	if (xlpt_boot_slurp(h, path, &text) < 0)
		return 0;
	cursor = text.s;
	while ((line = xlpt_boot_line(&cursor)))
		if (!strncmp(line, symbol, n) && line[n] == '=')
			return line[n + 1];
	return 0;
}

static void version(const char *release, unsigned *major, unsigned *minor)
{
	*major = *minor = 0;
	if (release && sscanf(release, "%u.%u", major, minor) != 2)
		*major = *minor = 0;
}

static void find_era(struct xlpt_host *h, struct xlpt_boot *b)
{
	unsigned major, minor;

	version(b->release, &major, &minor);
	if (b->era != XLPT_ERA_UNKNOWN) {
		b->era_fact = xlpt_xstrdup("given with --era");
	} else if (xlpt_host_has(h, "/sys/module/xen_pciback")) {
		b->era = XLPT_ERA_PVOPS;
		b->era_fact = xlpt_xstrdup("/sys/module/xen_pciback is there");
	} else if (xlpt_host_has(h, "/sys/module/pciback")) {
		b->era = XLPT_ERA_CLASSIC;
		b->era_fact = xlpt_xstrdup("/sys/module/pciback is there");
	} else if (b->release && (listed(h, b->release, "modules.dep", "xen_pciback") ||
				  listed(h, b->release, "modules.builtin", "xen_pciback"))) {
		b->era = XLPT_ERA_PVOPS;
		b->era_fact = xlpt_xasprintf("kernel %s has xen-pciback", b->release);
	} else if (b->release && (listed(h, b->release, "modules.dep", "pciback") ||
				  listed(h, b->release, "modules.builtin", "pciback"))) {
		b->era = XLPT_ERA_CLASSIC;
		b->era_fact = xlpt_xasprintf("kernel %s has pciback", b->release);
	} else if (major) {
		b->era =
			major < 3 || (major == 3 && minor == 0) ? XLPT_ERA_CLASSIC : XLPT_ERA_PVOPS;
		b->era_fact = xlpt_xasprintf(
			"kernel %s is %s 3.1, the first Linux with xen-pciback", b->release,
			b->era == XLPT_ERA_CLASSIC ? "older than" : "not older than");
	} else {
		b->era = XLPT_ERA_PVOPS;
		b->era_fact = xlpt_xstrdup(
			"nothing here says which kernel it is; a current one is assumed");
	}
	b->module = b->era == XLPT_ERA_CLASSIC ? "pciback" : "xen-pciback";
	/* Linux 3.7 brought wildcards. Not known: a new kernel, unless the era is classic. */
	b->grammar = b->era == XLPT_ERA_CLASSIC || (major == 3 && minor < 7) ? XLPT_HIDE_PLAIN
									     : XLPT_HIDE_WILDCARDS;
}

static bool in_proc_modules(struct xlpt_host *h, const char *module)
{
	_cleanup_str_ struct xlpt_str text = { 0 };
	char *cursor, *line;

	if (xlpt_boot_slurp(h, "/proc/modules", &text) < 0)
		return false;
	cursor = text.s;
	while ((line = xlpt_boot_line(&cursor))) {
		line[strcspn(line, " ")] = '\0';
		if (xlpt_module_eq(line, module))
			return true;
	}
	return false;
}

static void find_mode(struct xlpt_host *h, struct xlpt_boot *b)
{
	char config = b->release ? config_value(h, b->release, "CONFIG_XEN_PCIDEV_BACKEND") : 0;
	_cleanup_free_ char *dir = b->release ? xlpt_boot_module_file(h, b->release, "") : NULL;

	/* A kernel without PV backends has the stub alone, in the same module. */
	if (!config && b->release)
		config = config_value(h, b->release, "CONFIG_XEN_PCIDEV_STUB");
	b->mode = XLPT_PB_MODULE;
	if (in_proc_modules(h, b->module)) {
		b->mode_fact = xlpt_xasprintf("/proc/modules lists %s", b->module);
	} else if (b->release && listed(h, b->release, "modules.dep", b->module)) {
		b->mode_fact = xlpt_xasprintf("%s/modules.dep lists %s", dir, b->module);
	} else if (b->release && listed(h, b->release, "modules.builtin", b->module)) {
		b->mode = XLPT_PB_BUILTIN;
		b->mode_fact = xlpt_xasprintf("%s/modules.builtin lists %s", dir, b->module);
	} else if (config == 'y') {
		b->mode = XLPT_PB_BUILTIN;
		b->mode_fact = xlpt_xasprintf("/boot/config-%s has CONFIG_XEN_PCIDEV_BACKEND=y",
					      b->release);
	} else if (config == 'm') {
		b->mode_fact = xlpt_xasprintf("/boot/config-%s has CONFIG_XEN_PCIDEV_BACKEND=m",
					      b->release);
	} else if (xlpt_host_has(h, "/sys/module/%s",
				 b->era == XLPT_ERA_CLASSIC ? "pciback" : "xen_pciback")) {
		b->mode = XLPT_PB_BUILTIN;
		b->mode_fact = xlpt_xstrdup("/sys/module has it, and /proc/modules has not");
	} else {
		b->mode = XLPT_PB_ABSENT;
		b->mode_fact = b->release ? xlpt_xasprintf("%s has no %s and the kernel's "
							   "configuration names none",
							   dir, b->module)
					  : xlpt_xstrdup("no kernel is installed in this tree");
	}
}

int xlpt_boot_detect_kernel(struct xlpt_host *h, enum xlpt_era era, const char *release,
			    struct xlpt_boot *out, struct xlpt_diag *diag)
{
	_cleanup_free_ char *dir = release ? xlpt_boot_module_file(h, release, "") : NULL;

	*out = (struct xlpt_boot){ .era = era };
	if (release && !xlpt_host_has(h, "%s", dir)) {
		xlpt_diag_set(diag, XLPT_ERR_NOT_FOUND, "there is no kernel %s here", release);
		xlpt_diag_fact(diag, "%s is not there", dir);
		xlpt_diag_hint(diag, "ls " MODULES);
		return XLPT_ERR_NOT_FOUND;
	}
	out->release = find_release(h, &out->running);
	if (release) {
		out->running = out->running && xlpt_streq(release, out->release);
		free(out->release);
		out->release = xlpt_xstrdup(release);
	}
	find_era(h, out);
	find_mode(h, out);
	if (xlpt_host_read_text(h, &out->cmdline, "/proc/cmdline") < 0)
		out->cmdline = NULL;
	xlpt_boot_find_initramfs(h, out);
	out->xen = xlpt_boot_xen(h);
	out->has_sysfs = xlpt_host_has(h, "/sys/bus/pci/devices");
	return 0;
}

int xlpt_boot_detect(struct xlpt_host *h, enum xlpt_era era, const char *release,
		     struct xlpt_boot *out, struct xlpt_diag *diag)
{
	int rc = xlpt_boot_detect_kernel(h, era, release, out, diag);

	if (rc == 0)
		xlpt_boot_find_loader(h, out);
	return rc;
}

void xlpt_boot_dispose(struct xlpt_boot *b)
{
	free(b->release);
	free(b->era_fact);
	free(b->mode_fact);
	free(b->initrd);
	free(b->loader_fact);
	free(b->cmdline);
	free(b->xen_cmdline);
	xlpt_loaders_free(b->loaders);
	*b = (struct xlpt_boot){ 0 };
}

const char *xlpt_pb_mode_word(enum xlpt_pb_mode mode)
{
	static const char *const words[] = { "absent", "module", "built in" };

	return words[mode];
}
