/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Devices in the fake toolstack: what libxl and Xen do with them, in libxl's order. */
#include "tests/fake/toolstack-internal.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "xenstore/pcibe.h"
#include "xl-plugin/backend/libxl.h"

#define LIBXL_WAIT_MS 10000

struct waiting {
	uint32_t domid;
};

static int backend_is_4(struct xlpt_store *s, void *arg)
{
	struct waiting *w = arg;
	unsigned state = 0;

	xlpt_store_read_uint(s, 0, &state, "/local/domain/0/backend/pci/%u/0/state", w->domid);
	return state == XLPT_XBS_CONNECTED;
}

static bool wait_backend(struct fake_ts *f, uint32_t domid)
{
	struct xlpt_store *s = fake_store_get(f->store);
	struct waiting w = { .domid = domid };
	_cleanup_free_ char *path = xlpt_xasprintf("/local/domain/0/backend/pci/%u/0", domid);

	return xlpt_store_wait_until(s, path, xlpt_now(s->clock) + LIBXL_WAIT_MS, 100, backend_is_4,
				     &w) >= 0;
}

/* ---- QEMU ---- */

/*
 * Slots 0 to 4 of a guest's bus are taken: the host bridge, PIIX3, the platform device, display,
 * network (hw/i386/pc_piix.c; what the lab showed). They are single-function devices, the host
 * bridge among them, as are passed-through ones: libxl never says multifunction=on.
 */
enum { QEMU_FIRST_FREE = 5, QEMU_SLOTS = 32 };

static const struct fake_claim *in_slot(struct fake_ts *f, uint32_t domid, unsigned slot)
{
	for (size_t i = 0; i < f->n_claims; i++)
		if (f->claims[i].in_dm && f->claims[i].dm_domid == domid &&
		    f->claims[i].dm_devfn >> 3 == slot)
			return &f->claims[i];
	return NULL;
}

/* What QEMU's do_pci_register_device and pci_init_multifunction say, or NULL and the place. */
static char *qemu_place(struct fake_ts *f, uint32_t domid, unsigned asked, unsigned *devfn)
{
	unsigned slot = asked >> 3;

	*devfn = asked;
	/* libxl leaves addr out when the whole of it is 0: QEMU chooses. */
	for (slot = asked ? slot : QEMU_FIRST_FREE; !asked && slot < QEMU_SLOTS; slot++)
		if (!in_slot(f, domid, slot)) {
			*devfn = slot << 3;
			return NULL;
		}
	if (!asked)
		return xlpt_xstrdup(
			"PCI: no slot/function available for xen-pci-passthrough, all in "
			"use or reserved");
	if (!(asked & 7) && (slot < QEMU_FIRST_FREE || in_slot(f, domid, slot)))
		return xlpt_xasprintf(
			"PCI: slot %u function 0 not available for xen-pci-passthrough, "
			"in use by %s",
			slot, slot ? "xen-pci-passthrough" : "i440FX");
	if (slot < QEMU_FIRST_FREE || in_slot(f, domid, slot))
		return xlpt_xasprintf("PCI: slot %u function 0 already occupied by %s, new func "
				      "xen-pci-passthrough cannot be exposed to guest.",
				      slot, slot ? "xen-pci-passthrough" : "i440FX");
	/* QEMU takes such a one, and no guest ever finds it: as good as refused. */
	return asked & 7 ? xlpt_xasprintf("PCI: slot %u has no function 0", slot) : NULL;
}

/* libxl's name for it, pci-pt-BB_DD.F, has no PCI domain; QEMU takes none twice. */
static bool id_taken(struct fake_ts *f, uint32_t domid, struct xlpt_bdf bdf)
{
	for (size_t i = 0; i < f->n_claims; i++) {
		struct xlpt_bdf other = f->claims[i].bdf;
		bool same = other.seg != bdf.seg;

		other.seg = bdf.seg;
		if (same && f->claims[i].in_dm && f->claims[i].dm_domid == domid &&
		    xlpt_bdf_eq(other, bdf))
			return true;
	}
	return false;
}

