/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether the installed guard works: in libvirt's daemon that runs, in the shell that reads the
 * lines for xendomains, and at the path where it is.
 */
#include <string.h>

#include "xl-plugin/sentry/sentry.h"

static const char *const daemons[] = { "libvirtd", "virtxend" };

char *xlpt_sentry_program_of(struct xlpt_host *h, const char *pid)
{
	static const char gone[] = " (deleted)"; /* an upgrade has replaced the file */
	char *name = NULL;
	size_t len;

	if (xlpt_host_link_name(h, &name, "/proc/%s/exe", pid))
		return NULL;
	len = strlen(name);
	if (len > strlen(gone) && !strcmp(name + len - strlen(gone), gone))
		name[len - strlen(gone)] = '\0';
	return name;
}

/* True when root runs the process: all four of "Uid:" in /proc/PID/status are 0. */
static bool is_roots(struct xlpt_host *h, const char *pid)
{
	_cleanup_free_ char *text = NULL;
	const char *line;

	if (xlpt_host_read_text(h, &text, "/proc/%s/status", pid))
		return false;
	line = strstr(text, "\nUid:");
	return line && xlpt_starts(line, "\nUid:\t0\t0\t0\t0\n");
}

/*
 * The name of libvirt's daemon that this process is, or NULL. A process can choose its name
 * (comm), but neither its program nor its owner. The daemon of a user's own session does not
 * concern Xen.
 */
static const char *daemon_of(struct xlpt_host *h, const char *pid)
{
	_cleanup_free_ char *program = xlpt_sentry_program_of(h, pid);

	for (size_t i = 0; program && i < XLPT_ARRAY_SIZE(daemons); i++)
		if (!strcmp(program, daemons[i]) && is_roots(h, pid))
			return daemons[i];
	return NULL;
}

void xlpt_sentry_daemons(struct xlpt_env *env, struct xlpt_sentry *g, bool installed)
{
	_cleanup_strv_ char **pids = NULL;

	if (xlpt_host_list(env->host, &pids, "/proc"))
		return;
	for (char **p = pids; *p; p++) {
		const char *daemon = **p < '0' || **p > '9' ? NULL : daemon_of(env->host, *p);
		_cleanup_free_ char *path = NULL, *vars = NULL;
		bool with = false;
		ssize_t n;

		if (!daemon)
			continue;
		path = xlpt_xasprintf("/proc/%s/environ", *p);
		vars = xlpt_xcalloc(1, 65537);
		n = env->host->ops->read(env->host, path, vars, 65536);
		for (ssize_t i = 0; i < n; i += (ssize_t)strlen(vars + i) + 1)
			with = with || (xlpt_starts(vars + i, "LIBXL_SAVE_HELPER=") &&
					strstr(vars + i, "/lib/xlpt/guard/"));
		if (n < 0 || with == installed)
			continue;
		g->idle[XLPT_SENTRY_LIBVIRT] = g->idle[XLPT_SENTRY_LIBVIRT] || !with;
		xlpt_sentry_note(g, xlpt_xasprintf("%s (process %s) runs %s the guard: systemctl "
						   "daemon-reload; systemctl restart %s",
						   daemon, *p, with ? "with" : "without", daemon));
	}
}

/* A later line for the shell that decides which xl is run, or NULL. Caller frees. */
static char *overrides(const char *text, const char *dir)
{
	_cleanup_free_ char *cmd = xlpt_xasprintf("CMD=%s/xl", dir);

	for (const char *line = text; line && *line;
	     line = strchr(line, '\n'), line = line ? line + 1 : NULL) {
		const char *s = line + strspn(line, " \t");
		size_t len = strcspn(s, "\n");
		const char *value;

		if (xlpt_starts(s, "export "))
			s += strlen("export "), len -= strlen("export ");
		if (xlpt_starts(s, "CMD=") && strncmp(s, cmd, len) != 0)
			return xlpt_xstrndup(s, len);
		if (!xlpt_starts(s, "PATH="))
			continue;
		value = s + strlen("PATH=");
		value += *value == '"';
		/* A line that only appends to PATH leaves the guard where it is. */
		if (!xlpt_starts(value, "$PATH") && !xlpt_starts(value, "${PATH}") &&
		    !xlpt_starts(value, dir))
			return xlpt_xstrndup(s, len);
	}
	return NULL;
}

void xlpt_sentry_lines(struct xlpt_sentry *g, const char *dir)
{
	for (size_t i = 0; i < g->n; i++) {
		struct xlpt_sentry_file *f = &g->files[i];
		_cleanup_free_ char *line = NULL;
		const char *end;

		if (f->part != XLPT_SENTRY_XENDOMAINS || !f->now || f->fact ||
		    f->state == XLPT_SENTRY_ABSENT || f->state == XLPT_SENTRY_FOREIGN)
			continue;
		end = strstr(f->now, "\n# <<< xlpt guard\n");
		line = end ? overrides(end + 1, dir) : NULL;
		if (!line)
			continue;
		g->idle[XLPT_SENTRY_XENDOMAINS] = true;
		f->fact = xlpt_xasprintf(
			"%s says \"%s\" behind the guard's lines, which undoes them: move it "
			"before them",
			f->path, line);
	}
}

bool xlpt_sentry_plain_path(const char *path)
{
	for (const char *c = path; *c; c++)
		if (!(*c & 0x80) && !strchr("/._+-", *c) && (*c < '0' || *c > '9') &&
		    ((*c | 0x20) < 'a' || (*c | 0x20) > 'z'))
			return false;
	return true;
}

int xlpt_sentry_judge_path(const struct xlpt_sentry *g, const bool parts[XLPT_SENTRY_PARTS],
			   struct xlpt_diag *diag)
{
	if (xlpt_sentry_plain_path(g->program) ||
	    !(parts[XLPT_SENTRY_LIBVIRT] || parts[XLPT_SENTRY_XENDOMAINS]))
		return 0;
	xlpt_diag_set(diag, XLPT_ERR_CONFLICT, "the guard cannot be installed from %s", g->program);
	xlpt_diag_fact(diag,
		       "a shell, systemd and AppArmor read that path, and one of its characters "
		       "means something else to them");
	xlpt_diag_hint(diag, "install xlpt below a folder of letters, digits and /._+- only: make "
			     "install PREFIX=/usr/local");
	return XLPT_ERR_CONFLICT;
}
