/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The file is lines of words:
 *
 *	xlpt 1
 *	op attach
 *	guest 3 4a1f... web1
 *	device 0000:02:00.0 hide e1000e		("keep" = not hidden here; "-" unknown, "none")
 *	spec 0000:02:00.0,permissive=1		(of the device before, for the configuration)
 *	config /etc/xen/web1.cfg
 *	identity mac=...			(of that device before "vf-set" and the like; tabs between words)
 *	note file /var/lib/xen/save/web1	(save, restore, migrate: see leave/mend.c;
 *						 vf-create, vf-remove: see vf/journal.c)
 *	begin add 0000:02:00.0 to web1
 *	done
 *	undo take 0000:02:00.0 from web1
 *
 * What follows a key is encoded (core/text.h), so that a name or path that somebody else chose is
 * one line, whatever is in it.
 */
#include "xl-plugin/kept/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "core/file.h"
#include "core/record.h"
#include "xl-plugin/cli/output.h"

void xlpt_journal_init(struct xlpt_journal *j, const char *op, const struct xlpt_guest *guest)
{
	*j = (struct xlpt_journal){ .fd = -1, .op = xlpt_xstrdup(op) };
	if (guest)
		xlpt_guest_copy(&j->guest, guest);
}

void xlpt_journal_dispose(struct xlpt_journal *j)
{
	xlpt_closep(&j->fd);
	for (size_t i = 0; i < j->n; i++) {
		free(j->devs[i].origin);
		free(j->devs[i].spec);
		free(j->devs[i].identity);
	}
	free(j->devs);
	free(j->path);
	free(j->config);
	free(j->op);
	free(j->last);
	xlpt_strv_free(j->notes);
	xlpt_guest_dispose(&j->guest);
	*j = (struct xlpt_journal){ .fd = -1 };
}

void xlpt_journal_add(struct xlpt_journal *j, struct xlpt_bdf bdf, bool hide, const char *origin)
{
	XLPT_GROW(j->devs, j->n, j->alloc);
	j->devs[j->n++] = (struct xlpt_journal_dev){ .bdf = bdf,
						     .hide = hide,
						     .origin_known = origin != NULL,
						     .origin = xlpt_xstrdup(origin) };
}

void xlpt_journal_config(struct xlpt_journal *j, const char *path)
{
	free(j->config);
	j->config = xlpt_xstrdup(path);
}

/* All lines of the file are made here; journal-left.c reads them. */
static void XLPT_PRINTF(3, 4) add_line(struct xlpt_str *out, const char *key, const char *fmt, ...)
{
	_cleanup_free_ char *value = NULL;
	va_list ap;

	va_start(ap, fmt);
	value = xlpt_xvasprintf(fmt, ap);
	va_end(ap);
	xlpt_record_add(out, key, value);
}

static int append(struct xlpt_journal *j, const char *text)
{
	return xlpt_file_append(j->fd, text, strlen(text));
}

const char *xlpt_journal_get(const struct xlpt_journal *j, const char *key, size_t nth)
{
	size_t len = strlen(key);

	for (char **p = j->notes; p && *p; p++)
		if (!strncmp(*p, key, len) && (*p)[len] == ' ' && nth-- == 0)
			return *p + len + 1;
	return NULL;
}

bool xlpt_journal_moves(const struct xlpt_journal *j)
{
	return !strcmp(j->op, "save") || !strcmp(j->op, "restore") || !strcmp(j->op, "migrate") ||
	       !strcmp(j->op, "sleep");
}

const char *xlpt_journal_subject(struct xlpt_journal *j)
{
	const char *file = xlpt_journal_get(j, "file", 0), *path = file ? strchr(file, '/') : NULL;

	if (j->n)
		xlpt_bdf_format(j->devs[0].bdf, XLPT_BDF_SYSFS, j->first);
	return j->n ? j->first : path ? path : "nothing";
}

static int cannot(struct xlpt_diag *diag, int r)
{
	xlpt_diag_file(diag, XLPT_ERR_IO, r, "cannot write the journal below " XLPT_JOURNAL_DIR);
	xlpt_diag_fact(diag, "without it an operation that is cut short could not be repaired");
	xlpt_diag_hint(diag, "run xlpt as root and make room on /run");
	return XLPT_ERR_IO;
}

