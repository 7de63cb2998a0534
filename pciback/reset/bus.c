/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Resetting a bus with all functions on it. Where the kernel has no reset_subordinate,
 * xlpt does what pci_reset_secondary_bus() and pci_bridge_wait_for_secondary_bus() do
 * (drivers/pci/pci.c): it stops the functions, sets the reset in the bridge's control
 * register for two milliseconds, waits until the link is up and the functions answer,
 * and gives them their registers back.
 */
#include <errno.h>
#include <string.h>

#include "pciback/device/config.h"
#include "pciback/reset/registers.h"

#define CONFIG	    "/sys/bus/pci/devices/%s/config"
#define SUBORDINATE "/sys/bus/pci/devices/%s/reset_subordinate"

enum {
	COMMAND = 0x04,
	COMMAND_NO_INTX = 0x0400, /* and no DMA, no memory, no ports */
	BRIDGE_CONTROL = 0x3e,
	BUS_RESET = 0x40,
	HEADER_END = 0x40,

	CAP_PCIE = 0x10,
	PCIE_FLAGS = 2,
	LINK_CAPS = 0x0c,
	LINK_CAPS_TELLS_ACTIVE = 1 << 20,
	LINK_STATUS = 0x12,
	LINK_STATUS_ACTIVE = 1 << 13,

	RESET_MS = 2,	     /* PCI 3.0 wants one */
	AFTER_MS = 100,	     /* PCIe 4.0, 6.6.1 */
	AFTER_PCI_MS = 1100, /* Trhfa, 2^25 clocks of 33 MHz, and those 100 */
	LINK_MS = 1000,
	ANSWER_MS = 60 * 1000, /* the kernel's PCIE_RESET_READY_POLL_MS */
	STEP_MS = 10,
};

static int bridge_error(struct xlpt_bdf bridge, enum xlpt_err code, int r, const char *what,
			struct xlpt_diag *diag)
{
	xlpt_diag_errno(diag, code, -r, "cannot %s behind bridge %s", what, XLPT_BDF_STR(bridge));
	xlpt_diag_fact(diag, "at 0x%02x in " CONFIG, BRIDGE_CONTROL, XLPT_BDF_STR(bridge));
	xlpt_diag_hint(diag,
		       code == XLPT_ERR_LEFT
			       ? "xlpt repair"
			       : "run xlpt as root; a kernel in lockdown lets nobody write there");
	return code;
}

static int control_get(struct xlpt_host *h, struct xlpt_bdf bridge, uint8_t cfg[XLPT_CONFIG_SIZE],
		       size_t *len)
{
	_cleanup_free_ char *path = xlpt_xasprintf(CONFIG, XLPT_BDF_STR(bridge));
	ssize_t r = h->ops->read(h, path, cfg, XLPT_CONFIG_SIZE);

	if (r >= 0 && (r < HEADER_END || !xlpt_config_answers(cfg)))
		r = -EIO;
	*len = r < 0 ? 0 : (size_t)r;
	return r < 0 ? (int)r : 0;
}

static int control_put(struct xlpt_host *h, struct xlpt_bdf bridge, unsigned v)
{
	_cleanup_free_ char *path = xlpt_xasprintf(CONFIG, XLPT_BDF_STR(bridge));
	const uint8_t bytes[2] = { (uint8_t)v, (uint8_t)(v >> 8) };

	return h->ops->write_at(h, path, bytes, sizeof(bytes), BRIDGE_CONTROL);
}

