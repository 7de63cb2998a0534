/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xl-plugin/backend/captured-internal.h"

#include <ctype.h>
#include <string.h>

#include "core/text.h"

static const char *const tris[] = { [XLPT_UNSET] = "unset", [XLPT_OFF] = "off", [XLPT_ON] = "on" };

/* ---- writing ---- */

/* How a guest ends. The first two are what all versions write. */
enum { LIVES, DYING, SUSPENDED, SHUT_DOWN };

static int end_of(const struct xlpt_guest *g)
{
	return !g->dying ? LIVES : g->suspended ? SUSPENDED : g->shut_down ? SHUT_DOWN : DYING;
}

static void dump_guest(struct xlpt_toolstack *ts, struct xlpt_guest *g, struct xlpt_str *out)
{
	struct xlpt_spec *specs = NULL;
	_cleanup_free_ char *name = xlpt_text_encoded(g->name);
	size_t n = 0;

	ts->ops->guest_config(ts, g);
	xlpt_str_addf(out, "guest %u %s %s %s %s %d %d %d %s\n", g->domid, *g->uuid ? g->uuid : "-",
		      xlpt_guest_type_word(g->type), tris[g->passthrough], tris[g->e820_host],
		      g->paused, end_of(g), g->has_stubdom, name);
	/* Its devices there are an addition: a guest that libxl has no configuration of has none.
	 */
	if (ts->ops->guest_config_pci(ts, g->domid, &specs, &n, NULL))
		return;
	for (size_t i = 0; i < n; i++) {
		_cleanup_free_ char *spec = xlpt_spec_format(&specs[i]);
		_cleanup_free_ char *text = xlpt_text_encoded(spec);

		xlpt_str_addf(out, "config %u %s\n", g->domid, text);
		xlpt_spec_dispose(&specs[i]);
	}
	free(specs);
}

/* Of dom0's, and of what the guests have. No answer is none. */
static void dump_groups(struct xlpt_toolstack *ts, uint32_t domid,
			const struct xlpt_devices *devices, struct xlpt_str *out)
{
	for (size_t i = 0; i < devices->n; i++) {
		_cleanup_free_ struct xlpt_bdf *found = NULL;
		struct xlpt_bdf bdf = devices->items[i].bdf;
		size_t n = 0;

		if (devices->items[i].header == XLPT_HEADER_BRIDGE ||
		    ts->ops->device_group(ts, domid, bdf, &found, &n, NULL))
			continue;
		for (size_t k = 0; k < n; k++)
			xlpt_str_addf(out, "group %u %s %s\n", domid, XLPT_BDF_STR(bdf),
				      XLPT_BDF_STR(found[k]));
	}
}

int xlpt_toolstack_dump(struct xlpt_toolstack *ts, const struct xlpt_devices *devices, char **text,
			struct xlpt_diag *diag)
{
	struct xlpt_guest *guests = NULL;
	struct xlpt_xen_caps caps;
	struct xlpt_str out = { 0 };
	size_t n = 0;
	int rc = ts->ops->caps(ts, &caps, diag);

	*text = NULL;
	if (rc == 0)
		rc = ts->ops->guest_list(ts, &guests, &n, diag);
	if (rc)
		return rc;
	xlpt_str_addf(&out, "xlpt-capture 1\nversion %s\niommu %d %d\n", caps.version,
		      caps.pv_iommu, caps.hvm_iommu);
	if (ts->ops->device_group) {
		xlpt_str_add(&out, "groups\n");
		dump_groups(ts, 0, devices, &out);
	}
	for (size_t i = 0; i < n; i++) {
		dump_guest(ts, &guests[i], &out);
		if (ts->ops->device_group)
			dump_groups(ts, guests[i].domid, devices, &out);
		xlpt_guest_dispose(&guests[i]);
	}
	free(guests);
	for (size_t i = 0; i < devices->n; i++) {
		bool assigned;

		/* Xen refuses the question for bridges, and for what it does not know. */
		if (devices->items[i].header != XLPT_HEADER_BRIDGE &&
		    ts->ops->hyp_assigned(ts, devices->items[i].bdf, &assigned, NULL) == 0)
			xlpt_str_addf(&out, "assigned %s %d\n", XLPT_BDF_STR(devices->items[i].bdf),
				      assigned);
	}
	*text = xlpt_str_take(&out);
	return 0;
}

