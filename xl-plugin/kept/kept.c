/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "xl-plugin/kept/kept.h"

#include <fcntl.h>

#include "core/file.h"

void xlpt_kept_mend(struct xlpt_env *env, int fd)
{
	if (!env->dry_run && !env->sysroot)
		xlpt_file_close_to_others(fd);
}

void xlpt_kept_mend_all(struct xlpt_env *env, const char *dir)
{
	_cleanup_strv_ char **names = NULL;

	if (env->dry_run || env->sysroot || xlpt_host_list(env->host, &names, "%s", dir))
		return;
	for (char **p = names; *p; p++) {
		_cleanup_free_ char *path = xlpt_xasprintf("%s/%s", dir, *p);
		_cleanup_close_ int fd = env->host->ops->open(
			env->host, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);

		if (fd >= 0)
			xlpt_kept_mend(env, fd);
	}
}
