/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Loads a shared library and fills its table of functions, which nothing else can write to. */
#include "core/lazy.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

struct pages {
	uintptr_t start, end; /* whole pages */
	bool closed;	      /* the dynamic linker has made them read-only */
};

/* Whether the pages lie where the dynamic linker has closed them: whole pages of RELRO. */
static int look_for(struct dl_phdr_info *info, size_t size, void *arg)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	struct pages *p = arg;

	(void)size;
	for (size_t i = 0; i < info->dlpi_phnum && !p->closed; i++) {
		const ElfW(Phdr) *ph = &info->dlpi_phdr[i];
		uintptr_t start = info->dlpi_addr + ph->p_vaddr, end = start + ph->p_memsz;

		p->closed = ph->p_type == PT_GNU_RELRO && p->start >= (start & ~(page - 1)) &&
			    p->end <= (end & ~(page - 1));
	}
	return p->closed;
}

static struct pages pages_of(const struct xlpt_lazy *lib)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	struct pages p = { .start = (uintptr_t)lib->calls & ~(page - 1),
			   .end = ((uintptr_t)(lib->calls + lib->n) + page - 1) & ~(page - 1) };

	dl_iterate_phdr(look_for, &p);
	return p;
}

static int missing(const struct xlpt_lazy *lib, const char *fact, struct xlpt_diag *diag)
{
	xlpt_diag_set(diag, XLPT_ERR_NOT_FOUND, "cannot load %s, which %s", lib->soname, lib->what);
	xlpt_diag_fact(diag, "%s", fact);
	xlpt_diag_hint(diag, "install the package that has it; on Debian: apt-get install %s",
		       lib->package);
	return XLPT_ERR_NOT_FOUND;
}

/* The pages of the table could not be opened, or not be closed again. */
static int closed(const struct xlpt_lazy *lib, int err, struct xlpt_diag *diag)
{
	xlpt_diag_errno(diag, XLPT_ERR_IO, err, "cannot load %s", lib->soname);
	xlpt_diag_hint(diag, "see whether AppArmor or SELinux forbids it: journalctl -k -g denied");
	return XLPT_ERR_IO;
}

static int fill(struct xlpt_lazy *lib, void *so, struct xlpt_diag *diag)
{
	for (size_t i = 0; i < lib->n; i++) {
		lib->calls[i] = dlsym(so, lib->names[i]);
		if (!lib->calls[i])
			return missing(lib, dlerror(), diag);
	}
	return 0;
}

int xlpt_lazy_load(struct xlpt_lazy *lib, struct xlpt_diag *diag)
{
	struct pages p;
	size_t len;
	void *so;
	int rc;

	if (lib->loaded)
		return 0;
	/* It stays to the end: libraries do not like to be unloaded. */
	so = dlopen(lib->soname, RTLD_NOW | RTLD_LOCAL);
	if (!so)
		return missing(lib, dlerror(), diag);
	p = pages_of(lib);
	len = p.end - p.start;
	if (p.closed && mprotect((void *)p.start, len, PROT_READ | PROT_WRITE))
		return closed(lib, errno, diag);
	rc = fill(lib, so, diag);
	if (p.closed && mprotect((void *)p.start, len, PROT_READ) && rc == 0)
		rc = closed(lib, errno, diag);
	lib->loaded = rc == 0;
	return rc;
}
