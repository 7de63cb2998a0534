/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * LD_PRELOAD for a real xl on a machine without Xen: it comes as far as reading
 * its command line. Where it looks up the guest that a command names, or reads a
 * configuration, the name is printed and xl ends, with the status that
 * test-guard-getopt.c knows.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FOUND 66

int libxl_ctx_alloc(void **ctx, int version, unsigned flags, void *logger);
int libxl_ctx_free(void *ctx);
void libxl_childproc_setmode(void *ctx, const void *hooks, void *user);
const void *libxl_get_version_info(void *ctx);
int libxl_cpu_bitmap_alloc(void *ctx, void *bitmap, int max);
void libxl_bitmap_set_any(void *bitmap);
int libxl_domain_qualifier_to_domid(void *ctx, const char *name, uint32_t *domid);
int libxl_read_file_contents(void *ctx, const char *name, void **data, int *len);

int libxl_ctx_alloc(void **ctx, int version, unsigned flags, void *logger)
{
	(void)version;
	(void)flags;
	(void)logger;
	*ctx = calloc(1, 65536);
	return *ctx ? 0 : -1;
}

int libxl_ctx_free(void *ctx)
{
	free(ctx);
	return 0;
}

void libxl_childproc_setmode(void *ctx, const void *hooks, void *user)
{
	(void)ctx;
	(void)hooks;
	(void)user;
}

/* xl looks for dom0_mem in the hypervisor's command line, one of the texts in it. */
const void *libxl_get_version_info(void *ctx)
{
	static char *texts[64];

	(void)ctx;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		texts[i] = "";
	return texts;
}

/* Affinities that xl.conf may give: it makes empty ones first. */
int libxl_cpu_bitmap_alloc(void *ctx, void *bitmap, int max)
{
	(void)ctx;
	(void)bitmap;
	(void)max;
	return 0;
}

void libxl_bitmap_set_any(void *bitmap)
{
	(void)bitmap;
}

static void __attribute__((noreturn)) found(const char *name)
{
	printf("%s", name);
	fflush(stdout);
	_exit(FOUND);
}

int libxl_domain_qualifier_to_domid(void *ctx, const char *name, uint32_t *domid)
{
	(void)ctx;
	(void)domid;
	found(name);
}

int libxl_read_file_contents(void *ctx, const char *name, void **data, int *len)
{
	(void)ctx;
	(void)data;
	(void)len;
	/* xl's own file, which it reads first, is not there. */
	if (!strcmp(name, "/etc/xen/xl.conf"))
		return ENOENT;
	found(name);
}
