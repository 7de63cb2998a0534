/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is inside an initramfs: cpio archives one after the other
 * (Documentation/driver-api/early-userspace/buffer-format.rst), each plain or
 * compressed. The usual tools unpack; only names, and the files of modprobe.d,
 * are looked at. The image is not trusted.
 */
#include "pciback/boot/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/file.h"
#include "core/stop.h"

#define HEADER	  110	/* "070701" and thirteen numbers of eight digits */
#define NAME_MAX_ 4096	/* the kernel's PATH_MAX: longer names it skips, too */
#define KEEP_MAX  65536 /* of a configuration file */

/* The largest images that distributions make are a tenth of this. */
#define IMAGE_MAX    (2ull << 30)
#define UNPACKED_MAX (8ull << 30)
#define MODULES_MAX  100000
#define DEADLINE_MS  60000
#define SLICE_MS     250
#define UNPACKER_MAX (1ull << 30) /* memory; 64 MiB is the largest window of xz -9 */

/* A stream that knows how far it was read, and when it has to end. */
struct source {
	int fd; /* -1: all of it is in buf */
	const uint8_t *buf;
	size_t pos, n; /* of what is in buf */
	uint64_t at, max;
	int64_t deadline;
	int err; /* why it ended early: -ETIMEDOUT, -EFBIG, -EINTR or what read(2) said */
	uint8_t own[65536];
};

static void source_open(struct source *s, int fd, uint64_t at, int64_t deadline)
{
	s->fd = fd;
	s->buf = s->own;
	s->pos = s->n = 0;
	s->at = at;
	s->max = UNPACKED_MAX;
	s->deadline = deadline;
	s->err = 0;
}

/* Whether there is another byte. */
static bool more(struct source *s)
{
	struct pollfd p = { .fd = s->fd, .events = POLLIN };

	while (s->pos == s->n && s->fd >= 0 && !s->err) {
		int64_t left = s->deadline - xlpt_now(&xlpt_clock_real);
		ssize_t r;

		if (xlpt_interrupted)
			s->err = -EINTR;
		else if (left <= 0)
			s->err = -ETIMEDOUT;
		else if (s->at > s->max)
			s->err = -EFBIG;
		/* In slices: a suspended host counts as well. */
		if (s->err || poll(&p, 1, left < SLICE_MS ? (int)left : SLICE_MS) <= 0)
			continue;
		r = read(s->fd, s->own, sizeof(s->own));
		if (r < 0 && errno != EINTR)
			s->err = -errno;
		if (r == 0)
			return false;
		s->pos = 0;
		s->n = r > 0 ? (size_t)r : 0;
	}
	return s->pos < s->n;
}

/* buf NULL: it is left out. */
static bool take(struct source *s, void *buf, uint64_t n)
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

static bool skip(struct source *s, uint64_t n)
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

#define AT_END UINT64_MAX

/* All plain archives from here on. *rest: where something else begins, or AT_END. */
static int archives(struct source *s, struct xlpt_initrd *out, uint64_t *rest)
{
	*rest = AT_END;
	for (;;) {
		int r;

		/* Between archives there are zeros, up to the next block of a disk. */
		while (more(s) && !s->buf[s->pos]) {
			s->pos++;
			s->at++;
		}
		if (!more(s))
			return s->err ? -1 : 0;
		*rest = s->at;
		r = archive(s, out);
		if (r <= 0)
			return r;
		*rest = AT_END;
	}
}

int xlpt_initrd_scan(const uint8_t *data, size_t len, struct xlpt_initrd *out)
{
	struct source s = { .fd = -1, .buf = data, .n = len };
	uint64_t rest;

	*out = (struct xlpt_initrd){ 0 };
	return archives(&s, out, &rest);
}

static const char *unpacker(const uint8_t *magic)
{
	static const struct {
		const char *magic;
		size_t n;
		const char *tool;
	} known[] = {
		{ "\x1f\x8b", 2, "gzip" },
		{ "\x28\xb5\x2f\xfd", 4, "zstd" },
		{ "\xfd"
		  "7zXZ",
		  5, "xz" },
		{ "\x5d\0\0", 3, "xz" },
		{ "\x02\x21\x4c\x18", 4, "lz4" },
		{ "\x04\x22\x4d\x18", 4, "lz4" },
		{ "BZh", 3, "bzip2" },
		{ "\x89LZO", 4, "lzop" },
	};

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(known); i++)
		if (!memcmp(magic, known[i].magic, known[i].n))
			return known[i].tool;
	return NULL;
}

/* After fork: nothing but system calls. The image says how much memory xz takes, up to 4 GiB. */
static void become(const char *tool, int in, int out, int told)
{
	char *argv[] = { (char *)(uintptr_t)tool, (char *)(uintptr_t) "-dc", NULL };
	struct rlimit limit;
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC), r;

	if (getrlimit(RLIMIT_DATA, &limit) == 0 && limit.rlim_cur > UNPACKER_MAX) {
		limit.rlim_cur = UNPACKER_MAX;
		setrlimit(RLIMIT_DATA, &limit);
	}
	if (null >= 0 && dup2(in, 0) >= 0 && dup2(out, 1) >= 0 && dup2(null, 2) >= 0)
		execvp(tool, argv);
	r = errno;
	_exit(write(told, &r, sizeof(r)) == sizeof(r) ? 127 : 126);
}

