/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xen-pciback as xenstore sees it; see store-pci.h. */
#include <errno.h>
#include <string.h>

#include "tests/fake/store-pci.h"
#include "xenstore/pcibe.h"

#define BACKENDS "/local/domain/0/backend/pci"
#define BACKEND	 BACKENDS "/%u/0"
#define FRONTEND "/local/domain/%u/device/pci/0"
#define SLOTS	 32

struct stub {
	struct xlpt_bdf bdf;
	int64_t owner; /* -1 = free */
	struct xlpt_bdf vdev;
};

/* One struct xen_pcibk_device. */
struct instance {
	struct fake_pciback *b;
	uint32_t domid;
	int cached; /* struct xenbus_device.state */
	struct instance *next;
};

struct fake_pciback {
	struct fake_store *f;
	struct fake_pciback_opts o;
	struct stub *stubs;
	size_t n, alloc;
	struct instance *instances;
};

/* xenbus_read_driver_state: an absent node is Unknown. */
static int read_state(const char *text)
{
	return text ? atoi(text) : XLPT_XBS_UNKNOWN;
}

static int be_state(struct instance *in)
{
	return read_state(fake_store_peek(in->b->f, BACKEND "/state", in->domid));
}

static int fe_state(struct instance *in)
{
	return read_state(fake_store_peek(in->b->f, FRONTEND "/state", in->domid));
}

/* __xenbus_switch_state: nothing for the cached state, nothing for a node that is gone. */
static void switch_state(struct instance *in, int state)
{
	char text[12];

	if (state == in->cached || !fake_store_peek(in->b->f, BACKEND "/state", in->domid))
		return;
	snprintf(text, sizeof(text), "%d", state);
	in->cached = state;
	fake_store_set(in->b->f, text, BACKEND "/state", in->domid);
}

/* xenbus_dev_fatal */
static void fatal(struct instance *in, int err, const char *fmt, ...) XLPT_PRINTF(3, 4);
static void fatal(struct instance *in, int err, const char *fmt, ...)
{
	_cleanup_free_ char *why = NULL, *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	why = xlpt_xvasprintf(fmt, ap);
	va_end(ap);
	text = xlpt_xasprintf("%d %s", err, why);
	fake_store_set(in->b->f, text, "/local/domain/0/error/backend/pci/%u/0/error", in->domid);
	switch_state(in, XLPT_XBS_CLOSING);
}

static struct stub *find_stub(struct fake_pciback *b, struct xlpt_bdf bdf)
{
	for (size_t i = 0; i < b->n; i++)
		if (xlpt_bdf_eq(b->stubs[i].bdf, bdf))
			return &b->stubs[i];
	return NULL;
}

/* vpci.c: functions of one slot stay together, anything else takes the first free slot. */
static bool pick_slot(struct instance *in, struct stub *stub)
{
	bool used[SLOTS] = { false };
	int slot = 0;

	for (size_t i = 0; i < in->b->n; i++) {
		const struct stub *o = &in->b->stubs[i];

		if (o->owner != in->domid || o == stub)
			continue;
		used[o->vdev.dev] = true;
		if (o->bdf.seg == stub->bdf.seg && o->bdf.bus == stub->bdf.bus &&
		    o->bdf.dev == stub->bdf.dev) {
			stub->vdev =
				(struct xlpt_bdf){ .dev = o->vdev.dev, .func = stub->bdf.func };
			return true;
		}
	}
	while (slot < SLOTS && used[slot])
		slot++;
	stub->vdev = (struct xlpt_bdf){ .dev = (uint8_t)slot, .func = stub->bdf.func };
	return slot < SLOTS;
}

static bool read_address(struct instance *in, const char *node, int i, struct xlpt_bdf *out)
{
	const char *text = fake_store_peek(in->b->f, BACKEND "/%s-%d", in->domid, node, i);
	unsigned seg, bus, dev, func;

	if (!text) {
		fatal(in, ENOENT, "Error reading device configuration");
		return false;
	}
	if (sscanf(text, "%x:%x:%x.%x", &seg, &bus, &dev, &func) != 4) {
		fatal(in, EINVAL, "Error parsing pci device configuration");
		return false;
	}
	*out = (struct xlpt_bdf){ .seg = (uint16_t)seg,
				  .bus = (uint8_t)bus,
				  .dev = (uint8_t)dev,
				  .func = (uint8_t)func };
	return true;
}

