/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * VFs that are there at boot: one unit for each PF, written whole and linked
 * where systemctl enable would link it. docs/systemd/xlpt-vf.service.example is
 * what the text looks like.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "xl-plugin/output.h"
#include "xl-plugin/vf.h"

#define UNITS "/etc/systemd/system"
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
 * Before guests start by themselves and before it is looked whether devices are
 * hidden. After the drivers have found their devices, and after xenstore, which
 * says who has a VF.
 */
char *xlpt_vf_unit_text(const char *program, const char *pf, int count)
{
	return xlpt_xasprintf(
		"# Written by \"xlpt vf create --persist %s %d\"; xlpt vf remove --persist removes it.\n"
		"[Unit]\n"
		"Description=Virtual functions of %s for Xen guests\n"
		"Documentation=man:xlpt-vf(8)\n"
		"Wants=systemd-udev-settle.service\n"
		"After=systemd-modules-load.service systemd-udev-settle.service xenstored.service "
		"local-fs.target\n"
		"Before=xlpt-boot-verify.service xendomains.service libvirt-guests.service\n"
		"\n"
		"[Service]\n"
		"Type=oneshot\n"
		"RemainAfterExit=yes\n"
		"ExecStart=%s vf create %s %d\n"
		"\n"
		"[Install]\n"
		"WantedBy=multi-user.target\n",
		pf, count, pf, program, pf, count);
}

static int cannot(struct xlpt_diag *diag, int r, const char *what, const char *path)
{
	xlpt_diag_errno(diag, XLPT_ERR_IO, r, "cannot %s %s", what, path);
	xlpt_diag_hint(diag, "run xlpt as root, on a host with systemd");
	return XLPT_ERR_IO;
}

/* The way to this very program, for the unit: where the operator's shell found it. */
static char *own_path(void)
{
	char buf[4096];
	ssize_t n = readlink("/proc/self/exe", buf, sizeof(buf) - 1);

	return n > 0 ? xlpt_xstrndup(buf, (size_t)n) : xlpt_xstrdup("/usr/local/sbin/xlpt");
}

static int make_link(struct xlpt_host *h, const char *name, const char *target)
{
	_cleanup_close_ int dir = -1;
	int r = xlpt_host_mkdirs(h, WANTS, 0755);

	if (r < 0)
		return r;
	dir = h->ops->open(h, WANTS, O_PATH | O_DIRECTORY, 0);
	if (dir < 0)
		return dir;
	return symlinkat(target, dir, name) && errno != EEXIST ? -errno : 0;
}

int xlpt_vf_unit_write(struct xlpt_env *env, const char *key, const char *pf, int count,
		       struct xlpt_diag *diag)
{
	_cleanup_free_ char *name = unit_name(key), *path = xlpt_vf_unit_path(key);
	_cleanup_free_ char *self = own_path();
	_cleanup_free_ char *text = xlpt_vf_unit_text(self, pf, count);
	int r = xlpt_host_mkdirs(env->host, UNITS, 0755);

	if (r == 0)
		r = xlpt_host_replace(env->host, path, text, strlen(text), 0644);
	if (r < 0)
		return cannot(diag, r, "write", path);
	r = make_link(env->host, name, path);
	return r < 0 ? cannot(diag, r, "make a link in " WANTS " to", path) : 0;
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
