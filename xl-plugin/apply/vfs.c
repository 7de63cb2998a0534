/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * [vfs PF]: as many virtual functions as it says, now. At the next boot xlpt-apply.service makes
 * them again. With owner = PROGRAM another program of this host makes them, at boot: then xlpt
 * tells what its configuration has to say, and makes nothing.
 */
#include <string.h>

#include "xl-plugin/apply/apply.h"
#include "xl-plugin/vf/native.h"

#define UNIT "xlpt-apply.service"

static void dispose_op(void *ctx)
{
	xlpt_vf_op_dispose(ctx);
	free(ctx);
}

static char *words_of(int n)
{
	return n ? xlpt_xasprintf("%d virtual function%s", n, n == 1 ? "" : "s")
		 : xlpt_xstrdup("no virtual functions");
}

/* ---- another program makes them ---- */

static bool is_of(const struct xlpt_setter *s, const char *owner)
{
	if (!strcmp(owner, "netplan"))
		return s->kind == XLPT_SETTER_NETPLAN;
	if (!strcmp(owner, "networkd"))
		return s->kind == XLPT_SETTER_LINK;
	return s->kind == XLPT_SETTER_NM_PROFILE || s->kind == XLPT_SETTER_NM_CONF;
}

static void tell_lines(struct xlpt_apply *a, const char *owner, const char *pf, int count)
{
	if (!strcmp(owner, "netplan"))
		xlpt_apply_note(
			a,
			"for netplan, in a file of /etc/netplan: network: { version: 2, "
			"ethernets: { %s: { virtual-function-count: %d } } }; then: netplan apply",
			pf, count);
	else if (!strcmp(owner, "networkd"))
		xlpt_apply_note(a,
				"for systemd, in the .link file that matches %s, under [Link]: "
				"SR-IOVVirtualFunctions=%d; then: udevadm control --reload, and a "
				"reboot",
				pf, count);
	else
		xlpt_apply_note(
			a,
			"for NetworkManager, in a file of /etc/NetworkManager/conf.d: "
			"[device-xlpt-vf-%s], match-device=interface-name:=%s, "
			"sriov-num-vfs=%d; then: systemctl reload NetworkManager, and a reboot",
			pf, pf, count);
}

/*
 * Compares with what the owner's configuration says; when that is wrong, tells what it should say.
 */
static void left_to(struct xlpt_apply *a, struct xlpt_entry *e, const struct xlpt_pf *pf,
		    const char *owner, int count)
{
	_cleanup_setters_ struct xlpt_setters setters = { 0 };
	const char *name = pf->ifname ? pf->ifname : XLPT_BDF_STR(pf->bdf);
	const struct xlpt_setter *own = NULL;
	char *words;

	xlpt_setters_read(a->env->host, pf, &setters);
	for (size_t i = 0; i < setters.n; i++)
		if (is_of(&setters.items[i], owner) && setters.items[i].count >= 0)
			own = &setters.items[i];
	if (own && own->count == count) {
		_cleanup_free_ char *place = xlpt_vf_setter_place(own);

		words = xlpt_xasprintf("left to %s, which makes %d: %s", owner, count, place);
	} else {
		words = xlpt_xasprintf("left to %s, which does not make %d", owner, count);
		if (own) {
			_cleanup_free_ char *how = xlpt_vf_setter_by_hand(own, count);

			xlpt_apply_note(a, "for %s: %s", owner, how);
		} else {
			tell_lines(a, owner, name, count);
		}
	}
	xlpt_apply_told(e, xlpt_xstrdup(words), words);
}

/* ---- xlpt makes them ---- */

/* Another program that sets another number would undo it at the next boot. */
static int judge_setters(struct xlpt_vf_op *op, struct xlpt_diag *diag)
{
	bool persist = op->persist;
	int rc;

	op->persist = true;
	rc = xlpt_vf_setters_judge(op, diag);
	op->persist = persist;
	if (rc && diag)
		xlpt_diag_fact(diag, "with owner = networkmanager, networkd or netplan xlpt leaves "
				     "the number to that one");
	return rc;
}

