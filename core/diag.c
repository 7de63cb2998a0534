/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/diag.h"

#include <string.h>

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

int xlpt_diag_errno(struct xlpt_diag *diag, enum xlpt_err code, int err, const char *fmt, ...)
{
	_cleanup_free_ char *message = NULL;
	va_list ap;

	if (!diag)
		return code;
	if (err < 0)
		err = -err;
	va_start(ap, fmt);
	message = xlpt_xvasprintf(fmt, ap);
	va_end(ap);
	xlpt_diag_set(diag, code, "%s: %s", message, strerror(err));
	diag->sys_errno = err;
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

	if (!diag)
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
