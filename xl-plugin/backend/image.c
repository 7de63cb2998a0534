/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xl-plugin/backend/image.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <json-c/json.h>

#include "core/file.h"

#define MAGIC_LEN 32
static const char magic[MAGIC_LEN + 1] = "Xen saved domain, xl format\n \0 \r";

enum { FLAG_JSON = 1 << 0, FLAG_STREAM2 = 1 << 1 };
enum { BYTE_ORDER_WORD = 0x01020304 };

struct head {
	char magic[MAGIC_LEN];
	uint32_t byteorder, mandatory, optional, optional_len;
};

/* Deeper than libxl's own configurations (about 8), shallow enough for any stack. */
#define JSON_DEPTH 64

void xlpt_image_dispose(struct xlpt_image *image)
{
	xlpt_closep(&image->fd);
	for (size_t i = 0; i < image->n; i++)
		xlpt_spec_dispose(&image->specs[i]);
	free(image->specs);
	free(image->path);
	free(image->head);
	xlpt_guest_dispose(&image->guest);
	*image = (struct xlpt_image){ .fd = -1 };
}

/* ---- reading at a place ---- */

static bool read_at(const struct xlpt_image *image, void *buf, size_t len, off_t at)
{
	char *p = buf;

	while (len) {
		ssize_t r = pread(image->fd, p, len, at);

		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return false;
		p += r;
		at += r;
		len -= (size_t)r;
	}
	return true;
}

static int malformed(const struct xlpt_image *image, struct xlpt_diag *diag, const char *what)
{
	xlpt_diag_set(diag, XLPT_ERR_SYNTAX, "%s is not an image that xl can restore", image->path);
	xlpt_diag_fact(diag, "%s", what);
	xlpt_diag_hint(diag, "name a file that xl save or xlpt save has written");
	return XLPT_ERR_SYNTAX;
}

static int truncated(const struct xlpt_image *image, struct xlpt_diag *diag, const char *what)
{
	xlpt_diag_set(diag, XLPT_ERR_DATA, "%s is not complete", image->path);
	xlpt_diag_fact(diag, "it has %lld bytes and ends within %s", (long long)image->size, what);
	xlpt_diag_hint(diag, "save the guest again where there is room for its memory");
	return XLPT_ERR_DATA;
}

/* ---- the stream ---- */

struct record {
	uint32_t type, len;
};

enum { REC_END = 0, REC_LIBXC_CONTEXT = 1 };

/* Steps over one record; *at is behind it then. */
static bool step(const struct xlpt_image *image, off_t *at, struct record *rec)
{
	off_t len;

	if (!read_at(image, rec, sizeof(*rec), *at))
		return false;
	len = (off_t)sizeof(*rec) + (((off_t)le32toh(rec->len) + 7) & ~(off_t)7);
	if (len > image->size - *at)
		return false;
	*at += len;
	return true;
}

static int walk_libxc(const struct xlpt_image *image, off_t *at, struct xlpt_diag *diag)
{
	struct {
		uint64_t marker;
		uint32_t id, version;
		uint16_t options, pad[3];
		uint32_t domain[4];
	} h;
	struct record rec;

	if (!read_at(image, &h, sizeof(h), *at))
		return truncated(image, diag, "the header of the guest's memory");
	if (h.marker != UINT64_MAX || be32toh(h.id) != 0x58454e46 || be16toh(h.options) & 1)
		return malformed(image, diag,
				 "where the guest's memory should begin is no libxc "
				 "stream of this kind of machine");
	*at += (off_t)sizeof(h);
	do {
		if (!step(image, at, &rec))
			return truncated(image, diag, "the guest's memory");
	} while (rec.type != REC_END);
	return 0;
}

static int walk(const struct xlpt_image *image, struct xlpt_diag *diag)
{
	struct {
		char ident[8];
		uint32_t version, options;
	} h;
	struct record rec;
	off_t at = image->body;
	bool memory = false;

	if (!read_at(image, &h, sizeof(h), at))
		return truncated(image, diag, "the header of libxl's stream");
	if (memcmp(h.ident, "LibxlFmt", 8) != 0 || be32toh(h.options) & 1)
		return malformed(image, diag,
				 "behind the configuration is no libxl stream of this "
				 "kind of machine");
	at += (off_t)sizeof(h);
	do {
		int rc;

		if (!step(image, &at, &rec))
			return truncated(image, diag, "libxl's stream");
		if (le32toh(rec.type) != REC_LIBXC_CONTEXT)
			continue;
		memory = true;
		rc = walk_libxc(image, &at, diag);
		if (rc)
			return rc;
	} while (rec.type != REC_END);
	return memory ? 0 : malformed(image, diag, "libxl's stream has no memory of a guest in it");
}

