/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tests/fake/broken.h"

#include <string.h>

#include "xl-plugin/repair/contradictions.h"

#define BACKEND "/local/domain/0/backend/pci/%u/0/"

/* 0000:0f:00.0 is none of this host's. */
static const char *const devices[] = { "0000:05:00.0", "0000:02:00.0", "0000:01:10.2",
				       "0000:01:10.4", "0000:0f:00.0" };
static const uint32_t domids[] = { 3, 5, 9 };

static struct xlpt_bdf bdf_of(const char *text)
{
	struct xlpt_bdf bdf = { 0 };

	xlpt_bdf_parse(text, strlen(text), &bdf, NULL);
	return bdf;
}

struct world *broken_world(void)
{
	struct world *w = pools_world();

	world_run(w, "attach db1 --hide 0000:03:00.0");
	world_run(w, "pool define one dev=01:10.4");
	return w;
}

/* What one step is about. */
struct breaking {
	struct world *w;
	const char *dev; /* and as libxl spells it in its notes */
	char note[XLPT_BDF_LEN];
	uint32_t domid;
	unsigned n; /* any number */
};

static bool lives(struct breaking *b)
{
	struct xlpt_toolstack *ts = fake_ts_get(b->w->ts);
	_cleanup_guest_ struct xlpt_guest g = { 0 };

	return ts->ops->guest_by_id(ts, b->domid, &g, NULL) == 0;
}

static void give(struct breaking *b)
{
	struct xlpt_spec spec = { .bdf = bdf_of(b->dev), .has_bdf = true, .vslot = -1 };
	struct xlpt_toolstack *ts = fake_ts_get(b->w->ts);

	world_run(b->w, "hide %s", b->dev);
	if (lives(b))
		ts->ops->device_add(ts, b->domid, &spec, NULL);
}

static void give_half(struct breaking *b)
{
	fake_ts_fail(b->w->ts, FAKE_TS_ADD, 1,
		     (enum fake_ts_depth)(b->n % (FAKE_TS_AFTER_NODES + 1)));
	give(b);
	fake_ts_fail(b->w->ts, FAKE_TS_ADD, 0, FAKE_TS_AT_ONCE);
}

static void note(struct breaking *b)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", b->domid);
	fake_store_set(b->w->store, text, "/libxl/pci/%s/domid", b->note);
}

static void unnote(struct breaking *b)
{
	fake_store_set(b->w->store, NULL, "/libxl/pci/%s/domid", b->note);
}

static bool has_backend(struct breaking *b)
{
	return fake_store_peek(b->w->store, BACKEND "num_devs", b->domid);
}

static void num_devs(struct breaking *b)
{
	char text[16];

	snprintf(text, sizeof(text), "%u", b->n % 4);
	if (has_backend(b))
		fake_store_set(b->w->store, text, BACKEND "num_devs", b->domid);
}

static void state(struct breaking *b)
{
	if (has_backend(b))
		fake_store_set(b->w->store, "5", BACKEND "state-%u", b->domid, b->n % 3);
}

static void no_dev(struct breaking *b)
{
	if (has_backend(b))
		fake_store_set(b->w->store, NULL, BACKEND "dev-%u", b->domid, b->n % 2);
}

static void ask_remove(struct breaking *b)
{
	if (fake_store_peek(b->w->store, BACKEND "dev-0", b->domid))
		fake_libxl_pci_ask_remove(b->w->store, b->domid, 0);
	b->w->clock.clock.sleep_ms(&b->w->clock.clock, 100);
}

static void take_in_xen(struct breaking *b)
{
	struct xlpt_toolstack *ts = fake_ts_get(b->w->ts);

	if (lives(b))
		ts->ops->revoke(ts, b->domid, bdf_of(b->dev), NULL, 0, 0, NULL);
}

static void override(struct breaking *b)
{
	xlpt_host_write_text(fake_bus_host(b->w->bus), "pciback",
			     "/sys/bus/pci/devices/%s/driver_override", b->dev);
}

