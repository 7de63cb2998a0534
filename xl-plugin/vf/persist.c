/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * VFs that are there at boot: one unit for each PF, written whole, and linked where systemctl
 * enable would link it. tests/data/xlpt-vf.service is such a text. VFs that host.conf names are
 * made by xlpt-apply.service and have no such unit.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "core/file.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/vf/vf.h"

#define UNITS "/etc/systemd/system"
#define PLAIN "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:_.-"
#define WANTS UNITS "/multi-user.target.wants"

static char *unit_name(const char *key)
{
	return xlpt_xasprintf("xlpt-vf-%s.service", key);
}

char *xlpt_vf_unit_path(const char *key)
{
	_cleanup_free_ char *name = unit_name(key);

	return xlpt_xasprintf(UNITS "/%s", name);
}

/*
 * The name of a device unit has "-" for "/"; everything but letters, digits and ":_." is written
 * as \xNN.
 */
static char *escape_unit(const char *name)
{
	struct xlpt_str out = { 0 };

	for (; *name; name++)
		if (*name != '-' && strchr(PLAIN, *name))
			xlpt_str_addn(&out, name, 1);
		else
			xlpt_str_addf(&out, "\\x%02x", (unsigned char)*name);
	return xlpt_str_take(&out);
}

/*
 * The unit runs before guests start by themselves, and before xlpt boot verify looks whether
 * devices are hidden. It runs after the PF has its driver, and after xenstore, which says who has
 * a VF; xenstore's service is named by all names that distributions and Xen itself give it.
 * systemd knows an interface as a unit. A PF that is named by its address is waited for until it
 * has a driver. Where a pin's PF will be is not known before all devices are there.
 */
char *xlpt_vf_unit_text(const char *program, const char *pf, int count, enum xlpt_tri driver)
{
	const char *option = driver == XLPT_OFF	 ? "--no-driver "
			     : driver == XLPT_ON ? "--driver "
						 : "";
	_cleanup_free_ char *device = NULL, *wait = NULL;
	struct xlpt_bdf bdf;

	if (xlpt_bdf_from_sysfs_name(pf, &bdf)) {
		device = xlpt_xstrdup("");
		wait = xlpt_xasprintf("ExecStartPre=-/bin/udevadm settle --timeout=30 "
				      "--exit-if-exists=/sys/bus/pci/devices/%s/driver\n",
				      pf);
	} else if (xlpt_starts(pf, "pin:")) {
		device = xlpt_xstrdup("");
		wait = xlpt_xstrdup("ExecStartPre=-/bin/udevadm settle --timeout=30\n");
	} else {
		_cleanup_free_ char *name = escape_unit(pf);

		device = xlpt_xasprintf("Wants=sys-subsystem-net-devices-%s.device\n"
					"After=sys-subsystem-net-devices-%s.device\n",
					name, name);
		wait = xlpt_xstrdup("");
	}
	return xlpt_xasprintf(
		"# Written by \"xlpt vf create --persist %s%s %d\"; xlpt vf remove --persist removes it.\n"
		"[Unit]\n"
		"Description=Virtual functions of %s for Xen guests\n"
		"Documentation=man:xlpt-vf(8)\n"
		/* When xlpt was removed from this host, the unit must not fail. */
		"ConditionFileIsExecutable=%s\n"
		"%s"
		"After=systemd-modules-load.service local-fs.target\n"
		"After=xen.service xenstored.service xen-init-dom0.service proc-xen.mount\n"
		"Before=xlpt-boot-verify.service xendomains.service libvirtd.service virtxend.service "
		"libvirt-guests.service\n"
		"\n"
		"[Service]\n"
		"Type=oneshot\n"
		"RemainAfterExit=yes\n"
		"%s"
		"ExecStart=%s vf create %s%s %d\n"
		"\n"
		"[Install]\n"
		"WantedBy=multi-user.target\n",
		option, pf, count, pf, program, device, wait, program, option, pf, count);
}

/* What stands in a unit's name and on its ExecStart= line must mean itself to systemd. */
int xlpt_vf_unit_judge(const char *name, struct xlpt_bdf pf, struct xlpt_diag *diag)
{
	const char *word = xlpt_starts(name, "pin:") ? name + 4 : name;
	size_t n = strspn(word, PLAIN);

	if (*word != '-' && !word[n])
		return 0;
	xlpt_diag_set(diag, XLPT_ERR_CONFLICT, "%s cannot be named in a unit of systemd", name);
	xlpt_diag_fact(diag, "only letters, digits and :_.- are the same to it in every place");
	xlpt_diag_hint(diag, "name it by its address: %s", XLPT_BDF_STR(pf));
	return XLPT_ERR_CONFLICT;
}