/* How long the functions may take to answer from now on. */
static int64_t wait_for_link(struct xlpt_host *h, struct xlpt_clock *clock, struct xlpt_bdf bridge,
			     const uint8_t *cfg, size_t len)
{
	unsigned pos = xlpt_config_find(cfg, len, CAP_PCIE), type;
	uint8_t now[XLPT_CONFIG_SIZE];
	int64_t deadline;

	if (!pos || pos + LINK_STATUS + 2 > len) {
		clock->sleep_ms(clock, AFTER_PCI_MS);
		return ANSWER_MS;
	}
	type = xlpt_reset_get(cfg, pos + PCIE_FLAGS, 2) >> 4 & 0xf;
	if (type != XLPT_PCIE_ROOT_PORT && type != XLPT_PCIE_DOWNSTREAM) {
		clock->sleep_ms(clock, AFTER_PCI_MS);
		return ANSWER_MS;
	}
	clock->sleep_ms(clock, AFTER_MS);
	if (!(xlpt_reset_get(cfg, pos + LINK_CAPS, 4) & LINK_CAPS_TELLS_ACTIVE))
		return ANSWER_MS;
	deadline = xlpt_now(clock) + LINK_MS;
	while (control_get(h, bridge, now, &len) || pos + LINK_STATUS + 2 > len ||
	       !(xlpt_reset_get(now, pos + LINK_STATUS, 2) & LINK_STATUS_ACTIVE)) {
		if (xlpt_now(clock) >= deadline)
			return LINK_MS;
		clock->sleep_ms(clock, STEP_MS);
	}
	clock->sleep_ms(clock, AFTER_MS);
	return ANSWER_MS;
}

/* One that is not ready reads as ones, or as 0001 where the bridge tells of it (RRS). */
static bool ready(struct xlpt_host *h, struct xlpt_bdf bdf)
{
	_cleanup_free_ char *path = xlpt_xasprintf(CONFIG, XLPT_BDF_STR(bdf));
	uint8_t cfg[HEADER_END];

	return h->ops->read(h, path, cfg, sizeof(cfg)) == (ssize_t)sizeof(cfg) &&
	       xlpt_config_answers(cfg) && xlpt_reset_get(cfg, 0, 2) != 0x0001;
}

static void wait_until_ready(struct xlpt_host *h, struct xlpt_clock *clock, struct xlpt_bdf bdf,
			     int64_t deadline)
{
	while (!ready(h, bdf) && xlpt_now(clock) < deadline)
		clock->sleep_ms(clock, STEP_MS);
}

/* ---- by xlpt ---- */

static int note(const struct xlpt_reset_bus *bus, struct xlpt_diag *diag, const char *key,
		struct xlpt_bdf bdf, const char *more)
{
	_cleanup_free_ char *line =
		xlpt_xasprintf("%s %s%s%s", key, XLPT_BDF_STR(bdf), *more ? " " : "", more);

	return bus->note(bus->ctx, line, diag);
}

/* Xen keeps the BARs of a PVH dom0's devices itself, and would not write them again. */
static int judge_dom0(struct xlpt_host *h, const struct xlpt_reset_bus *bus, struct xlpt_diag *diag)
{
	_cleanup_free_ char *type = NULL;

	if (xlpt_host_read_text(h, &type, "/sys/hypervisor/guest_type") < 0 ||
	    !xlpt_streq(type, "PVH"))
		return 0;
	xlpt_diag_set(diag, XLPT_ERR_NOT_FOUND, "nothing can reset the bus behind bridge %s",
		      XLPT_BDF_STR(bus->bridge));
	xlpt_diag_fact(diag,
		       "dom0 is of type PVH: it cannot give the devices their addresses back");
	xlpt_diag_hint(diag, "use Linux 6.13 or later, which resets it itself (reset_subordinate)");
	return XLPT_ERR_NOT_FOUND;
}

static int give_back(struct xlpt_host *h, struct xlpt_bdf bdf, const struct xlpt_registers *regs,
		     struct xlpt_diag *diag)
{
	int r = xlpt_registers_put(h, bdf, regs);

