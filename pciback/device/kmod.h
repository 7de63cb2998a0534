/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * libkmod, loaded when it is first needed (core/lazy.h), without a word of its own on standard
 * error. What includes this calls its functions as <libkmod.h> declares them, after xlpt_kmod_load.
 */
#ifndef XLPT_PCIBACK_KMOD_H
#define XLPT_PCIBACK_KMOD_H

#include <libkmod.h>

#include "core/diag.h"

/* All of its functions that xlpt calls. */
#define XLPT_KMOD_CALLS(X)                  \
	X(kmod_config_get_blacklists)       \
	X(kmod_config_get_install_commands) \
	X(kmod_config_get_options)          \
	X(kmod_config_get_softdeps)         \
	X(kmod_config_iter_free_iter)       \
	X(kmod_config_iter_get_key)         \
	X(kmod_config_iter_get_value)       \
	X(kmod_config_iter_next)            \
	X(kmod_list_next)                   \
	X(kmod_module_get_module)           \
	X(kmod_module_new_from_lookup)      \
	X(kmod_module_probe_insert_module)  \
	X(kmod_module_unref)                \
	X(kmod_module_unref_list)           \
	X(kmod_new)                         \
	X(kmod_set_log_fn)                  \
	X(kmod_unref)

struct xlpt_kmod_calls {
#define X(name) __typeof__(name) *name;
	XLPT_KMOD_CALLS(X)
#undef X
};
extern struct xlpt_kmod_calls xlpt_kmod;

#define kmod_config_get_blacklists	 (*xlpt_kmod.kmod_config_get_blacklists)
#define kmod_config_get_install_commands (*xlpt_kmod.kmod_config_get_install_commands)
#define kmod_config_get_options		 (*xlpt_kmod.kmod_config_get_options)
#define kmod_config_get_softdeps	 (*xlpt_kmod.kmod_config_get_softdeps)
#define kmod_config_iter_free_iter	 (*xlpt_kmod.kmod_config_iter_free_iter)
#define kmod_config_iter_get_key	 (*xlpt_kmod.kmod_config_iter_get_key)
#define kmod_config_iter_get_value	 (*xlpt_kmod.kmod_config_iter_get_value)
#define kmod_config_iter_next		 (*xlpt_kmod.kmod_config_iter_next)
#define kmod_list_next			 (*xlpt_kmod.kmod_list_next)
#define kmod_module_get_module		 (*xlpt_kmod.kmod_module_get_module)
#define kmod_module_new_from_lookup	 (*xlpt_kmod.kmod_module_new_from_lookup)
#define kmod_module_probe_insert_module	 (*xlpt_kmod.kmod_module_probe_insert_module)
#define kmod_module_unref		 (*xlpt_kmod.kmod_module_unref)
#define kmod_module_unref_list		 (*xlpt_kmod.kmod_module_unref_list)
#define kmod_new			 (*xlpt_kmod.kmod_new)
#define kmod_set_log_fn			 (*xlpt_kmod.kmod_set_log_fn)
#define kmod_unref			 (*xlpt_kmod.kmod_unref)

int xlpt_kmod_load(struct xlpt_diag *diag);

/* As kmod_new. Quotes of modprobe.d's lines would go to a terminal as they are. */
struct kmod_ctx *xlpt_kmod_new(const char *dir, const char *const *paths);

#endif
