/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/fake/libvirt.h"

#include <stdio.h>
#include <string.h>

#include "converters/libvirt/libvirt.h"
#include "pciback/device/bind.h"
#include "pciback/sriov/net.h"
#include "tests/fake/toolstack-internal.h"

struct fake_hostdev {
	uint32_t domid;
	struct xlpt_bdf bdf;
	bool interface, managed, permissive, named; /* named: <driver name='xen'/> */
	struct xlpt_vf_identity id, before;
	unsigned vf; /* its number */
};

struct fake_libvirt {
	struct world *w;
	enum fake_libvirt_state state;
	unsigned dies_in;
	uint32_t domids[8];
	size_t n_domids;
	struct fake_hostdev *devs;
	size_t n, alloc;
	struct xlpt_bdf held[8]; /* gone from their guest, and in use to it all the same */
	size_t n_held;
	const char *bus_only, *neighbour; /* the caller's */
	char refused[160];
};

static struct fake_libvirt *daemon_of; /* there is one on a host, and one host in a test */

/* ---- what it keeps ---- */

static struct fake_hostdev *listed(struct fake_libvirt *l, uint32_t domid, struct xlpt_bdf bdf)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->devs[i].domid == domid && xlpt_bdf_eq(l->devs[i].bdf, bdf))
			return &l->devs[i];
	return NULL;
}

static void add_xml(struct xlpt_str *s, const struct fake_hostdev *d)
{
	xlpt_str_addf(s,
		      d->interface ? "    <interface type='hostdev' managed='%s'>\n"
				   : "    <hostdev mode='subsystem' type='pci' managed='%s'>\n",
		      d->managed ? "yes" : "no");
	if (d->interface)
		xlpt_str_addf(s, "      <mac address='%s'/>\n", XLPT_MAC_STR(d->id.mac));
	xlpt_str_addf(
		s,
		"      <driver name='xen'/>\n      <source>\n        <address %sdomain='0x%04x' "
		"bus='0x%02x' slot='0x%02x' function='0x%x'/>\n      </source>\n",
		d->interface ? "type='pci' " : "", d->bdf.seg, d->bdf.bus, d->bdf.dev, d->bdf.func);
	if (d->interface && d->id.vlan.id)
		xlpt_str_addf(s, "      <vlan>\n        <tag id='%u'/>\n      </vlan>\n",
			      d->id.vlan.id);
	xlpt_str_add(s, d->interface ? "    </interface>\n" : "    </hostdev>\n");
}

static char *dumpxml(struct fake_libvirt *l, uint32_t domid)
{
	const struct xlpt_guest *g = fake_ts_find(l->w->ts, domid, NULL);
	struct xlpt_str s = { 0 };

	xlpt_str_addf(&s,
		      "<domain type='xen' id='%u'>\n  <name>%s</name>\n  <uuid>%s</uuid>\n"
		      "  <memory unit='KiB'>262144</memory>\n"
		      "  <os><type arch='x86_64' machine='xenpv'>linux</type>"
		      "<kernel>/boot/vmlinuz</kernel></os>\n  <devices>\n",
		      domid, g->name, g->uuid);
	for (size_t i = 0; i < l->n; i++)
		if (l->devs[i].domid == domid)
			add_xml(&s, &l->devs[i]);
	xlpt_str_add(&s, "  </devices>\n</domain>\n");
	return xlpt_str_take(&s);
}

/* virDomainObjSave. */
static void note(struct fake_libvirt *l, uint32_t domid)
{
	const struct xlpt_guest *g = fake_ts_find(l->w->ts, domid, NULL);
	_cleanup_free_ char *xml = dumpxml(l, domid),
			    *path = xlpt_xasprintf("/run/libvirt/libxl/%s.xml", g->name),
			    *text = xlpt_xasprintf("<domstatus state='running' reason='booted' "
						   "pid='0'>\n%s</domstatus>\n",
						   xml);

	fake_bus_put(l->w->bus, path, text);
}

