/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reading a guest's PCI backend.
 *
 * The backend directory is written by dom0 alone (libxl and xen-pciback), the
 * frontend directory by the guest. The backend's "frontend" node is not
 * followed: libxl only ever writes the one path that is used here, and any
 * other could lead into somebody else's directory.
 */
#include <errno.h>
#include <string.h>

#include "xenstore/pcibe-internal.h"

/* Far above what any topology of xen-pciback can hold; it bounds what text can ask for. */
#define MAX_INDEX  1023
#define MAX_TEXT   512	   /* of the error and options text that is kept */
#define MAX_EVTCHN 0x1ffff /* EVTCHN_FIFO_NR_CHANNELS - 1 */

/* clang-format off */
const char *const pcibe_node_names[N_NODES] = {
	[NODE_KEY] = "key",	[NODE_DEV] = "dev",	[NODE_VDEV] = "vdev",
	[NODE_VDEVFN] = "vdevfn", [NODE_OPTS] = "opts", [NODE_STATE] = "state",
	[NODE_NAME] = "name",
};
/* clang-format on */

const char *xlpt_xbs_word(int state)
{
	/* clang-format off */
	static const char *const words[] = {
		"unknown", "Initialising", "InitWait", "Initialised", "Connected",
		"Closing", "Closed", "Reconfiguring", "Reconfigured",
	};
	/* clang-format on */

	if (state == XLPT_XBS_NONE)
		return "absent";
	return words[state >= 0 && state < (int)XLPT_ARRAY_SIZE(words) ? state : 0];
}

void xlpt_pcibe_dispose(struct xlpt_pcibe *be)
{
	for (size_t i = 0; i < be->n; i++)
		free(be->devs[i].opts);
	free(be->devs);
	free(be->error);
	memset(be, 0, sizeof(*be));
}

bool xlpt_pcidev_bad(const struct xlpt_pcidev *dev)
{
	return dev->has_dev && !dev->dev_ok;
}

const struct xlpt_pcidev *xlpt_pcibe_find(const struct xlpt_pcibe *be, struct xlpt_bdf bdf)
{
	for (size_t i = 0; i < be->n; i++)
		if (be->devs[i].dev_ok && xlpt_bdf_eq(be->devs[i].bdf, bdf))
			return &be->devs[i];
	return NULL;
}

static int parse_state(const char *text)
{
	uint64_t v;

	if (!text)
		return XLPT_XBS_NONE;
	if (!xlpt_parse_uint(text, strlen(text), 10, XLPT_XBS_RECONFIGURED, &v))
		return XLPT_XBS_UNKNOWN;
	return (int)v;
}

/* Only the very text that this form of the address is written as. */
static bool parse_exactly(const char *text, enum xlpt_bdf_form form, struct xlpt_bdf *out)
{
	char again[XLPT_BDF_LEN];
	struct xlpt_bdf bdf;

	if (strlen(text) >= sizeof(again) || xlpt_bdf_parse_any(text, &bdf, NULL) ||
	    strcmp(xlpt_bdf_format(bdf, form, again), text) != 0)
		return false;
	*out = bdf;
	return true;
}

/*
 * Text for people. xen-pciback quotes the guest's "magic" node in its error
 * text ("version mismatch (%s/%s)"), so a guest can get terminal escapes into
 * dom0's part of the store.
 */
static char *printable(const char *text)
{
	char *s = xlpt_xstrndup(text, strnlen(text, MAX_TEXT));

	for (char *p = s; *p; p++)
		if (*p < 0x20 || *p > 0x7e)
			*p = '?';
	return xlpt_chomp(s);
}

/* "vdev-12" gives NODE_VDEV and 12; only the spelling "%s-%d" that libxl writes. */
static bool split_node(const char *name, int *node, unsigned *index)
{
	const char *dash = strchr(name, '-');
	uint64_t v;

	if (!dash || (dash[1] == '0' && dash[2]) ||
	    !xlpt_parse_uint(dash + 1, strlen(dash + 1), 10, MAX_INDEX, &v))
		return false;
	for (int i = 0; i < N_NODES; i++) {
		if (strlen(pcibe_node_names[i]) == (size_t)(dash - name) &&
		    xlpt_starts(name, pcibe_node_names[i])) {
			*node = i;
			*index = (unsigned)v;
			return true;
		}
	}
	return false;
}

