/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What modprobe and the kernel would tell pciback. modprobe.d is read by
 * libkmod itself, from a copy: so a captured tree cannot lead it elsewhere, and
 * what a change would do can be asked before it is made.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/file.h"
#include "core/tempdir.h"
#include "pciback/boot/internal.h"
#include "pciback/device/kmod.h"

/* libkmod says nothing of a file that it could not read: this one it must have read to its end. */
#define END_OPTION "xlpt_end_of_configuration"
#define END_LINE   "options " END_OPTION " x=1\n"

static int unread(int r, struct xlpt_diag *diag)
{
	xlpt_diag_errno(diag, XLPT_ERR_IO, -r, "cannot read the modprobe configuration");
	if (r == -EIO)
		xlpt_diag_fact(diag, "libkmod did not read it to its end, and does not say why");
	xlpt_diag_hint(diag, "run it again; a limit on open files or memory may be the reason "
			     "(ulimit -a)");
	return XLPT_ERR_IO;
}

/* All files in their order as one, where libkmod reads it by its path. */
struct copy {
	int fd; /* in memory: nothing of it is left by a kill; or -1 */
	struct xlpt_tempdir dir;
	char *path;
};

static void copy_dispose(struct copy *copy)
{
	xlpt_closep(&copy->fd);
	xlpt_tempdir_dispose(&copy->dir);
	free(copy->path);
}

static int copy_to_memory(const struct xlpt_str *text, struct copy *out)
{
	out->fd = memfd_create("modprobe.conf", MFD_CLOEXEC);
	out->path = xlpt_xasprintf("/proc/self/fd/%d", out->fd);
	return out->fd < 0 ? -errno : xlpt_file_write_all(out->fd, text->s, text->len);
}

/* In a chroot without /proc, in which an image of a system is made. */
static int copy_to_disk(const struct xlpt_str *text, struct copy *out, struct xlpt_diag *diag)
{
	struct xlpt_host at = { 0 };
	int r, rc = xlpt_tempdir_make(&out->dir, "xlpt-modprobe-", diag);

	if (rc == 0)
		rc = xlpt_tempdir_sub(&out->dir, "d", &at, diag);
	if (rc)
		return rc;
	out->path = xlpt_xasprintf("%s/d/modprobe.conf", out->dir.path);
	r = xlpt_file_replace(&at, "/modprobe.conf", text->s, text->len,
			      &(struct xlpt_file_how){ .mode = 0600, .lazy = true });
	xlpt_host_close(&at);
	if (r < 0)
		xlpt_diag_file(diag, XLPT_ERR_IO, r, "cannot write %s", out->path);
	return r < 0 ? XLPT_ERR_IO : 0;
}

static int copy_out(const struct xlpt_confs *c, struct copy *out, struct xlpt_diag *diag)
{
	_cleanup_str_ struct xlpt_str text = { 0 };
	int r;

	/* Two newlines: a backslash at its end does not reach into the next one. */
	for (size_t i = 0; i < c->n; i++)
		xlpt_str_addf(&text, "%s\n\n", c->items[i].text);
	xlpt_str_add(&text, END_LINE);
	if (access("/proc/self/fd", F_OK))
		return copy_to_disk(&text, out, diag);
	r = copy_to_memory(&text, out);
	return r < 0 ? unread(r, diag) : 0;
}

/* path: of a configuration, or NULL. */
static struct kmod_ctx *open_kmod(const char *path)
{
	/* libkmod takes a path that is no directory as a file (conf_files_list). */
	const char *paths[] = { path, NULL };

	return xlpt_kmod_new("/", paths);
}

typedef struct kmod_config_iter *(*iter_fn)(const struct kmod_ctx *);

static size_t count(struct kmod_ctx *ctx, iter_fn get)
{
	struct kmod_config_iter *iter = get(ctx);
	size_t n = 0;

	while (iter && kmod_config_iter_next(iter))
		n++;
	kmod_config_iter_free_iter(iter);
	return n;
}

