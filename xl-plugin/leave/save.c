/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The guest is written to FILE.XXXXXXXX.part (random digits, so that the file is nobody else's)
 * and left paused. It is destroyed only when that image has been read through, is on disk and has
 * got its name. Until then the guest can go on; from then on it is in the image.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "xl-plugin/cli/output.h"
#include "xl-plugin/leave/leave.h"

/* In the directory that is held open, whatever is done to links above it. */
static const char *part_name(const struct xlpt_leave *l)
{
	return strrchr(l->part, '/');
}

static int make_part(const struct xlpt_leave *l)
{
	struct xlpt_host dir = l->at.dir;

	return dir.ops->open(&dir, part_name(l), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
}

static int cannot_write(const struct xlpt_leave *l, int r, struct xlpt_diag *diag)
{
	xlpt_diag_file(diag, XLPT_ERR_IO, r, "cannot write %s", l->part);
	xlpt_diag_hint(diag, "%s",
		       l->file ? "name a file where there is room for the guest's memory"
			       : "make room for the guest's memory there");
	return XLPT_ERR_IO;
}

void xlpt_leave_drop_part(const struct xlpt_leave *l)
{
	xlpt_file_abandon(&l->at, part_name(l));
}

static int write_image(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_leave *l = ctx;
	struct xlpt_env *env = l->op.env;
	const int keep[2] = { xlpt_lock_fd(&env->locks, XLPT_LOCK_GUEST, l->op.guest.domid),
			      l->op.journal.fd };
	_cleanup_free_ char *path = NULL, *what = NULL;
	_cleanup_waiting_ struct xlpt_waiting waiting = { .env = env };
	_cleanup_close_ int fd = -1;

	(void)i;
	what = xlpt_xasprintf("xl to save %s", l->op.guest.name);
	waiting = xlpt_waiting_for(env, what);
	xlpt_waiting_xl(&waiting);
	/* xl would make the file readable for everyone, and it is the guest's memory. */
	fd = make_part(l);
	if (fd < 0)
		return cannot_write(l, fd, diag);
	/* By its name xl would follow what somebody else has put there meanwhile. */
	path = xlpt_xasprintf("/proc/%d/fd/%d", (int)getpid(), fd);
	return env->ts->ops->guest_save(env->ts, l->op.guest.domid, path, keep, diag);
}

static int undo_image(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_leave *l = ctx;
	_cleanup_guest_ struct xlpt_guest now = { 0 };
	int rc = xlpt_leave_alive(l->op.env, &l->op.guest, &now, diag);

	(void)i;
	/* When the guest is gone, the image is all that is left of it. */
	if (rc <= 0)
		return rc;
	xlpt_leave_drop_part(l);
	return xlpt_leave_go_on(l->op.env, &l->op.guest, l->was_paused, diag);
}

/* xl's exit status 0 says little. So the file is read through, and the guest looked at. */
static int check_image(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_leave *l = ctx;
	_cleanup_guest_ struct xlpt_guest now = { 0 };
	int rc = xlpt_image_open(&l->image, l->part_in, l->part, diag);

	(void)i;
	if (rc)
		return rc;
	if (strcmp(l->image.guest.uuid, l->op.guest.uuid) != 0 || l->image.n) {
		xlpt_diag_set(diag, XLPT_ERR_CONFLICT, "the image is not one of %s without devices",
			      l->op.guest.name);
		xlpt_diag_fact(diag, "it is of %s and names %zu devices", l->image.guest.name,
			       l->image.n);
		xlpt_diag_hint(diag, "save it again, with only one save of the guest at a time");
		return XLPT_ERR_CONFLICT;
	}
	if (fsync(l->image.fd)) {
		xlpt_diag_errno(diag, XLPT_ERR_IO, errno, "cannot write %s to disk", l->part);
		xlpt_diag_hint(
			diag,
			"name a file on another disk; dmesg shows what is wrong with this one");
		return XLPT_ERR_IO;
	}
	rc = xlpt_leave_alive(l->op.env, &l->op.guest, &now, diag);
	if (rc > 0 && now.paused)
		return 0;
	if (rc >= 0) {
		xlpt_diag_set(diag, XLPT_ERR_CONFLICT,
			      "%s did not wait for its image to be checked", l->op.guest.name);
		xlpt_diag_fact(diag, "after \"xl save -p\" it is %s", rc ? "not paused" : "gone");
		xlpt_diag_hint(diag, "see who else works on it, and save it again");
		rc = XLPT_ERR_CONFLICT;
	}
	return rc;
}

void xlpt_leave_plan_image(struct xlpt_leave *l, struct xlpt_plan *plan)
{
	xlpt_plan_add(plan, write_image, undo_image, l->op.n,
		      xlpt_xasprintf("save %s to a file beside %s", l->op.guest.name,
				     l->file ? l->file : l->part),
		      xlpt_xasprintf("let %s go on", l->op.guest.name));
	xlpt_plan_add(plan, check_image, NULL, l->op.n, xlpt_xstrdup("read that file through"),
		      NULL);
}

/*
 * An image that was there before is replaced, as xl does. One that came since is that of another
 * guest, which is nowhere else.
 */
static int check_name(const struct xlpt_leave *l, struct xlpt_diag *diag)
{
	struct stat st;

	if (l->at.there ? xlpt_file_is_as_read(&l->at)
			: fstatat(l->at.dir.rootfd, l->at.name + 1, &st, AT_SYMLINK_NOFOLLOW) &&
				  errno == ENOENT)
		return 0;
	xlpt_diag_set(diag, XLPT_ERR_CONFLICT, "%s was written by somebody else meanwhile",
		      l->file);
	xlpt_diag_fact(diag, "it may be the image of another guest");
	xlpt_diag_hint(diag, "name another file");
	return XLPT_ERR_CONFLICT;
}

static int publish(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_leave *l = ctx;
	_cleanup_free_ const struct xlpt_spec **specs = xlpt_xcalloc(l->op.n + 1, sizeof(*specs));
	XLPT_CLEANUP(xlpt_locks_release) struct xlpt_locks locks = { 0 };
	int rc, r;

	(void)i;
	/* Two guests may be saved to one name at once. */
	rc = xlpt_lock_files(l->op.env, &locks, "images", "the names of images", diag);
	if (rc == 0)
		rc = check_name(l, diag);
	if (rc)
		return rc;
	l->naming = true;
	for (size_t k = 0; k < l->op.n; k++)
		specs[k] = &l->op.items[k].spec;
	rc = xlpt_image_record_write(l->file, &l->op.guest, l->image.size, specs, l->op.n, diag);
	if (rc)
		return rc;
	r = xlpt_file_rename(&l->at, part_name(l));
	if (r < 0) {
		xlpt_diag_file(diag, XLPT_ERR_IO, r, "cannot give the image its name %s", l->file);
		xlpt_diag_hint(diag, "see who has changed its folder, and save the guest again");
		return XLPT_ERR_IO;
	}
	return xlpt_journal_note(&l->op.journal, "state saved", diag);
}

/* Removes the image, if it is still the one that this command wrote. */
static void remove_own(const struct xlpt_leave *l)
{
	struct xlpt_host dir = l->at.dir;
	_cleanup_close_ int fd = xlpt_file_open(&dir, l->at.name, O_NOFOLLOW, NULL);
	struct stat own, there;

	if (fd >= 0 && fstat(l->image.fd, &own) == 0 && fstat(fd, &there) == 0 &&
	    own.st_ino == there.st_ino && own.st_dev == there.st_dev)
		dir.ops->unlink(&dir, l->at.name);
}

/* The guest goes on, so its image of an earlier moment must not be taken for it. */
static int unpublish(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_leave *l = ctx;
	_cleanup_free_ char *record = xlpt_image_record_path(l->file);
	_cleanup_guest_ struct xlpt_guest now = { 0 };
	int rc = xlpt_leave_alive(l->op.env, &l->op.guest, &now, diag);

	(void)i;
	if (rc <= 0)
		return rc;
	xlpt_journal_note(&l->op.journal, "state undone", NULL);
	if (!l->naming)
		return 0;
	if (l->image.fd >= 0)
		remove_own(l);
	xlpt_file_remove(NULL, record);
	return 0;
}

int xlpt_leave_destroy(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_leave *l = ctx;
	struct xlpt_env *env = l->op.env;
	int rc = env->ts->ops->guest_destroy(env->ts, l->op.guest.domid, diag);

	(void)i;
	return rc ? rc : xlpt_leave_wait_gone(env, &l->op.guest, diag);
}

static char *new_part(const char *file)
{
	uint32_t number = 0;

	/*
	 * Random, so that the owner of the directory cannot guess it and nobody has it by chance.
	 */
	if (getrandom(&number, sizeof(number), 0) != sizeof(number))
		number = (uint32_t)getpid();
	return xlpt_xasprintf("%s.%08x.part", file, number);
}

/* Judges everything that can be known before the guest is touched. */
static int check_target(struct xlpt_leave *l, struct xlpt_diag *diag)
{
	_cleanup_close_ int fd = -1;
	int r = xlpt_file_find(NULL, l->file, 0, &l->at), rc;

	if (r == 0 && l->at.there && !S_ISREG(l->at.st.st_mode)) {
		xlpt_diag_set(diag, XLPT_ERR_IO, "%s is there and is not a regular file", l->file);
		xlpt_diag_hint(diag, "name another file");
		return XLPT_ERR_IO;
	}
	rc = r ? 0 : xlpt_image_record_check(l->file, diag);
	if (rc || (r == 0 && l->op.env->dry_run))
		return rc;
	if (r == 0)
		r = fd = make_part(l);
	if (r < 0)
		return cannot_write(l, r, diag);
	xlpt_leave_drop_part(l);
	return 0;
}

int xlpt_op_save(struct xlpt_leave *l, struct xlpt_diag *diag)
{
	_cleanup_plan_ struct xlpt_plan plan = { 0 };
	struct xlpt_op *op = &l->op;
	const char *guest = op->guest.name;
	int rc;

	l->part = new_part(l->file);
	rc = xlpt_leave_judge_libvirt(l, "saved", "save", diag);
	if (rc == 0)
		rc = xlpt_leave_begin(l, "saved", diag);
	if (rc == 0)
		rc = check_target(l, diag);
	if (rc)
		return rc;
	xlpt_leave_note(op, "file %s", l->file);
	xlpt_leave_note(op, "part %s", l->part);
	xlpt_leave_plan_detach(l, &plan);
	xlpt_leave_plan_image(l, &plan);
	xlpt_plan_add(&plan, publish, unpublish, op->n,
		      xlpt_xasprintf("name the image %s", l->file),
		      xlpt_xasprintf("remove %s", l->file));
	xlpt_plan_add(&plan, xlpt_leave_destroy, NULL, op->n, xlpt_xasprintf("end %s here", guest),
		      NULL);
	rc = xlpt_op_execute(op, "save", &plan, diag);
	if (rc == 0)
		xlpt_leave_give_back(op);
	return rc;
}
