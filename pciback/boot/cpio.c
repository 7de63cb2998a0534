/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reads cpio archives, one after the other
 * (Documentation/driver-api/early-userspace/buffer-format.rst). Only names, and
 * the files of modprobe.d, are looked at. The archives are not trusted.
 */
#include "pciback/boot/cpio.h"

#include <string.h>

#include "pciback/boot/internal.h"

#define HEADER	    110	  /* "070701" and thirteen numbers of eight digits */
#define NAME_MAX_   4096  /* the kernel's PATH_MAX: longer names it skips, too */
#define KEEP_MAX    65536 /* of a configuration file */
#define MODULES_MAX 100000

void xlpt_cpio_open(struct xlpt_cpio *s, struct xlpt_stream *stream)
{
	s->stream = stream;
	s->pos = s->n = 0;
	s->at = 0;
}

/* Whether there is another byte. */
static bool more(struct xlpt_cpio *s)
{
	if (s->pos == s->n) {
		s->pos = 0;
		s->n = xlpt_stream_read(s->stream, s->buf, sizeof(s->buf));
	}
	return s->pos < s->n;
}

/* buf NULL: it is left out. */
static bool take(struct xlpt_cpio *s, void *buf, uint64_t n)
{
	uint8_t *to = buf;

	while (n) {
		size_t part;

		if (!more(s))
			return false;
		part = s->n - s->pos < n ? s->n - s->pos : (size_t)n;
		if (to) {
			memcpy(to, s->buf + s->pos, part);
			to += part;
		}
		s->pos += part;
		s->at += part;
		n -= part;
	}
	return true;
}

static bool skip(struct xlpt_cpio *s, uint64_t n)
{
	return take(s, NULL, n);
}

static uint64_t pad(uint64_t n)
{
	return (4 - n % 4) % 4;
}

static const char *below(const char *name, const char *dir)
{
	while (*name == '/' || (*name == '.' && name[1] == '/'))
		name++;
	return xlpt_starts(name, dir) ? name + strlen(dir) : NULL;
}

static bool is_conf(const char *name)
{
	static const char *const dirs[] = { "etc/modprobe.d/", "usr/lib/modprobe.d/",
					    "lib/modprobe.d/", "run/modprobe.d/" };

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(dirs); i++)
		if (below(name, dirs[i]))
			return true;
	return below(name, "etc/modprobe.conf") != NULL;
}

static void look_at_conf(const char *name, char *text, struct xlpt_initrd *out)
{
	const char *own = below(name, "etc/modprobe.d/xlpt.conf");
	char *cursor = text, *line;

	if (own && !*own) {
		free(out->dropin);
		out->dropin = xlpt_xstrdup(text);
	}
	while ((line = xlpt_boot_line(&cursor))) {
		char *save = NULL, *word = strtok_r(line, " \t", &save), *module;

		module = word && !strcmp(word, "options") ? strtok_r(NULL, " \t", &save) : NULL;
		if (module && save && strstr(save, "hide=") &&
		    (xlpt_module_eq(module, "pciback") || xlpt_module_eq(module, "xen_pciback")))
			out->has_hide = true;
	}
}

static void add_module(struct xlpt_initrd *out, char *name)
{
	/* Room for the end, too. */
	XLPT_GROW(out->modules, out->n + 1, out->alloc);
	out->modules[out->n++] = name;
	out->modules[out->n] = NULL;
}

/*
 * Entries until the archive ends. 1: it ended as it should; 0: this is no
 * archive (nothing but the magic was read); negative: it is broken.
 */
static int archive(struct xlpt_cpio *s, struct xlpt_initrd *out)
{
	char head[HEADER], name[NAME_MAX_];

	for (bool first = true;; first = false) {
		uint64_t namesize, size;
		_cleanup_free_ char *module = NULL;

		if (!take(s, head, 6))
			return first ? 0 : -1;
		if (memcmp(head, "07070", 5) || (head[5] != '1' && head[5] != '2'))
			return first ? 0 : -1;
		if (!take(s, head + 6, HEADER - 6) ||
		    !xlpt_parse_uint(head + 54, 8, 16, UINT32_MAX, &size) ||
		    !xlpt_parse_uint(head + 94, 8, 16, UINT32_MAX, &namesize) || !namesize ||
		    namesize > sizeof(name) || !take(s, name, (size_t)namesize) ||
		    !skip(s, pad(HEADER + namesize)))
			return -1;
		name[namesize - 1] = '\0';
		if (!strcmp(name, "TRAILER!!!"))
			return 1;
		out->qubes |= strstr(name, "qubes-pciback") != NULL;
		module = xlpt_boot_module_name(name, strlen(name));
		if (module && out->n == MODULES_MAX)
			return -1;
		if (module)
			add_module(out, XLPT_TAKE(module));
		if (is_conf(name) && size && size < KEEP_MAX) {
			_cleanup_free_ char *text = xlpt_xcalloc(1, (size_t)size + 1);

			if (!take(s, text, (size_t)size))
				return -1;
			look_at_conf(name, text, out);
		} else if (!skip(s, size)) {
			return -1;
		}
		if (!skip(s, pad(size)))
			return -1;
	}
}

int xlpt_cpio_read(struct xlpt_cpio *s, struct xlpt_initrd *out, uint64_t *rest)
{
	*rest = XLPT_CPIO_END;
	for (;;) {
		int r;

		/* Between archives there are zeros, up to the next block of a disk. */
		while (more(s) && !s->buf[s->pos]) {
			s->pos++;
			s->at++;
		}
		if (!more(s))
			return s->stream->err ? -1 : 0;
		*rest = s->at;
		r = archive(s, out);
		if (r <= 0)
			return r;
		*rest = XLPT_CPIO_END;
	}
}