/* Does "pre: a b post: c" name the module before "post:"? */
static bool pre_names(const char *deps, const char *module)
{
	_cleanup_free_ char *copy = xlpt_xstrdup(deps);
	char *save = NULL;
	bool pre = false;

	for (char *w = strtok_r(copy, " \t", &save); w; w = strtok_r(NULL, " \t", &save)) {
		if (!strcmp(w, "pre:"))
			pre = true;
		else if (!strcmp(w, "post:"))
			pre = false;
		else if (pre && xlpt_module_eq(w, module))
			return true;
	}
	return false;
}

/* Does the command of a line "install" load pciback? *hide: with this list, behind all others; caller frees. */
static bool install_loads(const char *command, const char *module, char **hide)
{
	_cleanup_free_ char *copy = xlpt_xstrdup(command);
	char *save = NULL;
	bool loads = false;

	for (char *c = strtok_r(copy, ";&|\n", &save); c; c = strtok_r(NULL, ";&|\n", &save)) {
		_cleanup_free_ char *words = xlpt_xstrdup(c);
		bool modprobe = false, named = false;
		char *inner = NULL;

		for (char *w = strtok_r(words, " \t", &inner); w && !named;
		     w = strtok_r(NULL, " \t", &inner)) {
			const char *slash = strrchr(w, '/');

			if (!modprobe)
				modprobe = !strcmp(slash ? slash + 1 : w, "modprobe");
			else
				named = xlpt_module_eq(w, module);
		}
		loads |= named;
		if (named && !*hide)
			*hide = xlpt_boot_hide_of(c);
	}
	return loads;
}

/* 0, or -EIO when it was not read to its end. */
static int read_config(struct kmod_ctx *ctx, size_t skip, const char *module,
		       struct xlpt_effective *out, bool *black)
{
	struct kmod_config_iter *iter = kmod_config_get_options(ctx);
	size_t n = count(ctx, kmod_config_get_options);
	bool whole = false;

	/*
	 * libkmod appends what it finds on the command line of the kernel that
	 * runs xlpt; "skip" entries at the end are that.
	 */
	for (size_t i = 0; iter && kmod_config_iter_next(iter) && i + skip < n; i++) {
		char *hide;

		whole |= !strcmp(kmod_config_iter_get_key(iter), END_OPTION);
		if (!xlpt_module_eq(kmod_config_iter_get_key(iter), module))
			continue;
		hide = xlpt_boot_hide_of(kmod_config_iter_get_value(iter));
		if (hide) {
			free(out->modprobe_hide);
			out->modprobe_hide = hide;
		}
	}
	kmod_config_iter_free_iter(iter);
	iter = kmod_config_get_softdeps(ctx);
	while (iter && kmod_config_iter_next(iter))
		if (pre_names(kmod_config_iter_get_value(iter), module))
			xlpt_boot_strv_add(&out->early, kmod_config_iter_get_key(iter));
	kmod_config_iter_free_iter(iter);
	iter = kmod_config_get_install_commands(ctx);
	while (iter && kmod_config_iter_next(iter)) {
		const char *key = kmod_config_iter_get_key(iter);
		_cleanup_free_ char *hide = NULL;

		if (!install_loads(kmod_config_iter_get_value(iter), module, &hide))
			continue;
		if (!xlpt_module_eq(key, module))
			xlpt_boot_strv_add(&out->early, key);
		if (!hide)
			continue;
		free(out->modprobe_hide);
		out->modprobe_hide = XLPT_TAKE(hide);
		free(out->install);
		out->install = xlpt_xstrdup(key);
	}
	kmod_config_iter_free_iter(iter);
	iter = kmod_config_get_blacklists(ctx);
	while (iter && kmod_config_iter_next(iter))
		*black |= xlpt_module_eq(kmod_config_iter_get_key(iter), module);
	kmod_config_iter_free_iter(iter);
	return whole ? 0 : -EIO;
}

