/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/host.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#define TEXT_MAX (64 * 1024)

int xlpt_host_open(struct xlpt_host *h, const char *root)
{
	int fd = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);

	*h = (struct xlpt_host){ .rootfd = -1 };
	if (fd < 0)
		return -errno;
	h->ops = &xlpt_host_real_ops;
	h->root = xlpt_xstrdup(root);
	h->rootfd = fd;
	h->live = !strcmp(root, "/");
	return 0;
}

void xlpt_host_close(struct xlpt_host *h)
{
	if (!h->ops)
		return;
	xlpt_closep(&h->rootfd);
	free(h->root);
	*h = (struct xlpt_host){ .rootfd = -1 };
}

struct xlpt_host_inside xlpt_host_enter(struct xlpt_host *h, const char *path)
{
	struct xlpt_host_inside inside = { h->ops->enter ? h : NULL };

	if (inside.h && h->ops->enter(h, path))
		inside.h = NULL;
	return inside;
}

void xlpt_host_leave(struct xlpt_host_inside *inside)
{
	if (inside->h)
		inside->h->ops->leave(inside->h);
	inside->h = NULL;
}

#define FORMAT_PATH(path, fmt)                    \
	_cleanup_free_ char *path = NULL;         \
	do {                                      \
		va_list ap_;                      \
		va_start(ap_, fmt);               \
		path = xlpt_xvasprintf(fmt, ap_); \
		va_end(ap_);                      \
	} while (0)

static int read_text(struct xlpt_host *h, const char *path, char **out)
{
	/* sysfs and procfs report sizes that are not those of the text: read, don't stat. */
	size_t size = 4096;

	*out = NULL;
	for (;;) {
		char *buf = xlpt_xcalloc(1, size + 1);
		ssize_t r = h->ops->read(h, path, buf, size);

		if (r < 0) {
			free(buf);
			return (int)r;
		}
		/* Half a file is worse than none: /proc/mounts without the last line. */
		if (r > TEXT_MAX) {
			free(buf);
			return -EFBIG;
		}
		if ((size_t)r < size) {
			if (r && buf[r - 1] == '\n')
				buf[r - 1] = '\0';
			*out = buf;
			return 0;
		}
		free(buf);
		size = TEXT_MAX + 1;
	}
}

int xlpt_host_read_text(struct xlpt_host *h, char **out, const char *fmt, ...)
{
	FORMAT_PATH(path, fmt);
	return read_text(h, path, out);
}

int xlpt_host_read_long(struct xlpt_host *h, long long *out, const char *fmt, ...)
{
	_cleanup_free_ char *text = NULL;
	char *end;
	int r;

	FORMAT_PATH(path, fmt);
	r = read_text(h, path, &text);
	if (r < 0)
		return r;
	errno = 0;
	*out = strtoll(text, &end, 0);
	if (end == text || *xlpt_chomp(end) || errno)
		return -EINVAL;
	return 0;
}

int xlpt_host_link_name(struct xlpt_host *h, char **out, const char *fmt, ...)
{
	char buf[4096];
	const char *slash;
	ssize_t r;

	*out = NULL;
	FORMAT_PATH(path, fmt);
	r = h->ops->readlink(h, path, buf, sizeof(buf));
	if (r < 0)
		return (int)r;
	slash = strrchr(buf, '/');
	*out = xlpt_xstrdup(slash ? slash + 1 : buf);
	return 0;
}

bool xlpt_host_boot_id(struct xlpt_host *h, char id[XLPT_BOOT_ID_LEN + 1])
{
	_cleanup_free_ char *text = NULL;
	bool known = read_text(h, "/proc/sys/kernel/random/boot_id", &text) == 0 && text &&
		     strlen(text) == XLPT_BOOT_ID_LEN &&
		     strspn(text, "0123456789abcdef-") == XLPT_BOOT_ID_LEN;

	snprintf(id, XLPT_BOOT_ID_LEN + 1, "%s", known ? text : "");
	return known;
}

int xlpt_host_write_text(struct xlpt_host *h, const char *text, const char *fmt, ...)
{
	FORMAT_PATH(path, fmt);
	return h->ops->write(h, path, text, strlen(text));
}

bool xlpt_host_has(struct xlpt_host *h, const char *fmt, ...)
{
	FORMAT_PATH(path, fmt);
	return h->ops->exists(h, path) == 0;
}

int xlpt_host_list(struct xlpt_host *h, char ***names, const char *fmt, ...)
{
	*names = NULL;
	FORMAT_PATH(path, fmt);
	return h->ops->list(h, path, names);
}

int xlpt_host_mkdirs(struct xlpt_host *h, const char *path, mode_t mode)
{
	_cleanup_free_ char *copy = xlpt_xstrdup(path);

	for (char *p = copy;; p++) {
		char c = *p;

		if (c && c != '/')
			continue;
		/* The root, a double or a last slash name no further directory. */
		if (p > copy && p[-1] != '/') {
			int r;

			*p = '\0';
			r = h->ops->mkdir(h, copy, mode);
			if (r < 0 && r != -EEXIST)
				return r;
			*p = c;
		}
		if (!c)
			return 0;
	}
}
