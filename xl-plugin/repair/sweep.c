/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Files that a killed xlpt had not finished, in every directory that xlpt writes
 * files to by itself. Where guests' configurations lie, the journal says which.
 */
#include "core/file.h"
#include "pciback/boot/boot.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/hotplug/operation.h"
#include "xl-plugin/kept/guests.h"
#include "xl-plugin/kept/pins.h"
#include "xl-plugin/pool/pools.h"
#include "xl-plugin/repair/repair.h"

/* How the names of xlpt's files begin there: older versions called their temporaries after them. */
static const struct {
	const char *dir, *prefix;
} places[] = {
	{ XLPT_STATE_DIR, "" },
	{ XLPT_GUESTS_DIR, "" },
	{ XLPT_PIN_DIR, "" },
	{ XLPT_POOLS_DIR, "" },
	{ "/etc/systemd/system", "xlpt-vf-" },
	{ "/etc/systemd/system/libvirtd.service.d", "xlpt" },
	{ "/etc/systemd/system/virtxend.service.d", "xlpt" },
	{ "/etc/systemd/system/systemd-suspend.service.d", "xlpt" },
	{ "/etc/systemd/system/systemd-hibernate.service.d", "xlpt" },
	{ "/etc/systemd/system/systemd-hybrid-sleep.service.d", "xlpt" },
	{ "/etc/systemd/system/systemd-suspend-then-hibernate.service.d", "xlpt" },
	{ "/etc/apparmor.d/local", "usr.sbin." },
	{ "/etc/default", "xendomains" },
	{ "/etc/sysconfig", "xendomains" },
};

static size_t sweep(struct xlpt_env *env, bool only_count)
{
	size_t found = (size_t)xlpt_boot_sweep(env->host, only_count);

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(places); i++) {
		int r = xlpt_file_sweep(env->host, places[i].dir, places[i].prefix, only_count);

		found += r > 0 ? (size_t)r : 0;
	}
	return found;
}

size_t xlpt_sweep_count(struct xlpt_env *env)
{
	return sweep(env, true);
}

void xlpt_op_sweep(struct xlpt_env *env)
{
	size_t found = sweep(env, false);

	if (found)
		xlpt_say(env, "took away %zu %s that a killed xlpt had not finished", found,
			 found == 1 ? "file" : "files");
}