/* ---- reading ---- */

static bool take_uint(char **cursor, uint64_t max, uint64_t *out)
{
	char *word = strtok_r(NULL, " ", cursor);

	return word && xlpt_parse_uint(word, strlen(word), 10, max, out);
}

static bool take_tri(char **cursor, enum xlpt_tri *out)
{
	char *word = strtok_r(NULL, " ", cursor);

	for (size_t i = 0; word && i < XLPT_ARRAY_SIZE(tris); i++)
		if (!strcmp(word, tris[i])) {
			*out = (enum xlpt_tri)i;
			return true;
		}
	return false;
}

static bool take_type(char **cursor, enum xlpt_guest_type *out)
{
	char *word = strtok_r(NULL, " ", cursor);

	for (int i = XLPT_GUEST_UNKNOWN; word && i <= XLPT_GUEST_PVH; i++)
		if (!strcmp(word, xlpt_guest_type_word((enum xlpt_guest_type)i))) {
			*out = (enum xlpt_guest_type)i;
			return true;
		}
	return false;
}

static bool printable(const char *s)
{
	for (; *s; s++)
		if (!isprint((unsigned char)*s))
			return false;
	return true;
}

static bool read_guest(struct xlpt_captured *c, char **cursor)
{
	struct xlpt_guest g = { 0 };
	uint64_t domid, paused, end, stub;
	char *uuid;

	if (!take_uint(cursor, UINT32_MAX, &domid))
		return false;
	uuid = strtok_r(NULL, " ", cursor);
	if (!uuid || strlen(uuid) >= sizeof(g.uuid) || !take_type(cursor, &g.type) ||
	    !take_tri(cursor, &g.passthrough) || !take_tri(cursor, &g.e820_host) ||
	    !take_uint(cursor, 1, &paused) || !take_uint(cursor, SHUT_DOWN, &end) ||
	    !take_uint(cursor, 1, &stub) || !*cursor || !**cursor || !printable(*cursor))
		return false;
	g.domid = (uint32_t)domid;
	g.paused = paused;
	g.dying = end != LIVES;
	g.suspended = end == SUSPENDED;
	g.shut_down = end == SHUT_DOWN;
	g.has_stubdom = stub;
	snprintf(g.uuid, sizeof(g.uuid), "%s", strcmp(uuid, "-") ? uuid : "");
	g.name = xlpt_text_decode(xlpt_xstrdup(*cursor));
	XLPT_GROW(c->guests, c->n_guests, c->alloc_guests);
	c->guests[c->n_guests++] = g;
	return true;
}

static bool read_config(struct xlpt_captured *c, char **cursor)
{
	_cleanup_spec_ struct xlpt_spec spec;
	uint64_t domid;

	xlpt_spec_init(&spec);
	if (!take_uint(cursor, UINT32_MAX, &domid) || !*cursor ||
	    xlpt_spec_parse(xlpt_text_decode(*cursor), &spec, NULL))
		return false;
	XLPT_GROW(c->configs, c->n_configs, c->alloc_configs);
	c->configs[c->n_configs] = (struct xlpt_captured_config){ .domid = (uint32_t)domid,
								  .pos = c->n_configs,
								  .spec = xlpt_xstrdup(*cursor) };
	c->n_configs++;
	return true;
}

