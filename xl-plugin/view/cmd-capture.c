/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xlpt capture: the host's state is copied into a private directory, tar makes an
 * archive of it, and the directory goes again.
 */
#include <errno.h>
#include <string.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "core/file.h"
#include "core/run.h"
#include "core/tempdir.h"
#include "xl-plugin/cli/cli.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/view/capture.h"

/* ---- the archive ---- */

static int tar(const char *stage, const char *name, int fd, const char *file,
	       struct xlpt_diag *diag)
{
	/* Owners and order are nobody's business and the same each time. */
	const char *argv[] = {
		"tar",	     "--create",  "--gzip",	 "--format=pax", "--numeric-owner",
		"--owner=0", "--group=0", "--sort=name", "--directory",	 stage,
		"--file=-",  name,	  NULL
	};
	_cleanup_run_ struct xlpt_run run = XLPT_RUN_INIT(argv);
	_cleanup_free_ char *ended = NULL;
	int rc;

	run.out_fd = fd;
	run.stoppable = true;
	rc = xlpt_run_program(&run, diag);
	if (rc || !run.status)
		return rc;
	if (run.status == 127) {
		xlpt_diag_set(diag, XLPT_ERR_NOT_FOUND, "there is no tar to make the archive with");
		xlpt_diag_hint(diag, "install tar and gzip");
		return XLPT_ERR_NOT_FOUND;
	}
	xlpt_diag_set(diag, XLPT_ERR_IO, "cannot write %s", file);
	ended = xlpt_run_ended(run.status);
	xlpt_diag_fact(diag, "tar %s", ended);
	xlpt_diag_add_log(diag, run.err.s);
	xlpt_diag_hint(diag, "make room for it, or name another place with -o");
	return XLPT_ERR_IO;
}

static int cannot_make(const char *file, int r, struct xlpt_diag *diag)
{
	xlpt_diag_file(diag, XLPT_ERR_IO, r, "cannot make %s", file);
	xlpt_diag_hint(diag, r == -EEXIST ? "remove it, or name another file with -o"
					  : "name another file with -o");
	return XLPT_ERR_IO;
}

/* For root alone, under its name when it is whole, and never over something that is there. */
static int archive_to(const char *stage, const char *name, const char *file,
		      const struct xlpt_file *f, struct xlpt_diag *diag)
{
	const struct xlpt_file_how how = { .mode = 0600, .fresh = true };
	_cleanup_free_ char *tmp = NULL;
	_cleanup_close_ int fd = xlpt_file_begin(f, true, &tmp);
	int rc, r;

	if (fd < 0)
		return cannot_make(file, fd, diag);
	rc = tar(stage, name, fd, file, diag);
	if (rc) {
		xlpt_file_abandon(f, tmp);
		return rc;
	}
	r = xlpt_file_finish(f, fd, tmp, &how);
	return r ? cannot_make(file, r, diag) : 0;
}

static int archive(const char *stage, const char *name, const char *file, struct xlpt_diag *diag)
{
	_cleanup_file_ struct xlpt_file f;
	_cleanup_close_ int into = -1;
	int r;

	if (!strcmp(file, "-"))
		return tar(stage, name, STDOUT_FILENO, "to standard output", diag);
	r = xlpt_file_find(NULL, file, XLPT_FILE_FOLLOW, &f);
	if (r)
		return cannot_make(file, r, diag);
	if (!xlpt_file_goes_into(&f))
		return archive_to(stage, name, file, &f, diag);
	into = xlpt_file_into(&f);
	return into < 0 ? cannot_make(file, into, diag) : tar(stage, name, into, file, diag);
}

/* ---- the command ---- */

static char *default_name(void)
{
	struct utsname u;
	struct tm tm;
	time_t now = time(NULL);
	char stamp[32] = "";

	if (uname(&u))
		snprintf(u.nodename, sizeof(u.nodename), "host");
	for (char *p = u.nodename; *p; p++)
		if (*p == '/')
			*p = '-';
	if (localtime_r(&now, &tm))
		strftime(stamp, sizeof(stamp), "%Y%m%d-%H%M%S", &tm);
	return xlpt_xasprintf("xlpt-%s-%s", u.nodename, stamp);
}

static int collect(struct xlpt_capture *c, struct xlpt_env *env, struct xlpt_diag *diag)
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

static struct json_object *strings(char **v, size_t n)
{
	struct json_object *a = json_object_new_array();

	for (size_t i = 0; i < n; i++)
		json_object_array_add(a, json_object_new_string(v[i]));
	return a;
}

static struct json_object *cuts(const struct xlpt_capture *c)
{
	struct json_object *a = json_object_new_array();

	for (size_t i = 0; i < c->n_cuts; i++) {
		struct json_object *o = json_object_new_object();

		xlpt_json_add(o, "path", xlpt_json_str(c->cuts[i].path));
		xlpt_json_add(o, "what", xlpt_json_str(c->cuts[i].names));
		xlpt_json_add(o, "count", json_object_new_int64((int64_t)c->cuts[i].count));
		json_object_array_add(a, o);
	}
	return a;
}

