/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* For tests of apply: the world as a host whose kernel, initramfs and boot loader it can write for. */
#ifndef XLPT_TESTS_UNIT_APPLYING_H
#define XLPT_TESTS_UNIT_APPLYING_H

#include "tests/fake/system.h"
#include "tests/unit/commands.h"

#define CONF "/etc/xlpt/host.conf"
#define OWN  "/etc/xlpt/xlpt.conf.d/90-host.conf"

static inline struct world *apply_world(void)
{
	struct world *w = world_new();

	world_system(w, SYSTEM_KERNEL);
	return w;
}

static inline int apply_setup(void **state)
{
	*state = apply_world();
	return 0;
}

/* Everything of the host that apply may change, as text. */
static inline char *host_text(struct world *w)
{
	static const char *const roots[] = { "/etc", "/usr/local", "/var/lib/xlpt/pins",
					     "/var/lib/xlpt/pools", "/var/lib/xlpt/applied" };
	struct xlpt_str s = { 0 };
	_cleanup_free_ char *devices = world_snapshot(w);

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(roots); i++)
		world_files(w, &s, roots[i]);
	xlpt_str_add(&s, devices);
	return xlpt_str_take(&s);
}

static inline void conf(struct world *w, const char *text)
{
	fake_bus_put(w->bus, CONF, text);
}

static inline void text_is(struct world *w, const char *path, const char *want)
{
	_cleanup_free_ char *text = NULL;

	xlpt_host_read_text(fake_bus_host(w->bus), &text, "%s", path);
	if (!want)
		assert_null(text);
	else if (!text || !strstr(text, want))
		fail_msg("%s has no \"%s\":\n%s", path, want, text ? text : "(not there)");
}

#endif