/* hw/xen/xen_pt.c, xen_pt_realize: whatever is there. */
static bool igd_refused(struct fake_ts *f, uint32_t domid, struct xlpt_bdf bdf)
{
	return !bdf.seg && !bdf.bus && bdf.dev == 2 && !bdf.func &&
	       !fake_ts_guest_of(f, domid)->igd;
}

static void dm_write(void *arg)
{
	struct fake_ts *f = arg;
	_cleanup_close_ int fd =
		openat(f->host->rootfd, f->dm_log + 1, O_WRONLY | O_APPEND | O_CLOEXEC);

	if (fd >= 0 && f->dm_lines && write(fd, f->dm_lines, strlen(f->dm_lines)) < 0)
		perror(f->dm_log);
}

/* libxl_pci.c, device_pci_add_stubdom_done: which function of the guest's slot is asked for. */
char *fake_ts_dm_add(struct fake_ts *f, uint32_t domid, const struct xlpt_spec *spec)
{
	struct fake_claim *c = fake_ts_claim_of(f, spec->bdf);
	libxl_device_pci pci;
	unsigned devfn;
	char *no;

	xlpt_ts_fill_pci(&pci, spec);
	devfn = (unsigned)pci.vdevfn & ~7u;
	if (pci.vfunc_mask == 1u << pci.func)
		devfn |= pci.func;
	libxl_device_pci_dispose(&pci);
	no = id_taken(f, domid, spec->bdf) ? xlpt_xstrdup("Duplicate device ID")
	     : igd_refused(f, domid, spec->bdf)
		     ? xlpt_xstrdup("Need to enable igd-passthru if you're trying to passthrough "
				    "IGD GFX")
		     : qemu_place(f, domid, devfn, &devfn);
	if (no)
		return no;
	c->in_dm = true;
	c->dm_domid = domid;
	c->dm_devfn = devfn;
	free(f->dm_log);
	f->dm_log =
		xlpt_xasprintf("/var/log/xen/qemu-dm-%s.log", fake_ts_guest_of(f, domid)->g.name);
	if (f->dm_lines && f->dm_lines_ms)
		fake_clock_in(fake_store_clock(f->store), f->dm_lines_ms, dm_write, f);
	else if (f->dm_lines)
		dm_write(f);
	return NULL;
}

/* QEMU has told where it is: libxl notes it with the device. */
void fake_ts_note_place(struct fake_ts *f, uint32_t domid, struct xlpt_bdf bdf)
{
	_cleanup_pcibe_ struct xlpt_pcibe be = { 0 };
	_cleanup_free_ char *text = xlpt_xasprintf("%x", fake_ts_claim_of(f, bdf)->dm_devfn);
	const struct xlpt_pcidev *d;

	if (xlpt_pcibe_read(fake_store_get(f->store), domid, &be, NULL) == 0 &&
	    (d = xlpt_pcibe_find(&be, bdf)))
		fake_store_set(f->store, text, "/local/domain/0/backend/pci/%u/0/vdevfn-%u", domid,
			       d->index);
}

/* ---- libxl ---- */

void fake_ts_grant(struct fake_ts *f, struct fake_claim *c, uint32_t domid)
{
	_cleanup_free_ char *text = NULL;
	char *save = NULL;
	unsigned i = 0;

	c->granted = true;
	c->granted_to = domid;
	if (!f->host || xlpt_host_read_text(f->host, &text, "/sys/bus/pci/devices/%s/resource",
					    XLPT_BDF_STR(c->bdf)))
		return;
	for (char *l = strtok_r(text, "\n", &save); l && i < 7;
	     l = strtok_r(NULL, "\n", &save), i++) {
		unsigned long long start, end, flags;

		if (sscanf(l, "%llx %llx %llx", &start, &end, &flags) == 3 && start &&
		    !(flags & 0x100)) {
			c->memory[i][0] = start;
			c->memory[i][1] = end;
		}
	}
}