/* Exports dev-N: takes it, publishes vdev-N and the root, and sets state-N. */
static bool export(struct instance *in, int i)
{
	struct fake_store *f = in->b->f;
	char text[XLPT_BDF_LEN];
	struct xlpt_bdf bdf;
	struct stub *stub;

	if (!read_address(in, "dev", i, &bdf))
		return false;
	stub = find_stub(in->b, bdf);
	if (!stub || stub->owner >= 0) {
		fatal(in, EINVAL, "Couldn't locate PCI device (%s)! perhaps already in-use?",
		      XLPT_BDF_STR(bdf));
		return false;
	}
	if (!pick_slot(in, stub)) {
		fatal(in, ENOSPC, "No more space on root virtual PCI bus");
		return false;
	}
	stub->owner = in->domid;
	fake_store_set(f, xlpt_bdf_format(stub->vdev, XLPT_BDF_VDEV, text), BACKEND "/vdev-%d",
		       in->domid, i);
	fake_store_set(f, "0000:00", BACKEND "/root-0", in->domid);
	fake_store_set(f, "1", BACKEND "/root_num", in->domid);
	fake_store_set(f, "3", BACKEND "/state-%d", in->domid, i);
	return true;
}

/* A device that is not there any more is -EINVAL without a word: the round ends in 7. */
static bool release(struct instance *in, int i)
{
	struct xlpt_bdf vdev;

	if (!read_address(in, "vdev", i, &vdev))
		return false;
	for (size_t n = 0; n < in->b->n; n++) {
		struct stub *stub = &in->b->stubs[n];

		if (stub->owner == in->domid && xlpt_bdf_eq(stub->vdev, vdev)) {
			stub->owner = -1;
			return true;
		}
	}
	return false;
}

static int num_devs(struct instance *in)
{
	const char *text = fake_store_peek(in->b->f, BACKEND "/num_devs", in->domid);

	if (!text)
		fatal(in, ENOENT, "Error reading number of devices");
	return text ? atoi(text) : -1;
}

/* xen_pcibk_attach */
static void attach(struct instance *in)
{
	struct fake_store *f = in->b->f;
	const char *magic;

	if (be_state(in) != XLPT_XBS_INITIALISED || fe_state(in) != XLPT_XBS_INITIALISED)
		return;
	magic = fake_store_peek(f, FRONTEND "/magic", in->domid);
	if (!magic || !fake_store_peek(f, FRONTEND "/pci-op-ref", in->domid) ||
	    !fake_store_peek(f, FRONTEND "/event-channel", in->domid))
		fatal(in, ENOENT, "Error reading configuration from frontend");
	else if (strcmp(magic, "7") != 0)
		fatal(in, EFAULT, "version mismatch (%s/7) with pcifront - halting pciback", magic);
	else
		switch_state(in, XLPT_XBS_CONNECTED);
}

/* xen_pcibk_setup_backend */
static void setup(struct instance *in)
{
	int n;

	if (be_state(in) != XLPT_XBS_INITWAIT)
		return;
	n = num_devs(in);
	if (n < 0)
		return;
	for (int i = 0; i < n; i++)
		if (!export(in, i))
			return;
	switch_state(in, XLPT_XBS_INITIALISED);
	attach(in);
}

/* xen_pcibk_reconfigure */
static void reconfigure(struct instance *in, int in_state)
{
	int n;

	if (be_state(in) != in_state)
		return;
	n = num_devs(in);
	if (n < 0)
		return;
	for (int i = 0; i < n; i++) {
		const char *text = fake_store_peek(in->b->f, BACKEND "/state-%d", in->domid, i);
		int state = read_state(text);

		if ((state == XLPT_XBS_INITIALISING && !export(in, i)) ||
		    (state == XLPT_XBS_CLOSING && !release(in, i)))
			return;
	}
	if (in_state == XLPT_XBS_RECONFIGURING)
		switch_state(in, XLPT_XBS_RECONFIGURED);
}

static void unregister(struct instance *in)
{
	struct fake_pciback *b = in->b;

	for (struct instance **p = &b->instances; *p; p = &(*p)->next) {
		if (*p == in) {
			*p = in->next;
			break;
		}
	}
	for (size_t i = 0; i < b->n; i++)
		if (b->stubs[i].owner == in->domid)
			b->stubs[i].owner = -1;
	fake_clock_cancel(fake_store_clock(b->f), in);
	fake_store_unlisten(b->f, in);
	free(in);
}

