/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whole files: read with a limit, replaced in one step, whatever another user has put in the way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/stop.h"
#include "tests/unit/filing.h"

/* ---- replacing ---- */

static int replace(struct tree *t, const char *path, const char *text, bool keep)
{
	return xlpt_file_replace(&t->h, path, text, strlen(text),
				 &(struct xlpt_file_how){ .mode = 0640, .keep = keep });
}

static void test_owner_and_mode(void **state)
{
	struct tree *t = *state;
	mode_t mask = umask(077);
	struct stat st;

	assert_int_equal(replace(t, "/new", "1", true), 0);
	assert_int_equal(stat_of(t, "new").st_mode, S_IFREG | 0640);
	assert_int_equal(fchmodat(t->fd, "new", 0604, 0), 0);
	assert_int_equal(replace(t, "/new", "2", true), 0);
	assert_int_equal(stat_of(t, "new").st_mode, S_IFREG | 0604);
	assert_int_equal(replace(t, "/new", "3", false), 0);
	assert_int_equal(stat_of(t, "new").st_mode, S_IFREG | 0640);
	umask(mask);
	if (!only_root())
		return;
	assert_int_equal(fchownat(t->fd, "new", NOBODY, NOBODY, 0), 0);
	assert_int_equal(replace(t, "/new", "4", true), 0);
	st = stat_of(t, "new");
	assert_true(st.st_uid == NOBODY && st.st_gid == NOBODY);
	assert_int_equal(replace(t, "/new", "5", false), 0);
	assert_int_equal(stat_of(t, "new").st_uid, 0);
	says(t, "new", "5");
	has(t, "/", "new ");
}

/* ulimit -f: nothing is lost, and what mends it is said. */
static void test_size_limit(void **state)
{
	struct tree *t = *state;
	void (*handler)(int) = signal(SIGXFSZ, SIG_IGN);
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	struct rlimit old, few;
	int r;

	put(t, "f", "old");
	assert_null(xlpt_size_hint());
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	few = (struct rlimit){ .rlim_cur = 4, .rlim_max = old.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &few), 0);
	r = replace(t, "/f", "larger", true);
	xlpt_diag_file(&diag, XLPT_ERR_IO, r, "cannot write f");
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	signal(SIGXFSZ, handler);
	assert_int_equal(r, -EFBIG);
	assert_non_null(strstr(diag.hint, "ulimit -f unlimited"));
	says(t, "f", "old");
	has(t, "/", "f ");
}

/* Who has the file by another name is told of; one name alone is nothing to tell. */
static void test_hard_links(void **state)
{
	struct tree *t = *state;
	_cleanup_free_ struct xlpt_file_parted *list = NULL, *none = NULL;
	_cleanup_free_ char *path = outside(t, "sub/one");
	struct stat st;

	assert_int_equal(mkdirat(t->fd, "sub", 0755), 0);
	put(t, "sub/one", "old");
	assert_int_equal(replace(t, "/sub/one", "older", true), 0);
	assert_int_equal(xlpt_file_take_parted(&none), 0);
	assert_int_equal(linkat(t->fd, "sub/one", t->fd, "two", 0), 0);
	st = stat_of(t, "two");
	assert_int_equal(symlinkat("sub/one", t->fd, "three"), 0);
	/* What fails parts nothing. */
	assert_int_equal(replace(t, "/three", "new", true), -ELOOP);
	assert_int_equal(xlpt_file_take_parted(&none), 0);
	assert_int_equal(replace(t, "/sub/one", "new", true), 0);
	assert_int_equal(replace(t, "/sub/one", "newer", true), 0);
	says(t, "sub/one", "newer");
	says(t, "two", "older");
	assert_int_equal(xlpt_file_take_parted(&list), 1);
	assert_string_equal(list->path, path);
	assert_int_equal(list->inode, st.st_ino);
	assert_int_equal(xlpt_file_take_parted(&none), 0);
	free(list->path);
}

/* What is there and is no regular file stays what it is. */
static void test_not_regular(void **state)
{
	struct tree *t = *state;

	put(t, "kept", "kept");
	assert_int_equal(symlinkat("kept", t->fd, "link"), 0);
	assert_int_equal(mkfifoat(t->fd, "fifo", 0600), 0);
	assert_int_equal(mkdirat(t->fd, "folder", 0700), 0);
	assert_int_equal(replace(t, "/link", "x", true), -ELOOP);
	assert_int_equal(replace(t, "/fifo", "x", true), -EMEDIUMTYPE);
	assert_int_equal(replace(t, "/folder", "x", true), -EISDIR);
	assert_int_equal(replace(t, "/folder/", "x", true), -EISDIR);
	assert_int_equal(replace(t, "/none/f", "x", true), -ENOENT);
	assert_int_equal(replace(t, "/kept/f", "x", true), -ENOTDIR);
	if (geteuid() == 0 && mknodat(t->fd, "null", S_IFCHR | 0666, makedev(1, 3)) == 0) {
		assert_int_equal(replace(t, "/null", "x", true), -EMEDIUMTYPE);
		assert_true(S_ISCHR(stat_of(t, "null").st_mode));
		unlinkat(t->fd, "null", 0);
	}
	says(t, "kept", "kept");
	has(t, "/", "fifo folder kept link ");
}

