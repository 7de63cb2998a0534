/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is inside an initramfs: cpio archives one after the other
 * (Documentation/driver-api/early-userspace/buffer-format.rst), each plain or
 * compressed. The usual tools unpack; only names, and the files of modprobe.d,
 * are looked at. The image is not trusted.
 */
#include "pciback/boot-internal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define HEADER	  110	/* "070701" and thirteen numbers of eight digits */
#define NAME_MAX_ 4096	/* the kernel's PATH_MAX: longer names it skips, too */
#define KEEP_MAX  65536 /* of a configuration file */

extern char **environ;

/* A stream that knows how far it was read. */
struct source {
	FILE *f;
	uint64_t at;
};

static bool take(struct source *s, void *buf, size_t n)
{
	if (fread(buf, 1, n, s->f) != n)
		return false;
	s->at += n;
	return true;
}

static bool skip(struct source *s, uint64_t n)
{
	char buf[16384];

	while (n) {
		size_t part = n < sizeof(buf) ? (size_t)n : sizeof(buf);

		if (!take(s, buf, part))
			return false;
		n -= part;
	}
	return true;
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
	static const char *const dirs[] = {"etc/modprobe.d/", "usr/lib/modprobe.d/",
					   "lib/modprobe.d/", "run/modprobe.d/"};

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
static int archive(struct source *s, struct xlpt_initrd *out)
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
		module = xlpt_boot_module_name(name, strlen(name));
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

#define AT_END UINT64_MAX

/* All plain archives from here on. *rest: where something else begins, or AT_END. */
static int archives(struct source *s, struct xlpt_initrd *out, uint64_t *rest)
{
	*rest = AT_END;
	for (;;) {
		int c, r;

		/* Between archives there are zeros, up to the next block of a disk. */
		while ((c = fgetc(s->f)) == 0)
			s->at++;
		if (c == EOF)
			return 0;
		ungetc(c, s->f);
		*rest = s->at;
		r = archive(s, out);
		if (r <= 0)
			return r;
		*rest = AT_END;
	}
}

int xlpt_initrd_scan(const uint8_t *data, size_t len, struct xlpt_initrd *out)
{
	struct source s = {0};
	uint64_t rest;
	int r;

	*out = (struct xlpt_initrd){0};
	if (!len)
		return 0;
	s.f = fmemopen((void *)(uintptr_t)data, len, "r");
	if (!s.f)
		return -errno;
	r = archives(&s, out, &rest);
	fclose(s.f);
	return r;
}

static const char *unpacker(const uint8_t *magic)
{
	static const struct {
		const char *magic;
		size_t n;
		const char *tool;
	} known[] = {
		{"\x1f\x8b", 2, "gzip"},
		{"\x28\xb5\x2f\xfd", 4, "zstd"},
		{"\xfd"
		 "7zXZ",
		 5, "xz"},
		{"\x5d\0\0", 3, "xz"},
		{"\x02\x21\x4c\x18", 4, "lz4"},
		{"\x04\x22\x4d\x18", 4, "lz4"},
		{"BZh", 3, "bzip2"},
		{"\x89LZO", 4, "lzop"},
	};

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(known); i++)
		if (!memcmp(magic, known[i].magic, known[i].n))
			return known[i].tool;
	return NULL;
}

/* Starts "TOOL -dc" on the file from its present position; its output comes back as a stream. */
static FILE *start(const char *tool, int fd, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	char *argv[] = {(char *)(uintptr_t)tool, (char *)(uintptr_t) "-dc", NULL};
	int pipes[2], r;
	FILE *f;

	if (pipe2(pipes, O_CLOEXEC))
		return NULL;
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, fd, 0);
	posix_spawn_file_actions_adddup2(&actions, pipes[1], 1);
	posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
	r = posix_spawnp(pid, tool, &actions, NULL, argv, environ);
	posix_spawn_file_actions_destroy(&actions);
	close(pipes[1]);
	f = r ? NULL : fdopen(pipes[0], "r");
	if (!f)
		close(pipes[0]);
	errno = r;
	return f;
}

static int packed(int fd, uint64_t from, struct xlpt_initrd *out, struct xlpt_diag *diag)
{
	uint8_t magic[8] = {0};
	const char *tool;
	struct source s = {0};
	uint64_t rest;
	pid_t pid = -1;
	int r;

	if (pread(fd, magic, sizeof(magic), (off_t)from) < 4 || !(tool = unpacker(magic)))
		return xlpt_diag_set(diag, XLPT_ERR_DATA,
				     "the initramfs is in a format that is not known");
	if (lseek(fd, (off_t)from, SEEK_SET) < 0)
		return xlpt_diag_errno(diag, XLPT_ERR_IO, errno, "cannot read the initramfs");
	s.f = start(tool, fd, &pid);
	if (!s.f) {
		xlpt_diag_errno(diag, XLPT_ERR_DATA, errno, "cannot unpack the initramfs");
		xlpt_diag_hint(diag, "install %s", tool);
		return XLPT_ERR_DATA;
	}
	r = archives(&s, out, &rest);
	fclose(s.f);
	/* What comes after the last archive is nobody's; the tool may wait to write it. */
	kill(pid, SIGTERM);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	if (r < 0)
		return xlpt_diag_set(diag, XLPT_ERR_DATA, "the initramfs is damaged");
	return 0;
}

int xlpt_initrd_read(struct xlpt_host *h, const struct xlpt_boot *boot, struct xlpt_initrd *out,
		     struct xlpt_diag *diag)
{
	struct source s = {0};
	uint64_t rest = AT_END;
	int fd, rc = 0, copy;

	*out = (struct xlpt_initrd){0};
	if (!boot->initrd)
		return xlpt_diag_set(diag, XLPT_ERR_NOT_FOUND,
				     "no initramfs of this kernel was found");
	fd = h->ops->open(h, boot->initrd, O_RDONLY | O_NONBLOCK, 0);
	if (fd < 0)
		return xlpt_diag_errno(diag, XLPT_ERR_DATA, -fd, "cannot open %s", boot->initrd);
	copy = dup(fd);
	s.f = copy < 0 ? NULL : fdopen(copy, "r");
	if (!s.f) {
		rc = xlpt_diag_errno(diag, XLPT_ERR_IO, errno, "cannot read %s", boot->initrd);
	} else {
		if (archives(&s, out, &rest) < 0)
			rc = xlpt_diag_set(diag, XLPT_ERR_DATA, "%s is damaged", boot->initrd);
		fclose(s.f);
	}
	if (rc == 0 && rest != AT_END)
		rc = packed(fd, rest, out, diag);
	if (rc) {
		xlpt_diag_fact(diag, "%s", boot->initrd);
		xlpt_initrd_dispose(out);
	}
	close(fd);
	return rc;
}

bool xlpt_initrd_has(const struct xlpt_initrd *rd, const char *module)
{
	return xlpt_boot_strv_has(rd->modules, module);
}

void xlpt_initrd_dispose(struct xlpt_initrd *rd)
{
	xlpt_strv_free(rd->modules);
	free(rd->dropin);
	*rd = (struct xlpt_initrd){0};
}
