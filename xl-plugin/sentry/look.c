/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How the guard stands: its files, and what keeps them from working.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "xl-plugin/sentry/sentry.h"

#define PROGRAM "/lib/xlpt/guard/xl"

static const char *const daemons[] = { "libvirtd", "virtxend" };
/* The paths in Debian; and in RHEL, SUSE and a Xen built from source. */
static const char *const xendomains[] = { "/etc/default/xendomains", "/etc/sysconfig/xendomains" };

void xlpt_sentry_dispose(struct xlpt_sentry *g)
{
	for (size_t i = 0; i < g->n; i++) {
		free(g->files[i].path);
		free(g->files[i].now);
		free(g->files[i].with);
		free(g->files[i].without);
		free(g->files[i].fact);
	}
	for (size_t i = 0; i < g->n_ways; i++) {
		free(g->ways[i].who);
		free(g->ways[i].first);
	}
	free(g->files);
	free(g->ways);
	free(g->program);
	free(g->program_fact);
	free(g->real);
	xlpt_strv_free(g->notes);
	xlpt_strv_free(g->commands);
	*g = (struct xlpt_sentry){ 0 };
}

/* Appends text, or frees it when it is there already. */
static void append(char ***v, char *text)
{
	if (!xlpt_strv_has(*v, text))
		xlpt_strv_take(v, XLPT_TAKE(text));
	free(text);
}

void xlpt_sentry_note(struct xlpt_sentry *g, char *text)
{
	append(&g->notes, text);
}

void xlpt_sentry_command(struct xlpt_sentry *g, char *text)
{
	append(&g->commands, text);
}

/*
 * Finds the guard's program below the prefix from which this xlpt runs, else below one that has
 * it.
 */
static void find_program(struct xlpt_env *env, struct xlpt_sentry *g)
{
	char self[4096];
	ssize_t n = env->host->live ? readlink("/proc/self/exe", self, sizeof(self) - 1) : -1;
	const char *prefixes[] = { NULL, "/usr/local", "/usr" };

	if (n > 0) {
		self[n] = '\0';
		for (int up = 0; up < 2; up++) {
			char *slash = strrchr(self, '/');

			if (slash)
				*slash = '\0';
		}
		prefixes[0] = self;
	}
	for (size_t i = 0; !g->program_there && i < XLPT_ARRAY_SIZE(prefixes); i++) {
		if (!prefixes[i])
			continue;
		free(g->program);
		g->program = xlpt_xasprintf("%s" PROGRAM, prefixes[i]);
		g->program_there = xlpt_sentry_is_program(env->host, g->program);
	}
	if (!g->program_there) {
		free(g->program);
		g->program = xlpt_xstrdup("/usr/local" PROGRAM);
		return;
	}
	g->program_fact = xlpt_sentry_open_to_others(env->host, g->program);
}

static struct xlpt_sentry_file *add_file(struct xlpt_sentry *g, enum xlpt_sentry_part part,
					 enum xlpt_sentry_kind kind, char *path)
{
	XLPT_GROW(g->files, g->n, g->alloc);
	g->files[g->n] = (struct xlpt_sentry_file){ .part = part, .kind = kind, .path = path };
	return &g->files[g->n++];
}

static void look_link(struct xlpt_env *env, struct xlpt_sentry *g, const char *path)
{
	struct xlpt_sentry_file *f =
		add_file(g, XLPT_SENTRY_XL, XLPT_SENTRY_LINK, xlpt_xstrdup(path));

	f->with = xlpt_xstrdup(g->program);
	f->now = xlpt_sentry_link(env->host, path);
	if (f->now)
		f->state = strcmp(f->now, f->with) ? XLPT_SENTRY_OTHER : XLPT_SENTRY_CURRENT;
	else if (xlpt_host_has(env->host, "%s", path))
		f->state = XLPT_SENTRY_FOREIGN;
	if (f->state == XLPT_SENTRY_FOREIGN)
		f->fact =
			xlpt_xasprintf("%s is there, and is no link to the guard's program", path);
	else if (f->now && !xlpt_sentry_is_program(env->host, f->now))
		f->fact = xlpt_xasprintf("it leads to %s, which is not there", f->now);
	else
		xlpt_sentry_look_place(env->host, g, f);
}

