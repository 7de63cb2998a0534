/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The proof that a function was reset.
 *
 * pci_reset_function() saves configuration space before and restores it after,
 * so that nothing of the header can tell. What it does not restore is the
 * MSI-X control of a function whose MSI-X the kernel has not enabled
 * (drivers/pci/msi, pci_restore_msix_state). Its Function Mask bit is cleared
 * by every kind of reset (PCI 3.0, 6.8.2.3), and while MSI-X is off it does
 * nothing: set before and clear afterwards, it is the proof. Where there is only
 * MSI, its message address does the same, though its value after a reset is not
 * laid down: a change proves, no change says nothing.
 *
 * Xen lets dom0 write both registers (xen/arch/x86/msi.c,
 * pci_msi_conf_write_intercept).
 */
#include "pciback/reset/function.h"

#include <errno.h>
#include <string.h>

#include "pciback/device/config.h"

enum {
	HEADER_SIZE = 0x40,
	COMMAND = 0x04,
	BARS = 0x10,
	BARS_END = 0x28,

	CAP_MSI = 0x05,
	CAP_MSIX = 0x11,
	MSIX_ENABLE = 0x8000,
	MSIX_MASK_ALL = 0x4000,
	MSI_ENABLE = 0x0001,
	MSI_ADDRESS = 4,
	MSI_PATTERN = 0x00001550, /* in the bits that every MSI address has */
};

void xlpt_reset_result_dispose(struct xlpt_reset_result *result)
{
	free(result->fact);
	*result = (struct xlpt_reset_result){ 0 };
}

uint32_t xlpt_reset_get(const uint8_t *cfg, unsigned at, unsigned size)
{
	uint32_t v = 0;

	while (size--)
		v = v << 8 | cfg[at + size];
	return v;
}

int xlpt_reset_put(struct xlpt_reset_fn *f, unsigned at, unsigned size, uint32_t v)
{
	uint8_t bytes[4] = { (uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16),
			     (uint8_t)(v >> 24) };

	return f->h->ops->write_at(f->h, f->path, bytes, size, at);
}

/* Bytes of configuration space; 0 when it cannot be read. */
static size_t read_config(struct xlpt_reset_fn *f, uint8_t cfg[XLPT_CONFIG_SIZE])
{
	ssize_t r = f->h->ops->read(f->h, f->path, cfg, XLPT_CONFIG_SIZE);

	return r < 0 ? 0 : (size_t)r;
}

int xlpt_reset_open(struct xlpt_reset_fn *f, struct xlpt_host *h, struct xlpt_bdf bdf,
		    struct xlpt_diag *diag)
{
	f->h = h;
	f->bdf = bdf;
	snprintf(f->path, sizeof(f->path), "/sys/bus/pci/devices/%s/config", XLPT_BDF_STR(bdf));
	f->len = read_config(f, f->before);
	if (f->len >= HEADER_SIZE)
		return 0;
	xlpt_diag_set(diag, XLPT_ERR_IO, "cannot read the configuration space of %s",
		      XLPT_BDF_STR(bdf));
	xlpt_diag_fact(diag, "%s gives %zu bytes", f->path, f->len);
	xlpt_diag_hint(diag, "xlpt list shows whether it is there; run xlpt as root");
	return XLPT_ERR_IO;
}

/* ---- the witness ---- */

static void choose(struct xlpt_reset_fn *f)
{
	unsigned msix = xlpt_config_find(f->before, f->len, CAP_MSIX);
	unsigned msi = xlpt_config_find(f->before, f->len, CAP_MSI);
	bool msi_on =
		msi && msi + 4 <= f->len && xlpt_reset_get(f->before, msi + 2, 2) & MSI_ENABLE;
	bool msix_on =
		msix && msix + 4 <= f->len && xlpt_reset_get(f->before, msix + 2, 2) & MSIX_ENABLE;

	if (msi_on || msix_on) {
		f->w.why_not = "its message interrupts are in use";
	} else if (msix && msix + 4 <= f->len) {
		f->w = (struct xlpt_reset_witness){ .at = msix + 2,
						    .size = 2,
						    .certain = true,
						    .name = "the function mask of its MSI-X" };
		f->w.before = xlpt_reset_get(f->before, f->w.at, 2);
		f->w.set = f->w.before | MSIX_MASK_ALL;
	} else if (msi && msi + 8 <= f->len) {
		f->w = (struct xlpt_reset_witness){ .at = msi + MSI_ADDRESS,
						    .size = 4,
						    .name = "the message address of its MSI" };
		f->w.before = xlpt_reset_get(f->before, f->w.at, 4);
		f->w.set = f->w.before ^ MSI_PATTERN;
	} else {
		f->w.why_not = "it has no register that would show a reset";
	}
}

/* Left from a reset that was cut short it is set already; clearing it first shows that it can be.
 */
void xlpt_reset_mark(struct xlpt_reset_fn *f)
{
	uint8_t cfg[XLPT_CONFIG_SIZE];

	choose(f);
	if (!f->w.at)
		return;
	if (f->w.certain && f->w.before & MSIX_MASK_ALL)
		f->w.before &= ~(uint32_t)MSIX_MASK_ALL;
	if (xlpt_reset_put(f, f->w.at, f->w.size, f->w.set) || read_config(f, cfg) != f->len) {
		f->w.at = 0;
		f->w.why_not = "its configuration space cannot be written here";
	} else if (xlpt_reset_get(cfg, f->w.at, f->w.size) != f->w.set) {
		xlpt_reset_put(f, f->w.at, f->w.size, f->w.before);
		f->w.at = 0;
		f->w.why_not = "its interrupt registers do not take what is written";
	}
}

