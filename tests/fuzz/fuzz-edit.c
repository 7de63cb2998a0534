/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Edits of any configuration: a device added and removed again leaves the same
 * devices, and outside the statements of the pci list not one byte changes.
 */
#include "converters/edit.h"
#include "converters/xl/xl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Whether b is a with something put in, in one place or more. */
static bool is_within(const char *a, size_t na, const char *b, size_t nb)
{
	size_t n = 0;

	for (size_t i = 0; i < nb && n < na; i++)
		n += a[n] == b[i];
	return n == na;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct xlpt_edit add = { .remove = false }, del = { .remove = true };
	_cleanup_str_ struct xlpt_str one = { 0 }, two = { 0 };
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	bool changed;
	char *text = xlpt_xcalloc(1, size ? size : 1);

	memcpy(text, data, size);
	xlpt_spec_parse("0000:fe:1f.7,permissive=1", &add.spec, NULL);
	xlpt_spec_parse("0000:fe:1f.7", &del.spec, NULL);
	if (xlpt_edit_pci(text, size, "f", &add, 1, &one, &changed, &diag) == 0 && changed) {
		/* Insertions only: a comma behind the last item, and the new one behind its comment. */
		if (!is_within(text, size, one.s, one.len) && !memmem(text, size, "fe:1f.7", 7) &&
		    !memmem(text, size, "FE:1", 4))
			abort();
		if (xlpt_edit_pci(one.s, one.len, "f", &del, 1, &two, &changed, &diag) &&
		    diag.code != XLPT_ERR_DATA)
			abort();
	} else if (one.len && changed) {
		abort();
	}
	xlpt_spec_dispose(&add.spec);
	xlpt_spec_dispose(&del.spec);
	free(text);
	return 0;
}
