/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xl-plugin/cli/env.h"

#include <unistd.h>

#include "pciback/device/xen.h"
#include "xl-plugin/backend/captured.h"
#include "xl-plugin/cli/output.h"

int xlpt_env_need_host(struct xlpt_env *env, struct xlpt_diag *diag)
{
	const char *root = env->sysroot ? env->sysroot : "/";
	int r;

	if (env->host)
		return 0;
	r = xlpt_host_open(&env->own_host, root);
	if (r < 0) {
		xlpt_diag_errno(diag, XLPT_ERR_IO, r, "cannot open %s", root);
		xlpt_diag_hint(diag, "give --sysroot the top directory of an unpacked tree");
		return XLPT_ERR_IO;
	}
	env->host = &env->own_host;
	return 0;
}

/* Of a tree that xlpt capture made; another has neither, and that is no error here. */
static int open_captured(struct xlpt_env *env, struct xlpt_diag *diag)
{
	int rc = env->store || env->ts ? 0
				       : xlpt_captured_open(env->host, env->clock, &env->own_store,
							    &env->own_ts, diag);

	if (rc <= 0)
		return rc;
	env->store = &env->own_store;
	env->ts = &env->own_ts;
	return 0;
}

int xlpt_env_not_root(struct xlpt_diag *diag)
{
	xlpt_diag_set(diag, XLPT_ERR_IO, "this must be run as root");
	xlpt_diag_fact(diag, "it runs as user %u, whom neither the kernel nor Xen lets do it",
		       (unsigned)geteuid());
	xlpt_diag_hint(diag, "the same line as root, for example with sudo");
	return XLPT_ERR_IO;
}

int xlpt_env_need_xen(struct xlpt_env *env, struct xlpt_diag *diag)
{
	int rc = xlpt_env_need_host(env, diag);

	if (rc)
		return rc;
	if (env->sysroot) {
		rc = open_captured(env, diag);
		if (rc || (env->store && env->ts))
			return rc;
		xlpt_diag_set(diag, XLPT_ERR_USAGE,
			      "this needs a running Xen, and --sysroot is a tree of files");
		xlpt_diag_hint(diag, "run it without --sysroot, or on what xlpt capture made");
		return XLPT_ERR_USAGE;
	}
	/* That it is root comes first: only then can it be told whether there is a Xen. */
	if ((!env->store || !env->ts) && geteuid() != 0)
		return xlpt_env_not_root(diag);
	if (!env->store) {
		rc = xlpt_store_open(&env->own_store, env->clock, diag);
		if (rc)
			return rc;
		env->store = &env->own_store;
	}
	if (!env->ts) {
		rc = xlpt_toolstack_open(&env->own_ts, env->store, env->verbose, env->err, diag);
		if (rc)
			return rc;
		env->ts = &env->own_ts;
	}
	return 0;
}

int xlpt_env_need_rtnl(struct xlpt_env *env, struct xlpt_diag *diag)
{
	int rc;

	if (env->rtnl)
		return 0;
	if (env->sysroot) {
		xlpt_diag_set(diag, XLPT_ERR_USAGE,
			      "this asks the running kernel, and --sysroot is a tree of files");
		xlpt_diag_hint(diag, "run it without --sysroot");
		return XLPT_ERR_USAGE;
	}
	rc = xlpt_rtnl_open(&env->own_rtnl, diag);
	if (rc == 0)
		env->rtnl = &env->own_rtnl;
	return rc;
}

int xlpt_env_try_xen(struct xlpt_env *env, struct xlpt_diag *diag)
{
	int rc = xlpt_env_need_host(env, diag);

	if (rc == 0 && env->sysroot)
		rc = open_captured(env, diag);
	if (rc || (env->store && env->ts))
		return rc;
	xlpt_diag_dispose(&env->no_xen);
	if (xlpt_boot_xen(env->host) == XLPT_BOOT_XEN_NO) {
		xlpt_diag_set(&env->no_xen, XLPT_ERR_NO_XEN, "there is no Xen on this host");
		xlpt_diag_fact(&env->no_xen,
			       "its kernel has no /sys/hypervisor/type that says \"xen\"");
		xlpt_diag_hint(&env->no_xen, "boot the boot loader's entry that starts Xen");
		return 0;
	}
	if (env->sysroot)
		return 0;
	/* xenfs tells a dom0 from any other domain, without a message from libxl. */
	if (!env->ts && !xlpt_host_has(env->host, "/proc/xen/capabilities")) {
		xlpt_diag_set(&env->no_xen, XLPT_ERR_NO_XEN,
			      "Xen cannot be asked who has which device");
		xlpt_diag_fact(&env->no_xen,
			       "/proc/xen/capabilities is not there: xenfs is not mounted");
		xlpt_diag_hint(&env->no_xen, "mount -t xenfs xenfs /proc/xen");
		return 0;
	}
	xlpt_env_need_xen(env, &env->no_xen);
	if (env->no_xen.message && env->verbose)
		xlpt_warn(env, "%s", env->no_xen.message);
	return 0;
}

void xlpt_env_close(struct xlpt_env *env)
{
	xlpt_diag_dispose(&env->no_xen);
	xlpt_strv_freep(&env->warned);
	env->warned = NULL;
	xlpt_rtnl_close(&env->own_rtnl);
	xlpt_toolstack_close(&env->own_ts);
	xlpt_store_close(&env->own_store);
	xlpt_host_close(&env->own_host);
	env->rtnl = env->rtnl == &env->own_rtnl ? NULL : env->rtnl;
	env->ts = env->ts == &env->own_ts ? NULL : env->ts;
	env->store = env->store == &env->own_store ? NULL : env->store;
	env->host = env->host == &env->own_host ? NULL : env->host;
}