static void journal(struct breaking *b)
{
	static const char *const ops[] = { "attach", "detach", "hide", "unhide" };
	_cleanup_free_ char *path = xlpt_xasprintf("/run/xlpt/journal/%u-1", b->n % 3 + 1);
	const char *op = ops[b->n % XLPT_ARRAY_SIZE(ops)];
	_cleanup_str_ struct xlpt_str text = { 0 };

	xlpt_str_addf(&text, "xlpt 1\nop %s\n", op);
	if (b->n % 4 < 2)
		xlpt_str_addf(&text, "guest %u 00000000-0000-4000-8000-%012u %s\n", b->domid,
			      b->domid,
			      b->domid == 3   ? "web1"
			      : b->domid == 5 ? "win1"
					      : "lost1");
	xlpt_str_addf(&text, "device %s %s -\nbegin something with %s\n", b->dev,
		      b->n & 8 ? "hide" : "keep", b->dev);
	fake_bus_put(b->w->bus, path, text.s);
}

static void lease(struct breaking *b)
{
	fake_bus_put(b->w->bus, "/var/lib/xlpt/leases/0000:01:10.4",
		     b->n & 1 ? "xlpt-lease 1\ndevice 0000:01:10.4\npool one\n"
				"guest 9 - lost1\nboot " POOLS_BOOT "\nsince 1700000000\n"
			      : "xlpt-lease 1\ndevice 0000:01:10.4\npool one\n"
				"guest 3 00000000-0000-4000-8000-000000000003 web1\n"
				"boot other\nsince 1700000000\nback host\n");
}

static void identity(struct breaking *b)
{
	world_run(b->w, "attach web1 --hide 0000:01:10.2,mac=52:54:00:6d:90:02");
	if (b->n & 1)
		fake_store_set(b->w->store, NULL, "/local/domain/0/backend/pci/3");
}

static void guest_ends(struct breaking *b)
{
	if (!lives(b))
		return;
	if (b->domid == 3 && b->n % 3 == 0)
		fake_ts_ended(b->w->ts, 3);
	else if (b->domid == 3 && b->n % 3 == 1)
		fake_ts_down(b->w->ts, 3);
	else if (b->domid != 9)
		fake_ts_kill(b->w->ts, b->domid);
}

static void unplug(struct breaking *b)
{
	if (xlpt_host_has(fake_bus_host(b->w->bus), "/sys/bus/pci/devices/%s", b->dev))
		fake_bus_remove(b->w->bus, b->dev);
}

static void frontend(struct breaking *b)
{
	b->domid = 3;
	if (!lives(b))
		return;
	world_frontend(b->w, &(struct fake_pcifront_opts){ .step_ms = 10,
							   .absent = b->n % 3 == 0,
							   .hangs_in = b->n % 3 == 1 ? 3 : 0 });
}

static void guest_writes(struct breaking *b)
{
	static const char *const texts[] = {
		"3", "4", "6", "999999999999999999999", "\033[2J", ""
	};

	if (fake_store_peek(b->w->store, "/local/domain/3/device/pci/0"))
		fake_store_set(b->w->store, texts[b->n % XLPT_ARRAY_SIZE(texts)],
			       "/local/domain/3/device/pci/0/%s",
			       b->n & 1 ? "state" : "event-channel");
}

static void unbind(struct breaking *b)
{
	if (!strcmp(b->dev, "0000:02:00.0") &&
	    xlpt_host_has(fake_bus_host(b->w->bus), "/sys/bus/pci/devices/%s/driver", b->dev))
		xlpt_host_write_text(fake_bus_host(b->w->bus), b->dev,
				     "/sys/bus/pci/devices/%s/driver/unbind", b->dev);
}

static void empty(struct breaking *b)
{
	if (lives(b) && !has_backend(b)) {
		fake_store_set(b->w->store, "0", BACKEND "num_devs", b->domid);
		fake_store_set(b->w->store, "4", BACKEND "state", b->domid);
	}
}

static void (*const ways[])(struct breaking *b) = {
	give,	    give_half,	 note,	       unnote,	num_devs, state,    no_dev,
	ask_remove, take_in_xen, override,     journal, lease,	  identity, guest_ends,
	unplug,	    frontend,	 guest_writes, unbind,	empty,
};

