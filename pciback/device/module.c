/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The part of bind.h that needs libkmod: loading a module as modprobe does. */
#include "pciback/device/bind.h"

#include <errno.h>
#include <string.h>

#include "core/text.h"
#include "pciback/device/kmod.h"

static int not_found(const char *name, const char *fact, struct xlpt_diag *diag)
{
	xlpt_diag_set(diag, XLPT_ERR_NOT_FOUND, "no kernel module for %s", name);
	xlpt_diag_fact(diag, "%s", fact);
	xlpt_diag_hint(diag, "modprobe -n -v %s", XLPT_WORD(name));
	return XLPT_ERR_NOT_FOUND;
}

static int cannot_load(const char *name, int err, struct xlpt_diag *diag)
{
	xlpt_diag_errno(diag, XLPT_ERR_IO, err, "cannot load the kernel module for %s", name);
	xlpt_diag_fact(diag, "init_module failed");
	xlpt_diag_hint(diag, "modprobe -v %s", XLPT_WORD(name));
	return XLPT_ERR_IO;
}

/* All that the alias resolves to, as modprobe does; one that loads is enough. */
static int insert_all(struct kmod_list *list, const char *name, struct xlpt_diag *diag)
{
	bool loaded = false, blacklisted = false;
	struct kmod_list *item;
	int err = 0;

	kmod_list_foreach(item, list)
	{
		struct kmod_module *mod = kmod_module_get_module(item);
		int r = kmod_module_probe_insert_module(mod, KMOD_PROBE_APPLY_BLACKLIST_ALIAS_ONLY,
							NULL, NULL, NULL, NULL);

		kmod_module_unref(mod);
		/* Positive: stopped for a reason named in the flags. */
		loaded |= r == 0;
		blacklisted |= r > 0;
		if (r < 0)
			err = -r;
	}
	if (loaded)
		return 0;
	if (!err)
		return not_found(name,
				 blacklisted ? "modprobe.d blacklists every module that claims it"
					     : "no module of this kernel claims it",
				 diag);
	return cannot_load(name, err, diag);
}

/* What libkmod has for a name or an alias, maybe nothing. After 0 the caller frees both. */
static int look_up(const char *module_or_alias, struct kmod_ctx **ctx, struct kmod_list **list,
		   struct xlpt_diag *diag)
{
	int r, rc = xlpt_kmod_load(diag);

	*list = NULL;
	if (rc)
		return rc;
	*ctx = xlpt_kmod_new(NULL, NULL);
	if (!*ctx) {
		xlpt_diag_errno(diag, XLPT_ERR_IO, errno, "cannot read the kernel's modules");
		return XLPT_ERR_IO;
	}
	r = kmod_module_new_from_lookup(*ctx, module_or_alias, list);
	if (r >= 0 || r == -ENOENT || r == -ENOSYS)
		return 0;
	xlpt_diag_errno(diag, XLPT_ERR_IO, -r, "cannot look up a kernel module for %s",
			module_or_alias);
	kmod_unref(*ctx);
	return XLPT_ERR_IO;
}

int xlpt_bind_find_module(struct xlpt_host *h, const char *module_or_alias, struct xlpt_diag *diag)
{
	struct kmod_list *list;
	struct kmod_ctx *ctx;
	int rc = h->live ? look_up(module_or_alias, &ctx, &list, diag) : 0;

	if (!h->live || rc)
		return rc;
	if (!list)
		rc = not_found(module_or_alias, "no module of this kernel claims it", diag);
	kmod_module_unref_list(list);
	kmod_unref(ctx);
	return rc;
}

int xlpt_bind_load_module(struct xlpt_host *h, const char *module_or_alias, struct xlpt_diag *diag)
{
	struct kmod_list *list;
	struct kmod_ctx *ctx;
	int rc, r = h->ops->load_module ? h->ops->load_module(h, module_or_alias) : -ENOSYS;

	if (r == 0)
		return 0;
	if (r != -ENOSYS)
		return cannot_load(module_or_alias, -r, diag);
	/* libkmod knows only the running kernel: for a captured tree that is the wrong one. */
	if (!h->live) {
		xlpt_diag_set(diag, XLPT_ERR_IO, "cannot load the kernel module for %s",
			      module_or_alias);
		xlpt_diag_fact(diag, "%s is not the running system", h->root);
		xlpt_diag_hint(diag, "run without --sysroot");
		return XLPT_ERR_IO;
	}
	rc = look_up(module_or_alias, &ctx, &list, diag);
	if (rc)
		return rc;
	rc = insert_all(list, module_or_alias, diag);
	kmod_module_unref_list(list);
	kmod_unref(ctx);
	return rc;
}
