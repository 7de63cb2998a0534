/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which program of this host will configure new VFs as interfaces, and how to keep it away. */
#include <string.h>

#include "core/text.h"
#include "pciback/device/bind.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/hotplug/vf-use.h"
#include "xl-plugin/vf/native.h"

void xlpt_vf_warn_of_manager(const struct xlpt_vf_op *op, const struct xlpt_pf *pf)
{
	struct xlpt_env *env = op->env;
	const char *manager = xlpt_vf_manager(env);
	bool nm;
	_cleanup_free_ char *driver = NULL, *ifname = NULL;

	for (size_t i = 0; !ifname && i < pf->n; i++) {
		free(XLPT_TAKE(driver));
		xlpt_bind_driver(env->host, pf->vfs[i], &driver, NULL);
		ifname = driver ? xlpt_net_of(env->host, pf->vfs[i]) : NULL;
	}
	nm = xlpt_streq(manager, "NetworkManager");
	if (!manager || !ifname || xlpt_vf_native_keeps_off(env, pf, !nm))
		return;
	/*
	 * By the time somebody reads this, the program may have configured them: the line must
	 * work then, too.
	 */
	xlpt_warn(
		env,
		"%s runs on this host: an interface that it takes up keeps its VF from guests and "
		"pools",
		manager);
	xlpt_warn_mend(env,
		       "for i in /sys/bus/pci/devices/%s/virtfn*/net/*; do i=${i##*/}; %s"
		       "ip link set $i down; done; xlpt vf create --no-driver %s%s %d",
		       XLPT_BDF_STR(pf->bdf), nm ? "nmcli device set $i managed no; " : "",
		       op->persist ? "--persist " : "", XLPT_WORD(op->word), pf->count);
	xlpt_remark(env, "  or, for good: xlpt vf persist --apply %s", XLPT_WORD(op->word));
}
