/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Why a value cannot be said by the other side, and how much that matters. */
#include <fnmatch.h>

#include "converters/convert.h"
#include "converters/model/internal.h"
#include "converters/reason.h"
#include "converters/xl/words.h"
#include "converters/xl/xl.h"

enum xlpt_severity xlpt_carry_reason(enum xlpt_format to, const char *at,
				     const struct xlpt_carry *c, const char **reason)
{
	return to == XLPT_FORMAT_LIBVIRT ? xlpt_xl_carry_reason(at, c, reason)
					 : xlpt_lv_carry_reason(at, c, reason);
}

/* "pci[0000:03:00.0].id.mac" -> "pci.id.mac" */
static void without_names(const char *path, struct xlpt_str *out)
{
	while (*path) {
		size_t n = strcspn(path, "[");

		xlpt_str_addn(out, path, n);
		path += n;
		path += strcspn(path, "]");
		path += *path == ']';
	}
}

static bool matches(const char *pattern, const char *path, const struct xlpt_delta *delta)
{
	_cleanup_free_ char *name = NULL;
	const char *place;
	size_t n;

	/* Most differ in the first letters, and comparing those is cheap. */
	for (n = 0; pattern[n] && pattern[n] != '*' && pattern[n] != '='; n++)
		if (pattern[n] != path[n])
			return false;
	n += strcspn(pattern + n, "=");
	place = strstr(delta->path, "[#");
	name = xlpt_xstrndup(pattern, n);
	if (fnmatch(name, path, 0) != 0)
		return false;
	if (!pattern[n] || !delta->a)
		return !pattern[n];
	if (strcmp(pattern + n, "=#") != 0)
		return !strcmp(pattern + n + 1, delta->a);
	n = strlen(delta->a);
	return place && !strncmp(place + 2, delta->a, n) && place[2 + n] == ']';
}

/* Not only rounded: more than was said. */
static bool other_amount(const char *path, const char *member, const struct xlpt_delta *delta)
{
	uint64_t a, b;

	return !strcmp(path, member) && delta->a && delta->b &&
	       xlpt_parse_uint(delta->a, strlen(delta->a), 10, UINT64_MAX, &a) &&
	       xlpt_parse_uint(delta->b, strlen(delta->b), 10, UINT64_MAX, &b) && b > a &&
	       b - a >= 1024;
}

/* The severity and the reason of a difference, by the path of the value. */
static enum xlpt_severity loss_reason(enum xlpt_format to, const struct xlpt_delta *delta,
				      const char **reason)
{
	_cleanup_str_ struct xlpt_str path = { 0 };

	without_names(delta->path, &path);
	for (const struct xlpt_reason *r = xlpt_reasons_added_to_xl;
	     to == XLPT_FORMAT_XL && !delta->a && r->path; r++)
		if (!strcmp(r->path, xlpt_str_get(&path))) {
			*reason = r->text;
			return r->severity;
		}
	if (to == XLPT_FORMAT_XL && other_amount(xlpt_str_get(&path), "memory", delta)) {
		*reason = "Xen gives an HVM guest with PCI devices all its memory from the start";
		return XLPT_LOSS_CHANGED;
	}
	if (to == XLPT_FORMAT_XL && other_amount(xlpt_str_get(&path), "video.vram", delta)) {
		*reason =
			"libxl wants more for this card: 128 MiB for QXL, 16 for a standard card, 8 for "
			"Cirrus";
		return XLPT_LOSS_CHANGED;
	}
	for (const struct xlpt_reason *r = to == XLPT_FORMAT_XL ? xlpt_reasons_to_xl
								: xlpt_reasons_to_libvirt;
	     r->path; r++)
		if (matches(r->path, xlpt_str_get(&path), delta)) {
			*reason = r->text;
			return delta->a ? r->severity : XLPT_LOSS_NOTE;
		}
	if (!delta->a) {
		*reason = "not said, and the target cannot leave it unsaid";
		return XLPT_LOSS_NOTE;
	}
	*reason = to == XLPT_FORMAT_XL ? "xl has no word for it" : "libvirt has no word for it";
	return XLPT_LOSS_CHANGED;
}

