/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A shared library that is loaded when it is first needed. Every start of the program pays for
 * each library that it is linked with, whatever the command; libkmod and libxml2 bring in libcrypto
 * and libstdc++ and were three quarters of that, and few commands need them.
 *
 * The library's home has the list of the functions that it calls and a table of pointers to
 * them, and calls them by the names that the library's headers declare: see pciback/device/kmod.h.
 * The library is loaded where its first object is made; there the error is told.
 */
#ifndef XLPT_CORE_LAZY_H
#define XLPT_CORE_LAZY_H

#include "core/diag.h"

struct xlpt_lazy {
	const char *soname;  /* that of the library's headers: the Makefile asks the linker */
	const char *package; /* of Debian */
	const char *what;    /* what it is needed for: "reads and writes libvirt's XML" */
	const char *const *names;
	void **calls; /* where the functions of those names go */
	size_t n;
	bool loaded;
};

/* Loads it unless that is done. XLPT_ERR_NOT_FOUND when there is none, or one without a function. */
int xlpt_lazy_load(struct xlpt_lazy *lib, struct xlpt_diag *diag);

/*
 * Such a table lies among the constants, which nothing can write to once the program has
 * started (RELRO), as the linker's own table of functions does. Loading opens it for a moment.
 */
#define XLPT_LAZY_TABLE __attribute__((section(".data.rel.ro.lazy")))

/*
 * Says in the program that it wants the library, in the ELF note for that (systemd, "ELF dlopen
 * metadata"): what makes packages finds it there, as it finds other libraries in the dynamic section.
 */
#define XLPT_LAZY_NOTE(so, for_what)                                                     \
	static const struct {                                                            \
		uint32_t name_size, text_size, type;                                     \
		char name[4];                                                            \
		char text[sizeof("[{\"soname\":[\"" so "\"],\"description\":\"" for_what \
				 "\",\"priority\":\"required\"}]")];                     \
	} lazy_note __attribute__((used, aligned(4), section(".note.dlopen"))) = {       \
		.name_size = 4,                                                          \
		.text_size = sizeof(lazy_note.text),                                     \
		.type = 0x407c0c0a,                                                      \
		.name = "FDO",                                                           \
		.text = "[{\"soname\":[\"" so "\"],\"description\":\"" for_what          \
			"\",\"priority\":\"required\"}]",                                \
	}

#endif
