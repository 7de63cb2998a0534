/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Any bytes as an xl configuration: read, or refused with a place; and what was
 * read goes to libvirt and back without a difference.
 */
#include "converters/convert.h"
#include "converters/libvirt/libvirt.h"
#include "converters/model/loss.h"
#include "converters/xl/words.h"
#include "converters/xl/xl.h"
#include "tests/unit/domains.h"
#include "xl-plugin/sentry/xl/create.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/*
 * A disk whose name libxl refuses, a CD-ROM that is not on IDE, and one whose place another disk has,
 * get another place, on one way or the other.
 */
static bool names_hold(const struct xlpt_dom *dom)
{
	int a, b;

	for (size_t i = 0; i < dom->n_disk; i++) {
		const struct xlpt_disk *d = &dom->disk[i];

		if (!d->vdev || !xlpt_xl_vdev(d->vdev, &a) ||
		    (d->dev == XLPT_DISKDEV_CDROM && !xlpt_starts(d->vdev, "hd")))
			return false;
		for (size_t k = 0; k < i; k++)
			if (xlpt_xl_vdev(dom->disk[k].vdev, &b) && a == b)
				return false;
	}
	return true;
}

/* Nothing but the disks differs, and that is told as a change. */
static bool is_told(const struct xlpt_deltas *d, const struct xlpt_losses *over,
		    const struct xlpt_losses *back)
{
	const struct xlpt_losses *const lists[] = { over, back };
	bool told = false;

	for (size_t i = 0; i < d->n; i++)
		if (!xlpt_starts(d->items[i].path, "disk"))
			return false;
	for (size_t k = 0; k < XLPT_ARRAY_SIZE(lists); k++)
		for (size_t i = 0; i < lists[k]->n; i++)
			told |= lists[k]->items[i].severity >= XLPT_LOSS_CHANGED &&
				strstr(lists[k]->items[i].what, "disk");
	return told;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_losses_ struct xlpt_losses lost_over = { 0 }, lost_back = { 0 };
	_cleanup_deltas_ struct xlpt_deltas deltas = { 0 };
	_cleanup_dom_ struct xlpt_dom a, b;
	_cleanup_kepts_ struct xlpt_kepts kept = { 0 };
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	_cleanup_str_ struct xlpt_str over = { 0 }, back = { 0 };
	struct xlpt_convert to_libvirt = { .to = XLPT_FORMAT_LIBVIRT },
			    to_xl = { .to = XLPT_FORMAT_XL };
	char *text;

	xlpt_dom_init(&a);
	xlpt_dom_init(&b);
	if (xlpt_libvirt_is_xml((const char *)data, size))
		return 0;
	/* Its own allocation, without a NUL behind it: reading too far is seen. */
	text = xlpt_xcalloc(1, size ? size : 1);
	memcpy(text, data, size);
	/* The guard's own look at it, before xl's. */
	xlpt_create_wants(text, size);
	if (xlpt_xl_read(text, size, "f", &a, &kept, NULL, &diag)) {
		if (diag.code != XLPT_ERR_SYNTAX || !diag.line || !diag.column)
			abort();
		free(text);
		return 0;
	}
	xlpt_kepts_apply(&kept, &a, "f", NULL);
	if (xlpt_convert(text, size, "f", &to_libvirt, &over, NULL, &lost_over, &diag) == 0) {
		if (xlpt_convert(over.s, over.len, "over", &to_xl, &back, NULL, &lost_back,
				 &diag) ||
		    read_domain(XLPT_FORMAT_XL, xlpt_str_get(&back), back.len, "back", &b, NULL,
				&diag)) {
			fprintf(stderr, "%s\n%s\n", diag.message, xlpt_str_get(&over));
			abort();
		}
		xlpt_dom_normalise(&a);
		xlpt_dom_normalise(&b);
		if (xlpt_dom_diff_values(&a, &b, &deltas) &&
		    (names_hold(&a) || !is_told(&deltas, &lost_over, &lost_back))) {
			fprintf(stderr, "%s", deltas_text(&deltas));
			abort();
		}
	}
	free(text);
	return 0;
}