static long long line_of(struct fake_ts *f, struct xlpt_bdf bdf)
{
	long long irq = 0;

	if (f->host)
		xlpt_host_read_long(f->host, &irq, "/sys/bus/pci/devices/%s/irq",
				    XLPT_BDF_STR(bdf));
	return irq;
}

/* Before 4.21 libxl asks for whatever line sysfs has, and Xen knows none of 0xff. */
bool fake_ts_no_line(struct fake_ts *f, struct xlpt_bdf bdf)
{
	return line_of(f, bdf) >= 0xff;
}

/*
 * 4.18 and later unmap the line of a device that leaves an HVM guest, also while QEMU has it bound for
 * another one. Xen keeps it half unmapped then, and QEMU's own unbinding fails (the lab, 4.20).
 */
static void take_line(struct fake_ts *f, uint32_t domid, const struct fake_claim *c)
{
	long long irq = line_of(f, c->bdf);
	bool used = false;

	for (size_t i = 0; irq && i < f->n_claims; i++)
		used |= &f->claims[i] != c && f->claims[i].in_dm &&
			f->claims[i].dm_domid == domid && line_of(f, f->claims[i].bdf) == irq;
	for (size_t i = 0; used && i < f->n_claims; i++)
		if (line_of(f, f->claims[i].bdf) == irq) {
			f->claims[i].stuck = true;
			f->claims[i].stuck_in = domid;
		}
}

/* Xen knows addresses, and not whose they are. */
static void take_back(struct fake_ts *f, uint32_t domid, uint64_t start)
{
	for (size_t i = 0; start && !f->keeps_memory && i < f->n_claims; i++)
		for (size_t k = 0; k < 7 && f->claims[i].granted_to == domid; k++)
			if (f->claims[i].memory[k][0] == start)
				f->claims[i].memory[k][1] = 0;
}

/* libxl writes it, and pciback keeps it as long as it has the device. */
void fake_ts_permissive(struct fake_ts *f, const struct xlpt_spec *spec)
{
	if (spec->permissive == XLPT_ON && f->host)
		xlpt_host_write_text(f->host, XLPT_BDF_STR(spec->bdf),
				     "/sys/bus/pci/drivers/pciback/permissive");
}

int fake_ts_device_add(struct xlpt_toolstack *ts, uint32_t domid, const struct xlpt_spec *spec,
		       struct xlpt_diag *diag)
{
	struct fake_ts *f = fake_ts_of(ts);
	bool fail = fake_ts_failing(f, FAKE_TS_ADD); /* may be where the guest ends */
	struct fake_guest *g = fake_ts_guest_of(f, domid);
	struct fake_claim *c = fake_ts_claim_of(f, spec->bdf);
	_cleanup_free_ char *id = xlpt_xasprintf("%u", domid);

