/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Files that a killed xlpt had not finished, in every directory that xlpt writes
 * files to by itself. Where guests' configurations lie, the journal says which.
 */
#include "core/file.h"
#include "pciback/boot/boot.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/hotplug/operation.h"
#include "xl-plugin/kept/pins.h"
#include "xl-plugin/pool/pools.h"
#include "xl-plugin/repair/repair.h"

/* How the names of xlpt's files begin there: older versions called their temporaries after them. */
static const struct {
	const char *dir, *prefix;
} places[] = {
	{ XLPT_STATE_DIR, "" },
	{ XLPT_PIN_DIR, "" },
	{ XLPT_POOLS_DIR, "" },
	{ "/etc/systemd/system", "xlpt-vf-" },
	{ "/etc/systemd/system/libvirtd.service.d", "xlpt" },
	{ "/etc/systemd/system/virtxend.service.d", "xlpt" },
	{ "/etc/apparmor.d/local", "usr.sbin." },
	{ "/etc/default", "xendomains" },
	{ "/etc/sysconfig", "xendomains" },
};

size_t xlpt_op_sweep(struct xlpt_env *env)
{
	size_t found = (size_t)xlpt_boot_sweep(env->host, env->dry_run);

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(places); i++) {
		int r = xlpt_file_sweep(env->host, places[i].dir, places[i].prefix, env->dry_run);

		found += r > 0 ? (size_t)r : 0;
	}
	if (found)
		xlpt_say(env, "%s %zu %s that a killed xlpt had not finished",
			 env->dry_run ? "would take away" : "took away", found,
			 found == 1 ? "file" : "files");
	return found;
}