static void report(struct xlpt_env *env, const struct xlpt_capture *c, const char *file,
		   const char *name)
{
	bool to_stdout = !strcmp(file, "-");

	for (size_t i = 0; i < c->n_cuts; i++)
		xlpt_warn(env, "taken out of %s: %s (%zu)", c->cuts[i].path, c->cuts[i].names,
			  c->cuts[i].count);
	for (size_t i = 0; i < c->n_left; i++)
		xlpt_warn(env, "left out: %s", c->left[i]);
	if (env->json && !to_stdout) {
		struct json_object *root = json_object_new_object();

		xlpt_json_add(root, "file", c->copying ? xlpt_json_str(file) : NULL);
		xlpt_json_add(root, "directory", xlpt_json_str(name));
		xlpt_json_add(root, "paths", strings(c->taken, c->n));
		xlpt_json_add(root, "left_out", strings(c->left, c->n_left));
		xlpt_json_add(root, "taken_out", cuts(c));
		xlpt_json_add(root, "whole", json_object_new_boolean(!c->n_missing));
		env->reported = c->n_missing != 0;
		xlpt_print_json(env, root);
		return;
	}
	for (size_t i = 0; !c->copying && i < c->n; i++)
		xlpt_say(env, "%s", c->taken[i]);
	if (c->copying && !to_stdout)
		xlpt_say(env, "%s has %zu files; unpacked, xlpt --sysroot %s reads them", file,
			 c->n, name);
}

/* The archive is there; but a command that reads it would say something else than on the host. */
static int not_whole(const struct xlpt_capture *c, const char *file, struct xlpt_diag *diag)
{
	xlpt_diag_set(diag, XLPT_ERR_IO,
		      "%s %s not whole: %zu thing%s that commands read could not be "
		      "taken",
		      c->copying ? file : "the capture", c->copying ? "is" : "would be",
		      c->n_missing, c->n_missing == 1 ? "" : "s");
	xlpt_diag_fact(diag, "%s", c->left[c->first_missing]);
	xlpt_diag_hint(
		diag,
		"run it again as root, once that can be read; xlpt-capture/left-out has the list");
	return XLPT_ERR_IO;
}

static int check(struct xlpt_env *env, const char *file, struct xlpt_diag *diag)
{
	if (env->sysroot) {
		xlpt_diag_set(diag, XLPT_ERR_USAGE,
			      "capture takes the running system, not --sysroot");
		xlpt_diag_hint(diag, "a tree is captured already");
		return XLPT_ERR_USAGE;
	}
	if (file && !*file) {
		xlpt_diag_set(diag, XLPT_ERR_USAGE, "-o wants the name of a file");
		xlpt_diag_hint(diag, "for example -o host.tar.gz");
		return XLPT_ERR_USAGE;
	}
	return 0;
}

static int cmd_capture(struct xlpt_env *env, const struct xlpt_args *args, struct xlpt_diag *diag)
{
	_cleanup_free_ char *name = default_name(), *made = xlpt_xasprintf("%s.tar.gz", name);
	const char *file = xlpt_args_get(args, "output");
	_cleanup_tempdir_ struct xlpt_tempdir stage = { .fd = -1 };
	struct xlpt_capture c = { .copying = !env->dry_run && !xlpt_args_has(args, "list") };
	int rc = check(env, file, diag);

	if (rc == 0)
		rc = xlpt_env_try_xen(env, diag);
	if (rc)
		return rc;
	if (!file)
		file = made;
	/* The same, so that nothing else is printed there. */
	if (!strcmp(file, "/dev/stdout"))
		file = "-";
	if (c.copying)
		rc = xlpt_tempdir_make(&stage, "xlpt-capture-", diag);
	/* Unpacked, it does not spill over the directory one is in. */
	if (rc == 0 && c.copying)
		rc = xlpt_tempdir_sub(&stage, name, &c.to, diag);
	if (rc == 0)
		rc = collect(&c, env, diag);
	if (rc == 0 && c.copying)
		rc = archive(stage.path, name, file, diag);
	env->done |= rc == 0 && c.copying && strcmp(file, "-") != 0;
	if (rc == 0)
		report(env, &c, file, name);
	if (rc == 0 && c.n_missing)
		rc = not_whole(&c, file, diag);
	xlpt_capture_dispose(&c);
	return rc;
}

/* clang-format off */
static const struct xlpt_opt capture_opts[] = {
	{ "list", 0, NULL, "print what would go in, what would be taken out of it, and what left out" },
	{ "output", 'o', "FILE", "the archive (default xlpt-HOST-DATE.tar.gz; - = standard output)" },
	{0},
};
/* clang-format on */

const struct xlpt_command xlpt_cmd_capture = {
	.name = "capture",
	.synopsis = "",
	.help = "Write the state of this host into an archive",
	.details =
		"PCI devices with their configuration space, drivers, boot configuration, "
		"xenstore's\n"
		"PCI part, Xen's messages. Guests' configurations are not in it, and passwords and "
		"keys\n"
		"are taken out. Commands that only read work on the unpacked archive: --sysroot.",
	.flags = XLPT_CMD_DRY_RUN,
	.opts = capture_opts,
	.run = cmd_capture,
};