/* xen_pcibk_frontend_changed; the state is read when the thread gets to it. */
static void frontend_changed(void *arg)
{
	struct instance *in = arg;

	switch (fe_state(in)) {
	case XLPT_XBS_INITIALISED:
		attach(in);
		break;
	case XLPT_XBS_RECONFIGURING:
		reconfigure(in, XLPT_XBS_RECONFIGURING);
		break;
	case XLPT_XBS_CONNECTED:
		switch_state(in, XLPT_XBS_CONNECTED);
		break;
	case XLPT_XBS_CLOSING:
	case XLPT_XBS_CLOSED:
		switch_state(in, fe_state(in));
		break;
	case XLPT_XBS_UNKNOWN:
		unregister(in);
		break;
	default:
		break;
	}
}

static void on_frontend_change(void *arg)
{
	struct instance *in = arg;

	fake_clock_in(fake_store_clock(in->b->f), in->b->o.step_ms, frontend_changed, in);
}

static void probe(struct fake_pciback *b, uint32_t domid)
{
	struct instance *in = xlpt_xcalloc(1, sizeof(*in));
	_cleanup_free_ char *fe = xlpt_xasprintf(FRONTEND "/state", domid);

	*in = (struct instance){
		.b = b, .domid = domid, .cached = XLPT_XBS_INITIALISING, .next = b->instances
	};
	b->instances = in;
	switch_state(in, XLPT_XBS_INITWAIT);
	setup(in);
	fake_store_listen(b->f, fe, on_frontend_change, in);
	on_frontend_change(in); /* a new watch fires once */
}

/* The bus' watch, and xen_pcibk_be_watch of every instance, which sees the same changes. */
static void bus_changed(void *arg)
{
	struct fake_pciback *b = arg;
	struct instance *in, *next;
	_cleanup_strv_ char **ids = fake_store_children(b->f, BACKENDS);

	for (in = b->instances; in; in = next) {
		next = in->next;
		if (!fake_store_peek(b->f, BACKEND, in->domid))
			unregister(in);
	}
	for (char **id = ids; *id; id++) {
		uint32_t domid = (uint32_t)strtoul(*id, NULL, 10);

		for (in = b->instances; in && in->domid != domid; in = in->next)
			;
		/* Only a device that is new: xenbus_probe_node looks for Initialising. */
		if (!in && read_state(fake_store_peek(b->f, BACKEND "/state", domid)) ==
				   XLPT_XBS_INITIALISING)
			probe(b, domid);
		else if (in && be_state(in) == XLPT_XBS_INITWAIT)
			setup(in);
		else if (in && b->o.reconfigures_at_3)
			reconfigure(in, XLPT_XBS_INITIALISED);
	}
}

static void on_bus_change(void *arg)
{
	struct fake_pciback *b = arg;

	fake_clock_in(fake_store_clock(b->f), b->o.step_ms, bus_changed, b);
}

struct fake_pciback *fake_pciback_start(struct fake_store *f, const struct fake_pciback_opts *o)
{
	struct fake_pciback *b = xlpt_xcalloc(1, sizeof(*b));

	b->f = f;
	b->o = *o;
	fake_store_listen(f, BACKENDS, on_bus_change, b);
	on_bus_change(b);
	return b;
}

void fake_pciback_stop(struct fake_pciback *b)
{
	while (b->instances)
		unregister(b->instances);
	fake_clock_cancel(fake_store_clock(b->f), b);
	fake_store_unlisten(b->f, b);
	free(b->stubs);
	free(b);
}

void fake_pciback_seize(struct fake_pciback *b, struct xlpt_bdf bdf)
{
	if (find_stub(b, bdf))
		return;
	XLPT_GROW(b->stubs, b->n, b->alloc);
	b->stubs[b->n++] = (struct stub){ .bdf = bdf, .owner = -1 };
}

void fake_pciback_unseize(struct fake_pciback *b, struct xlpt_bdf bdf)
{
	struct stub *stub = find_stub(b, bdf);

	if (stub)
		*stub = b->stubs[--b->n];
}

bool fake_pciback_has(struct fake_pciback *b, struct xlpt_bdf bdf)
{
	return find_stub(b, bdf) != NULL;
}

int64_t fake_pciback_owner(struct fake_pciback *b, struct xlpt_bdf bdf)
{
	struct stub *stub = find_stub(b, bdf);

	return stub ? stub->owner : -1;
}
