/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whether libvirt manages a guest, and which PCI devices it says the guest has. */
#include "xl-plugin/hotplug/libvirt.h"

#include <string.h>

#include "converters/libvirt/libvirt.h"
#include "core/text.h"
#include "xl-plugin/backend/virsh.h"

/*
 * How long virsh may take. libvirt's daemon answers at once, or when a change of this guest that
 * is under way is done. A busy dom0 with one emulated processor was seen to need more than 10 s
 * for that.
 */
#define ANSWER_MS 30000
/*
 * Where libxl keeps libvirt's description of a guest (libxl_dom.c, libxl__userdata_path; libvirt
 * writes it with libxl_userdata_store).
 */
#define USERDATA "/var/lib/xen/userdata-d.%u.%s.libvirt-xml"
#define NOTED	 "/run/libvirt/libxl/%s.xml"

void xlpt_libvirt_devices_dispose(struct xlpt_libvirt_devices *list)
{
	free(list->items);
	*list = (struct xlpt_libvirt_devices){ 0 };
}

const struct xlpt_libvirt_device *xlpt_libvirt_devices_find(const struct xlpt_libvirt_devices *list,
							    struct xlpt_bdf bdf)
{
	for (size_t i = 0; i < list->n; i++)
		if (xlpt_bdf_eq(list->items[i].bdf, bdf))
			return &list->items[i];
	return NULL;
}

const char *xlpt_libvirt_start_line(struct xlpt_env *env)
{
	bool whole = xlpt_host_has(env->host, "/lib/systemd/system/libvirtd.service") ||
		     xlpt_host_has(env->host, "/usr/lib/systemd/system/libvirtd.service");
	bool modular = xlpt_host_has(env->host, "/lib/systemd/system/virtxend.service") ||
		       xlpt_host_has(env->host, "/usr/lib/systemd/system/virtxend.service");

	return modular && !whole ? "systemctl start virtxend" : "systemctl start libvirtd";
}

/* ---- libvirt's XML ---- */

static void add_device(const struct xlpt_pci *pci, struct xlpt_libvirt_devices *out)
{
	struct xlpt_libvirt_device *d;
	_cleanup_free_ char *mac = NULL;
	unsigned seen = 0;

	if (!pci->spec.has_bdf)
		return;
	XLPT_GROW(out->items, out->n, out->alloc);
	d = &out->items[out->n++];
	*d = (struct xlpt_libvirt_device){ .bdf = pci->spec.bdf,
					   .interface = pci->interface,
					   .permissive = pci->filtering == XLPT_OFF };
	mac = xlpt_xasprintf("mac=%s", pci->id.mac ? pci->id.mac : "");
	if (xlpt_vfid_parse(&d->id, &seen, mac, strlen(mac), NULL))
		d->id = (struct xlpt_vf_identity){ 0 };
	if (pci->id.n_vlan && pci->id.vlan[0].id.has) {
		d->id.has_vlan = true;
		d->id.vlan = (struct xlpt_vf_vlan){ .id = (uint16_t)pci->id.vlan[0].id.v,
						    .proto = XLPT_VLAN_8021Q };
	}
}

static int devices_of(const char *xml, struct xlpt_libvirt_devices *out, struct xlpt_diag *diag)
{
	_cleanup_dom_ struct xlpt_dom dom;
	int rc = xlpt_libvirt_read(xml, strlen(xml), NULL, &dom, NULL, NULL, diag);

	for (size_t i = 0; rc == 0 && i < dom.n_pci; i++)
		add_device(&dom.pci[i], out);
	return rc;
}

/* <domain type='xen' id='3'>: a domain that runs has its number there. */
static bool is_domain(const char *xml, uint32_t domid)
{
	_cleanup_free_ char *id = xlpt_xasprintf(" id='%u'", domid);
	const char *tag = strstr(xml, "<domain "), *end = tag ? strchr(tag, '>') : NULL;
	const char *at = tag ? strstr(tag, id) : NULL;

	return at && end && at < end;
}

/* ---- what is in files ---- */

/* The <domain> that libvirt's daemon has noted of the guest's domain, or NULL. Caller frees. */
static char *noted(struct xlpt_env *env, const struct xlpt_guest *guest)
{
	_cleanup_free_ char *text = NULL, *uuid = NULL;
	char *from, *to;

	if (!*guest->uuid || strchr(guest->name, '/') ||
	    xlpt_host_read_text(env->host, &text, NOTED, guest->name) < 0)
		return NULL;
	uuid = xlpt_xasprintf("<uuid>%s</uuid>", guest->uuid);
	from = strstr(text, "<domain ");
	to = from ? strstr(from, "</domain>") : NULL;
	if (!to || !strstr(from, uuid) || !is_domain(from, guest->domid))
		return NULL;
	to[strlen("</domain>")] = '\0';
	return xlpt_xstrdup(from);
}

