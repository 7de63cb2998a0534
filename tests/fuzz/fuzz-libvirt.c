/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Any bytes as libvirt XML. What is read must be written, read again, and be the same with what was
 * kept: the property of every conversion, on inputs nobody wrote. Networks, pool definitions and
 * address names share the target; the first byte chooses, so that XML files serve as seeds ('<').
 */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "converters/convert.h"
#include "converters/libvirt/libvirt.h"
#include "converters/libvirt/pool-def.h"
#include "tests/unit/domains.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void domain(const char *text, size_t len)
{
	_cleanup_dom_ struct xlpt_dom dom, back;
	_cleanup_kepts_ struct xlpt_kepts kept = { 0 };
	_cleanup_str_ struct xlpt_str xml = { 0 }, devices = { 0 };
	_cleanup_deltas_ struct xlpt_deltas deltas = { 0 }, left = { 0 };

	if (xlpt_libvirt_read(text, len, "fuzz", &dom, &kept, NULL, NULL)) {
		xlpt_dom_init(&back);
		return;
	}
	xlpt_dom_init(&back);
	if (xlpt_libvirt_write(&dom, NULL, 0, &xml, NULL, NULL))
		return; /* a name with a line break */
	if (xlpt_libvirt_read(xlpt_str_get(&xml), xml.len, "again", &back, NULL, NULL, NULL))
		abort();
	xlpt_dom_diff_values(&dom, &back, &deltas);
	xlpt_kepts_dispose(&kept);
	for (size_t i = 0; i < deltas.n; i++)
		xlpt_kept_add(&kept, deltas.items[i].path, deltas.items[i].a, deltas.items[i].b);
	xlpt_kepts_apply(&kept, &back, "again", NULL);
	if (xlpt_dom_diff_values(&dom, &back, &left))
		abort();
	if (xlpt_libvirt_write(&dom, &kept, XLPT_WRITE_DEVICES_ONLY, &devices, NULL, NULL))
		abort();
}

/* To xl and home again, as a guest of KVM would go and only translated: the same domain. */
static void there_and_back(const char *text, size_t len, enum xlpt_tri for_xen)
{
	struct xlpt_convert to_xl = { .to = XLPT_FORMAT_XL, .for_xen = for_xen };
	struct xlpt_convert home = { .to = XLPT_FORMAT_LIBVIRT };
	_cleanup_str_ struct xlpt_str xl = { 0 }, xml = { 0 };
	_cleanup_losses_ struct xlpt_losses losses = { 0 };
	_cleanup_dom_ struct xlpt_dom a, b;

	xlpt_dom_init(&a);
	xlpt_dom_init(&b);
	if (xlpt_convert(text, len, "fuzz", &to_xl, &xl, NULL, &losses, NULL) ||
	    xlpt_convert(xlpt_str_get(&xl), xl.len, "xl", &home, &xml, NULL, NULL, NULL))
		return; /* no domain, or a name with a line break */
	if (read_domain(XLPT_FORMAT_LIBVIRT, text, len, "fuzz", &a, NULL, NULL) ||
	    read_domain(XLPT_FORMAT_LIBVIRT, xml.s, xml.len, "home", &b, NULL, NULL))
		abort();
	xlpt_dom_normalise(&a);
	xlpt_dom_normalise(&b);
	if (xlpt_dom_diff_values(&a, &b, NULL))
		abort();
}

static void network(const char *text, size_t len)
{
	_cleanup_pool_def_ struct xlpt_pool_def def = { 0 }, back = { 0 };
	_cleanup_str_ struct xlpt_str own = { 0 };

	if (xlpt_libvirt_network_read(text, len, "fuzz", &def.pool, NULL))
		return;
	xlpt_pool_def_format(&def, &own);
	if (xlpt_pool_def_parse(own.s, own.len, "again", &back, NULL))
		abort();
}

static void definition(const char *text, size_t len)
{
	_cleanup_pool_def_ struct xlpt_pool_def def = { 0 }, back = { 0 };
	_cleanup_str_ struct xlpt_str own = { 0 }, again = { 0 }, xml = { 0 };

	if (xlpt_pool_def_parse(text, len, "fuzz", &def, NULL))
		return;
	xlpt_pool_def_format(&def, &own);
	if (xlpt_pool_def_parse(own.s, own.len, "again", &back, NULL))
		abort();
	xlpt_pool_def_format(&back, &again);
	if (strcmp(own.s, again.s))
		abort();
	(void)xlpt_libvirt_network_write(&def.pool, &xml, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	_cleanup_free_ char *line = NULL;
	struct xlpt_bdf bdf;

	if (!size)
		return 0;
	switch (*data) {
	case 'P':
		definition(text + 1, size - 1);
		break;
	case 'A':
		line = xlpt_xstrndup(text + 1, size - 1);
		(void)xlpt_libvirt_address_parse(line, &bdf, NULL);
		break;
	case 'N':
		network(text + 1, size - 1);
		break;
	default:
		domain(text, size);
		if (xlpt_format_detect(text, size) != XLPT_FORMAT_LIBVIRT)
			break;
		there_and_back(text, size, XLPT_UNSET);
		there_and_back(text, size, XLPT_OFF);
	}
	return 0;
}