/* At the next boot, the unit that runs apply makes them. */
static void need_unit(struct xlpt_apply *a)
{
	if (xlpt_host_has(a->env->host, "/run/systemd/system") &&
	    !xlpt_host_has(a->env->host, "/etc/systemd/system/multi-user.target.wants/" UNIT))
		xlpt_apply_command(a, "systemctl enable " UNIT);
}

static int plan_count(struct xlpt_apply *a, struct xlpt_bdf bdf, int count, enum xlpt_tri driver,
		      int *before, struct xlpt_diag *diag)
{
	struct xlpt_vf_op *op = xlpt_xcalloc(1, sizeof(*op));
	struct xlpt_apply_part *part = xlpt_apply_part(a, op, dispose_op);
	int rc;

	*op = XLPT_VF_OP_INIT(a->env);
	op->count = count;
	op->driver = driver;
	rc = xlpt_vf_op_plan(op, XLPT_BDF_STR(bdf), &part->plan, diag);
	if (rc == 0)
		rc = judge_setters(op, diag);
	*before = op->pf.count;
	if (rc == 0)
		xlpt_vf_op_describe(op, &part->journal);
	/* When the number is right already, there is no part; the locks stay until the end. */
	if (rc == 0 && !part->plan.n) {
		a->n_parts--;
		xlpt_plan_dispose(&part->plan);
		xlpt_journal_dispose(&part->journal);
		dispose_op(op);
	}
	return rc;
}

static int one(struct xlpt_apply *a, struct xlpt_entry *e, struct xlpt_diag *diag)
{
	const char *owner = xlpt_entry_get(e, "owner"), *driver = xlpt_entry_get(e, "driver");
	int count = (int)xlpt_entry_count(e), before = 0, rc;
	_cleanup_pf_ struct xlpt_pf pf = { 0 };
	size_t parts = a->n_parts;

	rc = xlpt_pf_read(a->env->host, e->devices[0], &pf, diag);
	if (rc)
		return rc;
	xlpt_apply_claim(a, "vfs", XLPT_BDF_STR(pf.bdf), !owner && !pf.count && count);
	if (owner) {
		left_to(a, e, &pf, owner, count);
		return 0;
	}
	rc = plan_count(a, pf.bdf, count,
			!driver			 ? XLPT_UNSET
			: !strcmp(driver, "yes") ? XLPT_ON
						 : XLPT_OFF,
			&before, diag);
	if (rc)
		return rc;
	need_unit(a);
	xlpt_apply_told(e, words_of(before), words_of(count));
	e->changes |= a->n_parts > parts;
	return 0;
}

static int remove_all(struct xlpt_apply *a, const char *name, struct xlpt_diag *diag)
{
	struct xlpt_bdf bdf;
	int before;

	if (!xlpt_bdf_from_sysfs_name(name, &bdf) || !xlpt_devices_find(&a->devices, bdf))
		return 0;
	xlpt_strv_addf(&a->pruned, "the virtual functions of %s", name);
	return plan_count(a, bdf, 0, XLPT_UNSET, &before, diag);
}

int xlpt_apply_vfs(struct xlpt_apply *a, struct xlpt_diag *diag)
{
	const char *name;

	(void)diag;
	for (size_t i = 0; i < a->conf.n; i++) {
		_cleanup_diag_ struct xlpt_diag no = { 0 };
		struct xlpt_entry *e = &a->conf.items[i];

		if (e->kind == XLPT_ENTRY_VFS && e->n && one(a, e, &no))
			xlpt_errors_add(&a->errors, e, &no);
	}
	for (size_t i = 0; (name = xlpt_apply_unclaimed(a, "vfs", &i));) {
		_cleanup_diag_ struct xlpt_diag no = { 0 };

		if (remove_all(a, name, &no))
			xlpt_errors_add(&a->errors, NULL, &no);
	}
	return 0;
}