	if (!g || c->owner >= 0 || (fail && f->depth == FAKE_TS_AT_ONCE))
		return fake_ts_failed(diag, "add");
	if (fake_ts_noted(f, spec->bdf))
		return fake_ts_refused(diag, "add", "libxl: PCI device is not assignable");
	fake_ts_set_note(f, spec->bdf, id);
	if (fail && f->depth == FAKE_TS_AFTER_NOTE)
		goto fail;
	if (g->g.type == XLPT_GUEST_HVM) {
		_cleanup_free_ char *no = fake_ts_dm_add(f, domid, spec);

		if (no) {
			fake_ts_set_note(f, spec->bdf, NULL);
			return fake_ts_refused(diag, "add", no);
		}
	}
	if (fail && f->depth == FAKE_TS_AFTER_DM)
		goto fail;
	if (fake_ts_no_line(f, spec->bdf)) {
		fake_ts_set_note(f, spec->bdf, NULL);
		return fake_ts_refused(diag, "add",
				       "xc_physdev_map_pirq irq=255 (error=-1): Invalid argument");
	}
	if (c->stuck && c->stuck_in == domid) {
		fake_ts_set_note(f, spec->bdf, NULL);
		return fake_ts_refused(diag, "add",
				       "xc_physdev_map_pirq irq (error=-1): File exists");
	}
	/* libxl does not take these back when what follows fails. */
	fake_ts_grant(f, c, domid);
	if (fail && f->depth == FAKE_TS_AFTER_GRANTS)
		goto fail;
	if (c->shares_reserved && spec->rdm_policy != XLPT_RDM_RELAXED)
		goto fail;
	fake_ts_permissive(f, spec);
	c->owner = domid;
	if (fail && f->depth == FAKE_TS_AFTER_ASSIGN)
		goto fail;
	if (fake_store_peek(f->store, "/local/domain/0/backend/pci/%u/0/num_devs", domid) &&
	    g->g.type == XLPT_GUEST_PV && !wait_backend(f, domid))
		goto fail;
	fake_libxl_pci_add(f->store, domid, spec->bdf);
	fake_ts_note_config(f, domid, spec, false);
	if (g->g.type == XLPT_GUEST_HVM)
		fake_ts_note_place(f, domid, spec->bdf);
	if (fail)
		goto fail;
	return 0;
fail:
	fake_ts_set_note(f, spec->bdf, NULL);
	return fake_ts_failed(diag, "add");
}

int fake_ts_device_remove(struct xlpt_toolstack *ts, uint32_t domid, struct xlpt_bdf bdf,
			  bool force, struct xlpt_diag *diag)
{
	struct fake_ts *f = fake_ts_of(ts);
	bool fail = fake_ts_failing(f, FAKE_TS_REMOVE);
	struct fake_guest *g = fake_ts_guest_of(f, domid);
	struct fake_claim *c = fake_ts_claim_of(f, bdf);
	_cleanup_pcibe_ struct xlpt_pcibe be = { 0 };
	struct xlpt_store *s = fake_store_get(f->store);
	const struct xlpt_pcidev *d;

	if (fail)
		return fake_ts_failed(diag, "remove");
	if (xlpt_pcibe_read(s, domid, &be, diag) || !(d = xlpt_pcibe_find(&be, bdf)))
		return fake_ts_failed(diag, "not listed");
	if (g && g->g.type == XLPT_GUEST_HVM) {
		if (!c->in_dm && !force)
			return fake_ts_failed(diag, "the device model does not know it");
		if (c->in_dm && g->deaf) {
			s->clock->sleep_ms(s->clock, LIBXL_WAIT_MS);
			if (!force)
				return fake_ts_failed(diag, "timed out waiting for DM");
		}
		if (!g->deaf)
			c->in_dm = false;
		take_line(f, domid, c);
	}
	if (c->owner == domid)
		c->owner = FAKE_OWNER_IO;
	/* 4.17 leaves an HVM guest its grants. */
	if (g && g->g.type == XLPT_GUEST_PV) {
		c->granted = false;
		for (size_t i = 0; i < 7; i++)
			take_back(f, domid, (uint32_t)c->memory[i][0]);
	}
	if (g && g->g.type == XLPT_GUEST_PV) {
		if (!wait_backend(f, domid))
			goto done;
		fake_libxl_pci_ask_remove(f->store, domid, d->index);
		if (!wait_backend(f, domid))
			goto done;
	} else {
		/* Not waited for, and the kernel waits for a frontend: it stays so. */
		fake_libxl_pci_ask_remove(f->store, domid, d->index);
	}
	xlpt_pcibe_drop(s, domid, bdf, XLPT_XBS_NONE, NULL);
	fake_ts_forget_config(f, domid, &bdf);
done:
	fake_ts_set_note(f, bdf, NULL);
	return 0;
}

int fake_ts_hyp_assigned(struct xlpt_toolstack *ts, struct xlpt_bdf bdf, bool *assigned,
			 struct xlpt_diag *diag)
{
	struct fake_ts *f = fake_ts_of(ts);