/* ---- the configuration ---- */

static struct json_object *get(struct json_object *o, const char *key)
{
	struct json_object *v = NULL;

	if (!json_object_is_type(o, json_type_object) || !json_object_object_get_ex(o, key, &v))
		return NULL;
	return v;
}

static const char *get_string(struct json_object *o, const char *key)
{
	struct json_object *v = get(o, key);

	return json_object_is_type(v, json_type_string) ? json_object_get_string(v) : NULL;
}

/* libxl leaves out what has its default, which is 0. */
static bool get_number(struct json_object *o, const char *key, int64_t max, int64_t *out)
{
	struct json_object *v = get(o, key);

	*out = v ? json_object_get_int64(v) : 0;
	return (!v || json_object_is_type(v, json_type_int)) && *out >= 0 && *out <= max;
}

static enum xlpt_tri get_flag(struct json_object *o, const char *key)
{
	struct json_object *v = get(o, key);

	return v && json_object_get_boolean(v) ? XLPT_ON : XLPT_UNSET;
}

static struct json_object *parse_json(const char *text, size_t len)
{
	struct json_tokener *tok = json_tokener_new_ex(JSON_DEPTH);
	struct json_object *root;

	while (len && (text[len - 1] == '\0' || strchr(" \n\t\r", text[len - 1])))
		len--;
	json_tokener_set_flags(tok, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	root = len <= INT32_MAX ? json_tokener_parse_ex(tok, text, (int)len) : NULL;
	if (root && (json_tokener_get_error(tok) != json_tokener_success ||
		     json_tokener_get_parse_end(tok) != len ||
		     !json_object_is_type(root, json_type_object))) {
		json_object_put(root);
		root = NULL;
	}
	json_tokener_free(tok);
	return root;
}

static bool read_device(struct json_object *o, struct xlpt_spec *spec)
{
	int64_t seg, bus, dev, func, slot, mask;
	const char *rdm = get_string(o, "rdm_policy");

	xlpt_spec_init(spec);
	if (!json_object_is_type(o, json_type_object) || !get_number(o, "domain", 0xffff, &seg) ||
	    !get_number(o, "bus", 0xff, &bus) || !get_number(o, "dev", 0x1f, &dev) ||
	    !get_number(o, "func", 0xff, &func) || !get_number(o, "vdevfn", UINT32_MAX, &slot) ||
	    !get_number(o, "vfunc_mask", UINT32_MAX, &mask))
		return false;
	/* BB:DD.* is a mask of all ones to libxl (LIBXL_PCI_FUNC_ALL), whatever func says. */
	spec->all_funcs = mask == UINT32_MAX;
	if (func > 7 && !spec->all_funcs)
		return false;
	spec->has_bdf = true;
	spec->bdf = (struct xlpt_bdf){ .seg = (uint16_t)seg,
				       .bus = (uint8_t)bus,
				       .dev = (uint8_t)dev,
				       .func = spec->all_funcs ? 0 : (uint8_t)func };
	if (slot)
		spec->vslot = (int)(slot >> 3 & 0x1f);
	spec->permissive = get_flag(o, "permissive");
	spec->msitranslate = get_flag(o, "msitranslate");
	spec->power_mgmt = get_flag(o, "power_mgmt");
	if (rdm && !strcmp(rdm, "strict"))
		spec->rdm_policy = XLPT_RDM_STRICT;
	else if (rdm && !strcmp(rdm, "relaxed"))
		spec->rdm_policy = XLPT_RDM_RELAXED;
	return true;
}

static bool name_ok(const char *s)
{
	if (!s || !*s || strlen(s) > 255)
		return false;
	for (; *s; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f || *s == '/')
			return false;
	return true;
}

static int read_config(struct xlpt_image *image, struct xlpt_diag *diag)
{
	struct json_object *root = parse_json(image->head + image->config_at, image->config_len);
	struct json_object *c_info = get(root, "c_info"), *devs = get(root, "pcidevs");
	const char *name = get_string(c_info, "name"), *uuid = get_string(c_info, "uuid"),
		   *type = get_string(c_info, "type");
	uint8_t bytes[16];
	const char *wrong = !root	     ? "its configuration is not JSON"
			    : !name_ok(name) ? "its configuration has no usable name"
			    : !(uuid && xlpt_uuid_parse(uuid, strlen(uuid), bytes))
				    ? "its configuration has no uuid"
			    : devs && !json_object_is_type(devs, json_type_array)
				    ? "its configuration has something that is no list as pcidevs"
				    : NULL;

	if (!wrong) {
		image->guest.name = xlpt_xstrdup(name);
		xlpt_uuid_format(bytes, image->guest.uuid);
		image->guest.type = xlpt_streq(type, "pv")    ? XLPT_GUEST_PV
				    : xlpt_streq(type, "hvm") ? XLPT_GUEST_HVM
				    : xlpt_streq(type, "pvh") ? XLPT_GUEST_PVH
							      : XLPT_GUEST_UNKNOWN;
	}
	for (size_t i = 0; !wrong && devs && i < json_object_array_length(devs); i++) {
		XLPT_GROW(image->specs, image->n, image->alloc);
		if (!read_device(json_object_array_get_idx(devs, i), &image->specs[image->n++]))
			wrong = "one of the PCI devices in its configuration has no valid address";
	}
	json_object_put(root);
	return wrong ? malformed(image, diag, wrong) : 0;
}

static int read_head(struct xlpt_image *image, struct xlpt_diag *diag)
{
	struct head h;
	uint32_t len;

	if (!read_at(image, &h, sizeof(h), 0) || memcmp(h.magic, magic, MAGIC_LEN) != 0)
		return malformed(image, diag, "it does not begin as xl's images do");
	if (h.byteorder != BYTE_ORDER_WORD)
		return malformed(image, diag,
				 "it was written on a machine of the other byte order");
	if (h.mandatory != (FLAG_JSON | FLAG_STREAM2))
		return malformed(image, diag,
				 "its flags are not those of an image of Xen 4.6 or later "
				 "with the guest's configuration in it");
	if (h.optional_len < sizeof(len) || h.optional_len > XLPT_IMAGE_CONFIG_MAX)
		return malformed(image, diag, "the length of its configuration is out of range");
	if ((off_t)h.optional_len > image->size - (off_t)sizeof(h))
		return truncated(image, diag, "the configuration");
	image->body = (off_t)sizeof(h) + h.optional_len;
	image->head = xlpt_xcalloc(1, (size_t)image->body);
	if (!read_at(image, image->head, (size_t)image->body, 0))
		return truncated(image, diag, "the configuration");
	memcpy(&len, image->head + sizeof(h), sizeof(len));
	if (len > h.optional_len - sizeof(len))
		return malformed(image, diag, "the length of its configuration is out of range");
	image->config_at = sizeof(h) + sizeof(len);
	image->config_len = len;
	return 0;
}

int xlpt_image_open(struct xlpt_image *image, struct xlpt_host *h, const char *path,
		    struct xlpt_diag *diag)
{
	_cleanup_file_ struct xlpt_file f;
	struct stat st = { 0 };
	int rc = 0, r = xlpt_file_find(h, path, XLPT_FILE_FOLLOW, &f);

