/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The part sleep: xlpt before the commands by which systemd lets this host sleep. */
#include <string.h>

#include "xl-plugin/sentry/sentry.h"

static const char *const units[] = { "systemd-suspend", "systemd-hibernate", "systemd-hybrid-sleep",
				     "systemd-suspend-then-hibernate" };

/* The administrator's folder comes first, as it does for systemd. */
static const char *const dirs[] = { "/etc/systemd/system", "/usr/lib/systemd/system",
				    "/lib/systemd/system" };

/* ExecStart= of the unit; NULL when there is no such unit or it cannot be started. Caller frees. */
static char *command_of(struct xlpt_env *env, const char *unit)
{
	static const char key[] = "ExecStart=";
	_cleanup_free_ char *text = NULL;
	const char *line;

	for (size_t i = 0; !text && i < XLPT_ARRAY_SIZE(dirs); i++)
		if (xlpt_host_read_text(env->host, &text, "%s/%s.service", dirs[i], unit) < 0)
			text = NULL;
	for (line = text; line; line = strchr(line, '\n'), line = line ? line + 1 : NULL)
		if (xlpt_starts(line, key) && line[strlen(key)] == '/')
			return xlpt_xstrndup(line + strlen(key), strcspn(line + strlen(key), "\n"));
	return NULL;
}

/* The command that a drop-in of ours has, "" when it has none. Caller frees. */
static char *command_in(const char *text)
{
	static const char mark[] = "/sbin/xlpt sleep -- ";
	const char *at = strstr(text, mark);

	return at ? xlpt_xstrndup(at + strlen(mark), strcspn(at + strlen(mark), "\n"))
		  : xlpt_xstrdup("");
}

/* When the unit is gone, the drop-in that is there says which command it had. */
static char *command_there(struct xlpt_env *env, const char *path)
{
	_cleanup_free_ char *text = NULL;

	return xlpt_host_read_text(env->host, &text, "%s", path) < 0 ? NULL : command_in(text);
}

/* The unit has another command by now: an upgrade has moved systemd's program. */
static void judge_moved(struct xlpt_sentry_file *f)
{
	_cleanup_free_ char *dir = f->now ? xlpt_sentry_dir_in(f->now) : NULL;
	_cleanup_free_ char *command = NULL, *text = NULL;

	if (f->state != XLPT_SENTRY_CHANGED || !dir)
		return;
	command = command_in(f->now);
	text = xlpt_sentry_sleep_text(dir, command);
	if (!strcmp(text, f->now)) {
		f->state = XLPT_SENTRY_OTHER;
		f->fact = xlpt_xasprintf("%s runs \"%s\", which is not what its unit has", f->path,
					 command);
	}
}

int xlpt_sentry_look_sleep(struct xlpt_env *env, struct xlpt_sentry *g, const char *dir,
			   struct xlpt_diag *diag)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < XLPT_ARRAY_SIZE(units); i++) {
		_cleanup_free_ char *command = command_of(env, units[i]);
		char *path = xlpt_xasprintf("/etc/systemd/system/%s.service.d/xlpt-guard.conf",
					    units[i]);

		g->applies[XLPT_SENTRY_SLEEP] = g->applies[XLPT_SENTRY_SLEEP] || command;
		if (!command)
			command = command_there(env, path);
		if (!command) {
			free(path);
			continue;
		}
		rc = xlpt_sentry_look_whole(env, g, XLPT_SENTRY_SLEEP, path, xlpt_sentry_sleep_text,
					    dir, command, diag);
		judge_moved(&g->files[g->n - 1]);
		xlpt_sentry_command(g, xlpt_xstrdup("systemctl daemon-reload"));
	}
	return rc;
}