static struct xlpt_pcidev *dev_at(struct xlpt_pcibe *be, unsigned index)
{
	size_t i;

	for (i = 0; i < be->n && be->devs[i].index <= index; i++)
		if (be->devs[i].index == index)
			return &be->devs[i];
	XLPT_GROW(be->devs, be->n, be->alloc);
	memmove(&be->devs[i + 1], &be->devs[i], (be->n - i) * sizeof(be->devs[0]));
	be->n++;
	be->devs[i] = (struct xlpt_pcidev){
		.index = index,
		.state = XLPT_XBS_NONE,
		.vdevfn = -1,
	};
	return &be->devs[i];
}

static void fill(struct xlpt_pcidev *dev, int node, const char *text)
{
	uint64_t v;

	switch (node) {
	case NODE_DEV:
		dev->has_dev = true;
		dev->dev_ok = parse_exactly(text, XLPT_BDF_SYSFS, &dev->bdf);
		break;
	case NODE_VDEV:
		dev->vdev_ok = parse_exactly(text, XLPT_BDF_VDEV, &dev->vdev);
		break;
	case NODE_VDEVFN:
		if (xlpt_parse_uint(text, strlen(text), 16, 0xff, &v))
			dev->vdevfn = (int)v;
		break;
	case NODE_OPTS:
		dev->opts = printable(text);
		break;
	case NODE_STATE:
		dev->state = parse_state(text);
		break;
	default:
		break;
	}
}

static bool is_consistent(const struct xlpt_pcibe *be)
{
	if (be->num_devs < 0 || (size_t)be->num_devs != be->n)
		return false;
	for (size_t i = 0; i < be->n; i++)
		if (be->devs[i].index != i || !be->devs[i].dev_ok)
			return false;
	return true;
}

int pcibe_read_body(struct xlpt_store *s, xlpt_xst t, void *arg)
{
	struct xlpt_pcibe *be = arg;
	uint32_t domid = be->domid;
	_cleanup_strv_ char **names = NULL;
	int r;

	xlpt_pcibe_dispose(be);
	*be = (struct xlpt_pcibe){
		.domid = domid,
		.be_state = XLPT_XBS_NONE,
		.fe_state = XLPT_XBS_NONE,
		.num_devs = -1,
	};
	r = xlpt_store_list(s, t, &names, PCIBE_BACKEND, domid);
	if (r)
		return r == -ENOENT ? 0 : r;
	be->exists = true;
	for (char **name = names; *name; name++) {
		_cleanup_free_ char *text = NULL;
		unsigned index = 0;
		uint64_t v;
		int node = N_NODES;
		bool state = !strcmp(*name, "state"), number = !strcmp(*name, "num_devs");

		/* What says nothing here is not read: each node is a question to another process. */
		if (!state && !number && !split_node(*name, &node, &index))
			continue;
		r = node == NODE_KEY
			    ? 0
			    : xlpt_store_read(s, t, &text, PCIBE_BACKEND "/%s", domid, *name);
		if (r == -ENOENT)
			continue;
		if (r)
			return r;
		if (state)
			be->be_state = parse_state(text);
		else if (number)
			be->num_devs = xlpt_parse_uint(text, strlen(text), 10, MAX_INDEX + 1, &v)
					       ? (int)v
					       : -1;
		else
			fill(dev_at(be, index), node, text);
	}
	be->consistent = is_consistent(be);
	return 0;
}

/* What the guest and the kernel wrote beside it. Absent or odd text is no error. */
static int read_beside(struct xlpt_store *s, struct xlpt_pcibe *be)
{
	_cleanup_free_ char *state = NULL, *evtchn = NULL, *error = NULL;
	uint64_t v;
	int r;

	r = xlpt_store_read(s, 0, &state, PCIBE_FRONTEND "/state", be->domid);
	if (r && r != -ENOENT)
		return r;
	be->fe_state = parse_state(state);
	r = xlpt_store_read(s, 0, &evtchn, PCIBE_FRONTEND "/event-channel", be->domid);
	if (r && r != -ENOENT)
		return r;
	if (evtchn && xlpt_parse_uint(evtchn, strlen(evtchn), 10, MAX_EVTCHN, &v))
		be->evtchn = (unsigned)v;
	r = xlpt_store_read(s, 0, &error, PCIBE_ERRORS "/%u/0/error", be->domid);
	if (r && r != -ENOENT)
		return r;
	if (error)
		be->error = printable(error);
	return 0;
}