static bool has_name(const struct xlpt_field *f, const struct xlpt_list *list, const char *name)
{
	for (size_t i = 0; i < list->n; i++) {
		_cleanup_free_ char *other = xlpt_list_name(f, list, i);

		if (!strcmp(name, other))
			return true;
	}
	return false;
}

/* A flag of the CPU that the guest is not to have. */
static void reason_of_flag(const struct xlpt_cpu_feature *f, enum xlpt_severity *how,
			   const char **why)
{
	if (f->policy != XLPT_CPU_DISABLE && f->policy != XLPT_CPU_FORBID)
		return;
	if (xlpt_streq(f->name, "hypervisor")) {
		*why = xlpt_reason_hidden;
	} else if (xlpt_streq(f->name, "vmx") || xlpt_streq(f->name, "svm")) {
		*how = XLPT_LOSS_NOTE;
		*why = "what xl does anyway, without nestedhvm=1";
	}
}

/* Elements of a list that have names of their own: those that b has not. Returns their number. */
static size_t tell_missing(struct xlpt_losses *losses, enum xlpt_severity severity,
			   const char *reason, const char *path, const struct xlpt_dom *a,
			   const struct xlpt_dom *b, enum xlpt_format to)
{
	void *base_a, *base_b;
	const struct xlpt_field *f = xlpt_path_find(a, path, &base_a);
	const struct xlpt_list *x, *y;
	size_t n = 0;

	if (!f || f->type != XLPT_F_LIST || f->shape->key < 0 || base_a != a ||
	    !xlpt_path_find(b, path, &base_b))
		return 0;
	x = xlpt_field_at(a, f);
	y = xlpt_field_at(b, f);
	/* Each is looked for among all; nobody reads a report of so many. */
	if (x->n > XLPT_REPORT_MAX)
		return 0;
	for (size_t i = 0; i < x->n; i++) {
		const struct xlpt_at *at = xlpt_list_item(x, f->shape, i);
		_cleanup_free_ char *name = xlpt_list_name(f, x, i), *what = NULL;
		const char *why = reason;
		enum xlpt_severity how = severity;

		if (has_name(f, y, name))
			continue;
		if (x == (const void *)&a->vcpupin && !a->cpuset &&
		    xlpt_streq(a->vcpupin[i].cpuset, "all")) {
			how = XLPT_LOSS_NOTE;
			why = "every CPU, as without a word";
		}
		if (x == (const void *)&a->cpu)
			reason_of_flag(&a->cpu[i], &how, &why);
		if (x == (const void *)&a->pci && xlpt_xl_is_unassigned(&a->pci[i]))
			why = "left out: libvirt takes it from dom0, and keeps it from the guest";
		if (x == (const void *)&a->disk) {
			why = xlpt_reason_left_out(a, &a->disk[i], to);
			what = xlpt_xasprintf("disk[%s]", a->disk[i].name ? a->disk[i].name : name);
		} else {
			what = xlpt_xasprintf("%s[%s]", f->name, name);
		}
		xlpt_loss_add(losses, how, a->file, at->line, 0, what, "%s", why);
		n++;
	}
	return n;
}

/* A disk under another name is better known by its own. */
static void tell_renamed(struct xlpt_losses *losses, const struct xlpt_dom *a,
			 const struct xlpt_disk *d)
{
	struct xlpt_delta delta = { .path = "disk.name", .a = d->name };
	_cleanup_free_ char *what = xlpt_xasprintf("disk[%s]", d->name);
	const char *reason;
	enum xlpt_severity severity = loss_reason(XLPT_FORMAT_XL, &delta, &reason);

	xlpt_loss_add(losses, severity, a->file, d->at.line, 0, what, "%s (%s)", reason,
		      d->vdev ? d->vdev : "none");
}

/* SPICE takes an empty password for one that nobody has, and libxl starts no guest with it. */
static bool is_no_password(const struct xlpt_dom *a, const struct xlpt_delta *delta)
{
	return delta->a && !*delta->a && xlpt_starts(delta->path, "gfx[") &&
	       xlpt_element_says(a, delta->path, "passwd", "type", "vnc");
}