/*
 * The state of a text. want: what it should be, for this program. make gives the text for the
 * program that now names: by it "of another xlpt" is told from "changed by hand".
 */
static enum xlpt_sentry_state judge(const char *now, const char *want, bool same_version,
				    xlpt_sentry_text *make, const char *word)
{
	_cleanup_free_ char *dir = NULL, *there = NULL;

	if (!strcmp(now, want))
		return same_version ? XLPT_SENTRY_CURRENT : XLPT_SENTRY_OTHER;
	dir = xlpt_sentry_dir_in(now);
	there = dir ? make(dir, word) : NULL;
	return !same_version || xlpt_streq(now, there) ? XLPT_SENTRY_OTHER : XLPT_SENTRY_CHANGED;
}

static int slurp(struct xlpt_env *env, struct xlpt_sentry_file *f, struct xlpt_diag *diag)
{
	int r = xlpt_sentry_slurp(env->host, f->path, &f->now);

	if (r == 0 || r == -ENOENT || r == -ENOTDIR)
		return 0;
	if (r == -ELOOP || r == -EINVAL || r == -EFBIG || r == -EMEDIUMTYPE || r == -EISDIR) {
		f->state = XLPT_SENTRY_FOREIGN;
		f->fact = xlpt_xasprintf("%s is no plain text file%s", f->path,
					 r == -ELOOP ? " but a link" : "");
		return 0;
	}
	xlpt_diag_errno(diag, XLPT_ERR_IO, -r, "cannot read %s", f->path);
	xlpt_diag_hint(diag, "make it a file that root can read, and run xlpt as root");
	return XLPT_ERR_IO;
}

int xlpt_sentry_look_whole(struct xlpt_env *env, struct xlpt_sentry *g, enum xlpt_sentry_part part,
			   char *path, xlpt_sentry_text *make, const char *dir, const char *word,
			   struct xlpt_diag *diag)
{
	struct xlpt_sentry_file *f = add_file(g, part, XLPT_SENTRY_WHOLE, path);
	static const char head[] = "# Written by \"xlpt guard install\" ";
	int rc = slurp(env, f, diag);

	f->with = make(dir, word);
	if (rc || !f->now)
		return rc;
	if (xlpt_starts(f->now, head)) {
		/* The version is in the first line: the same line, the same version. */
		size_t len = strcspn(f->with, "\n");

		f->state = judge(f->now, f->with, !strncmp(f->now, f->with, len), make, word);
	} else {
		f->state = XLPT_SENTRY_FOREIGN;
		f->without = xlpt_xstrdup(f->now);
		f->fact = xlpt_xasprintf("%s is there, and xlpt did not write it", path);
	}
	return 0;
}

static int look_block(struct xlpt_env *env, struct xlpt_sentry *g, enum xlpt_sentry_part part,
		      char *path, xlpt_sentry_text *make, const char *dir, struct xlpt_diag *diag)
{
	struct xlpt_sentry_file *f = add_file(g, part, XLPT_SENTRY_BLOCK, path);
	_cleanup_free_ char *want = make(dir, NULL), *body = NULL;
	bool same = false;
	int rc = slurp(env, f, diag), found;

	if (rc || f->state == XLPT_SENTRY_FOREIGN)
		return rc;
	found = f->now ? xlpt_sentry_block_split(f->now, &f->without, &body, &same) : 0;
	if (found < 0) {
		f->state = XLPT_SENTRY_FOREIGN;
		f->fact = xlpt_xasprintf(
			"the guard's lines in %s have lost their first or last line, "
			"or are there twice",
			path);
		return 0;
	}
	if (found)
		f->state = judge(body, want, same, make, NULL);
	else
		f->without = xlpt_xstrdup(f->now);
	f->with = xlpt_sentry_block_add(f->without, want);
	return 0;
}

static bool has_unit(struct xlpt_env *env, const char *daemon)
{
	static const char *const dirs[] = { "/etc/systemd/system", "/usr/lib/systemd/system",
					    "/lib/systemd/system",
					    "/usr/local/lib/systemd/system" };

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(dirs); i++)
		if (xlpt_host_has(env->host, "%s/%s.service", dirs[i], daemon))
			return true;
	return false;
}

