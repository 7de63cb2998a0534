/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/diag.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

int xlpt_err_exit(enum xlpt_err code)
{
	switch (code) {
	case XLPT_OK:
		return 0;
	case XLPT_ERR_USAGE:
	case XLPT_ERR_SYNTAX:
		return 2;
	case XLPT_ERR_HOST_NEEDS:
	case XLPT_ERR_RULE:
		return 3;
	case XLPT_ERR_BUDGET:
		return 4;
	case XLPT_ERR_LEFT:
		return 5;
	default:
		return 1;
	}
}

const char *xlpt_err_word(enum xlpt_err code)
{
	static const struct {
		enum xlpt_err code;
		const char *word;
	} words[] = {
		{ XLPT_OK, "ok" },
		{ XLPT_ERR_USAGE, "usage" },
		{ XLPT_ERR_SYNTAX, "syntax" },
		{ XLPT_ERR_NO_DEVICE, "no-device" },
		{ XLPT_ERR_NOT_ENDPOINT, "not-endpoint" },
		{ XLPT_ERR_NO_GUEST, "no-guest" },
		{ XLPT_ERR_IN_USE, "in-use" },
		{ XLPT_ERR_NOT_HIDDEN, "not-hidden" },
		{ XLPT_ERR_NOT_HELD, "not-held" },
		{ XLPT_ERR_GUEST_TYPE, "guest-type" },
		{ XLPT_ERR_NO_IOMMU, "no-iommu" },
		{ XLPT_ERR_NO_PCIBACK, "no-pciback" },
		{ XLPT_ERR_NO_XEN, "no-xen" },
		{ XLPT_ERR_FULL, "full" },
		{ XLPT_ERR_HOST_NEEDS, "host-needs" },
		{ XLPT_ERR_RULE, "rule" },
		{ XLPT_ERR_BUDGET, "budget" },
		{ XLPT_ERR_TIMEOUT, "timeout" },
		{ XLPT_ERR_IO, "io" },
		{ XLPT_ERR_TOOLSTACK, "toolstack" },
		{ XLPT_ERR_LEFT, "left" },
		{ XLPT_ERR_CONFLICT, "conflict" },
		{ XLPT_ERR_NOT_FOUND, "not-found" },
		{ XLPT_ERR_DATA, "data" },
		{ XLPT_ERR_STOPPED, "stopped" },
	};

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(words); i++)
		if (words[i].code == code)
			return words[i].word;
	return "error";
}

void xlpt_diag_dispose(struct xlpt_diag *diag)
{
	if (!diag)
		return;
	free(diag->message);
	free(diag->fact);
	free(diag->hint);
	free(diag->log);
	free(diag->file);
	*diag = (struct xlpt_diag){ 0 };
}

int xlpt_diag_set(struct xlpt_diag *diag, enum xlpt_err code, const char *fmt, ...)
{
	va_list ap;
	char *message;

	if (!diag)
		return code;
	/* The old record may be among the arguments. */
	va_start(ap, fmt);
	message = xlpt_xvasprintf(fmt, ap);
	va_end(ap);
	xlpt_diag_dispose(diag);
	diag->code = code;
	diag->message = message;
	return code;
}

const char *xlpt_strerror(int err)
{
	switch (err < 0 ? -err : err) {
	case EMFILE:
		return "this process has as many files open as it may";
	case ENFILE:
		return "this host has as many files open as it may";
	case EBADF:
		return "it is closed, or not open for that";
	case EMEDIUMTYPE:
		return "it is not a regular file";
	case ELOOP:
		return "a symbolic link stands there, or a loop of them";
	case ENOLINK:
		return "a symbolic link of another user leads there";
	case ENOTUNIQ:
		return "another user has put it there, where everybody may make files";
	case EPIPE:
		return "nobody reads from it";
	case EINTR:
		return "a signal came";
	case ESTALE:
		return "another file took its place, or it was changed, while it was worked with";
	default:
		return strerror(err < 0 ? -err : err);
	}
}

const char *xlpt_size_hint(void)
{
	struct rlimit limit;

	return getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY
		       ? "raise the limit of a file's size and run it again: ulimit -f unlimited"
		       : NULL;
}