static int cannot(struct xlpt_diag *diag, int r, const char *what, const char *path)
{
	xlpt_diag_file(diag, XLPT_ERR_IO, r, "cannot %s %s", what, path);
	xlpt_diag_hint(diag, "run xlpt as root, on a host with systemd");
	return XLPT_ERR_IO;
}

/*
 * The program that the unit runs. Debian's packages have a program for each Xen,
 * PREFIX/lib/xen-VERSION/bin/xlpt, and PREFIX/sbin/xlpt runs the right one. After an upgrade of
 * Xen the unit must not run the old one.
 */
char *xlpt_vf_unit_program(struct xlpt_host *h, const char *self)
{
	static const char dir[] = "/lib/xen-", tail[] = "/bin/xlpt";
	const char *at = strstr(self, dir), *slash = at ? strchr(at + strlen(dir), '/') : NULL;
	_cleanup_free_ char *named = NULL;

	if (!slash || strcmp(slash, tail))
		return xlpt_xstrdup(self);
	named = xlpt_xasprintf("%.*s/sbin/xlpt", (int)(at - self), self);
	return xlpt_host_has(h, "%s", named) ? XLPT_TAKE(named) : xlpt_xstrdup(self);
}

static char *own_path(struct xlpt_host *h)
{
	char buf[4096];
	ssize_t n = readlink("/proc/self/exe", buf, sizeof(buf) - 1);

	if (n <= 0)
		return xlpt_xstrdup("/usr/local/sbin/xlpt");
	buf[n] = '\0';
	return xlpt_vf_unit_program(h, buf);
}

static int make_link(struct xlpt_host *h, const char *name, const char *target)
{
	_cleanup_free_ char *path = xlpt_xasprintf(WANTS "/%s", name);
	int r = xlpt_host_mkdirs(h, WANTS, 0755);

	if (r == 0)
		r = h->ops->symlink(h, target, path);
	return r == -EEXIST ? 0 : r;
}

int xlpt_vf_unit_write(struct xlpt_env *env, const char *key, const char *pf, int count,
		       enum xlpt_tri driver, struct xlpt_diag *diag)
{
	_cleanup_free_ char *self = own_path(env->host);
	_cleanup_free_ char *text = xlpt_vf_unit_text(self, pf, count, driver);

	return xlpt_vf_unit_put(env, key, xlpt_chomp(text), NULL, diag);
}

int xlpt_vf_unit_put(struct xlpt_env *env, const char *key, const char *body, const char *rights,
		     struct xlpt_diag *diag)
{
	_cleanup_free_ char *name = unit_name(key), *path = xlpt_vf_unit_path(key);
	_cleanup_free_ char *text = xlpt_xasprintf("%s\n", body);
	int r = xlpt_host_mkdirs(env->host, UNITS, 0755);

	if (r == 0)
		r = xlpt_file_replace(env->host, path, text, strlen(text),
				      &(struct xlpt_file_how){ .mode = 0644, .rights = rights });
	if (r < 0)
		return cannot(diag, r, "write", path);
	r = make_link(env->host, name, path);
	return r < 0 ? cannot(diag, r, "make a link in " WANTS " to", path) : 0;
}

bool xlpt_vf_unit_is_unread(struct xlpt_host *h)
{
	_cleanup_strv_ char **levels = NULL;

	if (!xlpt_host_has(h, "/run/openrc") || xlpt_host_list(h, &levels, "/etc/runlevels") < 0)
		return false;
	for (char **p = levels; *p; p++)
		if (xlpt_host_has(h, "/etc/runlevels/%s/xlpt-vfs", *p))
			return false;
	return true;
}

int xlpt_vf_unit_remove(struct xlpt_env *env, const char *key, struct xlpt_diag *diag)
{
	_cleanup_free_ char *name = unit_name(key), *path = xlpt_vf_unit_path(key);
	_cleanup_free_ char *link = xlpt_xasprintf(WANTS "/%s", name);
	const struct xlpt_host_ops *ops = env->host->ops;
	int r = ops->unlink(env->host, link);

	if (r < 0 && r != -ENOENT)
		return cannot(diag, r, "remove", link);
	r = ops->unlink(env->host, path);
	return r < 0 && r != -ENOENT ? cannot(diag, r, "remove", path) : 0;
}

char *xlpt_vf_unit_of(struct xlpt_env *env, const struct xlpt_pf *pf)
{
	const char *names[] = { XLPT_BDF_STR(pf->bdf), pf->ifname };

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(names); i++) {
		_cleanup_free_ char *path = names[i] ? xlpt_vf_unit_path(names[i]) : NULL;

		if (path && xlpt_host_has(env->host, "%s", path))
			return xlpt_xstrdup(names[i]);
	}
	return NULL;
}