/* ---- a VF's identity: virNetDevSaveNetConfig, virNetDevSetNetConfig ---- */

static int set_identity(struct fake_libvirt *l, const struct xlpt_vf_identity *id, unsigned vf)
{
	return xlpt_vf_net_apply(fake_rtnl_get(l->w->rtnl), "enp1s0", vf, id, NULL);
}

static int take_identity(struct fake_libvirt *l, struct fake_hostdev *d)
{
	_cleanup_pf_net_ struct xlpt_pf_net net = { 0 };
	const struct xlpt_vf_net *now;

	d->vf = (d->bdf.dev - 0x10u) * 4 + d->bdf.func / 2u;
	if (!d->interface)
		return 0;
	if (xlpt_pf_net_read(fake_rtnl_get(l->w->rtnl), "enp1s0", &net, NULL) ||
	    !(now = xlpt_pf_net_vf(&net, d->vf)))
		return -1;
	d->before = (struct xlpt_vf_identity){ .has_mac = true,
					       .has_vlan = true,
					       .vlan = now->id.vlan };
	memcpy(d->before.mac, now->id.mac, 6);
	return set_identity(l, &d->id, d->vf);
}

/* ---- attach-device, detach-device ---- */

static bool parse(const char *xml, struct fake_hostdev *d)
{
	_cleanup_dom_ struct xlpt_dom dom;
	_cleanup_free_ char *mac = NULL;
	const struct xlpt_pci *pci;
	unsigned seen = 0;

	if (xlpt_libvirt_read(xml, strlen(xml), NULL, &dom, NULL, NULL, NULL) || dom.n_pci != 1)
		return false;
	pci = &dom.pci[0];
	d->bdf = pci->spec.bdf;
	d->interface = pci->interface;
	d->managed = pci->managed == XLPT_ON;
	d->permissive = pci->filtering == XLPT_OFF;
	d->named = xlpt_streq(pci->driver, "xen");
	mac = xlpt_xasprintf("mac=%s", pci->id.mac ? pci->id.mac : "52:54:00:ff:ff:01");
	if (pci->interface && xlpt_vfid_parse(&d->id, &seen, mac, strlen(mac), NULL))
		return false;
	d->id.has_vlan = pci->interface;
	d->id.vlan =
		(struct xlpt_vf_vlan){ .id = pci->id.n_vlan ? (uint16_t)pci->id.vlan[0].id.v : 0,
				       .proto = XLPT_VLAN_8021Q };
	return pci->spec.has_bdf;
}

static const char *attach(struct fake_libvirt *l, uint32_t domid, const char *xml)
{
	struct fake_hostdev d = { .domid = domid };
	struct xlpt_host *h = fake_bus_host(l->w->bus);
	struct xlpt_spec spec;
	const char *driver;

	if (!parse(xml, &d))
		return "XML error";
	if (listed(l, domid, d.bdf))
		return "operation failed: target pci device already exists";
	for (size_t i = 0; i < l->n_held; i++)
		if (xlpt_bdf_eq(l->held[i], d.bdf))
			return "Requested operation is not valid: PCI device is in use by driver "
			       "xenlight";
	driver = fake_bus_driver_of(l->w->bus, XLPT_BDF_STR(d.bdf));
	if (!d.managed && !xlpt_streq(driver, "pciback"))
		return "Unmanaged PCI device must be manually detached from the host";
	if (d.managed && driver && strcmp(driver, "pciback") && xlpt_bind_unbind(h, d.bdf, NULL))
		return "failed to unbind";
	if (d.managed && xlpt_pciback_slot_add(h, d.bdf, NULL))
		return "failed to bind";
	if (d.managed && xlpt_bind_through(h, d.bdf, "pciback", NULL))
		return "failed to bind";
	if (l->bus_only && !strcmp(l->bus_only, XLPT_BDF_STR(d.bdf))) {
		snprintf(l->refused, sizeof(l->refused),
			 "internal error: Unable to reset PCI device %s: internal error: Active %s "
			 "devices on bus with %s, not doing bus reset",
			 l->bus_only, l->neighbour, l->bus_only);
		return l->refused;
	}
	if (take_identity(l, &d))
		return "cannot set the VF's MAC address";
	xlpt_spec_init(&spec);
	spec.has_bdf = true;
	spec.bdf = d.bdf;
	spec.permissive = d.permissive ? XLPT_ON : XLPT_UNSET;
	if (fake_ts_device_add(fake_ts_get(l->w->ts), domid, &spec, NULL)) {
		if (d.interface)
			set_identity(l, &d.before, d.vf);
		return "internal error: libxenlight failed to attach pci device";
	}
	XLPT_GROW(l->devs, l->n, l->alloc);
	l->devs[l->n++] = d;
	note(l, domid);
	return NULL;
}