void broken_journal(struct world *w)
{
	fake_bus_put(w->bus, "/run/xlpt/journal/1-1",
		     "xlpt 1\nop attach\nguest 3 00000000-0000-4000-8000-000000000003 web1\n"
		     "device 0000:05:00.0 keep -\nbegin add 0000:05:00.0 to web1\n");
}

void broken_mark(struct world *w)
{
	fake_store_set(w->store, "77", "/libxl/pci/0000-05-00-0/domid");
}

void broken_break(struct world *w, const uint8_t *bytes, size_t n)
{
	for (size_t i = 0; i < BROKEN_MAX && (i + 1) * BROKEN_STEP <= n; i++) {
		const uint8_t *at = bytes + i * BROKEN_STEP;
		struct breaking b = { .w = w,
				      .dev = devices[at[1] % XLPT_ARRAY_SIZE(devices)],
				      .domid = domids[at[2] % XLPT_ARRAY_SIZE(domids)],
				      .n = at[2] / XLPT_ARRAY_SIZE(domids) };

		xlpt_bdf_format(bdf_of(b.dev), XLPT_BDF_XS, b.note);
		/* What nobody was given can hardly be broken: it begins with that. */
		ways[at[0] % (i < 2 ? 2 : XLPT_ARRAY_SIZE(ways))](&b);
	}
	w->clock.clock.sleep_ms(&w->clock.clock, 1000);
}

char *broken_sound(struct world *w)
{
	static const char *const dom0[] = { "0000:00:1f.2", "0000:01:00.0", "0000:04:00.0",
					    "0000:04:00.1", "0000:0e:00.0", "0000:03:00.0" };
	_cleanup_free_ char *be = fake_store_dump(w->store, "/local/domain/0/backend/pci/4"),
			    *fe = fake_store_dump(w->store, "/local/domain/4"),
			    *libxl = fake_store_dump(w->store, "/libxl/pci/0000-03-00-0");
	struct xlpt_str s = { 0 };

	xlpt_str_addf(&s, "%s%s%s", be, fe, libxl);
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(dom0); i++) {
		const char *driver = fake_bus_driver_of(w->bus, dom0[i]);

		xlpt_str_addf(&s, "%s %s %lld\n", dom0[i], driver ? driver : "-",
			      (long long)fake_ts_owner(w->ts, bdf_of(dom0[i])));
	}
	return xlpt_str_take(&s);
}

static void wrong(struct world *w, const char *what, const char *more)
{
	fprintf(stderr, "%s\n%s\n%s%s", what, more, w->out, w->err);
	abort();
}

/* Something is left that repair says it mends. */
static void look(struct world *w, int status)
{
	struct xlpt_env env = world_env(w);
	_cleanup_contradictions_ struct xlpt_contradictions list = { 0 };

	env.err = stderr;
	if (xlpt_contradictions_find(&env, XLPT_LOOK_TWICE, &list, NULL))
		wrong(w, "cannot look after repair", "");
	for (size_t i = 0; status == 0 && i < list.n; i++)
		if (list.items[i].does)
			wrong(w, "repair exits 0 and this is left:", list.items[i].what);
}

int broken_repair(struct world *w, const char *sound)
{
	int64_t begin = xlpt_now(&w->clock.clock);
	_cleanup_free_ char *now = NULL;
	int status = world_run(w, "repair");

	if (status != 0 && status != 5)
		wrong(w, "repair exits neither 0 nor 5", "");
	/* A guest that is in the middle of something may keep its device, and no other reason counts. */
	if (status == 5 && (!strstr(w->err, "to mend: ") || !strstr(w->err, "does not let go of")))
		wrong(w, "repair gives up, and no guest is to blame", "");
	if (xlpt_now(&w->clock.clock) - begin > 600000)
		wrong(w, "repair takes more than ten minutes", "");
	now = broken_sound(w);
	if (strcmp(now, sound) != 0)
		wrong(w, "repair changed what was sound:", now);
	look(w, status);
	return status;
}
