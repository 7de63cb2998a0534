/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xl-plugin/cli/cli.h"
#include "xl-plugin/view/capture.h"

#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.h"
#include "core/secret.h"
#include "pciback/device/scan.h"
#include "xenstore/store-file.h"
#include "xl-plugin/backend/captured.h"

static void note(char ***v, size_t *n, size_t *alloc, char *text)
{
	XLPT_GROW(*v, *n, *alloc);
	(*v)[(*n)++] = text;
}

/* When these are missing, a command says the same, or that it does not know. */
static bool spare(const char *path)
{
	/* clang-format off */
	static const char *const patterns[] = {
		"*/vpd",	    "/sys/devices/*/net/*", "/sys/devices/*/block/*",
		"*_link_speed",	    "*_link_width",	    "*/power_state",
		"*/d3cold_allowed", "*/label",		    "*/index",
		"*/irq_handlers",   "/proc/cpuinfo",	    "/proc/interrupts",
		"/proc/version",    "/sys/class/tty/*",
		"/proc/asound/*",   "/sys/class/sound/*",   "/sys/bus/usb/*",
		"/sys/class/drm/*", "/sys/devices/*/usb*",  "/sys/devices/*/drm/*",
		"/sys/devices/*/sound/*",		    "/sys/bus/pci/slots/*",
	};
	/* clang-format on */

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(patterns); i++)
		if (fnmatch(patterns[i], path, 0) == 0)
			return true;
	return false;
}

void xlpt_capture_leave(struct xlpt_capture *c, const char *path, const char *why)
{
	/* What is no path stands for Xen: a capture of a host without Xen is whole, too. */
	if (*path == '/' && !spare(path) && !c->n_missing++)
		c->first_missing = c->n_left;
	note(&c->left, &c->n_left, &c->alloc_left, xlpt_xasprintf("%s: %s", path, why));
}

/* Tables of the kernel and of modules are public, but some of their words look like secrets. */
static bool looked_through(const char *path)
{
	/* clang-format off */
	static const char *const publics[] = { "/sys/", "/lib/modules/", "/boot/", "/proc/modules",
					       "/proc/interrupts", "/proc/io", "/proc/cpuinfo",
					       /* "B: KEY=..." are the keys that a keyboard has. */
					       "/proc/bus/input/", "/proc/net/route",
					       "/proc/net/ipv6_route",
					       /* Lists of paths, and of what was taken out of them. */
					       XLPT_CAPTURE_DIR "/taken-out",
					       XLPT_CAPTURE_DIR "/left-out" };
	/* clang-format on */

	/* Somebody wrote it by hand: it may have what a command line has. */
	if (xlpt_starts(path, "/boot/efi/"))
		return true;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(publics); i++)
		if (xlpt_starts(path, publics[i]))
			return false;
	return true;
}

/* A kernel's configuration: the line with the command line that is built into it, or its end. */
static const char *own_cmdline(const char *text, size_t len)
{
	const char *at = memmem(text, len, "\nCONFIG_CMDLINE=", 16);

	return at ? at + 1 : text + len;
}

/* The text without passwords; what was taken out is noted. */
static void without_secrets(struct xlpt_capture *c, const char *path, const char *text, size_t len,
			    struct xlpt_str *out)
{
	_cleanup_str_ struct xlpt_str names = { 0 };
	size_t n = xlpt_secrets_take_out(text, len, out, &names);

	/* Two lists may name the same file. */
	for (size_t i = 0; n && i < c->n_cuts; i++)
		if (!strcmp(c->cuts[i].path, path))
			return;
	if (!n)
		return;
	XLPT_GROW(c->cuts, c->n_cuts, c->alloc_cuts);
	c->cuts[c->n_cuts++] =
		(struct xlpt_capture_cut){ xlpt_xstrdup(path), xlpt_str_take(&names), n };
}

void xlpt_capture_dispose(struct xlpt_capture *c)
{
	for (size_t i = 0; i < c->n; i++)
		free(c->taken[i]);
	for (size_t i = 0; i < c->n_left; i++)
		free(c->left[i]);
	for (size_t i = 0; i < c->n_cuts; i++) {
		free(c->cuts[i].path);
		free(c->cuts[i].names);
	}
	free(c->taken);
	free(c->left);
	free(c->cuts);
	xlpt_host_close(&c->to);
	*c = (struct xlpt_capture){ 0 };
}