static void give_back(struct fake_libvirt *l, struct fake_hostdev *d)
{
	struct xlpt_host *h = fake_bus_host(l->w->bus);
	_cleanup_free_ char *driver = NULL;

	if (d->interface)
		set_identity(l, &d->before, d->vf);
	/* virPCIDeviceUnbindWithOverride: the kernel's choice then. */
	if (d->managed) {
		xlpt_bind_unbind(h, d->bdf, NULL);
		xlpt_pciback_slot_remove(h, d->bdf, NULL);
		xlpt_bind_override(h, d->bdf, NULL, NULL);
		xlpt_bind_probe(h, d->bdf, &driver, NULL);
	}
	*d = l->devs[--l->n];
}

static const char *detach(struct fake_libvirt *l, uint32_t domid, const char *xml)
{
	struct fake_hostdev want = { .domid = domid }, *d;

	if (!parse(xml, &want))
		return "XML error";
	d = listed(l, domid, want.bdf);
	if (!d)
		return "operation failed: host pci device not found";
	if (fake_ts_device_remove(fake_ts_get(l->w->ts), domid, d->bdf, false, NULL))
		return "internal error: libxenlight failed to detach pci device";
	if (!d->named && l->n_held < XLPT_ARRAY_SIZE(l->held))
		l->held[l->n_held++] = d->bdf;
	give_back(l, d);
	note(l, domid);
	return NULL;
}

/* ---- virsh ---- */

static int refuses(struct xlpt_virsh *out, int status, const char *why)
{
	out->status = status;
	xlpt_str_addf(&out->err, "error: %s", why);
	return 0;
}

static int answer(struct fake_libvirt *l, const char *const *words, const char *input,
		  struct xlpt_virsh *out)
{
	const struct xlpt_guest *g = NULL;
	_cleanup_free_ char *xml = NULL;
	const char *why;

	for (size_t i = 0; words[1] && i < l->n_domids; i++) {
		const struct xlpt_guest *one = fake_ts_find(l->w->ts, l->domids[i], NULL);

		g = one && !strcmp(one->uuid, words[1]) ? one : g;
	}
	if (!strcmp(words[0], "uri")) {
		xlpt_str_add(&out->out, "xen:///system");
		return 0;
	}
	if (!g)
		return refuses(out, 1, "failed to get domain");
	if (!strcmp(words[0], "dumpxml")) {
		xml = dumpxml(l, g->domid);
		xlpt_str_add(&out->out, xml);
		return 0;
	}
	why = !strcmp(words[0], "attach-device") ? attach(l, g->domid, input)
						 : detach(l, g->domid, input);
	return why ? refuses(out, 1, why) : 0;
}

