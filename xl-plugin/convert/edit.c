/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* convert --edit: the pci list of an xl configuration is changed in its file. */
#include "xl-plugin/convert/convert.h"

#include "converters/edit.h"
#include "converters/libvirt/libvirt.h"
#include "converters/xl/xl.h"
#include "core/file.h"
#include "xl-plugin/cli/output.h"

/* A device as xl writes it, or its address in any of libvirt's spellings. */
static int parse_device(const char *text, struct xlpt_spec *out, struct xlpt_diag *diag)
{
	int rc = xlpt_spec_parse_xl(text, out, diag);
	struct xlpt_bdf bdf;

	if (rc && xlpt_libvirt_address_parse(text, &bdf, NULL) == 0) {
		xlpt_diag_dispose(diag);
		xlpt_spec_init(out);
		out->has_bdf = true;
		out->bdf = bdf;
		return 0;
	}
	return rc;
}

static int collect(char **values, bool removing, struct xlpt_edit *edits, size_t *n,
		   struct xlpt_diag *diag)
{
	for (; values && *values; values++) {
		int rc = parse_device(*values, &edits[*n].spec, diag);

		if (rc)
			return rc;
		edits[(*n)++].remove = removing;
	}
	return 0;
}

struct edited {
	struct xlpt_env *env;
	const char *path;
};

/* What an added device means for the next creation of the guest; the edit is made all the same. */
static void tell_creation(void *ctx, const char *guest, struct xlpt_diag *why)
{
	const struct edited *e = ctx;

	(void)guest;
	xlpt_remark(e->env, "%s: %s", e->path, why->message);
	xlpt_warn_mend(e->env, "%s", why->hint);
}

static void tell_edited(struct xlpt_env *env, const char *path, bool changed,
			const struct xlpt_str *out)
{
	if (env->json) {
		struct json_object *o = json_object_new_object();

		xlpt_json_add(o, "file", xlpt_json_str(path));
		xlpt_json_add(o, "changed", json_object_new_boolean(changed));
		xlpt_print_json(env, o);
	} else if (env->dry_run) {
		xlpt_put_document(env, xlpt_str_get(out), out->len);
	} else {
		xlpt_say(env, "%s %s", path, changed ? "is changed" : "needs no change");
	}
}

static int refuse_xml(const char *path, struct xlpt_diag *diag)
{
	xlpt_diag_set(diag, XLPT_ERR_SYNTAX,
		      "--edit changes a configuration of xl, and this is "
		      "libvirt's XML");
	xlpt_diag_at(diag, path, 0, 0);
	xlpt_diag_hint(diag, "change the <hostdev> of libvirt's guest with virsh edit");
	return XLPT_ERR_SYNTAX;
}

static int edit(struct xlpt_env *env, const char *path, const struct xlpt_edit *edits, size_t n,
		struct xlpt_diag *diag)
{
	_cleanup_str_ struct xlpt_str in = { 0 }, out = { 0 };
	_cleanup_close_ int lock = -1;
	_cleanup_file_ struct xlpt_file f;
	bool changed;
	/* A link stays a link. */
	int r = xlpt_file_find_to_edit(NULL, path, &f, &lock), rc;

	if (r == 0)
		r = xlpt_file_get(&f, XLPT_CONVERT_MAX, &in);
	if (r)
		return xlpt_convert_unread(path, r, diag);
	if (xlpt_format_detect(xlpt_str_get(&in), in.len) == XLPT_FORMAT_LIBVIRT)
		return refuse_xml(path, diag);
	rc = xlpt_edit_pci(xlpt_str_get(&in), in.len, path, edits, n, &out, &changed, diag);
	if (rc == 0)
		rc = xlpt_check_interrupted(diag);
	if (rc == 0 && changed && !env->dry_run) {
		r = xlpt_file_put(&f, xlpt_str_get(&out), out.len,
				  &(struct xlpt_file_how){ .keep = true, .edited = true });
		if (r)
			rc = xlpt_diag_file(diag, XLPT_ERR_IO, r, "cannot write %s", path);
	}
	if (rc)
		return rc;
	env->done |= !env->dry_run;
	if (n && !edits[n - 1].remove)
		xlpt_xl_judge_creation(xlpt_str_get(&out), out.len, path, tell_creation,
				       &(struct edited){ env, path });
	tell_edited(env, path, changed, &out);
	return 0;
}

int xlpt_convert_edit(struct xlpt_env *env, const char *path, char **adds, char **removes,
		      struct xlpt_diag *diag)
{
	size_t n = xlpt_strv_len(adds) + xlpt_strv_len(removes), k = 0;
	struct xlpt_edit *edits = xlpt_xcalloc(n, sizeof(*edits));
	int rc = collect(removes, true, edits, &k, diag);

	if (rc == 0)
		rc = collect(adds, false, edits, &k, diag);
	if (rc == 0)
		rc = edit(env, path, edits, n, diag);
	for (size_t i = 0; i < k; i++)
		xlpt_spec_dispose(&edits[i].spec);
	free(edits);
	return rc;
}