	if (r >= 0)
		return 0;
	xlpt_diag_errno(diag, XLPT_ERR_LEFT, -r,
			"cannot give %s its configuration back after the reset of its bus",
			XLPT_BDF_STR(bdf));
	xlpt_diag_fact(diag, CONFIG " cannot be written", XLPT_BDF_STR(bdf));
	xlpt_diag_hint(diag, "xlpt repair");
	return XLPT_ERR_LEFT;
}

static int reset_by_xlpt(struct xlpt_host *h, struct xlpt_clock *clock,
			 const struct xlpt_reset_bus *bus, struct xlpt_reset_fn *fns,
			 struct xlpt_diag *diag)
{
	_cleanup_free_ struct xlpt_registers *regs = xlpt_xcalloc(bus->n, sizeof(*regs));
	uint8_t cfg[XLPT_CONFIG_SIZE];
	unsigned control;
	int64_t deadline;
	size_t len;
	int rc = 0, r = control_get(h, bus->bridge, cfg, &len);

	if (r < 0)
		return bridge_error(bus->bridge, XLPT_ERR_IO, r, "reset the bus", diag);
	control = xlpt_reset_get(cfg, BRIDGE_CONTROL, 2) & ~(unsigned)BUS_RESET;
	for (size_t i = 0; rc == 0 && i < bus->n; i++) {
		_cleanup_free_ char *text = NULL;

		xlpt_registers_take(fns[i].before, fns[i].len, &regs[i]);
		text = xlpt_registers_text(&regs[i]);
		rc = note(bus, diag, XLPT_NOTE_REGISTERS, bus->functions[i], text);
	}
	if (rc == 0)
		rc = note(bus, diag, XLPT_NOTE_BUS, bus->bridge, "");
	if (rc)
		return rc;
	for (size_t i = 0; i < bus->n; i++)
		xlpt_reset_put(&fns[i], COMMAND, 2, COMMAND_NO_INTX);
	r = control_put(h, bus->bridge, control | BUS_RESET);
	if (r < 0) {
		for (size_t i = 0; rc == 0 && i < bus->n; i++)
			rc = give_back(h, bus->functions[i], &regs[i], diag);
		return rc ? rc : bridge_error(bus->bridge, XLPT_ERR_IO, r, "reset the bus", diag);
	}
	clock->sleep_ms(clock, RESET_MS);
	r = control_put(h, bus->bridge, control);
	if (r < 0)
		r = control_put(h, bus->bridge, control);
	if (r < 0)
		return bridge_error(bus->bridge, XLPT_ERR_LEFT, r, "end the reset of the bus",
				    diag);
	deadline = wait_for_link(h, clock, bus->bridge, cfg, len);
	deadline += xlpt_now(clock);
	for (size_t i = 0; i < bus->n; i++)
		wait_until_ready(h, clock, bus->functions[i], deadline);
	for (size_t i = 0; i < bus->n; i++) {
		int rc_one = give_back(h, bus->functions[i], &regs[i], rc ? NULL : diag);

		rc = rc ? rc : rc_one;
	}
	/* Should this fail: a repair then looks, and finds everything as it should be. */
	if (rc == 0)
		note(bus, NULL, XLPT_NOTE_BUS_IS_RESET, bus->bridge, "");
	return rc;
}

int xlpt_reset_bus_release(struct xlpt_host *h, struct xlpt_clock *clock, struct xlpt_bdf bridge,
			   bool *changed, struct xlpt_diag *diag)
{
	uint8_t cfg[XLPT_CONFIG_SIZE];
	unsigned control;
	size_t len;
	int r;

	*changed = false;
	if (!xlpt_host_has(h, CONFIG, XLPT_BDF_STR(bridge)))
		return 0;
	r = control_get(h, bridge, cfg, &len);
	control = r < 0 ? 0 : xlpt_reset_get(cfg, BRIDGE_CONTROL, 2);
	if (r == 0 && !(control & BUS_RESET))
		return 0;
	if (r == 0)
		r = control_put(h, bridge, control & ~(unsigned)BUS_RESET);
	if (r < 0)
		return bridge_error(bridge, XLPT_ERR_LEFT, r, "end the reset of the bus", diag);
	wait_for_link(h, clock, bridge, cfg, len);
	*changed = true;
	return 0;
}