bool xlpt_libvirt_made(struct xlpt_env *env, const struct xlpt_guest *guest)
{
	_cleanup_free_ char *text = NULL;

	if (*guest->uuid && xlpt_host_has(env->host, USERDATA, guest->domid, guest->uuid))
		return true;
	text = noted(env, guest);
	return text != NULL;
}

int xlpt_libvirt_noted(struct xlpt_env *env, const struct xlpt_guest *guest,
		       struct xlpt_libvirt_devices *out)
{
	_cleanup_free_ char *text = noted(env, guest);

	*out = (struct xlpt_libvirt_devices){ 0 };
	return text && devices_of(text, out, NULL) == 0;
}

/* ---- what the daemon answers ---- */

static int silent(struct xlpt_env *env, const struct xlpt_guest *guest, const struct xlpt_virsh *v,
		  struct xlpt_diag *diag)
{
	const char *said = xlpt_str_get(&v->err);

	xlpt_diag_set(diag, XLPT_ERR_RULE, "libvirt manages %s and does not answer", guest->name);
	if (v->status == 127 && !v->timed_out) {
		xlpt_diag_fact(diag, "there is no virsh on this host to ask it with");
		xlpt_diag_hint(diag, "install virsh (Debian: libvirt-clients); --around-libvirt "
				     "leaves libvirt out, whose list of devices is wrong then");
		return XLPT_ERR_RULE;
	}
	if (v->timed_out)
		xlpt_diag_fact(diag, "virsh did not end within %d s", ANSWER_MS / 1000);
	else
		xlpt_diag_fact(diag, "virsh says: %.*s", (int)strcspn(said, "\n"), said);
	xlpt_diag_hint(diag,
		       "%s; --around-libvirt leaves libvirt out, whose list of devices is wrong "
		       "then",
		       xlpt_libvirt_start_line(env));
	return XLPT_ERR_RULE;
}

/* 1: the daemon answered, and v has the answer. 0: it answered that it does not know the guest. */
static int ask(struct xlpt_env *env, const struct xlpt_guest *guest, struct xlpt_virsh *v,
	       struct xlpt_diag *diag)
{
	const char *dump[] = { "dumpxml", guest->uuid, NULL }, *uri[] = { "uri", NULL };
	_cleanup_virsh_ struct xlpt_virsh other = { 0 };
	int rc = env->ts->ops->virsh(env->ts, dump, NULL, ANSWER_MS, v, diag);

	if (rc || (!v->timed_out && !v->status))
		return rc ? rc : 1;
	/*
	 * Its message may be in any language. So a second question shows whether the daemon
	 * answers at all.
	 */
	if (!v->timed_out && v->status != 127) {
		rc = env->ts->ops->virsh(env->ts, uri, NULL, ANSWER_MS, &other, diag);
		if (rc || (!other.timed_out && !other.status))
			return rc;
	}
	return silent(env, guest, v, diag);
}

int xlpt_libvirt_ask(struct xlpt_env *env, const struct xlpt_guest *guest,
		     struct xlpt_libvirt_devices *out, struct xlpt_diag *diag)
{
	struct xlpt_libvirt_devices list = { 0 };
	_cleanup_virsh_ struct xlpt_virsh v = { 0 };
	int rc;

	if (out)
		*out = (struct xlpt_libvirt_devices){ 0 };
	if (env->around_libvirt || !env->ts->ops->virsh || !xlpt_libvirt_made(env, guest))
		return 0;
	rc = ask(env, guest, &v, diag);
	if (rc <= 0)
		return rc;
	/* libvirt has forgotten the domain, and libxl still keeps libvirt's description of it. */
	if (!is_domain(xlpt_str_get(&v.out), guest->domid))
		return 0;
	rc = devices_of(xlpt_str_get(&v.out), &list, diag);
	if (rc) {
		xlpt_libvirt_devices_dispose(&list);
		xlpt_diag_wrap(diag, "cannot read what libvirt says of %s", guest->name);
		xlpt_diag_hint(diag, "virsh dumpxml %s shows it", XLPT_WORD(guest->name));
		return rc;
	}
	if (out)
		*out = list;
	else
		xlpt_libvirt_devices_dispose(&list);
	return 1;
}