static void test_fresh(void **state)
{
	const struct xlpt_file_how how = { .mode = 0600, .fresh = true };
	struct tree *t = *state;

	assert_int_equal(xlpt_file_replace(&t->h, "/f", "one", 3, &how), 0);
	assert_int_equal(xlpt_file_replace(&t->h, "/f", "two", 3, &how), -EEXIST);
	assert_int_equal(symlinkat("nowhere", t->fd, "link"), 0);
	assert_int_equal(xlpt_file_replace(&t->h, "/link", "two", 3, &how), -EEXIST);
	says(t, "f", "one");
	has(t, "/", "f link ");
}

/* The owner of the directory expects the file's temporary, under any name he can think of. */
static void test_hostile_directory(void **state)
{
	struct tree *t = *state;
	char name[64];

	put(t, "shadow", "root:SECRET");
	assert_int_equal(mkdirat(t->fd, "home", 0755), 0);
	put(t, "home/vm.cfg", "old");
	for (int pid = 1; pid < 70000; pid++) {
		snprintf(name, sizeof(name), "home/vm.cfg.%d.tmp", pid);
		assert_int_equal(symlinkat("../shadow", t->fd, name), 0);
	}
	assert_int_equal(replace(t, "/home/vm.cfg", "new", true), 0);
	says(t, "home/vm.cfg", "new");
	says(t, "shadow", "root:SECRET");
	assert_int_equal(stat_of(t, "shadow").st_uid, geteuid());
}

/* Root is led by links of another user to what is that user's, and no further. */
static void test_links_of_others(void **state)
{
	struct tree *t = *state;
	_cleanup_free_ char *link = outside(t, "home/link"), *through = outside(t, "home/etc/own"),
			    *own = outside(t, "home/own"), *gone = outside(t, "home/gone");
	_cleanup_file_ struct xlpt_file f = XLPT_FILE_NONE;

	if (!only_root())
		return;
	assert_int_equal(mkdirat(t->fd, "etc", 0755), 0);
	assert_int_equal(mkdirat(t->fd, "home", 0755), 0);
	put(t, "etc/shadow", "secret");
	put(t, "home/mine", "mine");
	assert_int_equal(symlinkat("../etc/shadow", t->fd, "home/link"), 0);
	assert_int_equal(symlinkat("../etc", t->fd, "home/etc"), 0);
	assert_int_equal(symlinkat("../etc/new", t->fd, "home/gone"), 0);
	assert_int_equal(symlinkat("mine", t->fd, "home/own"), 0);
	/* Root's own links lead anywhere. */
	assert_int_equal(xlpt_file_find(NULL, link, XLPT_FILE_FOLLOW, &f), 0);
	assert_string_equal(f.name, "/shadow");
	xlpt_file_dispose(&f);
	assert_int_equal(xlpt_file_find(NULL, gone, XLPT_FILE_FOLLOW, &f), 0);
	assert_false(f.there);
	xlpt_file_dispose(&f);
	for (const char *const *p =
		     (const char *[]){ "link", "etc", "own", "gone", "mine", "", NULL };
	     *p; p++) {
		_cleanup_free_ char *path = xlpt_xasprintf("home/%s", *p);

		assert_int_equal(fchownat(t->fd, path, NOBODY, NOBODY, AT_SYMLINK_NOFOLLOW), 0);
	}
	assert_int_equal(xlpt_file_find(NULL, link, XLPT_FILE_FOLLOW, &f), -ENOLINK);
	assert_int_equal(xlpt_file_find(NULL, through, XLPT_FILE_FOLLOW, &f), -ENOLINK);
	assert_int_equal(xlpt_file_find(NULL, through, 0, &f), -ENOLINK);
	assert_int_equal(xlpt_file_find(NULL, gone, XLPT_FILE_FOLLOW, &f), -ENOLINK);
	assert_int_equal(xlpt_file_find(&t->h, "/home/link", XLPT_FILE_FOLLOW, &f), -ENOLINK);
	assert_int_equal(replace(t, "/home/etc/shadow", "x", true), -ENOLINK);
	assert_int_equal(xlpt_file_remove(&t->h, "/home/etc/shadow"), -ENOLINK);
	assert_int_equal(stat_of(t, "etc/shadow").st_uid, 0);
	assert_int_equal(xlpt_file_find(NULL, own, XLPT_FILE_FOLLOW, &f), 0);
	assert_true(f.there && S_ISREG(f.st.st_mode));
	assert_string_equal(f.name, "/mine");
	/* The link itself goes, not what it leads to. */
	assert_int_equal(xlpt_file_remove(&t->h, "/home/link"), 0);
	assert_int_equal(xlpt_file_remove(&t->h, "/home/link"), -ENOENT);
	assert_int_equal(stat_of(t, "etc/shadow").st_uid, 0);
	assert_non_null(strstr(xlpt_strerror(ENOLINK), "another user"));
}

