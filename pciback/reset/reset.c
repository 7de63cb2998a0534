/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Doing a reset, and proving it.
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
#include "pciback/reset/reset.h"

#include <errno.h>
#include <string.h>

#include "pciback/device/config.h"
#include "pciback/device/scan.h"

#define DEVICE "/sys/bus/pci/devices/%s"

enum {
	HEADER_SIZE = 0x40,
	CONFIG_SIZE = 0x1000,
	COMMAND = 0x04,
	STATUS = 0x06,
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

struct witness {
	unsigned at; /* 0 = there is none */
	unsigned size;
	uint32_t before, set;
	bool certain; /* a reset must change it */
	const char *name;
	const char *why_not;
};

struct function {
	struct xlpt_host *h;
	struct xlpt_bdf bdf;
	char path[64];
	uint8_t before[CONFIG_SIZE], after[CONFIG_SIZE];
	size_t len;
	struct witness w;
};

void xlpt_reset_result_dispose(struct xlpt_reset_result *result)
{
	free(result->fact);
	*result = (struct xlpt_reset_result){ 0 };
}

static uint32_t get(const uint8_t *cfg, unsigned at, unsigned size)
{
	uint32_t v = 0;

	while (size--)
		v = v << 8 | cfg[at + size];
	return v;
}

static int put(struct function *f, unsigned at, unsigned size, uint32_t v)
{
	uint8_t bytes[4] = { (uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16),
			     (uint8_t)(v >> 24) };

	return f->h->ops->write_at(f->h, f->path, bytes, size, at);
}

static size_t read_config(struct function *f, uint8_t cfg[CONFIG_SIZE])
{
	ssize_t r = f->h->ops->read(f->h, f->path, cfg, CONFIG_SIZE);

	return r < 0 ? 0 : (size_t)r;
}

/* ---- the witness ---- */

static void choose(struct function *f)
{
	unsigned msix = xlpt_config_find(f->before, f->len, CAP_MSIX);
	unsigned msi = xlpt_config_find(f->before, f->len, CAP_MSI);
	bool msi_on = msi && msi + 4 <= f->len && get(f->before, msi + 2, 2) & MSI_ENABLE;
	bool msix_on = msix && msix + 4 <= f->len && get(f->before, msix + 2, 2) & MSIX_ENABLE;

	if (msi_on || msix_on) {
		f->w.why_not = "its message interrupts are in use";
	} else if (msix && msix + 4 <= f->len) {
		f->w = (struct witness){ .at = msix + 2,
					 .size = 2,
					 .certain = true,
					 .name = "the function mask of its MSI-X" };
		f->w.before = get(f->before, f->w.at, 2);
		f->w.set = f->w.before | MSIX_MASK_ALL;
	} else if (msi && msi + 8 <= f->len) {
		f->w = (struct witness){ .at = msi + MSI_ADDRESS,
					 .size = 4,
					 .name = "the message address of its MSI" };
		f->w.before = get(f->before, f->w.at, 4);
		f->w.set = f->w.before ^ MSI_PATTERN;
	} else {
		f->w.why_not = "it has no register that would show a reset";
	}
}

/* Left from a reset that was cut short it is set already; clearing it first shows that it can be.
 */
static void set_witness(struct function *f)
{
	uint8_t cfg[CONFIG_SIZE];

	choose(f);
	if (!f->w.at)
		return;
	if (f->w.certain && f->w.before & MSIX_MASK_ALL)
		f->w.before &= ~(uint32_t)MSIX_MASK_ALL;
	if (put(f, f->w.at, f->w.size, f->w.set) || read_config(f, cfg) != f->len) {
		f->w.at = 0;
		f->w.why_not = "its configuration space cannot be written here";
	} else if (get(cfg, f->w.at, f->w.size) != f->w.set) {
		put(f, f->w.at, f->w.size, f->w.before);
		f->w.at = 0;
		f->w.why_not = "its interrupt registers do not take what is written";
	}
}

static bool witnessed(const struct function *f)
{
	return f->w.at && get(f->after, f->w.at, f->w.size) != f->w.set;
}

/* Also when the reset has cleared it: Xen remembers what dom0 wrote to the MSI-X control. */
static int unset_witness(struct function *f)
{
	return f->w.at ? put(f, f->w.at, f->w.size, f->w.before) : 0;
}

/* ---- reset_method ---- */

char *xlpt_reset_method_read(struct xlpt_host *h, struct xlpt_bdf bdf)
{
	char *text = NULL;

	return xlpt_host_read_text(h, &text, DEVICE "/reset_method", XLPT_BDF_STR(bdf)) < 0 ? NULL
											    : text;
}

static int write_method(struct xlpt_host *h, struct xlpt_bdf bdf, const char *words)
{
	_cleanup_free_ char *line = xlpt_xasprintf("%s\n", words);

	return xlpt_host_write_text(h, line, DEVICE "/reset_method", XLPT_BDF_STR(bdf));
}

static int choose_method(struct xlpt_host *h, struct xlpt_bdf bdf, const char *words,
			 struct xlpt_diag *diag)
{
	int r = write_method(h, bdf, words);