/* A display that is closed by an empty password, see fit_displays. */
static bool lets_nobody_in(const struct xlpt_dom *a)
{
	for (size_t i = 0; i < a->n_gfx; i++)
		if (a->gfx[i].passwd && !*a->gfx[i].passwd &&
		    (xlpt_dom_is_foreign(a) || a->gfx[i].type == XLPT_GFX_SPICE))
			return true;
	return false;
}

/* Two sets of CPUs that are the same. */
static bool same_cpus(const struct xlpt_delta *delta)
{
	const char *a = delta->a, *b = delta->b;
	_cleanup_free_ char *x = a ? xlpt_value_unescape(&a) : NULL;
	_cleanup_free_ char *y = b ? xlpt_value_unescape(&b) : NULL;

	return fnmatch("*cpu*s*", delta->path, 0) == 0 && xlpt_cpuset_same(x, y);
}

static const char not_told_of_uefi[] =
	"no hvmloader: without type='pflash' libvirt's Xen driver ignores it and starts a BIOS; "
	"bios=\"ovmf\" is UEFI";

/* A value of the domain that only HVM guests have. */
static bool is_hvm_only(const struct xlpt_dom *a, const char *path)
{
	static const char *const others[] = { "sound",		 "serial",    "viridian",
					      "viridian_groups", "nographic", "video" };
	size_t n = strcspn(path, ".[");
	const struct xlpt_field *f = xlpt_dom_shape.fields;

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(others); i++)
		if (strlen(others[i]) == n && !strncmp(others[i], path, n))
			return true;
	while (f->name && (strlen(f->name) != n || strncmp(f->name, path, n) != 0))
		f++;
	for (const struct xlpt_xl_key *k = xlpt_xl_keys; f->name && k->key; k++)
		if (k->hvm && xlpt_field_at(a, f) == (const void *)((const char *)a + k->off))
			return true;
	return false;
}

/* boot= has the classes in the order of the devices, and each of these is the first of its class. */
static bool boots_in_order(const struct xlpt_dom *a, const char *boot)
{
	bool exact;
	_cleanup_free_ char *meant = xlpt_xl_boot_by_devices(a, &exact);

	return exact && meant && xlpt_streq(meant, boot);
}

/* Where more than the path and the value decide; NULL: they do. */
static const char *of_the_case(const struct xlpt_dom *a, const struct xlpt_dom *b,
			       const struct xlpt_delta *delta, enum xlpt_severity *severity)
{
	const char *path = delta->path;

	*severity = XLPT_LOSS_NOTE;
	/* <interface type='ethernet'>: libvirt's own driver names libxl no bridge either. */
	if (xlpt_starts(path, "net[") && xlpt_streq(delta->a, "routed") && !xlpt_dom_is_foreign(a))
		return "no bridge is said: libxl takes xenbr0, or the script does without one";
	if (delta->a && fnmatch("*].boot_order", path, 0) == 0 && boots_in_order(a, b->boot))
		return "said by boot=, which has the same order";
	if (a->n_vcpupin && (!strcmp(path, "cpuset") || !strcmp(path, "vcpupin")) &&
	    xlpt_dom_same_pins(a, b))
		return "said for each vCPU that the guest has: cpus= is one set for all, or a list";
	if (is_no_password(a, delta))
		return "to libxl an empty password of VNC is none, with libvirt as well";
	if (a->type != XLPT_DOM_HVM && xlpt_starts(path, "video"))
		return "a PV guest's screen is that of vfb=";
	if (a->type != XLPT_DOM_HVM &&
	    (is_hvm_only(a, path) || fnmatch("*].boot_order", path, 0) == 0))
		return "of HVM guests alone";
	if (!strcmp(path, "memory") && a->n_numa && a->type != XLPT_DOM_PV &&
	    (!a->maxmem.has || a->memory.v >= a->maxmem.v))
		return "its cells together, which xl counts in whole MiB";
	*severity = XLPT_LOSS_CHANGED;
	if (!strcmp(path, "memory") && a->n_numa && a->type != XLPT_DOM_PV)
		return "xl starts a guest with cells only with all its memory";
	if (delta->a && fnmatch("pci[[]*].guest", path, 0) == 0 &&
	    xlpt_starts(delta->a, "0000:00:"))
		return "xl gives a function alone the number 0 in a slot: BB:DD.*@SLOT gives all of a "
		       "card under their own numbers";
	if (!strcmp(path, "loader") && xlpt_xl_is_uefi(delta->a))
		return xlpt_dom_is_foreign(a) ? xlpt_reason_uefi(a) : not_told_of_uefi;
	if (!strcmp(path, "firmware_path") && a->kernel && xlpt_dom_is_foreign(a))
		return xlpt_reason_uefi(a);
	if (!strcmp(path, "gfx") && lets_nobody_in(a))
		return "left out: an empty password lets nobody in, and xl's display would let in all";
	return NULL;
}