/* The place of the last line that starts with these words ('-' as '_'); hide: sets hide=. */
static void locate(const struct xlpt_confs *c, const char *verb, const char *module, bool hide,
		   char **file, unsigned *line)
{
	for (size_t i = 0; i < c->n; i++) {
		_cleanup_free_ char *copy = xlpt_xstrdup(c->items[i].text);
		char *cursor = copy, *l;
		unsigned lines;

		for (unsigned nr = 1; (l = xlpt_boot_whole_line(&cursor, &lines)); nr += lines) {
			char *save = NULL, *word = strtok_r(l, " \t", &save), *name;

			name = word && !strcmp(word, verb) ? strtok_r(NULL, " \t", &save) : NULL;
			if (!name || !xlpt_module_eq(name, module) ||
			    (hide && !(save && strstr(save, "hide="))))
				continue;
			free(*file);
			*file = xlpt_xstrdup(c->items[i].path);
			if (line)
				*line = nr;
		}
	}
}

/* The kernel leaves what stands behind the word "--" to init (kernel/params.c, parse_args); libkmod does not. */
static char *hide_on_cmdline(const struct xlpt_boot *boot)
{
	_cleanup_free_ char *own = xlpt_cmdline_own(boot->cmdline);

	return xlpt_cmdline_hide(boot->mode == XLPT_PB_BUILTIN ? own : boot->cmdline, boot->module);
}

int xlpt_effective_read(struct xlpt_host *h, const struct xlpt_boot *boot, const char *instead,
			const char *text, struct xlpt_effective *out, struct xlpt_diag *diag)
{
	_cleanup_confs_ struct xlpt_confs c = { 0 };
	struct kmod_ctx *ctx = NULL, *none = NULL;
	XLPT_CLEANUP(copy_dispose) struct copy copy = { .fd = -1, .dir = { .fd = -1 } };
	bool black = false;
	int r, rc = xlpt_kmod_load(diag);

	*out = (struct xlpt_effective){ 0 };
	if (rc)
		return rc;
	xlpt_boot_confs_read(h, boot, instead, text, &c);
	rc = copy_out(&c, &copy, diag);
	if (rc)
		return rc;
	ctx = open_kmod(copy.path);
	none = ctx ? open_kmod(NULL) : NULL;
	if (none)
		r = read_config(ctx, count(none, kmod_config_get_options), boot->module, out,
				&black);
	else
		r = errno ? -errno : -EIO;
	kmod_unref(ctx);
	kmod_unref(none);
	if (r < 0)
		return unread(r, diag);
	if (out->install)
		locate(&c, "install", out->install, true, &out->modprobe_file, &out->modprobe_line);
	else if (out->modprobe_hide)
		locate(&c, "options", boot->module, true, &out->modprobe_file, &out->modprobe_line);
	/* libkmod has found it, wherever that is. */
	if (out->modprobe_hide && !out->modprobe_file)
		out->modprobe_file = xlpt_xstrdup("/etc/modprobe.d");
	if (black)
		locate(&c, "blacklist", boot->module, false, &out->blacklisted, NULL);
	if (!out->blacklisted && xlpt_boot_cmdline_blacklists(boot))
		out->blacklisted = xlpt_xstrdup("modprobe.blacklist= on the kernel's command line");
	out->cmdline_hide = hide_on_cmdline(boot);
	/* Built in, modprobe never runs for it. As a module, what comes last counts. */
	out->from_cmdline = boot->mode == XLPT_PB_BUILTIN || (out->cmdline_hide && !out->install);
	out->hide = out->from_cmdline ? out->cmdline_hide : out->modprobe_hide;
	return 0;
}

void xlpt_effective_dispose(struct xlpt_effective *eff)
{
	free(eff->modprobe_hide);
	free(eff->modprobe_file);
	free(eff->cmdline_hide);
	free(eff->blacklisted);
	free(eff->install);
	xlpt_strv_free(eff->early);
	*eff = (struct xlpt_effective){ 0 };
}