static int look_libvirt(struct xlpt_env *env, struct xlpt_sentry *g, const char *dir,
			struct xlpt_diag *diag)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < XLPT_ARRAY_SIZE(daemons); i++) {
		const char *d = daemons[i];
		char *dropin =
			xlpt_xasprintf("/etc/systemd/system/%s.service.d/xlpt-guard.conf", d);
		char *local = xlpt_xasprintf("/etc/apparmor.d/local/usr.sbin.%s", d);
		bool unit = has_unit(env, d), there = xlpt_host_has(env->host, "%s", dropin);
		bool profile = xlpt_host_has(env->host, "/etc/apparmor.d/usr.sbin.%s", d);

		/*
		 * The profile of AppArmor lets the daemon run programs of the system's own folders
		 * only. The permission comes first: without it the drop-in is of no use.
		 */
		if ((unit && profile) || (there && xlpt_host_has(env->host, "%s", local))) {
			rc = look_block(env, g, XLPT_SENTRY_LIBVIRT, local,
					xlpt_sentry_apparmor_body, dir, diag);
			append(&g->commands,
			       xlpt_xasprintf("apparmor_parser -r /etc/apparmor.d/usr.sbin.%s", d));
		} else {
			free(local);
		}
		if (rc || !(unit || there)) {
			free(dropin);
			continue;
		}
		g->applies[XLPT_SENTRY_LIBVIRT] = g->applies[XLPT_SENTRY_LIBVIRT] || unit;
		rc = xlpt_sentry_look_whole(env, g, XLPT_SENTRY_LIBVIRT, dropin,
					    xlpt_sentry_dropin_text, dir, NULL, diag);
		append(&g->commands, xlpt_xasprintf("systemctl daemon-reload"));
		append(&g->commands, xlpt_xasprintf("systemctl try-restart %s.service", d));
	}
	return rc;
}

int xlpt_sentry_look(struct xlpt_env *env, const char *dir, struct xlpt_sentry *g,
		     struct xlpt_diag *diag)
{
	_cleanup_free_ char *wanted = xlpt_xasprintf("%s/xl", dir ? dir : "/usr/local/sbin");
	_cleanup_free_ char *home = NULL;
	_cleanup_strv_ char **links = NULL;
	bool among = false;
	int rc;

	*g = (struct xlpt_sentry){
		.why_not = { "there is no xl on this host",
			     "there is no systemd unit of libvirt's "
			     "daemon",
			     "there is no /etc/default/xendomains and no "
			     "/etc/sysconfig/xendomains",
			     "systemd has no unit by which this host could sleep" },
	};
	find_program(env, g);
	home = xlpt_xstrndup(g->program, strlen(g->program) - strlen("/xl"));
	links = xlpt_sentry_ways(env, g);
	for (char **l = links; l && *l; l++) {
		look_link(env, g, *l);
		among = among || !strcmp(*l, wanted);
	}
	/* A link that is there already stays where it is, unless another folder is asked for. */
	if (!among && (dir || !links))
		look_link(env, g, wanted);
	g->applies[XLPT_SENTRY_XL] = g->real != NULL;
	rc = look_libvirt(env, g, home, diag);
	for (size_t i = 0; rc == 0 && i < XLPT_ARRAY_SIZE(xendomains); i++)
		if (xlpt_host_has(env->host, "%s", xendomains[i])) {
			g->applies[XLPT_SENTRY_XENDOMAINS] = true;
			rc = look_block(env, g, XLPT_SENTRY_XENDOMAINS, xlpt_xstrdup(xendomains[i]),
					xlpt_sentry_xendomains_body, home, diag);
		}
	if (rc == 0)
		rc = xlpt_sentry_look_sleep(env, g, home, diag);
	xlpt_sentry_lines(g, home);
	return rc;
}

/* ---- what an operator should know ---- */

static bool any_there(const struct xlpt_sentry *g, enum xlpt_sentry_part part)
{
	for (size_t i = 0; i < g->n; i++)
		if (g->files[i].part == part && g->files[i].state != XLPT_SENTRY_ABSENT &&
		    g->files[i].state != XLPT_SENTRY_FOREIGN)
			return true;
	return false;
}