static int cannot(const char *path, int r, struct xlpt_diag *diag)
{
	xlpt_diag_file(diag, XLPT_ERR_IO, -r, "cannot copy %s", path);
	xlpt_diag_hint(diag, "make room in the directory for temporary files, or name another with "
			     "TMPDIR");
	return XLPT_ERR_IO;
}

static int parent(struct xlpt_capture *c, const char *path)
{
	_cleanup_free_ char *dir = xlpt_xstrndup(path, (size_t)(strrchr(path, '/') - path));

	return *dir ? xlpt_host_mkdirs(&c->to, dir, 0755) : 0;
}

int xlpt_capture_text(struct xlpt_capture *c, const char *path, const char *text, size_t len,
		      struct xlpt_diag *diag)
{
	_cleanup_str_ struct xlpt_str clean = { 0 };
	_cleanup_close_ int fd = -1;
	int r;

	if (len && (looked_through(path) || xlpt_starts(path, "/boot/config-"))) {
		const char *from = looked_through(path) ? text : own_cmdline(text, len);
		const char *to = from == text ? text + len : from + strcspn(from, "\n");

		xlpt_str_addn(&clean, text, (size_t)(from - text));
		without_secrets(c, path, from, (size_t)(to - from), &clean);
		xlpt_str_addn(&clean, to, (size_t)(text + len - to));
		text = xlpt_str_get(&clean);
		len = clean.len;
	}
	if (c->copying) {
		r = parent(c, path);
		if (r < 0)
			return cannot(path, r, diag);
		/* Two lists may name the same. */
		fd = c->to.ops->open(&c->to, path, O_WRONLY | O_CREAT | O_EXCL, 0644);
		if (fd == -EEXIST)
			return 0;
		if (fd < 0)
			return cannot(path, fd, diag);
		r = xlpt_file_write_all(fd, text, len);
		if (r < 0)
			return cannot(path, r, diag);
	}
	note(&c->taken, &c->n, &c->alloc, xlpt_xstrdup(path));
	return 0;
}

static bool through_link(struct xlpt_capture *c, const char *path)
{
	char text[4096];

	for (const char *end = path; *end;) {
		_cleanup_free_ char *part = NULL;

		end += 1 + strcspn(end + 1, "/");
		part = xlpt_xstrndup(path, (size_t)(end - path));
		if (c->from->ops->readlink(c->from, part, text, sizeof(text)) >= 0)
			return true;
	}
	return false;
}

/*
 * Whether the path leads through a link to a file that is not for everybody to
 * read: somebody keeps it secret, and the link is there for one program only.
 */
static bool kept_from_others(struct xlpt_capture *c, const char *path)
{
	_cleanup_close_ int fd = c->from->ops->open(c->from, path, O_PATH, 0);
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && !(st.st_mode & S_IROTH) && through_link(c, path);
}

/* An interface without a medium, a function without a driver: then there is no such value. */
static bool no_value(ssize_t r)
{
	return r == -ENOENT || r == -ENODEV || r == -EINVAL || r == -EISDIR || r == -EOPNOTSUPP;
}

int xlpt_capture_file(struct xlpt_capture *c, const char *path, size_t max, struct xlpt_diag *diag)
{
	_cleanup_free_ char *buf = NULL;
	ssize_t r;

	if (c->from->ops->exists(c->from, path))
		return 0;
	/* Looked at without being read: a listing is not to disturb a device. */
	if (!c->copying && !looked_through(path)) {
		_cleanup_strv_ char **names = NULL;

		if (c->from->ops->list(c->from, path, &names) < 0)
			note(&c->taken, &c->n, &c->alloc, xlpt_xstrdup(path));
		return 0;
	}
	if (!xlpt_starts(path, "/sys/") && !xlpt_starts(path, "/proc/") &&
	    kept_from_others(c, path)) {
		xlpt_capture_leave(c, path, "a link to a file that is not for everybody to read");
		return 0;
	}
	buf = xlpt_xcalloc(1, max + 1);
	r = c->from->ops->read(c->from, path, buf, max + 1);
	if (no_value(r))
		return 0;
	if (r < 0) {
		xlpt_capture_leave(c, path, xlpt_strerror((int)-r));
		return 0;
	}
	if ((size_t)r > max) {
		xlpt_capture_leave(c, path, "it is larger than such a file should be");
		return 0;
	}
	return xlpt_capture_text(c, path, buf, (size_t)r, diag);
}