	if (fake_ts_failing(f, FAKE_TS_HYP))
		return fake_ts_failed(diag, "test_assign");
	*assigned = fake_ts_claim_of(f, bdf)->owner >= 0;
	return 0;
}

int fake_ts_guest_iommu(struct xlpt_toolstack *ts, uint32_t domid, struct xlpt_bdf bdf, bool *on,
			struct xlpt_diag *diag)
{
	struct fake_guest *g = fake_ts_guest_of(fake_ts_of(ts), domid);

	(void)bdf;
	(void)diag;
	*on = g && g->g.passthrough != XLPT_OFF;
	return 0;
}

int fake_ts_quarantine(struct xlpt_toolstack *ts, struct xlpt_bdf bdf, bool on,
		       struct xlpt_diag *diag)
{
	struct fake_ts *f = fake_ts_of(ts);
	struct fake_claim *c = fake_ts_claim_of(f, bdf);

	if (fake_ts_failing(f, FAKE_TS_QUARANTINE))
		return fake_ts_failed(diag, "quarantine");
	if (c->owner < 0)
		c->owner = on ? FAKE_OWNER_IO : FAKE_OWNER_DOM0;
	return 0;
}

int fake_ts_revoke(struct xlpt_toolstack *ts, uint32_t domid, const struct xlpt_bdf bdf,
		   const uint64_t (*bars)[3], size_t n_bars, int irq, struct xlpt_diag *diag)
{
	struct fake_ts *f = fake_ts_of(ts);
	struct fake_claim *c = fake_ts_claim_of(f, bdf);

	(void)irq;
	if (fake_ts_failing(f, FAKE_TS_REVOKE))
		return fake_ts_failed(diag, "revoke");
	for (size_t i = 0; i < n_bars; i++)
		take_back(f, domid, bars[i][0]);
	if (n_bars && c->granted_to == domid)
		c->granted = false;
	if (c->owner == domid)
		c->owner = FAKE_OWNER_IO;
	return 0;
}

int fake_ts_memory_access(struct xlpt_toolstack *ts, uint32_t domid, uint64_t start, uint64_t end)
{
	struct fake_ts *f = fake_ts_of(ts);

	for (size_t i = 0; i < f->n_claims; i++)
		for (size_t k = 0; k < 7 && f->claims[i].granted_to == domid; k++)
			if (f->claims[i].memory[k][1] >= start && f->claims[i].memory[k][0] <= end)
				return 1;
	return 0;
}

int fake_ts_dm_has(struct xlpt_toolstack *ts, uint32_t domid, struct xlpt_bdf bdf, bool *has,
		   struct xlpt_diag *diag)
{
	struct fake_ts *f = fake_ts_of(ts);
	bool fail = fake_ts_failing(f, FAKE_TS_DM);
	struct fake_guest *g = fake_ts_guest_of(f, domid);
	struct fake_claim *c = fake_ts_claim_of(f, bdf);

	*has = false;
	if (!g || g->g.type != XLPT_GUEST_HVM || fail)
		return fake_ts_failed(diag, "no device model");
	*has = c->in_dm && c->dm_domid == domid;
	return 0;
}

int fake_ts_dm_del(struct xlpt_toolstack *ts, uint32_t domid, struct xlpt_bdf bdf,
		   struct xlpt_diag *diag)
{
	struct fake_ts *f = fake_ts_of(ts);
	struct fake_guest *g = fake_ts_guest_of(f, domid);

	if (!g)
		return fake_ts_failed(diag, "no device model");
	if (!g->deaf)
		fake_ts_claim_of(f, bdf)->in_dm = false;
	return 0;
}

bool fake_ts_port_open(struct xlpt_toolstack *ts, uint32_t domid, unsigned port)
{
	struct fake_guest *g = fake_ts_guest_of(fake_ts_of(ts), domid);

	(void)port;
	return g && g->front && fake_pcifront_bound(g->front);
}