static void note_libvirt_guests(struct xlpt_env *env, struct xlpt_sentry *g)
{
	static const char *const files[] = { "/etc/default/libvirt-guests",
					     "/etc/sysconfig/libvirt-guests" };

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(files); i++) {
		_cleanup_free_ char *text = NULL;

		if (xlpt_host_read_text(env->host, &text, "%s", files[i]))
			continue;
		for (char *line = text; line;
		     line = strchr(line, '\n'), line = line ? line + 1 : NULL)
			if (xlpt_starts(line, "ON_SHUTDOWN=suspend") ||
			    xlpt_starts(line, "ON_SHUTDOWN=\"suspend"))
				append(&g->notes,
				       xlpt_xasprintf(
					       "libvirt-guests saves all guests when the host goes "
					       "down, and one with "
					       "devices is then neither saved nor shut down: write "
					       "ON_SHUTDOWN=shutdown into %s",
					       files[i]));
	}
}

void xlpt_sentry_notes(struct xlpt_env *env, struct xlpt_sentry *g)
{
	bool there = any_there(g, XLPT_SENTRY_XL);

	for (size_t i = 0; there && i < g->n_ways; i++)
		if (!g->ways[i].ours)
			append(&g->notes, xlpt_xasprintf("%s finds %s first, not the guard",
							 g->ways[i].who, g->ways[i].first));
	if (there && !g->real)
		append(&g->notes, xlpt_xstrdup("there is no xl behind the guard in any PATH"));
	for (size_t i = 0; i < g->n; i++)
		if (g->files[i].fact)
			append(&g->notes, xlpt_xstrdup(g->files[i].fact));
	if (!g->program_there && (g->applies[XLPT_SENTRY_XL] || g->applies[XLPT_SENTRY_LIBVIRT] ||
				  g->applies[XLPT_SENTRY_XENDOMAINS]))
		append(&g->notes,
		       xlpt_xasprintf("the guard's program %s is not there: make install puts "
				      "it there",
				      g->program));
	if (g->program_fact)
		append(&g->notes, xlpt_xstrdup(g->program_fact));
	if (!xlpt_sentry_plain_path(g->program) &&
	    (any_there(g, XLPT_SENTRY_LIBVIRT) || any_there(g, XLPT_SENTRY_XENDOMAINS) ||
	     any_there(g, XLPT_SENTRY_SLEEP)))
		append(&g->notes,
		       xlpt_xasprintf(
			       "%s has characters that mean something else to a shell, systemd "
			       "or AppArmor: install xlpt below another PREFIX",
			       g->program));
	xlpt_sentry_daemons(env, g, any_there(g, XLPT_SENTRY_LIBVIRT));
	if (any_there(g, XLPT_SENTRY_LIBVIRT))
		note_libvirt_guests(env, g);
}

const char *xlpt_sentry_part_state(const struct xlpt_sentry *g, enum xlpt_sentry_part part)
{
	bool seen = false, mixed = false, broken = false;
	enum xlpt_sentry_state worst = XLPT_SENTRY_ABSENT;

	for (size_t i = 0; i < g->n; i++) {
		const struct xlpt_sentry_file *f = &g->files[i];

		if (f->part != part)
			continue;
		mixed = mixed ||
			(seen && (f->state == XLPT_SENTRY_ABSENT) != (worst == XLPT_SENTRY_ABSENT));
		worst = !seen || f->state > worst ? f->state : worst;
		broken = broken || (f->kind == XLPT_SENTRY_LINK && f->now && f->fact);
		seen = true;
	}
	if (!g->applies[part] && worst == XLPT_SENTRY_ABSENT)
		return "does not apply";
	if (broken || (worst == XLPT_SENTRY_CURRENT && (!g->program_there || g->program_fact)))
		return "broken";
	if (part != XLPT_SENTRY_XL && worst != XLPT_SENTRY_ABSENT && worst != XLPT_SENTRY_FOREIGN &&
	    !xlpt_sentry_plain_path(g->program))
		return "broken";
	if (mixed && worst == XLPT_SENTRY_CURRENT)
		return "in part";
	if (worst == XLPT_SENTRY_CURRENT && g->idle[part])
		return "not in effect";
	if (part == XLPT_SENTRY_XL && worst == XLPT_SENTRY_CURRENT && g->n_ways && !g->ways[0].ours)
		return "shadowed";
	return xlpt_sentry_state_word(worst);
}
