/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * VFs as interfaces of this host: which program configures them, and how it is told not to.
 * NetworkManager has one file for each interface below /run/NetworkManager/devices,
 * systemd-networkd below /run/systemd/netif/links, both named by the interface's number.
 */
#include "xl-plugin/hotplug/vf-use.h"

#include <string.h>

#include "core/text.h"
#include "pciback/device/bind.h"
#include "pciback/sriov/vf.h"
#include "xl-plugin/hotplug/restart.h"

#define NM	 "NetworkManager"
#define NETWORKD "systemd-networkd"

static bool says(struct xlpt_env *env, const char *line, const char *dir, long long number)
{
	_cleanup_free_ char *text = NULL;

	return xlpt_host_read_text(env->host, &text, "%s/%lld", dir, number) == 0 &&
	       strstr(text, line);
}

/*
 * The program that has configured that interface, or that runs here and configures new ones; NULL
 * = none.
 */
static const char *manager_of(struct xlpt_env *env, const char *ifname)
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

/*
 * A service has a control group as long as it runs. Without systemd, its folder in /run has to do.
 */
static bool runs(struct xlpt_env *env, const char *name, const char *folder)
{
	static const char *const slices[] = { "/sys/fs/cgroup/system.slice",
					      "/sys/fs/cgroup/systemd/system.slice" };

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(slices); i++)
		if (xlpt_host_has(env->host, "%s", slices[i]))
			return xlpt_host_has(env->host, "%s/%s.service", slices[i], name);
	return xlpt_host_has(env->host, "%s", folder);
}

bool xlpt_vf_manager_runs(struct xlpt_env *env, bool networkd)
{
	return networkd ? runs(env, NETWORKD, "/run/systemd/netif")
			: runs(env, NM, "/run/NetworkManager");
}

const char *xlpt_vf_manager(struct xlpt_env *env)
{
	return xlpt_vf_manager_runs(env, false)	 ? NM
	       : xlpt_vf_manager_runs(env, true) ? NETWORKD
						 : NULL;
}

/* Adds the line that takes an interface down for good. */
static void let_go(struct xlpt_env *env, const char *ifname, struct xlpt_str *mend)
{
	if (xlpt_streq(manager_of(env, ifname), NM))
		xlpt_str_addf(mend, "nmcli device set %s managed no; ", XLPT_WORD(ifname));
	xlpt_str_addf(mend, "ip link set %s down", XLPT_WORD(ifname));
}

/* Name of the guest that restarts and had the VF, or NULL. Caller frees. */
static char *kept_for(struct xlpt_env *env, struct xlpt_bdf vf)
{
	_cleanup_knowns_ struct xlpt_knowns known = { 0 };
	const struct xlpt_known *k = NULL;

	if (xlpt_restarts_read(env, NULL, &known, NULL) == 0)
		k = xlpt_restarts_holder(&known, vf, "");
	return k ? xlpt_xstrdup(k->name) : NULL;
}

bool xlpt_vf_in_use(struct xlpt_env *env, const struct xlpt_owners *owners,
		    const struct xlpt_needs *needs, struct xlpt_bdf vf, struct xlpt_str *why,
		    struct xlpt_str *mend)
{
	const struct xlpt_owner *owner = xlpt_owners_find(owners, vf);
	const struct xlpt_needed *needed = needs ? xlpt_needs_find(needs, vf) : NULL;
	_cleanup_free_ char *driver = NULL, *ifname = xlpt_net_of(env->host, vf);
	const char *bdf = XLPT_BDF_STR(vf), *sep = why->len ? "; " : "";
	_cleanup_free_ char *keeper = NULL;

	xlpt_bind_driver(env->host, vf, &driver, NULL);
	if (!(owner && owner->guest) && xlpt_streq(driver, XLPT_PCIBACK_DRIVER))
		keeper = kept_for(env, vf);
	if (owner && owner->guest) {
		xlpt_str_addf(why, "%s%s is with %s", sep, bdf, owner->guest);
		if (owner->shut_down)
			xlpt_str_addf(mend, "%sxl destroy %s; xlpt unhide %s", sep,
				      XLPT_WORD(owner->guest), bdf);
		else
			xlpt_str_addf(mend, "%sxlpt detach --to-host %s %s", sep,
				      XLPT_WORD(owner->guest), bdf);
	} else if (keeper) {
		xlpt_str_addf(why, "%s%s is kept for %s, which restarts", sep, bdf, keeper);
		xlpt_str_addf(mend, "%sxlpt pool release %s; xlpt unhide %s", sep, bdf, bdf);
	} else if (owner) {
		xlpt_str_addf(why, "%s%s was left by domain %u", sep, bdf, owner->domid);
		xlpt_str_addf(mend, "%sxlpt repair", sep);
	} else if (xlpt_streq(driver, XLPT_PCIBACK_DRIVER)) {
		/*
		 * pciback marks every device that it holds as assigned, whether a guest has it or
		 * not.
		 */
		xlpt_str_addf(why, "%s%s is hidden, and counts as in use", sep, bdf);
		xlpt_str_addf(mend, "%sxlpt unhide %s", sep, bdf);
	} else if (needed && needed->why == XLPT_NEED_NETWORK && ifname) {
		const char *manager = manager_of(env, ifname);

		xlpt_str_addf(why, "%s%s is %s, which this host needs: %s%s%s", sep, bdf, ifname,
			      needed->what, manager ? "; it is managed by " : "",
			      manager ? manager : "");
		xlpt_str_addf(mend, "%sgive this host another way out than %s, then: ", sep,
			      ifname);
		let_go(env, ifname, mend);
	} else if (needed) {
		xlpt_str_addf(why, "%s%s is needed by this host: %s", sep, bdf, needed->what);
		xlpt_str_addf(mend, "%smove that away from %s", sep, ifname ? ifname : bdf);
	} else if (driver && (xlpt_starts(driver, "vfio") || xlpt_starts(driver, "uio"))) {
		xlpt_str_addf(why, "%s%s is with %s", sep, bdf, driver);
		xlpt_str_addf(mend, "%send what uses %s", sep, bdf);
	} else if (ifname && xlpt_net_is_up(env->host, ifname)) {
		const char *manager = manager_of(env, ifname);

		xlpt_str_addf(why, "%s%s is %s, which is up%s%s", sep, bdf, ifname,
			      manager ? " and managed by " : "", manager ? manager : "");
		xlpt_str_add(mend, sep);
		let_go(env, ifname, mend);
	} else {
		return false;
	}
	return true;
}

char *xlpt_vf_clear_line(struct xlpt_env *env, struct xlpt_bdf pf, const struct xlpt_owners *owners,
			 const struct xlpt_needs *needs)
{
	_cleanup_str_ struct xlpt_str why = { 0 }, mend = { 0 };
	_cleanup_pf_ struct xlpt_pf read = { 0 };

	if (xlpt_pf_read(env->host, pf, &read, NULL))
		return NULL;
	for (size_t i = 0; i < read.n; i++)
		xlpt_vf_in_use(env, owners, needs, read.vfs[i], &why, &mend);
	return mend.len ? xlpt_xasprintf("%s; xlpt vf remove %s", mend.s, XLPT_BDF_STR(pf)) : NULL;
}
