/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* libxml2: its functions by their names. */
#include "converters/libvirt/libxml.h"

#include "core/lazy.h"

_Static_assert(sizeof(XLPT_SO_XML2) > 1, "the linker does not tell the name of libxml2");
XLPT_LAZY_NOTE(XLPT_SO_XML2, "libvirt's XML");

struct xlpt_libxml_calls xlpt_libxml XLPT_LAZY_TABLE;

static const char *const names[] = {
#define X(name) #name,
	XLPT_LIBXML_CALLS(X)
#undef X
};

static struct xlpt_lazy lib = { .soname = XLPT_SO_XML2,
				.package = "libxml2",
				.what = "reads and writes libvirt's XML",
				.names = names,
				.calls = (void **)&xlpt_libxml,
				.n = XLPT_ARRAY_SIZE(names) };

int xlpt_libxml_load(struct xlpt_diag *diag)
{
	/* For an encoding that a document names, iconv would load and run what lies in that folder. */
	unsetenv("GCONV_PATH");
	return xlpt_lazy_load(&lib, diag);
}