int xlpt_reset_bus_restore(struct xlpt_host *h, struct xlpt_clock *clock, struct xlpt_bdf bdf,
			   const char *text, bool *changed, struct xlpt_diag *diag)
{
	struct xlpt_registers regs;

	*changed = false;
	/* Unplugged meanwhile; or a line that was cut off, before anything was lost. */
	if (!xlpt_host_has(h, CONFIG, XLPT_BDF_STR(bdf)) || !xlpt_registers_parse(text, &regs))
		return 0;
	wait_until_ready(h, clock, bdf, xlpt_now(clock) + LINK_MS);
	if (xlpt_registers_hold(h, bdf, &regs))
		return 0;
	*changed = true;
	return give_back(h, bdf, &regs, diag);
}

/* ---- by the kernel or by xlpt ---- */

static int refused(const struct xlpt_reset_fn *f, int r, struct xlpt_diag *diag)
{
	xlpt_diag_errno(diag, XLPT_ERR_IO, -r, "the kernel did not reset the bus of %s",
			XLPT_BDF_STR(f->bdf));
	xlpt_diag_fact(diag, "writing 1 to reset_subordinate of the bridge%s",
		       r == -EAGAIN ? "; EAGAIN means that a function behind it is busy just now"
				    : "");
	xlpt_diag_hint(diag, r == -EAGAIN ? "run the command again" : "dmesg | tail");
	return XLPT_ERR_IO;
}

/* All of them are looked at; the worst that came of it is told. */
static int judge_all(struct xlpt_reset_fn *fns, size_t n, int r, struct xlpt_reset_result *out,
		     struct xlpt_diag *diag)
{
	int worst = 0;

	for (size_t i = 0; i < n; i++) {
		_cleanup_diag_ struct xlpt_diag no = { 0 };
		int rc = xlpt_reset_judge(&fns[i], r, &out[i], &no);

		if (rc && (!worst || (rc == XLPT_ERR_LEFT && worst != XLPT_ERR_LEFT))) {
			worst = rc;
			xlpt_diag_move(diag, &no);
		}
	}
	return worst;
}

int xlpt_reset_bus_do(struct xlpt_host *h, struct xlpt_clock *clock,
		      const struct xlpt_reset_bus *bus, struct xlpt_reset_result *out,
		      struct xlpt_diag *diag)
{
	_cleanup_free_ struct xlpt_reset_fn *fns = xlpt_xcalloc(bus->n, sizeof(*fns));
	bool own = bus->by == XLPT_RESET_BY_XLPT;
	int rc = own ? judge_dom0(h, bus, diag) : 0, r = 0;

	memset(out, 0, bus->n * sizeof(*out));
	for (size_t i = 0; rc == 0 && i < bus->n; i++) {
		fns[i].refused = refused;
		fns[i].by_xlpt = own;
		rc = xlpt_reset_open(&fns[i], h, bus->functions[i], diag);
	}
	if (rc)
		return rc;
	for (size_t i = 0; i < bus->n; i++)
		xlpt_reset_mark(&fns[i]);
	if (own)
		rc = reset_by_xlpt(h, clock, bus, fns, diag);
	else
		r = xlpt_host_write_text(h, "1", SUBORDINATE, XLPT_BDF_STR(bus->bridge));
	if (rc == 0)
		rc = judge_all(fns, bus->n, r, out, diag);
	for (size_t i = 0; i < bus->n; i++)
		if (xlpt_reset_unmark(&fns[i], rc ? NULL : diag) && rc == 0)
			rc = XLPT_ERR_LEFT;
	for (size_t i = 0; rc && i < bus->n; i++)
		xlpt_reset_result_dispose(&out[i]);
	return rc;
}