static int ts_virsh(struct xlpt_toolstack *ts, const char *const *words, const char *input,
		    int64_t timeout_ms, struct xlpt_virsh *out, struct xlpt_diag *diag)
{
	struct fake_libvirt *l = daemon_of;

	(void)ts;
	(void)diag;
	*out = (struct xlpt_virsh){ 0 };
	if (l->dies_in && --l->dies_in == 0)
		l->state = FAKE_LIBVIRT_STOPPED;
	switch (l->state) {
	case FAKE_LIBVIRT_NO_VIRSH:
		out->status = 127;
		return 0;
	case FAKE_LIBVIRT_STOPPED:
		return refuses(out, 1,
			       "failed to connect to the hypervisor\nerror: Failed to connect "
			       "socket to '/var/run/libvirt/libvirt-sock'");
	case FAKE_LIBVIRT_HANGS:
		l->w->clock.clock.sleep_ms(&l->w->clock.clock, timeout_ms);
		out->timed_out = true;
		return 0;
	default:
		return answer(l, words, input, out);
	}
}

int fake_virsh(struct fake_libvirt *l, const char *verb, uint32_t domid, const char *xml)
{
	const struct xlpt_guest *g = fake_ts_find(l->w->ts, domid, NULL);
	const char *words[] = { verb, g ? g->uuid : "none", "FILE", NULL };
	_cleanup_virsh_ struct xlpt_virsh out = { 0 };

	ts_virsh(fake_ts_get(l->w->ts), words, xml, 0, &out, NULL);
	return out.status;
}

/* ---- the daemon ---- */

struct fake_libvirt *fake_libvirt_new(struct world *w)
{
	struct fake_libvirt *l = xlpt_xcalloc(1, sizeof(*l));

	l->w = w;
	w->ts->ops.virsh = ts_virsh;
	daemon_of = l;
	return l;
}

void fake_libvirt_free(struct fake_libvirt *l)
{
	if (!l)
		return;
	l->w->ts->ops.virsh = NULL;
	daemon_of = NULL;
	free(l->devs);
	free(l);
}

void fake_libvirt_made(struct fake_libvirt *l, uint32_t domid)
{
	const struct xlpt_guest *g = fake_ts_find(l->w->ts, domid, NULL);
	_cleanup_free_ char *xml = dumpxml(l, domid),
			    *path = xlpt_xasprintf("/var/lib/xen/userdata-d.%u.%s.libvirt-xml",
						   domid, g->uuid);

	l->domids[l->n_domids++] = domid;
	fake_bus_put(l->w->bus, path, xml);
	note(l, domid);
}

void fake_libvirt_ended(struct fake_libvirt *l, uint32_t domid)
{
	size_t kept = 0;

	for (size_t i = l->n; i-- > 0;)
		if (l->devs[i].domid == domid)
			give_back(l, &l->devs[i]);
	for (size_t i = 0; i < l->n_domids; i++)
		if (l->domids[i] != domid)
			l->domids[kept++] = l->domids[i];
	l->n_domids = kept;
}

void fake_libvirt_state(struct fake_libvirt *l, enum fake_libvirt_state state)
{
	l->state = state;
	if (state == FAKE_LIBVIRT_STOPPED)
		l->n_held = 0;
}

void fake_libvirt_dies_in(struct fake_libvirt *l, unsigned n)
{
	l->dies_in = n;
}

void fake_libvirt_neighbour(struct fake_libvirt *l, const char *bdf, const char *neighbour)
{
	l->bus_only = bdf;
	l->neighbour = neighbour;
}

void fake_libvirt_forgets(struct fake_libvirt *l)
{
	l->n_domids = 0;
}

char *fake_libvirt_list(struct fake_libvirt *l)
{
	struct xlpt_str s = { 0 };

	for (size_t i = 0; i < l->n; i++) {
		xlpt_str_addf(&s, "%u %s", l->devs[i].domid, XLPT_BDF_STR(l->devs[i].bdf));
		if (l->devs[i].interface)
			xlpt_str_addf(&s, " %s vlan %u", XLPT_MAC_STR(l->devs[i].id.mac),
				      l->devs[i].id.vlan.id);
		xlpt_str_add(&s, "\n");
	}
	return xlpt_str_take(&s);
}
