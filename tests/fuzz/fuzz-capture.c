/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a captured tree has beside the host's own files: xenstore, the toolstack's
 * answers, pins, VPD. The first byte says which; what is read is written again,
 * and must read as the same.
 */
#include <string.h>

#include "core/pin.h"
#include "pciback/device/vpd.h"
#include "xenstore/store-file.h"
#include "xl-plugin/backend/captured.h"

static void vpd(const uint8_t *data, size_t size)
{
	_cleanup_vpd_ struct xlpt_vpd v = { 0 };

	xlpt_vpd_parse(data, size, &v, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void store(const char *text)
{
	struct xlpt_store s, again;
	char *dump = NULL, *twice = NULL;

	if (xlpt_store_open_text(&s, &xlpt_clock_real, text, NULL))
		return;
	if (xlpt_store_dump_pci(&s, &dump, NULL) == 0) {
		if (xlpt_store_open_text(&again, &xlpt_clock_real, dump, NULL) ||
		    xlpt_store_dump_pci(&again, &twice, NULL) || strcmp(dump, twice) != 0)
			abort();
		xlpt_store_close(&again);
	}
	free(dump);
	free(twice);
	xlpt_store_close(&s);
}

static void toolstack(const char *text)
{
	static struct xlpt_device device = { .bdf = { .bus = 2 } };
	const struct xlpt_devices devices = { .items = &device, .n = 1 };
	struct xlpt_toolstack ts, again;
	char *dump = NULL, *twice = NULL;

	if (xlpt_toolstack_open_text(&ts, text, NULL, NULL, NULL))
		return;
	if (xlpt_toolstack_dump(&ts, &devices, &dump, NULL) ||
	    xlpt_toolstack_open_text(&again, dump, NULL, NULL, NULL) ||
	    xlpt_toolstack_dump(&again, &devices, &twice, NULL) || strcmp(dump, twice) != 0)
		abort();
	xlpt_toolstack_close(&again);
	xlpt_toolstack_close(&ts);
	free(dump);
	free(twice);
}

static void pin(const char *text)
{
	_cleanup_pin_ struct xlpt_pin p = { .vf = -1 }, again = { .vf = -1 };
	_cleanup_free_ char *out = NULL, *twice = NULL;

	if (xlpt_pin_parse(text, &p, NULL))
		return;
	out = xlpt_pin_format(&p);
	if (xlpt_pin_parse(out, &again, NULL))
		abort();
	twice = xlpt_pin_format(&again);
	if (strcmp(out, twice) != 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = NULL;

	if (!size)
		return 0;
	text = xlpt_xstrndup((const char *)data + 1, size - 1);
	switch (*data) {
	case 's':
		store(text);
		break;
	case 't':
		toolstack(text);
		break;
	case 'p':
		pin(text);
		break;
	case 'v':
		vpd(data + 1, size - 1);
		break;
	}
	return 0;
}