int xlpt_journal_note(struct xlpt_journal *j, const char *note, struct xlpt_diag *diag)
{
	_cleanup_str_ struct xlpt_str line = { 0 };
	int r;

	xlpt_strv_add(&j->notes, note);
	add_line(&line, "note", "%s", note);
	r = j->fd < 0 ? 0 : append(j, line.s);
	return r < 0 ? cannot(diag, r) : 0;
}

char *xlpt_journal_format(const struct xlpt_journal *j)
{
	struct xlpt_str head = { 0 };

	xlpt_str_add(&head, XLPT_JOURNAL_FIRST "\n");
	add_line(&head, "op", "%s", j->op);
	if (j->guest.name)
		add_line(&head, "guest", "%u %s %s", j->guest.domid,
			 *j->guest.uuid ? j->guest.uuid : "-", j->guest.name);
	for (size_t i = 0; i < j->n; i++) {
		const struct xlpt_journal_dev *d = &j->devs[i];

		add_line(&head, "device", "%s %s %s", XLPT_BDF_STR(d->bdf),
			 d->hide ? "hide" : "keep",
			 !d->origin_known ? "-"
			 : *d->origin	  ? d->origin
					  : "none");
		if (j->config && d->spec)
			add_line(&head, "spec", "%s", d->spec);
		if (d->identity)
			add_line(&head, "identity", "%s", d->identity);
	}
	if (j->config)
		add_line(&head, "config", "%s", j->config);
	for (char **note = j->notes; note && *note; note++)
		add_line(&head, "note", "%s", *note);
	return xlpt_str_take(&head);
}

int xlpt_journal_begin(struct xlpt_env *env, struct xlpt_journal *j, struct xlpt_diag *diag)
{
	_cleanup_free_ char *head = xlpt_journal_format(j);
	bool named = false;
	int r;

	r = xlpt_file_private_dir(env->host, XLPT_JOURNAL_DIR);
	if (r < 0)
		return cannot(diag, r);
	j->path = xlpt_xasprintf(XLPT_JOURNAL_DIR "/%lld-%d", (long long)xlpt_now(env->clock),
				 (int)getpid());
	/*
	 * It gets its name when it is locked and its first lines are written: readers never see
	 * half of it, and a kill before that leaves nothing.
	 */
	j->fd = env->host->ops->open(env->host, XLPT_JOURNAL_DIR, O_TMPFILE | O_RDWR | O_APPEND,
				     0600);
	/* The file system of /run may have no files without a name: in a chroot, in a container. */
	if (j->fd == -EOPNOTSUPP || j->fd == -EISDIR) {
		j->fd = env->host->ops->open(env->host, j->path,
					     O_CREAT | O_EXCL | O_RDWR | O_APPEND, 0600);
		named = true;
	}
	if (j->fd < 0)
		return cannot(diag, j->fd);
	r = xlpt_flock_now(j->fd, false);
	if (r == 0)
		r = append(j, head);
	if (r == 0 && !named)
		r = xlpt_file_give_name(env->host, j->fd, XLPT_JOURNAL_DIR,
					strrchr(j->path, '/') + 1);
	if (r < 0 && named)
		env->host->ops->unlink(env->host, j->path);
	return r < 0 ? cannot(diag, r) : 0;
}

static int before(void *priv, size_t i, const struct xlpt_step *step, bool undo,
		  struct xlpt_diag *diag)
{
	struct xlpt_journal *j = priv;
	_cleanup_str_ struct xlpt_str line = { 0 };
	int r;

	(void)i;
	add_line(&line, undo ? "undo" : "begin", "%s",
		 undo && step->undo_what ? step->undo_what : step->what);
	r = append(j, line.s);
	return r < 0 ? cannot(diag, r) : 0;
}

static void after(void *priv, size_t i, const struct xlpt_step *step, bool undo)
{
	(void)i;
	(void)step;
	(void)undo;
	append(priv, "done\n");
}

struct xlpt_plan_observer xlpt_journal_observer(struct xlpt_journal *j)
{
	return (struct xlpt_plan_observer){ .priv = j, .before = before, .after = after };
}

void xlpt_journal_end(struct xlpt_env *env, struct xlpt_journal *j)
{
	int r = j->path ? env->host->ops->unlink(env->host, j->path) : 0;

	/* If it stayed, a later command would undo what is finished. */
	if (r < 0 && r != -ENOENT)
		r = env->host->ops->unlink(env->host, j->path);
	if (r < 0 && r != -ENOENT)
		xlpt_warn(env,
			  "cannot remove %s of a change that is finished: %s; remove it by hand",
			  j->path, xlpt_strerror(-r));
	xlpt_closep(&j->fd);
}