char *xlpt_pcibe_gave_up(struct xlpt_store *s, uint32_t domid)
{
	/* Where xen-pcifront reports an error and goes on (drivers/pci/xen-pcifront.c, events.c). */
	static const char *const harmless[] = { "freeing event channel",
						"No PCI Roots found, trying" };
	_cleanup_free_ char *text = NULL;

	if (xlpt_store_read(s, 0, &text, PCIBE_FRONT_ERROR, domid) || !*text)
		return NULL;
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(harmless); i++)
		if (strstr(text, harmless[i]))
			return NULL;
	return printable(text);
}

int xlpt_pcibe_errno(const char *words)
{
	size_t len = strspn(words, "0123456789");
	uint64_t v;

	return words[len] == ' ' && xlpt_parse_uint(words, len, 10, 4095, &v) ? (int)v : 0;
}

bool xlpt_pcibe_no_dma(const char *words)
{
	return xlpt_pcibe_errno(words) == ENOMEM && strstr(words, "setting up PCI Frontend");
}

int xlpt_pcibe_read(struct xlpt_store *s, uint32_t domid, struct xlpt_pcibe *out,
		    struct xlpt_diag *diag)
{
	_cleanup_pcibe_ struct xlpt_pcibe be = { .domid = domid };
	int r;

	memset(out, 0, sizeof(*out));
	/*
	 * Committed, not aborted: xenstored copies a node when it is first
	 * touched and compares only at the commit, so that alone says that all of
	 * them belong together.
	 */
	r = xlpt_store_transact(s, pcibe_read_body, &be);
	if (!r)
		r = read_beside(s, &be);
	if (r)
		return xlpt_store_error(diag, r, "reading the PCI backend of domain %u", domid);
	*out = be;
	memset(&be, 0, sizeof(be));
	return 0;
}

static int cmp_domid(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

int xlpt_pcibe_domids(struct xlpt_store *s, uint32_t **domids, size_t *n, struct xlpt_diag *diag)
{
	_cleanup_strv_ char **names = NULL;
	_cleanup_free_ uint32_t *ids = NULL;
	size_t count = 0, alloc = 0;
	int r;

	*domids = NULL;
	*n = 0;
	r = xlpt_store_list(s, 0, &names, PCIBE_BACKENDS);
	if (r && r != -ENOENT)
		return xlpt_store_error(diag, r, "listing " PCIBE_BACKENDS);
	for (char **name = names; name && *name; name++) {
		_cleanup_free_ char *value = NULL;
		uint64_t v;

		if (!xlpt_parse_uint(*name, strlen(*name), 10, XEN_MAX_DOMID, &v))
			continue;
		/* An older libxl leaves the empty parent behind. */
		r = xlpt_store_read(s, 0, &value, PCIBE_BACKEND, (unsigned)v);
		if (r == -ENOENT)
			continue;
		if (r)
			return xlpt_store_error(diag, r, "listing " PCIBE_BACKENDS);
		XLPT_GROW(ids, count, alloc);
		ids[count++] = (uint32_t)v;
	}
	if (count)
		qsort(ids, count, sizeof(*ids), cmp_domid);
	*domids = XLPT_TAKE(ids);
	*n = count;
	return 0;
}

int xlpt_pcibe_owner(struct xlpt_store *s, struct xlpt_bdf bdf, uint32_t *domid,
		     struct xlpt_diag *diag)
{
	_cleanup_free_ uint32_t *ids = NULL;
	size_t n;
	int rc;

	rc = xlpt_pcibe_domids(s, &ids, &n, diag);
	for (size_t i = 0; !rc && i < n; i++) {
		_cleanup_pcibe_ struct xlpt_pcibe be = { 0 };

		rc = xlpt_pcibe_read(s, ids[i], &be, diag);
		if (!rc && xlpt_pcibe_find(&be, bdf)) {
			*domid = ids[i];
			return 1;
		}
	}
	return rc;
}
