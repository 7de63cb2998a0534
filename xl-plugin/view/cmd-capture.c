/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xlpt capture: the host's state is copied into a private directory, tar makes an
 * archive of it, and the directory goes again.
 */
#include <string.h>
#include <sys/utsname.h>
#include <time.h>

#include "core/tempdir.h"
#include "core/text.h"
#include "xl-plugin/cli/cli.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/view/capture.h"

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

static bool is_stdout(const char *file)
{
	return !strcmp(file, "-") || !strcmp(file, "/dev/stdout");
}

static int check(struct xlpt_env *env, bool list, const char *file, struct xlpt_diag *diag)
{
	if (env->sysroot) {
		xlpt_diag_set(diag, XLPT_ERR_USAGE,
			      "capture takes the running system, not --sysroot");
		xlpt_diag_hint(diag, "a tree is captured already");
		return XLPT_ERR_USAGE;
	}
	if (list && file) {
		xlpt_diag_set(diag, XLPT_ERR_USAGE,
			      "--list makes no archive, and has no use for -o");
		xlpt_diag_hint(diag, "xlpt capture --list, or xlpt capture -o %s", XLPT_WORD(file));
		return XLPT_ERR_USAGE;
	}
	/* Before minutes of work. */
	if (file && is_stdout(file) && env->out_closed) {
		xlpt_diag_set(diag, XLPT_ERR_IO, "standard output is closed");
		xlpt_diag_fact(diag, "the archive would go there");
		xlpt_diag_hint(diag, "name a file: -o host.tar.gz");
		return XLPT_ERR_IO;
	}
	return 0;
}

static int cmd_capture(struct xlpt_env *env, const struct xlpt_args *args, struct xlpt_diag *diag)
{
	_cleanup_free_ char *name = default_name(), *made = xlpt_xasprintf("%s.tar.gz", name);
	const char *file = xlpt_args_get(args, "output");
	_cleanup_tempdir_ struct xlpt_tempdir stage = { .fd = -1 };
	bool list = xlpt_args_has(args, "list");
	struct xlpt_capture c = { .copying = !env->dry_run && !list };
	int rc = check(env, list, file, diag);

	if (rc == 0)
		rc = xlpt_env_try_xen(env, diag);
	if (rc)
		return rc;
	if (!file)
		file = made;
	/* The same, so that nothing else is printed there. */
	if (is_stdout(file))
		file = "-";
	if (c.copying)
		rc = xlpt_tempdir_make(&stage, "xlpt-capture-", diag);
	/* Unpacked, it does not spill over the directory one is in. */
	if (rc == 0 && c.copying)
		rc = xlpt_tempdir_sub(&stage, name, &c.to, diag);
	if (rc == 0)
		rc = xlpt_capture_all(&c, env, diag);
	if (rc == 0 && c.copying)
		rc = xlpt_capture_archive(stage.path, name, file, diag);
	env->done |= rc == 0 && c.copying && strcmp(file, "-") != 0;
	if (rc == 0)
		xlpt_capture_print(env, &c, file, name);
	if (rc == 0 && c.n_missing)
		rc = xlpt_capture_not_whole(&c, file, diag);
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
