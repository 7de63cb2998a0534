/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * VFs as interfaces of this host: which program takes them up, and how it is told
 * not to. NetworkManager keeps one file for each interface below
 * /run/NetworkManager/devices, systemd-networkd below /run/systemd/netif/links, both by
 * the interface's number.
 */
#include <string.h>

#include "core/text.h"
#include "pciback/device/bind.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/vf/vf.h"

#define NM	 "NetworkManager"
#define NETWORKD "systemd-networkd"

static bool says(struct xlpt_env *env, const char *line, const char *dir, long long number)
{
	_cleanup_free_ char *text = NULL;

	return xlpt_host_read_text(env->host, &text, "%s/%lld", dir, number) == 0 &&
	       strstr(text, line);
}

const char *xlpt_vf_manager_of(struct xlpt_env *env, const char *ifname)
{
	long long number;

	if (xlpt_host_read_long(env->host, &number, "/sys/class/net/%s/ifindex", ifname) < 0)
		return NULL;
	if (says(env, "managed=true", "/run/NetworkManager/devices", number))
		return NM;
	if (says(env, "ADMIN_STATE=", "/run/systemd/netif/links", number) &&
	    !says(env, "ADMIN_STATE=unmanaged", "/run/systemd/netif/links", number))
		return NETWORKD;
	return NULL;
}

/* A service has a control group as long as it runs; without systemd the folder in /run has to do. */
static bool runs(struct xlpt_env *env, const char *name, const char *folder)
{
	static const char *const slices[] = { "/sys/fs/cgroup/system.slice",
					      "/sys/fs/cgroup/systemd/system.slice" };

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(slices); i++)
		if (xlpt_host_has(env->host, "%s", slices[i]))
			return xlpt_host_has(env->host, "%s/%s.service", slices[i], name);
	return xlpt_host_has(env->host, "%s", folder);
}

const char *xlpt_vf_manager(struct xlpt_env *env)
{
	return runs(env, NM, "/run/NetworkManager")	   ? NM
	       : runs(env, NETWORKD, "/run/systemd/netif") ? NETWORKD
							   : NULL;
}

void xlpt_vf_let_go(struct xlpt_env *env, const char *ifname, struct xlpt_str *mend)
{
	if (xlpt_streq(xlpt_vf_manager_of(env, ifname), NM))
		xlpt_str_addf(mend, "nmcli device set %s managed no; ", XLPT_WORD(ifname));
	xlpt_str_addf(mend, "ip link set %s down", XLPT_WORD(ifname));
}

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
	if (!manager || !ifname)
		return;
	nm = !strcmp(manager, NM);
	/* By the time that somebody reads this, it may have taken them up: the line holds then, too. */
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
	xlpt_remark(env, "  or tell it so: %s%s%s in %s",
		    nm ? "[keyfile] unmanaged-devices+=driver:" : "[Match] Driver=", driver,
		    nm ? "" : " [Link] Unmanaged=yes",
		    nm ? "/etc/NetworkManager/conf.d/xlpt-vf.conf"
		       : "/etc/systemd/network/05-xlpt-vf.network");
}