/* libxlMakeNetworkDiskSrcStr: without <auth> libvirt's Xen driver adds auth_supported=none. */
static const char rbd_login[] =
	"libvirt logs in to Ceph with a secret of its own (<auth>), or not at all, never with this host's "
	"ceph.conf and keyring: give the disk a <source> with <auth>";
static const char rbd_form[] =
	"of QEMU's words for an RBD image libvirt has auth_supported=none with mon_host= behind it: give "
	"the disk a <source>";

void xlpt_loss_tell(struct xlpt_losses *losses, enum xlpt_format to, const struct xlpt_delta *delta,
		    const struct xlpt_dom *a, const struct xlpt_dom *b)
{
	enum xlpt_severity severity;
	const char *reason = to == XLPT_FORMAT_XL ? of_the_case(a, b, delta, &severity) : NULL;
	_cleanup_free_ char *what = xlpt_told_path(a, delta->path);
	size_t n = strlen(delta->path);

	if (!reason)
		severity = loss_reason(to, delta, &reason);
	if (to == XLPT_FORMAT_LIBVIRT && !delta->a && !strcmp(delta->path, "memory") &&
	    a->maxmem.has) {
		severity = XLPT_LOSS_NOTE;
		reason = "not said: the guest begins with all of maxmem=, as under xl";
	} else if (to == XLPT_FORMAT_LIBVIRT && !delta->a && !strcmp(delta->path, "memory") &&
		   a->n_numa) {
		severity = XLPT_LOSS_NOTE;
		reason = "not said: the guest has what its cells have together, as under xl";
	}
	if (to == XLPT_FORMAT_LIBVIRT && a->bootloader && a->type != XLPT_DOM_HVM &&
	    (!strcmp(delta->path, "kernel") || !strcmp(delta->path, "ramdisk"))) {
		severity = XLPT_LOSS_NOTE;
		reason = "the boot loader finds another one, under xl as well";
	}
	if (to == XLPT_FORMAT_LIBVIRT && delta->a && xlpt_starts(delta->a, "rbd:") &&
	    fnmatch("disk*].target", delta->path, 0) == 0) {
		severity = XLPT_LOSS_CHANGED;
		reason = strstr(delta->a, ":auth_supported") ? rbd_form : rbd_login;
	}
	if (same_cpus(delta)) {
		severity = XLPT_LOSS_NOTE;
		reason = "the same CPUs, said as the other side reads it";
	}
	if (to == XLPT_FORMAT_XL &&
	    (xlpt_told_elsewhere(a, b, delta) || xlpt_tell_image(losses, a, b, delta)))
		return;
	if (to == XLPT_FORMAT_XL && xlpt_starts(delta->path, "disk[") && n > 6 &&
	    !strcmp(delta->path + n - 6, "].name")) {
		for (size_t i = 0; i < a->n_disk; i++)
			if (a->disk[i].name && xlpt_streq(a->disk[i].name, delta->a))
				tell_renamed(losses, a, &a->disk[i]);
		return;
	}
	if (!strchr(delta->path, '[') &&
	    tell_missing(losses, severity, reason, delta->path, a, b, to))
		return;
	xlpt_loss_add(losses, severity, a->file, delta->line, 0, what, "%s", reason);
}