	*image = (struct xlpt_image){ .fd = -1, .path = xlpt_xstrdup(path) };
	/* A FIFO would block, and a device could do anything. */
	if (r == 0)
		r = image->fd =
			f.fd < 0 ? xlpt_file_open(&f.dir, f.name, O_NOFOLLOW, &st) : -EMEDIUMTYPE;
	if (r == -EMEDIUMTYPE || r == -EISDIR) {
		rc = malformed(image, diag, "it is not a regular file");
	} else if (r < 0) {
		rc = r == -ENOENT ? XLPT_ERR_NOT_FOUND : XLPT_ERR_IO;
		xlpt_diag_errno(diag, rc, r, "cannot open %s", path);
		xlpt_diag_hint(diag, "name a file that xl save or xlpt save has written");
	} else {
		image->size = st.st_size;
		rc = read_head(image, diag);
	}
	if (rc == 0)
		rc = read_config(image, diag);
	if (rc == 0)
		rc = walk(image, diag);
	if (rc)
		xlpt_image_dispose(image);
	return rc;
}

char *xlpt_image_head_without_devices(const struct xlpt_image *image, size_t *len)
{
	struct json_object *root = parse_json(image->head + image->config_at, image->config_len);
	_cleanup_str_ struct xlpt_str out = { 0 };
	const char *tail = image->head + image->config_at + image->config_len, *text;
	size_t tail_len = (size_t)(image->head + image->body - tail), text_len;
	struct head h;
	uint32_t n;

	json_object_object_del(root, "pcidevs");
	text = json_object_to_json_string_length(root, JSON_C_TO_STRING_PLAIN, &text_len);
	n = (uint32_t)text_len + 1; /* xl writes the final NUL, and libxl's parser needs it */
	memcpy(&h, image->head, sizeof(h));
	h.optional_len = (uint32_t)(sizeof(n) + n + tail_len);
	xlpt_str_addn(&out, (const char *)&h, sizeof(h));
	xlpt_str_addn(&out, (const char *)&n, sizeof(n));
	xlpt_str_addn(&out, text, n);
	xlpt_str_addn(&out, tail, tail_len);
	json_object_put(root);
	*len = out.len;
	return xlpt_str_take(&out);
}
