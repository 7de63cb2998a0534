/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A PV guest's pcifront as xenstore sees it, and what libxl writes; see store-pci.h. */
#include <string.h>

#include "tests/fake/store-pci.h"
#include "xenstore/pcibe.h"

#define BACKEND	 "/local/domain/0/backend/pci/%u/0"
#define FRONTEND "/local/domain/%u/device/pci/0"

struct fake_pcifront {
	struct fake_store *f;
	uint32_t domid;
	struct fake_pcifront_opts o;
	bool probed; /* the driver has the device: the directory is there */
	bool paused;
	bool scanning;
	unsigned late_bus, late_backend; /* events that wait for the one thread */
	int cached;			 /* struct xenbus_device.state */
	struct xlpt_bdf *devs;		 /* what its virtual bus holds */
	size_t n, alloc;
};

static void on_bus_change(void *arg);
static void on_backend_change(void *arg);

static int be_state(struct fake_pcifront *p)
{
	const char *text = fake_store_peek(p->f, BACKEND "/state", p->domid);

	return text ? atoi(text) : XLPT_XBS_UNKNOWN;
}

static int fe_state(struct fake_pcifront *p)
{
	const char *text = fake_store_peek(p->f, FRONTEND "/state", p->domid);

	return text ? atoi(text) : XLPT_XBS_UNKNOWN;
}

static void switch_state(struct fake_pcifront *p, int state)
{
	char text[12];

	if (state == p->cached || !fake_store_peek(p->f, FRONTEND "/state", p->domid) ||
	    (p->o.hangs_in && p->cached == p->o.hangs_in))
		return;
	snprintf(text, sizeof(text), "%d", state);
	p->cached = state;
	fake_store_set(p->f, text, FRONTEND "/state", p->domid);
}

static bool read_vdev(struct fake_pcifront *p, int i, struct xlpt_bdf *out)
{
	const char *text = fake_store_peek(p->f, BACKEND "/vdev-%d", p->domid, i);

	return text && xlpt_bdf_parse_any(text, out, NULL) == 0;
}

/*
 * A scan reads configuration space through pciback, which answers for what it
 * exports: every index that is at 3 and has an address.
 */
static void scan(struct fake_pcifront *p)
{
	const char *num = fake_store_peek(p->f, BACKEND "/num_devs", p->domid);

	for (int i = 0; num && i < atoi(num); i++) {
		const char *state = fake_store_peek(p->f, BACKEND "/state-%d", p->domid, i);
		struct xlpt_bdf vdev;

		if (!state || strcmp(state, "3") != 0 || !read_vdev(p, i, &vdev) ||
		    fake_pcifront_has(p, vdev))
			continue;
		XLPT_GROW(p->devs, p->n, p->alloc);
		p->devs[p->n++] = vdev;
	}
}

/* pcifront_detach_devices; a device that is not found is passed over. */
static void detach_devices(struct fake_pcifront *p)
{
	const char *num = fake_store_peek(p->f, BACKEND "/num_devs", p->domid);

	if (fe_state(p) != XLPT_XBS_CONNECTED || !num)
		return;
	for (int i = 0; i < atoi(num); i++) {
		const char *state = fake_store_peek(p->f, BACKEND "/state-%d", p->domid, i);
		struct xlpt_bdf vdev;

		if (!state || strcmp(state, "5") != 0)
			continue;
		if (!read_vdev(p, i, &vdev))
			return;
		for (size_t n = 0; n < p->n; n++)
			if (xlpt_bdf_eq(p->devs[n], vdev))
				p->devs[n--] = p->devs[--p->n];
	}
	switch_state(p, XLPT_XBS_RECONFIGURING);
}

/* What waited for the thread comes now, unless something else holds it up. */
static void catch_up(struct fake_pcifront *p)
{
	unsigned bus = p->late_bus, backend = p->late_backend;

	p->late_bus = p->late_backend = 0;
	while (bus--)
		on_bus_change(p);
	while (backend--)
		on_backend_change(p);
}

