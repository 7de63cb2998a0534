/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The record beside an image. It is lines of words:
 *
 *	xlpt image 1
 *	guest 4a1f... web1
 *	size 268435456
 *	device 0000:02:00.0,permissive=1
 *
 * What follows a key is encoded (core/text.h), because a name may have any character. The size
 * ties the record to its image: without it, the image of a later plain xl save to the same place
 * would be given devices that its guest never had.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "core/file.h"
#include "core/record.h"
#include "core/text.h"
#include "xl-plugin/backend/image.h"
#include "xl-plugin/kept/kept.h"

#define RECORD_MAX 65536

void xlpt_image_record_dispose(struct xlpt_image_record *record)
{
	for (size_t i = 0; i < record->n; i++)
		xlpt_spec_dispose(&record->specs[i]);
	free(record->specs);
	*record = (struct xlpt_image_record){ 0 };
}

char *xlpt_image_record_path(const char *image)
{
	return xlpt_xasprintf("%s.xlpt", image);
}

static const char magic[] = "xlpt image 1\n";

static int cannot_read(const char *record, int r, struct xlpt_diag *diag)
{
	xlpt_diag_file(diag, XLPT_ERR_IO, r, "cannot read %s", record);
	xlpt_diag_fact(diag, "it tells xlpt restore which devices to attach");
	xlpt_diag_hint(diag, "make it a file that root can read, or move it away");
	return XLPT_ERR_IO;
}

/* 0: there is no record, 1: there is one of xlpt's; else an error. */
static int look(const char *record, struct xlpt_diag *diag)
{
	_cleanup_file_ struct xlpt_file f;
	_cleanup_str_ struct xlpt_str text = { 0 };
	int r = xlpt_file_find(NULL, record, 0, &f);

	if (r == -ENOENT || (r == 0 && !f.there))
		return 0;
	if (r == 0)
		r = xlpt_file_get(&f, RECORD_MAX, &text);
	if (r == 0 && xlpt_starts(xlpt_str_get(&text), magic))
		return 1;
	if (r == 0 || r == -EFBIG || r == -EMEDIUMTYPE || r == -EISDIR || r == -ELOOP) {
		xlpt_diag_set(diag, XLPT_ERR_CONFLICT, "%s exists, and xlpt save did not write it",
			      record);
		xlpt_diag_fact(diag,
			       "beside an image of that name it would tell xlpt restore which "
			       "devices to attach");
		xlpt_diag_hint(diag, "move it away, or name another file");
		return XLPT_ERR_CONFLICT;
	}
	return cannot_read(record, r, diag);
}

int xlpt_image_record_check(const char *image, struct xlpt_diag *diag)
{
	_cleanup_free_ char *record = xlpt_image_record_path(image);
	int rc = look(record, diag);

	return rc > 0 ? 0 : rc;
}

int xlpt_image_record_write(const char *path, const struct xlpt_guest *guest, off_t image_size,
			    const struct xlpt_spec *const *specs, size_t n, struct xlpt_diag *diag)
{
	_cleanup_free_ char *record = xlpt_image_record_path(path);
	_cleanup_free_ char *name = xlpt_text_encoded(guest->name);
	_cleanup_str_ struct xlpt_str text = { 0 };
	int rc = look(record, diag), r;

	if (rc < 0)
		return rc;
	r = !n && rc ? xlpt_file_remove(NULL, record) : 0;
	if (!n && (r == 0 || r == -ENOENT))
		return 0;
	xlpt_str_addf(&text, "%sguest %s %s\nsize %lld\n", magic, guest->uuid, name,
		      (long long)image_size);
	for (size_t i = 0; i < n; i++) {
		_cleanup_free_ char *spec = xlpt_spec_format(specs[i]);

		xlpt_record_add(&text, "device", spec);
	}
	r = xlpt_file_replace(NULL, record, text.s, text.len,
			      &(struct xlpt_file_how){ .mode = 0600 });
	if (r == 0)
		return 0;
	xlpt_diag_file(diag, XLPT_ERR_IO, r, "cannot write %s", record);
	xlpt_diag_fact(diag, "it would tell xlpt restore which devices to attach");
	xlpt_diag_hint(diag, "make room there, or name another file");
	return XLPT_ERR_IO;
}

static int not_ours(const char *path, struct xlpt_diag *diag, enum xlpt_err code, const char *why)
{
	xlpt_diag_set(diag, code, "%s is not the record of this image's devices", path);
	xlpt_diag_fact(diag, "%s", why);
	xlpt_diag_hint(diag, "remove it and name the devices to xlpt attach after the restore");
	return code;
}

static int parse(const char *path, char *text, const struct xlpt_image *image,
		 struct xlpt_image_record *out, struct xlpt_diag *diag)
{
	_cleanup_free_ char *size = xlpt_xasprintf("%lld", (long long)image->size);
	_cleanup_free_ char *guest = xlpt_xasprintf("%s ", image->guest.uuid);
	struct xlpt_record r = { .encoded = true };
	bool sized = false, named = false;

	if (!xlpt_record_begin(&r, text, "xlpt image 1"))
		return not_ours(path, diag, XLPT_ERR_SYNTAX,
				"it does not begin with \"xlpt image 1\"");
	while (xlpt_record_next(&r)) {
		struct xlpt_spec *spec;
		int rc;

		if (!r.value)
			continue;
		sized |= !strcmp(r.key, "size") && !strcmp(r.value, size);
		named |= !strcmp(r.key, "guest") && xlpt_starts(r.value, guest);
		if (strcmp(r.key, "device"))
			continue;
		XLPT_GROW(out->specs, out->n, out->alloc);
		spec = &out->specs[out->n];
		rc = xlpt_spec_parse(r.value, spec, diag);
		if (rc) {
			xlpt_diag_at(diag, path, r.line, 1);
			return rc;
		}
		out->n++;
		if (!spec->has_bdf || spec->all_funcs || spec->name)
			return not_ours(
				path, diag, XLPT_ERR_SYNTAX,
				"it has a device line that is not one address with options");
	}
	if (!named)
		return not_ours(path, diag, XLPT_ERR_CONFLICT, "it speaks of another guest");
	if (!sized)
		return not_ours(path, diag, XLPT_ERR_CONFLICT,
				"it speaks of an image of another size");
	return 0;
}

int xlpt_image_record_read(const struct xlpt_image *image, struct xlpt_image_record *out,
			   struct xlpt_diag *diag)
{
	_cleanup_free_ char *path = xlpt_image_record_path(image->path);
	_cleanup_str_ struct xlpt_str text = { 0 };
	_cleanup_file_ struct xlpt_file f;
	int rc, r = xlpt_file_find(NULL, path, XLPT_FILE_FOLLOW, &f);

	*out = (struct xlpt_image_record){ 0 };
	if (r == 0)
		r = xlpt_file_get(&f, RECORD_MAX, &text);
	if (r == -ENOENT)
		return 0;
	if (r == -EFBIG || (r == 0 && memchr(xlpt_str_get(&text), '\0', text.len)))
		return not_ours(path, diag, XLPT_ERR_SYNTAX, "it is too long, or not text");
	if (r < 0)
		return cannot_read(path, r, diag);
	/* In a folder that all may write to, somebody else could add it: it gives a guest devices. */
	if (f.st.st_uid != 0 && f.st.st_uid != geteuid())
		return not_ours(path, diag, XLPT_ERR_CONFLICT, "another user wrote it");
	out->present = true;
	rc = parse(path, text.s ? text.s : (char[]){ "" }, image, out, diag);
	if (rc)
		xlpt_image_record_dispose(out);
	return rc;
}