/* What mends it whatever was done; file: it was done to a file. */
static const char *hint_of(int err, bool file)
{
	switch (err) {
	case EMFILE:
		return "raise the limit of open files and run it again: ulimit -n 4096";
	case ENFILE:
		return "raise the limit and run it again: sysctl fs.file-max";
	case EFBIG:
		return xlpt_size_hint();
	case EPIPE:
		return file ? "start its reader first, or name a file" : NULL;
	case ENOLINK:
		return "name the file itself, without that link";
	case ESTALE:
		return file ? "run it again, when nobody else changes it" : NULL;
	case ENOTUNIQ:
		return "name a file in a folder of your own, or remove what is there";
	case ENOSPC:
		return file ? "make room on that file system and run it again (df and df -i show how "
			      "full it is)"
			    : NULL;
	case EDQUOT:
		return file ? "make room within the quota of that user and run it again" : NULL;
	case EROFS:
		return file ? "mount that file system to be written to and run it again" : NULL;
	case EPERM:
	case EACCES:
		return file && geteuid() == 0
			       ? "root is refused this, too: lsattr shows whether it is "
				 "immutable, dmesg whether a security module forbids it"
			       : NULL;
	default:
		return NULL;
	}
}

static int XLPT_PRINTF(5, 0) with_errno(struct xlpt_diag *diag, enum xlpt_err code, int err,
					bool file, const char *fmt, va_list ap)
{
	_cleanup_free_ char *message = NULL;
	const char *hint;

	if (!diag)
		return code;
	if (err < 0)
		err = -err;
	message = xlpt_xvasprintf(fmt, ap);
	xlpt_diag_set(diag, code, "%s: %s", message, xlpt_strerror(err));
	diag->sys_errno = err;
	hint = hint_of(err, file);
	diag->hint_stays = hint != NULL;
	diag->hint = xlpt_xstrdup(hint);
	return code;
}

int xlpt_diag_errno(struct xlpt_diag *diag, enum xlpt_err code, int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	with_errno(diag, code, err, false, fmt, ap);
	va_end(ap);
	return code;
}

int xlpt_diag_file(struct xlpt_diag *diag, enum xlpt_err code, int err, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	with_errno(diag, code, err, true, fmt, ap);
	va_end(ap);
	return code;
}

static void XLPT_PRINTF(2, 0) replace(char **where, const char *fmt, va_list ap)
{
	char *s = xlpt_xvasprintf(fmt, ap);

	free(*where);
	*where = s;
}

void xlpt_diag_fact(struct xlpt_diag *diag, const char *fmt, ...)
{
	va_list ap;

	if (!diag)
		return;
	va_start(ap, fmt);
	replace(&diag->fact, fmt, ap);
	va_end(ap);
}

void xlpt_diag_hint(struct xlpt_diag *diag, const char *fmt, ...)
{
	va_list ap;

	/* "Run it as root" does not help against a full disk. */
	if (!diag || diag->hint_stays)
		return;
	va_start(ap, fmt);
	replace(&diag->hint, fmt, ap);
	va_end(ap);
}

void xlpt_diag_add_log(struct xlpt_diag *diag, const char *lines)
{
	char *s;

	if (!diag || !lines || !*lines)
		return;
	s = diag->log ? xlpt_xasprintf("%s\n%s", diag->log, lines) : xlpt_xstrdup(lines);
	free(diag->log);
	diag->log = s;
}

void xlpt_diag_at(struct xlpt_diag *diag, const char *file, unsigned line, unsigned column)
{
	char *copy;

	if (!diag)
		return;
	copy = xlpt_xstrdup(file);
	free(diag->file);
	diag->file = copy;
	diag->line = line;
	diag->column = column;
}

void xlpt_diag_wrap(struct xlpt_diag *diag, const char *fmt, ...)
{
	_cleanup_free_ char *context = NULL;
	va_list ap;
	char *s;

	if (!diag)
		return;
	va_start(ap, fmt);
	context = xlpt_xvasprintf(fmt, ap);
	va_end(ap);
	s = xlpt_xasprintf("%s: %s", context, diag->message ? diag->message : "failed");
	free(diag->message);
	diag->message = s;
}

int xlpt_diag_recode(struct xlpt_diag *diag, enum xlpt_err code)
{
	if (diag)
		diag->code = code;
	return code;
}

void xlpt_diag_move(struct xlpt_diag *dst, struct xlpt_diag *src)
{
	if (!dst || !src || dst == src)
		return;
	xlpt_diag_dispose(dst);
	*dst = *src;
	*src = (struct xlpt_diag){ 0 };
}