static bool read_assigned(struct xlpt_captured *c, char **cursor)
{
	char *bdf = strtok_r(NULL, " ", cursor);
	struct xlpt_captured_asked a;
	uint64_t v;

	if (!bdf || !xlpt_bdf_from_sysfs_name(bdf, &a.bdf) || !take_uint(cursor, 1, &v))
		return false;
	a.assigned = v;
	a.pos = c->n_asked;
	XLPT_GROW(c->asked, c->n_asked, c->alloc_asked);
	c->asked[c->n_asked++] = a;
	return true;
}

static bool read_group(struct xlpt_captured *c, char **cursor)
{
	struct xlpt_captured_group g;
	char *bdf, *member;
	uint64_t domid;

	if (!take_uint(cursor, UINT32_MAX, &domid))
		return false;
	bdf = strtok_r(NULL, " ", cursor);
	member = strtok_r(NULL, " ", cursor);
	if (!bdf || !member || !xlpt_bdf_from_sysfs_name(bdf, &g.bdf) ||
	    !xlpt_bdf_from_sysfs_name(member, &g.member))
		return false;
	g.domid = (uint32_t)domid;
	g.pos = c->n_groups;
	XLPT_GROW(c->groups, c->n_groups, c->alloc_groups);
	c->groups[c->n_groups++] = g;
	return true;
}

static bool read_line(struct xlpt_captured *c, char *line)
{
	char *cursor = NULL, *key = strtok_r(line, " ", &cursor);
	uint64_t pv, hvm;

	if (!key)
		return false;
	if (!strcmp(key, "version")) {
		snprintf(c->caps.version, sizeof(c->caps.version), "%s", cursor ? cursor : "");
		return printable(c->caps.version);
	}
	if (!strcmp(key, "iommu")) {
		if (!take_uint(&cursor, 1, &pv) || !take_uint(&cursor, 1, &hvm))
			return false;
		c->caps.pv_iommu = pv;
		c->caps.hvm_iommu = hvm;
		return true;
	}
	if (!strcmp(key, "guest"))
		return read_guest(c, &cursor);
	if (!strcmp(key, "config"))
		return read_config(c, &cursor);
	if (!strcmp(key, "group"))
		return read_group(c, &cursor);
	if (!strcmp(key, "groups")) {
		c->ops.device_group = xlpt_captured_ops.device_group;
		return true;
	}
	return !strcmp(key, "assigned") && read_assigned(c, &cursor);
}

static int refuse(struct xlpt_toolstack *ts, unsigned line, const char *why, struct xlpt_diag *diag)
{
	xlpt_toolstack_close(ts);
	xlpt_diag_set(diag, XLPT_ERR_DATA, "%s", why);
	xlpt_diag_at(diag, NULL, line, 0);
	xlpt_diag_hint(diag, "unpack the archive of xlpt capture again");
	return XLPT_ERR_DATA;
}

int xlpt_toolstack_open_text(struct xlpt_toolstack *ts, const char *text, const char *cmdline,
			     const char *messages, struct xlpt_diag *diag)
{
	_cleanup_free_ char *copy = xlpt_xstrdup(text);
	struct xlpt_captured *c = xlpt_xcalloc(1, sizeof(*c));
	unsigned nr = 0;

	c->cmdline = xlpt_xstrdup(cmdline);
	c->messages = xlpt_xstrdup(messages);
	c->ops = xlpt_captured_ops;
	c->ops.device_group = NULL;
	*ts = (struct xlpt_toolstack){ .ops = &c->ops, .priv = c };
	for (char *next = copy; *next;) {
		char *line = next;

		next += strcspn(next, "\n");
		if (*next)
			*next++ = '\0';
		if (++nr == 1 ? !strcmp(line, "xlpt-capture 1") : read_line(c, line))
			continue;
		return refuse(ts, nr,
			      nr == 1 ? "this is not what xlpt capture writes"
				      : "this line is not what xlpt capture writes",
			      diag);
	}
	xlpt_captured_sort(c);
	for (size_t i = 1; i < c->n_guests; i++)
		if (c->domids[i].domid == c->domids[i - 1].domid)
			return refuse(ts, 0, "two guests have the same domain number", diag);
	return 0;
}
