/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An initramfs image is whatever somebody put there: nothing that is no regular file
 * is opened, and neither a huge one nor an unpacker that never ends keeps xlpt.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "core/clock.h"
#include "core/stop.h"
#include "pciback/boot/boot.h"
#include "tests/fake/bus.h"
#include "tests/fake/world.h"

#define IMAGE "/boot/initrd.img-x"

static int setup(void **state)
{
	struct fake_bus *bus = fake_bus_new();

	*state = bus;
	fake_bus_put(bus, "/boot/config-x", "");
	alarm(60);
	return 0;
}

static int teardown(void **state)
{
	alarm(0);
	fake_bus_free(*state);
	return 0;
}

static int boot_dir(struct fake_bus *bus)
{
	struct xlpt_host *h = fake_bus_host(bus);

	return h->ops->open(h, "/boot", O_RDONLY | O_DIRECTORY, 0);
}

static void refused(struct fake_bus *bus, int code, const char *words)
{
	struct xlpt_boot boot = { .initrd = (char[]){ IMAGE } };
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	struct xlpt_initrd rd;
	int rc = xlpt_initrd_read(fake_bus_host(bus), &boot, &rd, &diag);

	if (rc != code || !diag.message || !strstr(diag.message, words))
		fail_msg("%d, expected %d: %s", rc, code, diag.message ? diag.message : "-");
	assert_int_equal(rd.n, 0);
	xlpt_initrd_dispose(&rd);
}

static void test_not_regular(void **state)
{
	_cleanup_close_ int dir = boot_dir(*state);

	assert_int_equal(mkfifoat(dir, "initrd.img-x", 0600), 0);
	refused(*state, XLPT_ERR_DATA, "not a regular file");
	unlinkat(dir, "initrd.img-x", 0);
	if (geteuid() == 0 && mknodat(dir, "initrd.img-x", S_IFCHR | 0600, makedev(1, 5)) == 0)
		refused(*state, XLPT_ERR_DATA, "not a regular file");
	unlinkat(dir, "initrd.img-x", 0);
	assert_int_equal(mkdirat(dir, "initrd.img-x", 0700), 0);
	refused(*state, XLPT_ERR_DATA, "Is a directory");
}

static void test_sparse(void **state)
{
	_cleanup_close_ int dir = boot_dir(*state), fd = -1;

	fd = openat(dir, "initrd.img-x", O_RDWR | O_CREAT, 0600);
	assert_int_equal(ftruncate(fd, (off_t)1 << 40), 0);
	refused(*state, XLPT_ERR_DATA, "larger than 2 GiB");
}

/* ---- an unpacker that does not end ---- */

static int64_t (*real_now)(struct xlpt_clock *);
static int64_t ahead;

static int64_t fast_now(struct xlpt_clock *c)
{
	ahead += 15000;
	return real_now(c) + ahead;
}

/* A gzip of this text comes first in PATH. */
static char *with_gzip(const char *text, char *dir)
{
	_cleanup_free_ char *path = NULL, *tool = NULL;
	char *old = xlpt_xstrdup(getenv("PATH"));
	FILE *f;

	assert_non_null(mkdtemp(dir));
	tool = xlpt_xasprintf("%s/gzip", dir);
	f = fopen(tool, "we");
	assert_non_null(f);
	fputs(text, f);
	assert_int_equal(fchmod(fileno(f), 0755) | fclose(f), 0);
	path = xlpt_xasprintf("%s:%s", dir, old);
	setenv("PATH", path, 1);
	return old;
}

static void without_gzip(const char *dir, char *old)
{
	_cleanup_free_ char *tool = xlpt_xasprintf("%s/gzip", dir);

	setenv("PATH", old, 1);
	free(old);
	unlink(tool);
	rmdir(dir);
}

static void test_endless(void **state)
{
	static const char *const tools[] = { "#!/bin/sh\nexec sleep 1000\n",
					     "#!/bin/sh\nexec cat /dev/zero\n" };

	fake_bus_put(*state, IMAGE, "\x1f\x8b\x08packed");
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(tools); i++) {
		char dir[] = "/tmp/xlpt-gzip.XXXXXX";
		char *old = with_gzip(tools[i], dir);

		ahead = 0;
		real_now = xlpt_clock_real.now_ms;
		xlpt_clock_real.now_ms = fast_now;
		refused(*state, XLPT_ERR_TIMEOUT, "could not be read to its end in 60 s");
		xlpt_clock_real.now_ms = real_now;
		without_gzip(dir, old);
	}
}

static void put_bytes(struct fake_bus *bus, const uint8_t *image, size_t n)
{
	_cleanup_close_ int dir = boot_dir(bus), fd = -1;

	fd = openat(dir, "initrd.img-x", O_WRONLY | O_CREAT | O_TRUNC, 0600);
	assert_int_equal(write(fd, image, n), n);
}

/* Some bytes at the beginning of an image would have xz take 2 GiB. */
static void test_memory(void **state)
{
	/* An archive with nothing but its trailer. */
	FILE *xz = popen(
		"{ printf '070701%088d0000000b%08d' 0 0; printf 'TRAILER!!!\\0\\0\\0\\0'; } | "
		"xz --format=lzma -c",
		"re");
	struct xlpt_boot boot = { .initrd = (char[]){ IMAGE } };
	uint8_t image[4096];
	size_t n = fread(image, 1, sizeof(image), xz);
	struct xlpt_initrd rd;

	/* What valgrind starts has not the limit on data that its parent set. */
	if (pclose(xz) || n < 13 || world_stride() > 1)
		skip();
	put_bytes(*state, image, n);
	assert_int_equal(xlpt_initrd_read(fake_bus_host(*state), &boot, &rd, NULL), 0);
	xlpt_initrd_dispose(&rd);
	memcpy(image + 1, "\0\0\0\x80", 4);
	put_bytes(*state, image, n);
	refused(*state, XLPT_ERR_DATA, "the initramfs is damaged");
}

static void test_stopped(void **state)
{
	char dir[] = "/tmp/xlpt-gzip.XXXXXX";
	char *old = with_gzip("#!/bin/sh\nkill -TERM $PPID\nexec sleep 1000\n", dir);

	fake_bus_put(*state, IMAGE, "\x1f\x8b\x08packed");
	xlpt_stop_catch();
	refused(*state, XLPT_ERR_STOPPED, "SIGTERM");
	xlpt_stop_reset();
	without_gzip(dir, old);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int main(void)
{
	/* clang-format off */
	const struct CMUnitTest tests[] = {TEST(test_not_regular), TEST(test_sparse),
					   TEST(test_endless), TEST(test_memory),
					   TEST(test_stopped)};
	/* clang-format on */

	return cmocka_run_group_tests(tests, NULL, NULL);
}