int xlpt_capture_link(struct xlpt_capture *c, const char *path, struct xlpt_diag *diag)
{
	char text[4096];
	int r;

	if (c->from->ops->readlink(c->from, path, text, sizeof(text)) < 0)
		return 0;
	if (c->copying) {
		r = parent(c, path);
		if (r == 0)
			r = c->to.ops->symlink(&c->to, text, path);
		if (r == -EEXIST)
			return 0;
		if (r < 0)
			return cannot(path, r, diag);
	}
	note(&c->taken, &c->n, &c->alloc, xlpt_xstrdup(path));
	return 0;
}

int xlpt_capture_mark(struct xlpt_capture *c, const char *path, struct xlpt_diag *diag)
{
	return c->from->ops->exists(c->from, path) ? 0 : xlpt_capture_text(c, path, "", 0, diag);
}

/* ---- Xen ---- */

static int messages(struct xlpt_capture *c, struct xlpt_toolstack *ts, struct xlpt_diag *diag)
{
	_cleanup_free_ char *cmdline = NULL, *text = NULL;
	int rc = 0;

	if (!ts->ops->xen_text)
		return 0;
	ts->ops->xen_text(ts, &cmdline, &text);
	if (cmdline)
		rc = xlpt_capture_text(c, XLPT_CAPTURE_CMDLINE, cmdline, strlen(cmdline), diag);
	if (rc == 0 && text)
		rc = xlpt_capture_text(c, XLPT_CAPTURE_MESSAGES, text, strlen(text), diag);
	return rc;
}

int xlpt_capture_xen(struct xlpt_capture *c, struct xlpt_env *env, struct xlpt_diag *diag)
{
	_cleanup_devices_ struct xlpt_devices devices = { 0 };
	_cleanup_free_ char *store = NULL, *toolstack = NULL;
	int rc = 0;

	if (!env->store || !env->ts) {
		xlpt_capture_leave(c, "xenstore and the hypervisor",
				   "this is not a Xen dom0, or no access to it");
		return 0;
	}
	rc = xlpt_scan_all(env->host, 0, NULL, &devices, diag);
	if (rc == 0)
		rc = xlpt_store_dump_pci(env->store, &store, diag);
	if (rc == 0)
		rc = xlpt_toolstack_dump(env->ts, &devices, &toolstack, diag);
	if (rc == 0)
		rc = xlpt_capture_text(c, XLPT_CAPTURE_STORE, store, strlen(store), diag);
	if (rc == 0)
		rc = xlpt_capture_text(c, XLPT_CAPTURE_TOOLSTACK, toolstack, strlen(toolstack),
				       diag);
	return rc ? rc : messages(c, env->ts, diag);
}

/* A whole file of a tree that nobody vouches for; absent is NULL. */

int xlpt_capture_all(struct xlpt_capture *c, struct xlpt_env *env, struct xlpt_diag *diag)
{
	_cleanup_free_ char *about = xlpt_xasprintf("xlpt %s\n", XLPT_VERSION);
	_cleanup_str_ struct xlpt_str left = { 0 }, cut = { 0 };
	int rc;

	c->from = env->host;
	rc = xlpt_capture_sys(c, diag);
	if (rc == 0)
		rc = xlpt_capture_lists(c, diag);
	if (rc == 0)
		rc = xlpt_capture_xen(c, env, diag);
	for (size_t i = 0; i < c->n_left; i++)
		xlpt_str_addf(&left, "%s\n", c->left[i]);
	for (size_t i = 0; i < c->n_cuts; i++)
		xlpt_str_addf(&cut, "%s: %s (%zu)\n", c->cuts[i].path, c->cuts[i].names,
			      c->cuts[i].count);
	if (rc == 0)
		rc = xlpt_capture_text(c, XLPT_CAPTURE_DIR "/made-by", about, strlen(about), diag);
	if (rc == 0)
		rc = xlpt_capture_text(c, XLPT_CAPTURE_DIR "/taken-out", xlpt_str_get(&cut),
				       cut.len, diag);
	if (rc == 0)
		rc = xlpt_capture_text(c, XLPT_CAPTURE_DIR "/left-out", xlpt_str_get(&left),
				       left.len, diag);
	return rc ? rc : xlpt_check_interrupted(diag);
}
