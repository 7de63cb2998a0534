/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The files of vf persist: their names and texts. */
#include <errno.h>
#include <string.h>

#include "core/file.h"
#include "core/text.h"
#include "pciback/device/bind.h"
#include "xl-plugin/hotplug/vf-use.h"
#include "xl-plugin/vf/native.h"

#define MARK  "# Written by xlpt vf persist"
#define LIMIT (1u << 18)
/* Characters that mean themselves in all these files, and in the names of files. */
#define PLAIN "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"

void xlpt_vf_native_dispose(struct xlpt_vf_native *native)
{
	for (size_t i = 0; i < native->n; i++) {
		free(native->files[i].path);
		free(native->files[i].was);
		free(native->files[i].want);
	}
	free(native->files);
	xlpt_strv_free(native->by_hand);
	xlpt_strv_free(native->commands);
	*native = (struct xlpt_vf_native){ 0 };
}

static bool plain(const char *s)
{
	return s && *s && !s[strspn(s, PLAIN)];
}

bool xlpt_vf_setter_has_dropins(const struct xlpt_setter *s)
{
	return s->kind == XLPT_SETTER_LINK || s->kind == XLPT_SETTER_NM_CONF ||
	       (s->kind == XLPT_SETTER_NETPLAN && plain(s->name));
}

/* Adds a file; takes path and want over. A path that is there already is not added again. */
static void add(struct xlpt_vf_native *out, char *path, char *want, mode_t mode, bool dropin)
{
	for (size_t i = 0; i < out->n; i++)
		if (!strcmp(out->files[i].path, path)) {
			free(path);
			free(want);
			return;
		}
	XLPT_GROW(out->files, out->n, out->alloc);
	out->files[out->n++] =
		(struct xlpt_vf_file){ .path = path, .want = want, .mode = mode, .dropin = dropin };
}

static void command(struct xlpt_vf_native *out, const char *line)
{
	if (!xlpt_strv_has(out->commands, line))
		xlpt_strv_add(&out->commands, line);
}

static char *head(const char *key)
{
	return xlpt_xasprintf(MARK " for %s; xlpt vf remove %s, then xlpt vf persist --apply %s, "
				   "removes it.\n",
			      key, key, key);
}

/* ---- which programs keep away from the VFs ---- */

/* The driver of the VFs, or NULL when it is the PF's driver, too; *names gets their interfaces. */
static char *vf_driver(struct xlpt_env *env, const struct xlpt_pf *pf, char ***names)
{
	char *driver = NULL;

	for (size_t i = 0; i < pf->n; i++) {
		_cleanup_free_ char *net = xlpt_net_of(env->host, pf->vfs[i]);

		if (!net)
			continue;
		xlpt_strv_add(names, net);
		if (!driver)
			xlpt_bind_driver(env->host, pf->vfs[i], &driver, NULL);
	}
	if (xlpt_streq(driver, pf->driver))
		free(XLPT_TAKE(driver));
	return driver;
}

/* When the PF has the same driver, the driver cannot tell which are VFs: then their names do. */
static char *unmanaged(struct xlpt_env *env, const struct xlpt_pf *pf)
{
	_cleanup_strv_ char **names = NULL;
	_cleanup_free_ char *driver = vf_driver(env, pf, &names);
	_cleanup_str_ struct xlpt_str list = { 0 };

	if (!names)
		return NULL;
	if (driver)
		return xlpt_xasprintf("[keyfile]\nunmanaged-devices+=driver:%s\n", driver);
	for (char **p = names; *p; p++)
		if (plain(*p))
			xlpt_str_addf(&list, "%sinterface-name:=%s", list.len ? ";" : "", *p);
	return list.len ? xlpt_xasprintf("[keyfile]\nunmanaged-devices+=%s\n", list.s) : NULL;
}

static void keep_networkd_off(const struct xlpt_pf *pf, const char *key, struct xlpt_vf_native *out)
{
	struct xlpt_str text = { 0 };
	_cleanup_free_ char *first = head(key);

	xlpt_str_addf(&text, "%s[Match]\nPath=", first);
	for (size_t i = 0; i < pf->n; i++)
		xlpt_str_addf(&text, "%spci-%s", i ? " " : "", XLPT_BDF_STR(pf->vfs[i]));
	xlpt_str_add(&text, "\n[Link]\nUnmanaged=yes\n");
	add(out, xlpt_xasprintf("/etc/systemd/network/05-xlpt-vf-%s.network", key),
	    xlpt_str_take(&text), 0644, false);
	command(out, "networkctl reload");
}

/* ---- the number ---- */

static void link_file(const struct xlpt_setter *s, const char *key, int count,
		      struct xlpt_vf_native *out)
{
	_cleanup_free_ char *first = head(key);

	add(out, xlpt_xasprintf("/etc/systemd/network%s.d/90-xlpt-vf.conf", strrchr(s->base, '/')),
	    xlpt_xasprintf("%s[Link]\nSR-IOVVirtualFunctions=%d\n", first, count), 0644, true);
	command(out, "udevadm control --reload");
}

static void netplan_file(const struct xlpt_setter *s, const char *key, int count,
			 struct xlpt_vf_native *out)
{
	_cleanup_free_ char *first = head(key);

	add(out, xlpt_xasprintf("/etc/netplan/99-xlpt-vf-%s.yaml", key),
	    xlpt_xasprintf("%snetwork:\n  version: 2\n  ethernets:\n    %s:\n"
			   "      virtual-function-count: %d\n",
			   first, s->name, count),
	    0600, false);
	command(out, "netplan generate");
}