static bool witnessed(const struct xlpt_reset_fn *f)
{
	return f->w.at && xlpt_reset_get(f->after, f->w.at, f->w.size) != f->w.set;
}

/* Also when the reset has cleared it: Xen remembers what dom0 wrote to the MSI-X control. */
int xlpt_reset_unmark(struct xlpt_reset_fn *f, struct xlpt_diag *diag)
{
	int r = f->w.at ? xlpt_reset_put(f, f->w.at, f->w.size, f->w.before) : 0;

	if (r >= 0)
		return 0;
	xlpt_diag_errno(diag, XLPT_ERR_LEFT, -r, "cannot put back a register of %s",
			XLPT_BDF_STR(f->bdf));
	xlpt_diag_fact(diag, "at 0x%x in %s", f->w.at, f->path);
	xlpt_diag_hint(diag, "xlpt reset %s", XLPT_BDF_STR(f->bdf));
	return XLPT_ERR_LEFT;
}

/* ---- what came of it ---- */

/* A function that is off the bus reads as ones; a virtual one has ones as its vendor only. */
static bool on_bus(const uint8_t *cfg)
{
	for (unsigned i = 0; i < HEADER_SIZE; i++)
		if (cfg[i] != 0xff)
			return true;
	return false;
}

/* One that was off the bus before may come back by its reset. */
static bool answers(const struct xlpt_reset_fn *f, size_t len)
{
	return len >= HEADER_SIZE && on_bus(f->after) &&
	       (!on_bus(f->before) ||
		xlpt_reset_get(f->after, 0, 4) == xlpt_reset_get(f->before, 0, 4));
}

static int no_answer(const struct xlpt_reset_fn *f, size_t len, struct xlpt_diag *diag)
{
	const char *bdf = XLPT_BDF_STR(f->bdf);

	xlpt_diag_set(diag, XLPT_ERR_LEFT, "%s does not answer after its reset", bdf);
	if (len < HEADER_SIZE)
		xlpt_diag_fact(diag, "its configuration space cannot be read");
	else
		xlpt_diag_fact(diag, "its first word reads %08x and was %08x",
			       xlpt_reset_get(f->after, 0, 4), xlpt_reset_get(f->before, 0, 4));
	xlpt_diag_hint(
		diag, "echo 1 > /sys/bus/pci/devices/%s/remove; echo 1 > /sys/bus/pci/rescan", bdf);
	return XLPT_ERR_LEFT;
}

/* What the kernel has to have put back: where the function's memory is, and its command. */
static int lost(const struct xlpt_reset_fn *f, struct xlpt_diag *diag)
{
	for (unsigned at = COMMAND; at < BARS_END; at = at == COMMAND ? BARS : at + 4) {
		unsigned size = at == COMMAND ? 2 : 4;
		uint32_t was = xlpt_reset_get(f->before, at, size),
			 is = xlpt_reset_get(f->after, at, size);

		if (was == is || !on_bus(f->before))
			continue;
		xlpt_diag_set(diag, XLPT_ERR_LEFT, "%s has lost its configuration in its reset",
			      XLPT_BDF_STR(f->bdf));
		xlpt_diag_fact(diag, "at 0x%02x its configuration space reads 0x%x and was 0x%x",
			       at, is, was);
		xlpt_diag_hint(diag,
			       "echo 1 > /sys/bus/pci/devices/%s/remove; "
			       "echo 1 > /sys/bus/pci/rescan",
			       XLPT_BDF_STR(f->bdf));
		return XLPT_ERR_LEFT;
	}
	return 0;
}

static int not_done(const struct xlpt_reset_fn *f, struct xlpt_diag *diag)
{
	xlpt_diag_set(diag, XLPT_ERR_CONFLICT, "%s was not reset, though %s", XLPT_BDF_STR(f->bdf),
		      f->by_xlpt ? "its bus was" : "the kernel says so");
	xlpt_diag_fact(diag, "%s was set before, every reset clears it, and it is still set",
		       f->w.name);
	xlpt_diag_hint(diag, "xlpt reset --list %s shows other methods", XLPT_BDF_STR(f->bdf));
	return XLPT_ERR_CONFLICT;
}

/*
 * The kernel may give an error after a reset that took place: a bridge that does
 * not tell of its link makes it say ENOTTY (pci_bridge_wait_for_secondary_bus).
 * The witness has the last word.
 */
int xlpt_reset_judge(struct xlpt_reset_fn *f, int r, struct xlpt_reset_result *out,
		     struct xlpt_diag *diag)
{
	size_t len = read_config(f, f->after);
	bool seen = len == f->len && witnessed(f);
	int rc;

	if (r < 0 && !seen)
		return answers(f, len) ? f->refused(f, r, diag) : no_answer(f, len, diag);
	if (!answers(f, len))
		return no_answer(f, len, diag);
	rc = lost(f, diag);
	if (rc)
		return rc;
	if (seen) {
		out->proof = XLPT_RESET_PROVEN;
		out->fact = xlpt_xasprintf("%s was set before and is clear%s%s%s", f->w.name,
					   r < 0 ? ", although the kernel says \"" : "",
					   r < 0 ? strerror(-r) : "", r < 0 ? "\"" : "");
		return 0;
	}
	if (f->w.certain && f->w.at)
		return not_done(f, diag);
	out->fact = xlpt_xasprintf("it answers, and %s%s", f->w.at ? f->w.name : f->w.why_not,
				   f->w.at ? " is as before, which proves nothing" : "");
	return 0;
}