	if (r >= 0)
		return 0;
	if (r == -ENOENT) {
		xlpt_diag_set(diag, XLPT_ERR_NOT_FOUND,
			      "this kernel does not let the reset method be chosen");
		xlpt_diag_fact(diag, DEVICE "/reset_method came with Linux 5.15",
			       XLPT_BDF_STR(bdf));
		xlpt_diag_hint(diag, "leave --method out");
		return XLPT_ERR_NOT_FOUND;
	}
	xlpt_diag_errno(diag, XLPT_ERR_IO, -r, "cannot choose the reset method of %s",
			XLPT_BDF_STR(bdf));
	xlpt_diag_fact(diag, "writing \"%s\" to " DEVICE "/reset_method", words, XLPT_BDF_STR(bdf));
	xlpt_diag_hint(diag, "xlpt reset --list %s shows what it can do", XLPT_BDF_STR(bdf));
	return XLPT_ERR_IO;
}

int xlpt_reset_method_restore(struct xlpt_host *h, struct xlpt_bdf bdf, const char *words,
			      struct xlpt_diag *diag)
{
	int r = write_method(h, bdf, words);

	if (r == -EINVAL)
		r = write_method(h, bdf, "default");
	if (r >= 0)
		return 0;
	xlpt_diag_errno(diag, XLPT_ERR_IO, -r, "cannot put back the reset methods of %s",
			XLPT_BDF_STR(bdf));
	xlpt_diag_fact(diag, DEVICE "/reset_method was \"%s\"", XLPT_BDF_STR(bdf), words);
	xlpt_diag_hint(diag, "echo default > " DEVICE "/reset_method", XLPT_BDF_STR(bdf));
	return XLPT_ERR_IO;
}

/* ---- the reset ---- */

/* A function that is off the bus reads as ones; a virtual one has ones as its vendor only. */
static bool on_bus(const uint8_t *cfg)
{
	for (unsigned i = 0; i < HEADER_SIZE; i++)
		if (cfg[i] != 0xff)
			return true;
	return false;
}

/* One that was off the bus before may come back by its reset. */
static bool answers(const struct function *f, size_t len)
{
	return len >= HEADER_SIZE && on_bus(f->after) &&
	       (!on_bus(f->before) || get(f->after, 0, 4) == get(f->before, 0, 4));
}

static int no_answer(const struct function *f, size_t len, struct xlpt_diag *diag)
{
	const char *bdf = XLPT_BDF_STR(f->bdf);

	xlpt_diag_set(diag, XLPT_ERR_LEFT, "%s does not answer after its reset", bdf);
	if (len < HEADER_SIZE)
		xlpt_diag_fact(diag, "its configuration space cannot be read");
	else
		xlpt_diag_fact(diag, "its first word reads %08x and was %08x", get(f->after, 0, 4),
			       get(f->before, 0, 4));
	xlpt_diag_hint(
		diag, "echo 1 > /sys/bus/pci/devices/%s/remove; echo 1 > /sys/bus/pci/rescan", bdf);
	return XLPT_ERR_LEFT;
}

/* What the kernel has to have put back: where the function's memory is, and its command. */
static int lost(const struct function *f, struct xlpt_diag *diag)
{
	for (unsigned at = COMMAND; at < BARS_END; at = at == COMMAND ? BARS : at + 4) {
		unsigned size = at == COMMAND ? 2 : 4;
		uint32_t was = get(f->before, at, size), is = get(f->after, at, size);

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

static int refused(const struct function *f, int r, struct xlpt_diag *diag)
{
	const char *bdf = XLPT_BDF_STR(f->bdf);

	if (r == -ENOENT) {
		xlpt_diag_set(diag, XLPT_ERR_NOT_FOUND, "nothing can reset %s", bdf);
		xlpt_diag_fact(diag, DEVICE "/reset is not there: the kernel knows no way", bdf);
		xlpt_diag_hint(diag, "xlpt reset --list %s says why", bdf);
		return XLPT_ERR_NOT_FOUND;
	}
	xlpt_diag_errno(diag, XLPT_ERR_IO, -r, "the kernel did not reset %s", bdf);
	xlpt_diag_fact(diag, "writing 1 to " DEVICE "/reset%s", bdf,
		       r == -ENOTTY ? "; ENOTTY is its word for a way that turned out to be none"
				    : "");
	xlpt_diag_hint(diag, "dmesg | grep %s; xlpt reset --list %s", bdf, bdf);
	return XLPT_ERR_IO;
}

static int not_done(const struct function *f, struct xlpt_diag *diag)
{
	xlpt_diag_set(diag, XLPT_ERR_CONFLICT, "%s was not reset, though the kernel says so",
		      XLPT_BDF_STR(f->bdf));
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
static int judge(struct function *f, int r, size_t len, struct xlpt_reset_result *out,
		 struct xlpt_diag *diag)
{
	bool seen = len == f->len && witnessed(f);
	int rc;

	if (r < 0 && !seen)
		return answers(f, len) ? refused(f, r, diag) : no_answer(f, len, diag);
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

int xlpt_reset_do(struct xlpt_host *h, struct xlpt_bdf bdf, const char *words,
		  struct xlpt_reset_result *out, struct xlpt_diag *diag)
{
	struct function f = { .h = h, .bdf = bdf };
	_cleanup_free_ char *methods = NULL;
	size_t len;
	int rc, r;

	*out = (struct xlpt_reset_result){ 0 };
	snprintf(f.path, sizeof(f.path), DEVICE "/config", XLPT_BDF_STR(bdf));
	f.len = read_config(&f, f.before);
	if (f.len < HEADER_SIZE) {
		xlpt_diag_set(diag, XLPT_ERR_IO, "cannot read the configuration space of %s",
			      XLPT_BDF_STR(bdf));
		xlpt_diag_fact(diag, "%s gives %zu bytes", f.path, f.len);
		xlpt_diag_hint(diag, "xlpt list shows whether it is there; run xlpt as root");
		return XLPT_ERR_IO;
	}
	/* Asked first: there is no use in a witness of a reset that is not to be. */
	if (!xlpt_host_has(h, DEVICE "/reset", XLPT_BDF_STR(bdf)))
		return refused(&f, -ENOENT, diag);
	methods = xlpt_reset_method_read(h, bdf);
	if (words) {
		rc = choose_method(h, bdf, words, diag);
		if (rc)
			return rc;
	}
	set_witness(&f);
	r = xlpt_host_write_text(h, "1", DEVICE "/reset", XLPT_BDF_STR(bdf));
	len = read_config(&f, f.after);
	rc = judge(&f, r, len, out, diag);
	r = unset_witness(&f);
	if (r < 0 && rc == 0) {
		xlpt_diag_errno(diag, XLPT_ERR_LEFT, -r, "cannot put back a register of %s",
				XLPT_BDF_STR(bdf));
		xlpt_diag_fact(diag, "at 0x%x in %s", f.w.at, f.path);
		xlpt_diag_hint(diag, "xlpt reset %s", XLPT_BDF_STR(bdf));
		rc = XLPT_ERR_LEFT;
	}
	if (words && methods) {
		_cleanup_diag_ struct xlpt_diag again = { 0 };

		if (xlpt_reset_method_restore(h, bdf, methods, &again)) {
			if (rc == 0)
				xlpt_diag_move(diag, &again);
			rc = xlpt_diag_recode(diag, XLPT_ERR_LEFT);
		}
	}
	if (rc)
		xlpt_reset_result_dispose(out);
	return rc;
}
