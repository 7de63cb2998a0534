/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libkmod: its functions by their names, and a context of it that says nothing. */
#include "pciback/device/kmod.h"

#include <errno.h>
#include <string.h>

#include "core/lazy.h"

_Static_assert(sizeof(XLPT_SO_KMOD) > 1, "the linker does not tell the name of libkmod");
XLPT_LAZY_NOTE(XLPT_SO_KMOD, "kernel modules and the configuration of modprobe");

struct xlpt_kmod_calls xlpt_kmod XLPT_LAZY_TABLE;

static const char *const names[] = {
#define X(name) #name,
	XLPT_KMOD_CALLS(X)
#undef X
};

static struct xlpt_lazy lib = { .soname = XLPT_SO_KMOD,
				.package = "libkmod2",
				.what = "loads kernel modules and reads modprobe.d",
				.names = names,
				.calls = (void **)&xlpt_kmod,
				.n = XLPT_ARRAY_SIZE(names) };

int xlpt_kmod_load(struct xlpt_diag *diag)
{
	return xlpt_lazy_load(&lib, diag);
}

static void quiet(void *data, int priority, const char *file, int line, const char *fn,
		  const char *format, va_list args)
{
	(void)data, (void)priority, (void)file, (void)line, (void)fn, (void)format, (void)args;
}

struct kmod_ctx *xlpt_kmod_new(const char *dir, const char *const *paths)
{
	/* The configuration is read before a function for messages can be set. */
	static const char var[] = "KMOD_LOG";
	const char *set = getenv(var);
	_cleanup_free_ char *before = xlpt_xstrdup(set);
	struct kmod_ctx *ctx;
	int err;

	setenv(var, "0", 1);
	ctx = kmod_new(dir, paths);
	err = errno;
	if (before)
		setenv(var, before, 1);
	else
		unsetenv(var);
	if (ctx)
		kmod_set_log_fn(ctx, quiet, NULL);
	errno = err;
	return ctx;
}
