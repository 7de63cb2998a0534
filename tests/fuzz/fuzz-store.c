/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What xenstore says of a guest's PCI devices, as any tree may say it: lines "NODE VALUE", NODE below
 * the backend, the frontend ('f'), the error nodes ('e', 'E') or libxl's notes ('n'). Decoding ends, what
 * it gives is within its bounds and printable, and mending makes a backend that is consistent.
 */
#include <ctype.h>
#include <string.h>

#include "tests/fake/store.h"
#include "xenstore/pcibe.h"
#include "xenstore/store-file.h"

#define NEED(cond)               \
	do {                     \
		if (!(cond))     \
			abort(); \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *top_of(char which)
{
	switch (which) {
	case 'f':
		return "/local/domain/3/device/pci/0";
	case 'e':
		return "/local/domain/3/error/device/pci/0";
	case 'E':
		return "/local/domain/0/error/backend/pci/3/0";
	case 'n':
		return "/libxl/pci";
	default:
		return "/local/domain/0/backend/pci/3/0";
	}
}

static void fill(struct fake_store *f, char *text)
{
	char *save = NULL;
	int lines = 0;

	for (char *l = strtok_r(text, "\n", &save); l && lines < 100;
	     l = strtok_r(NULL, "\n", &save), lines++) {
		char *value = strchr(l, ' ');

		if (value)
			*value++ = '\0';
		if (!*l || !l[1] || strspn(l + 1, "/") || strstr(l, "//") ||
		    l[strlen(l) - 1] == '/')
			continue;
		for (char *p = l; *p; p++)
			if (!isalnum((unsigned char)*p) && !strchr("-/_@", *p))
				*p = '_';
		fake_store_set(f, value ? value : "", "%s/%s", top_of(*l), l + 1);
	}
}

static void printable(const char *s)
{
	for (; s && *s; s++)
		NEED(*s >= 0x20 && *s <= 0x7e);
}

static void bounds(const struct xlpt_pcibe *be)
{
	NEED(be->be_state >= -1 && be->be_state <= 8 && be->fe_state >= -1 && be->fe_state <= 8);
	NEED(be->num_devs >= -1 && be->num_devs <= 1024 && be->evtchn <= 0x1ffff);
	printable(be->error);
	for (size_t i = 0; i < be->n; i++) {
		NEED(be->devs[i].index <= 1023 &&
		     (!i || be->devs[i].index > be->devs[i - 1].index));
		NEED(be->devs[i].state >= -1 && be->devs[i].state <= 8);
		NEED(be->devs[i].vdevfn >= -1 && be->devs[i].vdevfn <= 0xff);
		printable(be->devs[i].opts);
	}
}

static void mend(struct xlpt_store *s, const struct xlpt_pcibe *was)
{
	_cleanup_pcibe_ struct xlpt_pcibe be = { 0 };
	bool changed;
	int rc = xlpt_pcibe_mend(s, 3, NULL, &changed, NULL);

	NEED(rc == 0 || rc == XLPT_ERR_CONFLICT);
	/* Something is no address, and goes. */
	if (rc)
		rc = xlpt_pcibe_mend(s, 3, &(struct xlpt_pcibe_bad){ .drop = true }, &changed,
				     NULL);
	NEED(rc == 0 && xlpt_pcibe_read(s, 3, &be, NULL) == 0);
	bounds(&be);
	NEED(!be.exists || be.consistent);
	NEED(changed == !(was->consistent || !was->exists));
	/* Taken out one after the other, nothing is left. */
	for (size_t n = be.n; n > 0; n--) {
		NEED(xlpt_pcibe_drop(s, 3, be.devs[0].bdf, XLPT_XBS_NONE, NULL) == 0);
		xlpt_pcibe_dispose(&be);
		NEED(xlpt_pcibe_read(s, 3, &be, NULL) == 0 && be.n == n - 1);
	}
	/* A backend that never had any is consistent, and goes when it is asked to. */
	NEED(xlpt_pcibe_remove_empty(s, 3, &changed, NULL) == 0);
	xlpt_pcibe_dispose(&be);
	NEED(xlpt_pcibe_read(s, 3, &be, NULL) == 0 && !be.exists);
}

static void notes(struct xlpt_store *s)
{
	_cleanup_free_ struct xlpt_bdf *owned = NULL, *vfs = NULL;
	size_t n = 0;

	NEED(xlpt_pcinote_owned(s, &owned, &n, NULL) == 0);
	for (size_t i = 0; i < n; i++) {
		_cleanup_pcinote_ struct xlpt_pcinote note = { 0 };

		NEED(xlpt_pcinote_read(s, owned[i], &note, NULL) == 0 && note.domid >= 0);
		NEED(xlpt_pcinote_clear_domid(s, owned[i], NULL) == 0);
	}
	NEED(xlpt_pcinote_vf_all(s, &vfs, &n, NULL) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_cleanup_free_ char *text = xlpt_xstrndup((const char *)data, size), *said = NULL,
			    *dump = NULL;
	_cleanup_pcibe_ struct xlpt_pcibe be = { 0 };
	struct fake_clock clock;
	struct fake_store *f;

	fake_clock_init(&clock);
	f = fake_store_new(&clock);
	fill(f, text);
	NEED(xlpt_pcibe_read(fake_store_get(f), 3, &be, NULL) == 0);
	bounds(&be);
	said = xlpt_pcibe_gave_up(fake_store_get(f), 3);
	printable(said);
	NEED(xlpt_store_dump_pci(fake_store_get(f), &dump, NULL) == 0);
	mend(fake_store_get(f), &be);
	notes(fake_store_get(f));
	NEED(fake_store_transactions(f) == 0);
	fake_store_free(f);
	fake_clock_dispose(&clock);
	return 0;
}