/* NetworkManager has one file for both: the number, and which interfaces it must leave alone. */
static void nm_file(struct xlpt_env *env, const struct xlpt_pf *pf, const char *key, bool number,
		    bool away, struct xlpt_vf_native *out)
{
	_cleanup_free_ char *first = head(key), *leave = away ? unmanaged(env, pf) : NULL;
	struct xlpt_str text = { 0 };

	xlpt_str_add(&text, first);
	if (number)
		xlpt_str_addf(&text,
			      "[device-xlpt-vf-%s]\nmatch-device=interface-name:=%s\n"
			      "sriov-num-vfs=%d\n",
			      key, pf->ifname, pf->count);
	if (leave)
		xlpt_str_add(&text, leave);
	if (!number && !leave) {
		xlpt_str_dispose(&text);
		return;
	}
	add(out, xlpt_xasprintf("/etc/NetworkManager/conf.d/99-xlpt-vf-%s.conf", key),
	    xlpt_str_take(&text), 0644, false);
	command(out, "systemctl reload NetworkManager");
}

static void number_files(struct xlpt_env *env, const struct xlpt_pf *pf, const char *key,
			 const struct xlpt_setters *setters, struct xlpt_vf_native *out)
{
	bool nm = false, up = pf->n && xlpt_pf_autoprobe(env->host, pf->bdf) != 0;

	for (size_t i = 0; i < setters->n; i++) {
		const struct xlpt_setter *s = &setters->items[i];

		if (s->count < 0)
			continue;
		if (s->kind == XLPT_SETTER_LINK)
			link_file(s, key, pf->count, out);
		else if (s->kind == XLPT_SETTER_NM_CONF && plain(pf->ifname))
			nm = true;
		else if (s->kind == XLPT_SETTER_NETPLAN && plain(s->name))
			netplan_file(s, key, pf->count, out);
		else if (s->count != pf->count)
			xlpt_strv_take(&out->by_hand, xlpt_vf_setter_by_hand(s, pf->count));
	}
	nm_file(env, pf, key, nm, up && xlpt_vf_manager_runs(env, false), out);
	if (up && xlpt_vf_manager_runs(env, true))
		keep_networkd_off(pf, key, out);
}

/* Without VFs, all files that can be there are removed. */
static void no_files(const char *key, const struct xlpt_setters *setters,
		     struct xlpt_vf_native *out)
{
	for (size_t i = 0; i < setters->n; i++)
		if (setters->items[i].base)
			add(out,
			    xlpt_xasprintf("/etc/systemd/network%s.d/90-xlpt-vf.conf",
					   strrchr(setters->items[i].base, '/')),
			    NULL, 0644, true);
	add(out, xlpt_xasprintf("/etc/netplan/99-xlpt-vf-%s.yaml", key), NULL, 0600, false);
	add(out, xlpt_xasprintf("/etc/NetworkManager/conf.d/99-xlpt-vf-%s.conf", key), NULL, 0644,
	    false);
	add(out, xlpt_xasprintf("/etc/systemd/network/05-xlpt-vf-%s.network", key), NULL, 0644,
	    false);
}

static int read_old(struct xlpt_env *env, struct xlpt_vf_file *f, struct xlpt_diag *diag)
{
	_cleanup_str_ struct xlpt_str text = { 0 };
	int r = xlpt_file_read(env->host, f->path, LIMIT, &text);

	if (r == -ENOENT || r == -ENOTDIR)
		return 0;
	if (r < 0) {
		xlpt_diag_errno(diag, XLPT_ERR_IO, r, "cannot read %s", f->path);
		xlpt_diag_hint(diag, "make it a file that root can read, or remove it");
		return XLPT_ERR_IO;
	}
	f->was = xlpt_str_take(&text);
	if (xlpt_starts(f->was, MARK))
		return 0;
	xlpt_diag_set(diag, XLPT_ERR_CONFLICT, "%s is not changed: xlpt did not write it", f->path);
	xlpt_diag_fact(diag, "its first line is not the one that xlpt vf persist writes");
	xlpt_diag_hint(diag, "give that file another name: mv %s %s.old", XLPT_WORD(f->path),
		       XLPT_WORD(f->path));
	return XLPT_ERR_CONFLICT;
}

/* The name of the PF in the names of files. */
#define KEY(pf) (plain((pf)->ifname) ? (pf)->ifname : XLPT_BDF_STR((pf)->bdf))

bool xlpt_vf_native_keeps_off(struct xlpt_env *env, const struct xlpt_pf *pf, bool networkd)
{
	_cleanup_free_ char *text = NULL;

	if (networkd)
		return xlpt_host_has(env->host, "/etc/systemd/network/05-xlpt-vf-%s.network",
				     KEY(pf));
	return xlpt_host_read_text(env->host, &text,
				   "/etc/NetworkManager/conf.d/99-xlpt-vf-%s.conf", KEY(pf)) == 0 &&
	       strstr(text, "unmanaged-devices");
}

int xlpt_vf_native_make(struct xlpt_env *env, const struct xlpt_pf *pf,
			const struct xlpt_setters *setters, struct xlpt_vf_native *out,
			struct xlpt_diag *diag)
{
	const char *key = KEY(pf);
	int rc = 0;

	*out = (struct xlpt_vf_native){ 0 };
	if (pf->count)
		number_files(env, pf, key, setters, out);
	else
		no_files(key, setters, out);
	for (size_t i = 0; rc == 0 && i < out->n; i++)
		rc = read_old(env, &out->files[i], diag);
	return rc;
}