/* The directory is another one by the time it is written to: the first one counts. */
static void test_directory_is_held(void **state)
{
	struct tree *t = *state;
	_cleanup_file_ struct xlpt_file f = XLPT_FILE_NONE;

	assert_int_equal(mkdirat(t->fd, "etc", 0755), 0);
	assert_int_equal(mkdirat(t->fd, "home", 0755), 0);
	assert_int_equal(xlpt_file_find(&t->h, "/home/f", 0, &f), 0);
	assert_int_equal(renameat(t->fd, "home", t->fd, "moved"), 0);
	assert_int_equal(symlinkat("etc", t->fd, "home"), 0);
	assert_int_equal(xlpt_file_put(&f, "x", 1, &(struct xlpt_file_how){ .mode = 0600 }), 0);
	has(t, "/etc", "");
	has(t, "/moved", "f ");
}

static void test_inside(void **state)
{
	static const char *const ways[] = { "/../../f", "/up/f", "/top/f", "/up/../../f" };
	struct tree *t = *state;

	assert_int_equal(symlinkat("../../../..", t->fd, "up"), 0);
	assert_int_equal(symlinkat("/", t->fd, "top"), 0);
	assert_int_equal(symlinkat("round", t->fd, "round"), 0);
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(ways); i++) {
		assert_int_equal(replace(t, ways[i], "x", false), 0);
		says(t, "f", "x");
		assert_int_equal(unlinkat(t->fd, "f", 0), 0);
	}
	assert_int_equal(replace(t, "/round/f", "x", false), -ELOOP);
}

/* ---- directories of its own ---- */

static void test_private_dir(void **state)
{
	struct tree *t = *state;
	mode_t mask = umask(022);

	assert_int_equal(xlpt_file_private_dir(&t->h, "/var/lib/xlpt/pins"), 0);
	assert_int_equal(stat_of(t, "var/lib/xlpt/pins").st_mode, S_IFDIR | 0700);
	assert_int_equal(stat_of(t, "var/lib").st_mode & 0777, 0755);
	assert_int_equal(fchmodat(t->fd, "var/lib/xlpt/pins", 0755, 0), 0);
	assert_int_equal(fchmodat(t->fd, "var/lib/xlpt", 0755, 0), 0);
	assert_int_equal(xlpt_file_private_dir(&t->h, "/var/lib/xlpt/pins"), 0);
	assert_int_equal(stat_of(t, "var/lib/xlpt/pins").st_mode, S_IFDIR | 0700);
	assert_int_equal(stat_of(t, "var/lib/xlpt").st_mode, S_IFDIR | 0700);
	umask(mask);
}

/* ---- reading ---- */

static int read_whole(struct tree *t, const char *path, size_t max, char **text)
{
	struct xlpt_str s = { 0 };
	int r = xlpt_file_read(&t->h, path, max, &s);

	*text = xlpt_str_take(&s);
	return r;
}

static void test_read(void **state)
{
	_cleanup_free_ char *a = NULL, *b = NULL, *c = NULL, *d = NULL, *e = NULL, *f = NULL;
	struct tree *t = *state;
	_cleanup_close_ int fd = -1;

	put(t, "f", "12345678");
	assert_int_equal(symlinkat("f", t->fd, "link"), 0);
	assert_int_equal(mkfifoat(t->fd, "fifo", 0600), 0);
	assert_int_equal(read_whole(t, "/link", 8, &a), 0);
	assert_string_equal(a, "12345678");
	assert_int_equal(read_whole(t, "/f", 7, &b), -EFBIG);
	assert_int_equal(read_whole(t, "/fifo", 7, &c), -EMEDIUMTYPE);
	assert_int_equal(read_whole(t, "/", 7, &d), -EISDIR);
	assert_int_equal(xlpt_file_open(&t->h, "/link", O_NOFOLLOW, NULL), -ELOOP);
	/* A sparse file of a tebibyte takes no longer. */
	fd = openat(t->fd, "sparse", O_RDWR | O_CREAT, 0600);
	assert_int_equal(ftruncate(fd, (off_t)1 << 40), 0);
	assert_int_equal(read_whole(t, "/sparse", 1 << 20, &e), -EFBIG);
	assert_int_equal(read_whole(t, "/none", 1 << 20, &f), -ENOENT);
}

