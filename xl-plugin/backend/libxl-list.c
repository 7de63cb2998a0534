/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libxl, 4.17 and 4.20, takes each index below num_devs for one that has a dev-N, and ends the program
 * with a segmentation fault where there is none (libxl_pci.c, libxl__device_pci_from_xs_be). It lists a
 * guest's devices so when it reads the guest's configuration, takes a device away, and destroys the guest.
 */
#include "xenstore/pcibe.h"
#include "xl-plugin/backend/libxl.h"

static bool can_list(struct xlpt_toolstack *ts, uint32_t domid)
{
	_cleanup_pcibe_ struct xlpt_pcibe be = { 0 };
	struct xlpt_ts *p = xlpt_ts_priv(ts);
	size_t have = 0;

	if (xlpt_pcibe_read(p->store, domid, &be, NULL))
		return true;
	/* An empty backend counts nothing; text that is no number, libxl reads in its own way. */
	if (be.num_devs < 0)
		return be.n == 0;
	for (size_t i = 0; i < be.n; i++)
		have += be.devs[i].has_dev && be.devs[i].index < (unsigned)be.num_devs;
	return have == (size_t)be.num_devs;
}

int xlpt_ts_can_list(struct xlpt_toolstack *ts, uint32_t domid, struct xlpt_diag *diag)
{
	if (can_list(ts, domid))
		return 0;
	xlpt_diag_set(diag, XLPT_ERR_CONFLICT,
		      "the PCI backend of domain %u counts devices that it does not name", domid);
	xlpt_diag_fact(diag,
		       "num_devs in /local/domain/0/backend/pci/%u/0; libxl ends with a "
		       "segmentation fault over it, and xl as well",
		       domid);
	xlpt_diag_hint(diag, "xlpt repair");
	return XLPT_ERR_CONFLICT;
}

int xlpt_ts_config(struct xlpt_toolstack *ts, uint32_t domid, libxl_domain_config *config)
{
	libxl_ctx *ctx = xlpt_ts_start(ts);
	uint8_t *text = NULL;
	int len = 0, xrc;

	if (can_list(ts, domid))
		return libxl_retrieve_domain_configuration(ctx, domid, config, NULL);
	/* What libxl has stored of it, without a look at its devices; NUL-terminated by its writer. */
	xrc = libxl_userdata_retrieve(ctx, domid, "libxl-json", &text, &len);
	if (xrc == 0 && (len <= 0 || text[len - 1]))
		xrc = ERROR_JSON_CONFIG_EMPTY;
	if (xrc == 0)
		xrc = libxl_domain_config_from_json(ctx, config, (const char *)text);
	free(text);
	return xrc;
}
