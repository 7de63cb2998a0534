/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads single attributes of a function in sysfs, in which a hostile tree may have anything. */
#include "pciback/device/attr.h"

#include "pciback/device/config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

const char *xlpt_attr_path(struct xlpt_attrs *rd, const char *name)
{
	size_t len = strlen(name);

	/* Hundreds of thousands of times on a large host, where snprintf would be a tenth of all. */
	if (len >= sizeof(rd->path) - rd->len - 1)
		len = sizeof(rd->path) - rd->len - 2;
	rd->path[rd->len] = '/';
	memcpy(rd->path + rd->len + 1, name, len);
	rd->path[rd->len + 1 + len] = '\0';
	return rd->path;
}

int xlpt_attr_text(struct xlpt_attrs *rd, const char *name, char *buf, size_t size)
{
	ssize_t r = rd->h->ops->read(rd->h, xlpt_attr_path(rd, name), buf, size - 1);

	if (r < 0)
		return (int)r;
	buf[r] = '\0';
	xlpt_chomp(buf);
	return 0;
}

char *xlpt_attr_tamed(char *s)
{
	for (char *p = s; p && *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = '?';
	return s;
}

char *xlpt_attr_dup(struct xlpt_attrs *rd, const char *name)
{
	char buf[4096];

	return xlpt_attr_text(rd, name, buf, sizeof(buf)) ? NULL
							  : xlpt_attr_tamed(xlpt_xstrdup(buf));
}

static int attr_num(struct xlpt_attrs *rd, const char *name, long long *out)
{
	char buf[64], *end;
	int r = xlpt_attr_text(rd, name, buf, sizeof(buf));

	if (r)
		return r;
	errno = 0;
	*out = strtoll(buf, &end, 0);
	return end == buf || *end || errno ? -EBADMSG : 0;
}

int xlpt_attr_int(struct xlpt_attrs *rd, const char *name, int fallback)
{
	long long v;

	return attr_num(rd, name, &v) || v < INT32_MIN || v > INT32_MAX ? fallback : (int)v;
}

int xlpt_attr_id(struct xlpt_attrs *rd, const char *name, long long max, long long *out)
{
	int r = attr_num(rd, name, out);

	return r ? r : *out < 0 || *out > max ? -EBADMSG : 0;
}

ssize_t xlpt_attr_link(struct xlpt_attrs *rd, const char *name, char *buf, size_t size)
{
	return rd->h->ops->readlink(rd->h, xlpt_attr_path(rd, name), buf, size);
}

const char *xlpt_attr_last(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

char *xlpt_attr_link_name(struct xlpt_attrs *rd, const char *name)
{
	char buf[1024];

	return xlpt_attr_link(rd, name, buf, sizeof(buf)) < 0
		       ? NULL
		       : xlpt_attr_tamed(xlpt_xstrdup(xlpt_attr_last(buf)));
}

void xlpt_attr_bars(struct xlpt_attrs *rd, struct xlpt_device *dev)
{
	char buf[4096], *line, *save = NULL;
	size_t i = 0;

	/* Lines past the seventh are bridge windows and SR-IOV BARs, not the function's own. */
	if (xlpt_attr_text(rd, "resource", buf, sizeof(buf)))
		return;
	for (line = strtok_r(buf, "\n", &save); line && i < XLPT_ARRAY_SIZE(dev->bars);
	     line = strtok_r(NULL, "\n", &save), i++) {
		unsigned long long start, end, flags;

		if (sscanf(line, "%llx %llx %llx", &start, &end, &flags) != 3)
			return;
		dev->bars[i] = (struct xlpt_bar){ .start = start, .end = end, .flags = flags };
	}
}

void xlpt_attr_silent(struct xlpt_attrs *rd, struct xlpt_device *dev)
{
	_cleanup_free_ char *path = xlpt_xstrdup(dev->sysfs_path ? dev->sysfs_path : "");
	char *save = NULL;

	dev->power_state = xlpt_attr_dup(rd, "power_state");
	for (char *w = strtok_r(path, "/", &save); w && !dev->silent_above;
	     w = strtok_r(NULL, "/", &save)) {
		_cleanup_free_ char *config = xlpt_xasprintf("/sys/bus/pci/devices/%s/config", w);
		uint8_t cfg[64];

		if (!xlpt_bdf_from_sysfs_name(w, &dev->above) || xlpt_bdf_eq(dev->above, dev->bdf))
			continue;
		dev->silent_above =
			rd->h->ops->read(rd->h, config, cfg, sizeof(cfg)) >= (ssize_t)sizeof(cfg) &&
			!xlpt_config_answers(cfg);
	}
}