/* Nothing is opened that doing so alone would do something to. */
static void test_device_nodes(void **state)
{
	struct tree *t = *state;
	_cleanup_free_ char *text = NULL;

	if (geteuid() != 0 || mknodat(t->fd, "zero", S_IFCHR | 0666, makedev(1, 5)))
		skip();
	assert_int_equal(xlpt_file_open(&t->h, "/zero", 0, NULL), -EMEDIUMTYPE);
	assert_int_equal(read_whole(t, "/zero", 100, &text), -EMEDIUMTYPE);
}

static void test_lines(void **state)
{
	char text[] = "one\n\ntwo", *cursor = text;

	(void)state;
	assert_string_equal(xlpt_file_line(&cursor), "one");
	assert_string_equal(xlpt_file_line(&cursor), "");
	assert_string_equal(xlpt_file_line(&cursor), "two");
	assert_null(xlpt_file_line(&cursor));
}

/* ---- a user's output ---- */

static int save(const char *path, const char *text)
{
	_cleanup_file_ struct xlpt_file f = XLPT_FILE_NONE;
	int r = xlpt_file_find(NULL, path, XLPT_FILE_FOLLOW, &f);

	return r ? r
		 : xlpt_file_save(&f, text, strlen(text), &(struct xlpt_file_how){ .mode = 0644 });
}

static void test_save(void **state)
{
	struct tree *t = *state;
	_cleanup_free_ char *fifo = outside(t, "fifo"), *link = outside(t, "link"),
			    *gone = outside(t, "gone"), *descriptor = NULL;
	_cleanup_close_ int in = -1, out = -1;
	char got[16] = "";

	/* A link stays a link. */
	put(t, "target", "old");
	assert_int_equal(symlinkat("target", t->fd, "link"), 0);
	assert_int_equal(symlinkat("made", t->fd, "gone"), 0);
	assert_int_equal(save(link, "new"), 0);
	assert_int_equal(save(gone, "new"), 0);
	says(t, "target", "new");
	says(t, "made", "new");
	assert_true(S_ISLNK(stat_of(t, "link").st_mode));
	/* So do FIFOs, devices and descriptors. */
	assert_int_equal(mkfifoat(t->fd, "fifo", 0600), 0);
	in = openat(t->fd, "fifo", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	assert_int_equal(save(fifo, "hello"), 0);
	assert_int_equal(read(in, got, sizeof(got)), 5);
	assert_string_equal(got, "hello");
	assert_int_equal(save("/dev/null", "x"), 0);
	out = openat(t->fd, "out", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(xlpt_file_write_all(out, "before ", 7), 0);
	descriptor = xlpt_xasprintf("/dev/fd/%d", out);
	assert_int_equal(save(descriptor, "after"), 0);
	says(t, "out", "before after");
	assert_int_equal(save(t->dir, "x"), -EISDIR);
	has(t, "/", "fifo gone link made out target ");
}

/* A FIFO whose reader comes late is waited for, and for a signal's sake no longer; one without stays. */
static void test_late_reader(void **state)
{
	struct tree *t = *state;
	_cleanup_free_ char *fifo = outside(t, "fifo");
	char got[16] = "";
	int status;
	pid_t pid;

	assert_int_equal(mkfifoat(t->fd, "fifo", 0600), 0);
	pid = fork();
	if (!pid) {
		int in;

		/* valgrind counts what a child still holds. */
		free(fifo);
		usleep(150000);
		in = openat(t->fd, "fifo", O_RDONLY | O_CLOEXEC);
		_exit(read(in, got, sizeof(got)) == 5 && !strcmp(got, "hello") ? 0 : 1);
	}
	assert_int_equal(save(fifo, "hello"), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	xlpt_interrupted = SIGTERM;
	assert_int_equal(save(fifo, "hello"), -EINTR);
	xlpt_interrupted = 0;
	has(t, "/", "fifo ");
}

int main(void)
{
	/* clang-format off */
	const struct CMUnitTest tests[] = {
		TEST(test_owner_and_mode),
		TEST(test_size_limit),
		TEST(test_hard_links),
		TEST(test_not_regular),
		TEST(test_fresh),
		TEST(test_hostile_directory),
		TEST(test_links_of_others),
		TEST(test_directory_is_held),
		TEST(test_inside),
		TEST(test_private_dir),
		TEST(test_read),
		TEST(test_device_nodes),
		TEST(test_lines),
		TEST(test_save),
		TEST(test_late_reader),
	};
	/* clang-format on */

	return cmocka_run_group_tests(tests, NULL, NULL);
}