/* The end of pcifront_try_connect and of pcifront_attach_devices. */
static void scan_done(void *arg)
{
	struct fake_pcifront *p = arg;

	scan(p);
	p->scanning = false;
	switch_state(p, XLPT_XBS_CONNECTED);
	catch_up(p);
}

static void start_scan(struct fake_pcifront *p)
{
	p->scanning = true;
	fake_clock_in(fake_store_clock(p->f), p->o.scan_ms, scan_done, p);
}

/* pcifront_xenbus_probe and pcifront_publish_info */
static void probe(struct fake_pcifront *p)
{
	p->probed = true;
	p->cached = XLPT_XBS_INITIALISING;
	/* xenbus_dev_fatal */
	if (p->o.gives_up) {
		fake_store_set(p->f, p->o.gives_up, "/local/domain/%u/error/device/pci/0/error",
			       p->domid);
		switch_state(p, XLPT_XBS_CLOSING);
		return;
	}
	fake_store_set(p->f, "8", FRONTEND "/pci-op-ref", p->domid);
	fake_store_set(p->f, "17", FRONTEND "/event-channel", p->domid);
	fake_store_set(p->f, "7", FRONTEND "/magic", p->domid);
	switch_state(p, XLPT_XBS_INITIALISED);
}

/* pcifront_try_disconnect: from Closing on, which includes 7 and 8, it does nothing. */
static void try_disconnect(struct fake_pcifront *p)
{
	if (fe_state(p) >= XLPT_XBS_CLOSING)
		return;
	if (fe_state(p) == XLPT_XBS_CONNECTED)
		p->n = 0;
	switch_state(p, XLPT_XBS_CLOSED);
}

/* pcifront_backend_changed; the state is read when the thread gets to it. */
static void backend_changed(void *arg)
{
	struct fake_pcifront *p = arg;

	if (p->paused || p->scanning) {
		p->late_backend++;
		return;
	}
	if (!p->probed || (p->o.hangs_in && p->cached == p->o.hangs_in))
		return;
	switch (be_state(p)) {
	case XLPT_XBS_CONNECTED:
		if (fe_state(p) == XLPT_XBS_INITIALISED)
			start_scan(p);
		break;
	case XLPT_XBS_CLOSING:
	case XLPT_XBS_CLOSED:
		try_disconnect(p);
		break;
	case XLPT_XBS_RECONFIGURING:
		detach_devices(p);
		break;
	case XLPT_XBS_RECONFIGURED:
		if (fe_state(p) == XLPT_XBS_RECONFIGURING)
			start_scan(p);
		break;
	default:
		break;
	}
}

/* The frontend bus: the directory came or went. */
static void bus_changed(void *arg)
{
	struct fake_pcifront *p = arg;

	if (p->paused || p->scanning) {
		p->late_bus++;
		return;
	}
	if (!fake_store_peek(p->f, FRONTEND "/state", p->domid)) {
		p->probed = false;
		p->n = 0;
	} else if (!p->probed) {
		probe(p);
		on_backend_change(p); /* a new watch fires once */
	}
}

static void on_bus_change(void *arg)
{
	struct fake_pcifront *p = arg;

	if (!p->o.absent)
		fake_clock_in(fake_store_clock(p->f), p->o.step_ms, bus_changed, p);
}

static void on_backend_change(void *arg)
{
	struct fake_pcifront *p = arg;

	if (!p->o.absent)
		fake_clock_in(fake_store_clock(p->f), p->o.step_ms, backend_changed, p);
}

struct fake_pcifront *fake_pcifront_start(struct fake_store *f, uint32_t domid,
					  const struct fake_pcifront_opts *o)
{
	struct fake_pcifront *p = xlpt_xcalloc(1, sizeof(*p));
	_cleanup_free_ char *be = xlpt_xasprintf(BACKEND "/state", domid);
	_cleanup_free_ char *fe = xlpt_xasprintf(FRONTEND, domid);

	p->f = f;
	p->domid = domid;
	p->o = *o;
	fake_store_listen(f, be, on_backend_change, p);
	fake_store_listen(f, fe, on_bus_change, p);
	on_bus_change(p);
	return p;
}