/* Starts "TOOL -dc" on the file from its present position; where its output comes out, or -errno. */
static int start(const char *tool, int fd, pid_t *pid)
{
	_cleanup_close_ int out = -1, in = -1, told = -1, tell = -1;
	int pipes[2], r = 0;

	if (pipe2(pipes, O_CLOEXEC))
		return -errno;
	out = pipes[0];
	in = pipes[1];
	if (pipe2(pipes, O_CLOEXEC))
		return -errno;
	told = pipes[0];
	tell = pipes[1];
	*pid = fork();
	if (*pid == 0)
		become(tool, fd, in, tell);
	if (*pid < 0)
		return -errno;
	xlpt_closep(&tell);
	/* Nothing comes when it was started: the other end went with its exec. */
	if (read(told, &r, sizeof(r)) == sizeof(r)) {
		waitpid(*pid, NULL, 0);
		*pid = -1;
		return -r;
	}
	r = out;
	out = -1;
	return r;
}

/* After a failure of archives(). */
static int failed(const struct source *s, struct xlpt_diag *diag)
{
	switch (s->err) {
	case 0:
		return xlpt_diag_set(diag, XLPT_ERR_DATA, "the initramfs is damaged");
	case -EFBIG:
		return xlpt_diag_set(diag, XLPT_ERR_DATA,
				     "the initramfs unpacks to more than %llu GiB: it is none",
				     UNPACKED_MAX >> 30);
	case -ETIMEDOUT:
		return xlpt_diag_set(diag, XLPT_ERR_TIMEOUT,
				     "the initramfs could not be read to its end in %d s",
				     DEADLINE_MS / 1000);
	case -EINTR:
		return xlpt_check_interrupted(diag);
	default:
		return xlpt_diag_errno(diag, XLPT_ERR_IO, s->err, "cannot read the initramfs");
	}
}

static int packed(int fd, struct source *s, uint64_t from, struct xlpt_initrd *out,
		  struct xlpt_diag *diag)
{
	uint8_t magic[8] = { 0 };
	const char *tool;
	uint64_t rest;
	pid_t pid = -1;
	int r, pipe;

	if (pread(fd, magic, sizeof(magic), (off_t)from) < 4 || !(tool = unpacker(magic)))
		return xlpt_diag_set(diag, XLPT_ERR_DATA,
				     "the initramfs is in a format that is not known");
	if (lseek(fd, (off_t)from, SEEK_SET) < 0)
		return xlpt_diag_errno(diag, XLPT_ERR_IO, errno, "cannot read the initramfs");
	pipe = start(tool, fd, &pid);
	if (pipe < 0) {
		xlpt_diag_errno(diag, XLPT_ERR_DATA, pipe, "cannot unpack the initramfs");
		xlpt_diag_hint(diag, "install %s", tool);
		return XLPT_ERR_DATA;
	}
	source_open(s, pipe, 0, s->deadline);
	r = archives(s, out, &rest);
	close(pipe);
	/* What comes after the last archive is nobody's; the tool may wait to write it. */
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	return r < 0 || !s->at ? failed(s, diag) : 0; /* out of a tool that failed nothing comes */
}

static int open_image(struct xlpt_host *h, const char *path, struct xlpt_diag *diag)
{
	struct stat st;
	int fd = xlpt_file_open(h, path, 0, &st);

	if (fd < 0) {
		xlpt_diag_errno(diag, XLPT_ERR_DATA, fd, "cannot open %s", path);
		return -1;
	}
	if ((uint64_t)st.st_size <= IMAGE_MAX)
		return fd;
	xlpt_diag_set(diag, XLPT_ERR_DATA, "%s is larger than %llu GiB: it is no initramfs", path,
		      IMAGE_MAX >> 30);
	close(fd);
	return -1;
}

int xlpt_initrd_read(struct xlpt_host *h, const struct xlpt_boot *boot, struct xlpt_initrd *out,
		     struct xlpt_diag *diag)
{
	_cleanup_free_ struct source *s = xlpt_xcalloc(1, sizeof(*s));
	_cleanup_close_ int fd = -1;
	uint64_t rest = AT_END;
	int rc = 0;

	*out = (struct xlpt_initrd){ 0 };
	if (!boot->initrd)
		return xlpt_diag_set(diag, XLPT_ERR_NOT_FOUND,
				     "no initramfs of this kernel was found");
	fd = open_image(h, boot->initrd, diag);
	if (fd < 0)
		return XLPT_ERR_DATA;
	source_open(s, fd, 0, xlpt_now(&xlpt_clock_real) + DEADLINE_MS);
	if (archives(s, out, &rest) < 0)
		rc = failed(s, diag);
	else if (rest != AT_END)
		rc = packed(fd, s, rest, out, diag);
	if (rc) {
		xlpt_diag_fact(diag, "%s", boot->initrd);
		xlpt_initrd_dispose(out);
	}
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
	*rd = (struct xlpt_initrd){ 0 };
}
