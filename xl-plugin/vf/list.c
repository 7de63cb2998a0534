/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* vf list: the PFs, their VFs, who has each, and its identity. */
#include <string.h>

#include "pciback/device/bind.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/hotplug/place.h"
#include "xl-plugin/vf/report.h"

struct list {
	struct xlpt_env *env;
	struct xlpt_table *table;
	struct json_object *pfs;
	struct xlpt_owners owners;
	size_t rows;
};

/* For people, only what differs from a fresh VF. */
static void add_identity(struct xlpt_str *out, struct xlpt_vf_identity id)
{
	static const uint8_t none[6];

	id.has_mac = id.has_mac && memcmp(id.mac, none, 6) != 0;
	id.has_vlan = id.has_vlan && (id.vlan.id || id.vlan.qos);
	id.link = id.link == XLPT_LINK_AUTO ? XLPT_LINK_UNSET : id.link;
	id.has_min_rate = id.has_min_rate && id.min_rate;
	id.has_max_rate = id.has_max_rate && id.max_rate;
	xlpt_vfid_format(&id, ' ', out);
}

static void list_vf(struct list *l, const struct xlpt_pf *pf, const struct xlpt_pf_net *net,
		    size_t i, struct json_object *vfs)
{
	const struct xlpt_owner *owner = xlpt_owners_find(&l->owners, pf->vfs[i]);
	const struct xlpt_vf_net *vf = xlpt_pf_net_vf(net, (unsigned)i);
	_cleanup_device_ struct xlpt_device dev = { .bdf = pf->vfs[i] };
	_cleanup_free_ char *state = NULL, *index = xlpt_xasprintf("%zu", i);
	_cleanup_str_ struct xlpt_str id = { 0 };
	struct json_object *o = json_object_new_object();

	xlpt_bind_driver(l->env->host, pf->vfs[i], &dev.driver, NULL);
	state = xlpt_state_text(&dev, owner);
	if (vf)
		add_identity(&id, vf->id);
	xlpt_table_row(l->table,
		       (const char *const[]){ pf->ifname ? pf->ifname : XLPT_BDF_STR(pf->bdf),
					      index, XLPT_BDF_STR(pf->vfs[i]), dev.driver, state,
					      id.len ? id.s + 1 : NULL });
	l->rows++;
	xlpt_json_add(o, "index", json_object_new_int((int)i));
	xlpt_json_add(o, "bdf", xlpt_json_bdf(pf->vfs[i]));
	xlpt_json_add(o, "driver", xlpt_json_str(dev.driver));
	xlpt_json_add(o, "state", xlpt_json_str(xlpt_state_word(&dev, owner)));
	xlpt_json_add(o, "guest", xlpt_owner_json(owner));
	xlpt_json_add(o, "identity", vf ? xlpt_json_vf_identity(&vf->id) : NULL);
	json_object_array_add(vfs, o);
}

/* NULL (null) where the kernel has no such switch. */
struct json_object *xlpt_vf_autoprobe_json(struct xlpt_env *env, struct xlpt_bdf pf)
{
	int on = xlpt_pf_autoprobe(env->host, pf);

	return on < 0 ? NULL : json_object_new_boolean(on);
}

static int list_pf(struct list *l, const struct xlpt_pf *pf, struct xlpt_diag *diag)
{
	_cleanup_pf_net_ struct xlpt_pf_net net = { 0 };
	struct json_object *o = json_object_new_object(), *vfs = json_object_new_array(),
			   *net_names = json_object_new_array();
	int rc = 0;

	/* A captured tree has no kernel to ask; names and owners are there. */
	if (pf->ifname && pf->count && !l->env->sysroot) {
		rc = xlpt_env_need_rtnl(l->env, diag);
		if (rc == 0)
			rc = xlpt_pf_net_read(l->env->rtnl, pf->ifname, &net, diag);
	}
	for (size_t i = 0; rc == 0 && i < pf->n; i++)
		list_vf(l, pf, &net, i, vfs);
	xlpt_json_add(o, "bdf", xlpt_json_bdf(pf->bdf));
	if (pf->ifname)
		json_object_array_add(net_names, xlpt_json_str(pf->ifname));
	xlpt_json_add(o, "interfaces", net_names);
	xlpt_json_add(o, "driver", xlpt_json_str(pf->driver));
	xlpt_json_add(o, "up",
		      pf->ifname ? json_object_new_boolean(xlpt_net_is_up(l->env->host, pf->ifname))
				 : NULL);
	xlpt_json_add(o, "vf_total", json_object_new_int(pf->total));
	xlpt_json_add(o, "vf_count", json_object_new_int(pf->count));
	xlpt_json_add(o, "drivers_autoprobe", xlpt_vf_autoprobe_json(l->env, pf->bdf));
	xlpt_json_add(o, "vfs", vfs);
	json_object_array_add(l->pfs, o);
	if (rc == 0 && !pf->n) {
		_cleanup_free_ char *none = xlpt_xasprintf("none of %d", pf->total);

		xlpt_table_row(l->table, (const char *const[]){ pf->ifname ? pf->ifname
									   : XLPT_BDF_STR(pf->bdf),
								NULL, NULL, NULL, none, NULL });
		l->rows++;
	}
	return rc;
}

int xlpt_vf_list(struct xlpt_env *env, const char *name, struct xlpt_diag *diag)
{
	static const char *const columns[] = {
		"PF", "VF", "ADDRESS", "DRIVER", "STATE", "IDENTITY"
	};
	struct list l = { .env = env };
	struct json_object *root = json_object_new_object();
	struct xlpt_pf *pfs = NULL;
	size_t n = 0;
	int rc = xlpt_env_try_xen(env, diag);

	l.table = xlpt_table_new(columns, XLPT_ARRAY_SIZE(columns));
	l.pfs = json_object_new_array();
	if (rc == 0)
		rc = xlpt_owners_read(env, &l.owners, diag);
	if (rc == 0 && name) {
		pfs = xlpt_xcalloc(1, sizeof(*pfs));
		n = 1;
		rc = xlpt_vf_find_pf(env, name, pfs, diag);
	} else if (rc == 0) {
		rc = xlpt_pf_all(env->host, &pfs, &n, diag);
	}
	for (size_t i = 0; rc == 0 && i < n; i++)
		rc = list_pf(&l, &pfs[i], diag);
	for (size_t i = 0; i < n; i++)
		xlpt_pf_dispose(&pfs[i]);
	free(pfs);
	xlpt_owners_dispose(&l.owners);
	xlpt_json_add(root, "pfs", l.pfs);
	if (rc == 0 && env->json)
		xlpt_print_json(env, root);
	else
		json_object_put(root);
	if (rc == 0 && !env->json && !l.rows)
		xlpt_nothing(env, "no device here has SR-IOV", "xlpt list --class network");
	if (rc == 0 && !env->json && l.rows)
		xlpt_table_print(env, l.table);
	else
		xlpt_table_free(l.table);
	return rc;
}