void fake_pcifront_stop(struct fake_pcifront *p)
{
	if (!p)
		return;
	fake_clock_cancel(fake_store_clock(p->f), p);
	fake_store_unlisten(p->f, p);
	free(p->devs);
	free(p);
}

void fake_pcifront_pause(struct fake_pcifront *p, bool paused)
{
	p->paused = paused;
	if (!paused)
		catch_up(p);
}

bool fake_pcifront_has(struct fake_pcifront *p, struct xlpt_bdf vdev)
{
	for (size_t i = 0; i < p->n; i++)
		if (xlpt_bdf_eq(p->devs[i], vdev))
			return true;
	return false;
}

/* One transaction, as libxl does it: the actors see all of it or nothing. */
struct libxl_add {
	uint32_t domid;
	struct xlpt_bdf bdf;
	bool starting;
};

static int create_backend(struct xlpt_store *s, xlpt_xst t, uint32_t domid)
{
	_cleanup_free_ char *be = xlpt_xasprintf(BACKEND, domid);
	_cleanup_free_ char *fe = xlpt_xasprintf(FRONTEND, domid);
	_cleanup_free_ char *id = xlpt_xasprintf("%u", domid);

	xlpt_store_rm(s, t, "%s", be);
	xlpt_store_rm(s, t, "%s", fe);
	xlpt_store_write(s, t, fe, "%s/frontend", be);
	xlpt_store_write(s, t, id, "%s/frontend-id", be);
	xlpt_store_write(s, t, "1", "%s/online", be);
	xlpt_store_write(s, t, "1", "%s/state", be);
	xlpt_store_write(s, t, "guest", "%s/domain", be);
	xlpt_store_write(s, t, be, "%s/backend", fe);
	xlpt_store_write(s, t, "0", "%s/backend-id", fe);
	return xlpt_store_write(s, t, "1", "%s/state", fe);
}

static int libxl_add(struct xlpt_store *s, xlpt_xst t, void *arg)
{
	const struct libxl_add *a = arg;
	const char *bdf = XLPT_BDF_STR(a->bdf);
	char num[12];
	unsigned n = 0;

	if (xlpt_store_read_uint(s, t, &n, BACKEND "/num_devs", a->domid))
		create_backend(s, t, a->domid);
	xlpt_store_write(s, t, bdf, BACKEND "/key-%u", a->domid, n);
	xlpt_store_write(s, t, bdf, BACKEND "/dev-%u", a->domid, n);
	xlpt_store_write(s, t, "msitranslate=0,power_mgmt=0,permissive=0,rdm_policy=strict",
			 BACKEND "/opts-%u", a->domid, n);
	xlpt_store_write(s, t, "1", BACKEND "/state-%u", a->domid, n);
	snprintf(num, sizeof(num), "%u", n + 1);
	if (n && !a->starting)
		xlpt_store_write(s, t, "7", BACKEND "/state", a->domid);
	return xlpt_store_write(s, t, num, BACKEND "/num_devs", a->domid);
}

void fake_libxl_pci_add(struct fake_store *f, uint32_t domid, struct xlpt_bdf bdf)
{
	struct libxl_add a = { .domid = domid, .bdf = bdf };

	fake_store_quietly(f, libxl_add, &a);
}

void fake_libxl_pci_start(struct fake_store *f, uint32_t domid, struct xlpt_bdf bdf)
{
	struct libxl_add a = { .domid = domid, .bdf = bdf, .starting = true };

	fake_store_quietly(f, libxl_add, &a);
}

struct libxl_remove {
	uint32_t domid;
	unsigned index;
};

static int libxl_remove(struct xlpt_store *s, xlpt_xst t, void *arg)
{
	const struct libxl_remove *a = arg;

	xlpt_store_write(s, t, "5", BACKEND "/state-%u", a->domid, a->index);
	return xlpt_store_write(s, t, "7", BACKEND "/state", a->domid);
}

void fake_libxl_pci_ask_remove(struct fake_store *f, uint32_t domid, unsigned index)
{
	struct libxl_remove a = { .domid = domid, .index = index };

	fake_store_quietly(f, libxl_remove, &a);
}

bool fake_pcifront_bound(struct fake_pcifront *p)
{
	return p->probed;
}
