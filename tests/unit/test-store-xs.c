/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * store-xs.c and libxenstore against a xenstored that speaks the real protocol over its socket
 * (xen/include/public/io/xs_wire.h): a child that keeps a flat table of nodes, transactions and watches.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/text.h"
#include "tests/fake/clock.h"
#include "xenstore/store.h"

/* For LeakSanitizer, as tests/valgrind.supp for valgrind. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libxenstore.so";
}

/* ---- the daemon ---- */

enum {
	DIRECTORY = 1,
	READ,
	WATCH = 4,
	UNWATCH,
	BEGIN,
	END,
	WRITE = 11,
	RM = 13,
	EVENT = 15,
	ERROR
};
enum { NODES = 32, WATCHES = 8 };

struct header {
	uint32_t type, req, tx, len;
};

struct tree {
	struct {
		char path[96];
		char value[64];
		uint32_t len;
	} node[NODES];
	unsigned changes;
};

static struct tree all, mine; /* mine: as the one transaction sees it */
static uint32_t tx;
static unsigned begun_at;
static char watch[WATCHES][2][96];
static int watcher[WATCHES]; /* whose it is */
static int fd;		     /* who is answered */

static void put(const void *p, size_t n)
{
	if (write(fd, p, n) != (ssize_t)n)
		_exit(1);
}

static void answer(const struct header *h, uint32_t type, const void *data, size_t len)
{
	struct header out = { type, h->req, h->tx, (uint32_t)len };

	put(&out, sizeof(out));
	put(data, len);
}

static void refuse(const struct header *h, const char *word)
{
	answer(h, ERROR, word, strlen(word) + 1);
}

static void tell_watch(size_t i, const char *path)
{
	char text[200];
	int asker = fd;
	size_t n = (size_t)snprintf(text, sizeof(text), "%s%c%s", path, 0, watch[i][1]) + 1;

	fd = watcher[i];
	answer(&(struct header){ 0 }, EVENT, text, n);
	fd = asker;
}

static void changed(const char *path)
{
	all.changes++;
	for (size_t i = 0; i < WATCHES; i++)
		if (*watch[i][0] && !strncmp(path, watch[i][0], strlen(watch[i][0])))
			tell_watch(i, path);
}

static int find(const struct tree *t, const char *path)
{
	for (int i = 0; i < NODES; i++)
		if (!strcmp(t->node[i].path, path))
			return i;
	return -1;
}

static void serve_write(const struct header *h, struct tree *t, const char *path, size_t len)
{
	size_t at = strlen(path) + 1;
	int i = find(t, path);

	i = i < 0 ? find(t, "") : i;
	if (i < 0 || len - at > sizeof(t->node[i].value)) {
		refuse(h, "ENOSPC");
		return;
	}
	snprintf(t->node[i].path, sizeof(t->node[i].path), "%.95s", path);
	memcpy(t->node[i].value, path + at, len - at);
	t->node[i].len = (uint32_t)(len - at);
	answer(h, WRITE, "OK", 3);
	if (t == &all)
		changed(path);
}

static void serve_list(const struct header *h, const struct tree *t, const char *path)
{
	char out[1024];
	size_t n = 0, len = strlen(path);
	bool there = false;

	for (int i = 0; i < NODES; i++) {
		const char *p = t->node[i].path;

		if (strncmp(p, path, len) || (p[len] && p[len] != '/'))
			continue;
		there = true;
		if (p[len] && !strchr(p + len + 1, '/'))
			n += (size_t)snprintf(out + n, sizeof(out) - n, "%s", p + len + 1) + 1;
	}
	if (there)
		answer(h, DIRECTORY, out, n);
	else
		refuse(h, "ENOENT");
}

static void serve_rm(const struct header *h, struct tree *t, const char *path)
{
	size_t len = strlen(path);
	bool there = false;

	for (int i = 0; i < NODES; i++)
		if (!strncmp(t->node[i].path, path, len) &&
		    (!t->node[i].path[len] || t->node[i].path[len] == '/')) {
			*t->node[i].path = '\0';
			there = true;
		}
	if (!there) {
		refuse(h, "ENOENT");
		return;
	}
	answer(h, RM, "OK", 3);
	if (t == &all)
		changed(path);
}

static void serve_transaction(const struct header *h, const char *arg)
{
	if (h->type == BEGIN) {
		mine = all;
		begun_at = all.changes;
		tx++;
		answer(h, BEGIN, tx == 1 ? "1" : tx == 2 ? "2" : "3", 2);
	} else if (*arg == 'T' && all.changes != begun_at) {
		refuse(h, "EAGAIN");
	} else {
		if (*arg == 'T') {
			all = mine;
			all.changes = begun_at + 1;
		}
		answer(h, END, "OK", 3);
	}
}

static void serve_watch(const struct header *h, const char *path)
{
	const char *token = path + strlen(path) + 1;

	for (size_t i = 0; i < WATCHES; i++) {
		if (h->type == WATCH ? *watch[i][0] : strcmp(watch[i][0], path))
			continue;
		snprintf(watch[i][0], sizeof(watch[i][0]), "%.95s", h->type == WATCH ? path : "");
		snprintf(watch[i][1], sizeof(watch[i][1]), "%.95s", token);
		watcher[i] = fd;
		answer(h, h->type, "OK", 3);
		if (h->type == WATCH)
			tell_watch(i, path);
		return;
	}
	refuse(h, h->type == WATCH ? "E2BIG" : "ENOENT");
}

static void serve_one(const struct header *h, const char *data)
{
	struct tree *t = h->tx ? &mine : &all;
	int i;

	if (!strcmp(data, "/denied")) {
		refuse(h, "EACCES");
		return;
	}
	switch (h->type) {
	case READ:
		i = find(t, data);
		if (i < 0)
			refuse(h, "ENOENT");
		else
			answer(h, READ, t->node[i].value, t->node[i].len);
		break;
	case WRITE:
		serve_write(h, t, data, h->len);
		break;
	case DIRECTORY:
		serve_list(h, t, data);
		break;
	case RM:
		serve_rm(h, t, data);
		break;
	case BEGIN:
	case END:
		serve_transaction(h, data);
		break;
	case WATCH:
	case UNWATCH:
		serve_watch(h, data);
		break;
	default:
		refuse(h, "ENOSYS");
		break;
	}
}

/* Whole requests of one connection; false at its end. */
static bool serve_request(void)
{
	struct header h;
	char data[512];

	if (read(fd, &h, sizeof(h)) != (ssize_t)sizeof(h) || h.len >= sizeof(data))
		return false;
	for (size_t n = 0; n < h.len;) {
		ssize_t r = read(fd, data + n, h.len - n);

		if (r <= 0)
			return false;
		n += (size_t)r;
	}
	data[h.len] = '\0';
	serve_one(&h, data);
	return true;
}

static void serve(int listener)
{
	struct pollfd fds[3] = { { .fd = listener, .events = POLLIN } };
	nfds_t n = 1;

	while (poll(fds, n, -1) > 0) {
		if (fds[0].revents && n < 3)
			fds[n++] = (struct pollfd){ .fd = accept(listener, NULL, NULL),
						    .events = POLLIN };
		for (nfds_t i = 1; i < n; i++) {
			fd = fds[i].fd;
			/* The first connection is the last to go. */
			if (fds[i].revents && !serve_request()) {
				if (i == 1)
					raise(SIGKILL); /* what its parent has is no loss of its own */
				fds[i].fd = -1;
			}
		}
	}
	_exit(1);
}

/* ---- a connection ---- */

struct daemon {
	char dir[32], path[64];
	pid_t pid;
	struct fake_clock clock;
	struct xlpt_store s;
};

static int begin(void **state)
{
	struct daemon *d = xlpt_xcalloc(1, sizeof(*d));
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	strcpy(d->dir, "/tmp/xlpt-xs-XXXXXX");
	if (listener < 0 || !mkdtemp(d->dir))
		return -1;
	snprintf(d->path, sizeof(d->path), "%s/socket", d->dir);
	snprintf(at.sun_path, sizeof(at.sun_path), "%s", d->path);
	if (bind(listener, (struct sockaddr *)&at, sizeof(at)) || listen(listener, 2))
		return -1;
	d->pid = fork();
	if (d->pid == 0)
		serve(listener);
	close(listener);
	setenv("XENSTORED_PATH", d->path, 1);
	fake_clock_init(&d->clock);
	*state = d;
	return xlpt_store_open(&d->s, &d->clock.clock, NULL);
}

static int end(void **state)
{
	struct daemon *d = *state;
	int status = 0;

	xlpt_store_close(&d->s);
	if (d->pid) {
		waitpid(d->pid, &status, 0);
		status = !(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	}
	unlink(d->path);
	rmdir(d->dir);
	free(d);
	unsetenv("XENSTORED_PATH");
	return status;
}

static void is(struct xlpt_store *s, const char *path, const char *want)
{
	_cleanup_free_ char *value = NULL;

	assert_int_equal(xlpt_store_read(s, 0, &value, "%s", path), want ? 0 : -ENOENT);
	if (want)
		assert_string_equal(value, want);
}

static void test_nodes(void **state)
{
	struct xlpt_store *s = &((struct daemon *)*state)->s;
	_cleanup_strv_ char **names = NULL;
	char **none = NULL;
	unsigned n = 7;

	is(s, "/a/x", NULL);
	assert_int_equal(xlpt_store_write(s, 0, "12", "/a/%s", "x"), 0);
	assert_int_equal(xlpt_store_write(s, 0, "", "/a/y/z"), 0);
	assert_int_equal(xlpt_store_write(s, 0, "one", "/ab"), 0);
	is(s, "/a/x", "12");
	is(s, "/a/y/z", "");
	assert_int_equal(xlpt_store_read_uint(s, 0, &n, "/a/x"), 0);
	assert_int_equal(n, 12);
	assert_int_equal(xlpt_store_read_uint(s, 0, &n, "/ab"), -EINVAL);
	assert_int_equal(xlpt_store_list(s, 0, &names, "/a"), 0);
	/* "/ab" is beside it, not below. */
	assert_int_equal(xlpt_strv_len(names), 1);
	assert_string_equal(names[0], "x");
	assert_int_equal(xlpt_store_list(s, 0, &none, "/c"), -ENOENT);
	assert_null(none);
	assert_int_equal(xlpt_store_rm(s, 0, "/a"), 0);
	is(s, "/a/x", NULL);
	is(s, "/ab", "one");
	/* One that is not there is gone already; one that may not be touched is not. */
	assert_int_equal(xlpt_store_rm(s, 0, "/a"), 0);
	assert_int_equal(xlpt_store_rm(s, 0, "/denied"), -EACCES);
	assert_int_equal(xlpt_store_write(s, 0, "1", "/denied"), -EACCES);
	assert_int_equal(xlpt_store_list(s, 0, &none, "/denied"), -EACCES);
	/* 0 bytes and a number do not stand for an error. */
	assert_int_equal(xlpt_store_read_uint(s, 0, &n, "/denied"), -EACCES);
}

struct twice {
	unsigned runs;
	const char *other;
};

/* The first time somebody else changes something meanwhile. */
static int write_both(struct xlpt_store *s, xlpt_xst t, void *arg)
{
	struct twice *a = arg;
	int r = xlpt_store_write(s, t, "new", "/t/value");

	if (r == 0 && a->runs++ == 0)
		r = xlpt_store_write(s, 0, a->other, "/t/other");
	return r;
}

static int give_up(struct xlpt_store *s, xlpt_xst t, void *arg)
{
	int r = xlpt_store_write(s, t, "never", "/t/value");

	(void)arg;
	return r ? r : -EINVAL;
}

static void test_transactions(void **state)
{
	struct xlpt_store *s = &((struct daemon *)*state)->s;
	struct twice arg = { .other = "theirs" };

	assert_int_equal(xlpt_store_write(s, 0, "old", "/t/value"), 0);
	assert_int_equal(xlpt_store_transact(s, give_up, NULL), -EINVAL);
	is(s, "/t/value", "old");
	assert_int_equal(xlpt_store_transact(s, write_both, &arg), 0);
	assert_int_equal(arg.runs, 2);
	is(s, "/t/value", "new");
	is(s, "/t/other", "theirs");
}

/* Whoever waits for other things, too, polls the descriptor. */
static void test_descriptor(void **state)
{
	struct xlpt_store *s = &((struct daemon *)*state)->s;
	struct pollfd p = { .fd = s->ops->fd(s), .events = POLLIN };

	assert_true(p.fd >= 0);
	assert_int_equal(s->ops->watch(s, "/w"), 0);
	assert_int_equal(s->ops->wait(s, 5000), 1);
	assert_int_equal(poll(&p, 1, 50), 0);
	assert_int_equal(xlpt_store_write(s, 0, "1", "/w/state"), 0);
	assert_int_equal(poll(&p, 1, 5000), 1);
	assert_int_equal(s->ops->wait(s, 0), 1);
	assert_int_equal(poll(&p, 1, 50), 0);
}

static void test_watches(void **state)
{
	struct xlpt_store *s = &((struct daemon *)*state)->s;

	assert_int_equal(s->ops->unwatch(s, "/w"), -ENOENT);
	assert_int_equal(s->ops->watch(s, "/w"), 0);
	/* xenstored says each new watch once by itself. */
	assert_int_equal(s->ops->wait(s, 5000), 1);
	assert_int_equal(s->ops->wait(s, 0), 0);
	assert_int_equal(xlpt_store_write(s, 0, "1", "/other"), 0);
	assert_int_equal(s->ops->wait(s, -1), 0);
	assert_int_equal(xlpt_store_write(s, 0, "1", "/w/state"), 0);
	assert_int_equal(xlpt_store_write(s, 0, "2", "/w/state"), 0);
	/* What came together is one look. */
	assert_int_equal(s->ops->wait(s, 5000), 1);
	assert_int_equal(s->ops->wait(s, 0), 0);
	/* What is still queued when a watch goes, goes with it. */
	assert_int_equal(xlpt_store_write(s, 0, "3", "/w/state"), 0);
	assert_int_equal(s->ops->unwatch(s, "/w"), 0);
	assert_int_equal(s->ops->wait(s, 0), 0);
	assert_int_equal(s->ops->unwatch(s, "/w"), -ENOENT);
	assert_int_equal(xlpt_store_write(s, 0, "4", "/w/state"), 0);
	assert_int_equal(s->ops->wait(s, 50), 0);
}

static void test_daemon_gone(void **state)
{
	struct daemon *d = *state;
	_cleanup_free_ char *value = NULL;

	kill(d->pid, SIGKILL);
	waitpid(d->pid, NULL, 0);
	d->pid = 0;
	assert_true(xlpt_store_read(&d->s, 0, &value, "/a") < 0);
	assert_null(value);
	assert_true(d->s.ops->wait(&d->s, 5000) < 0);
	assert_true(xlpt_store_write(&d->s, 0, "1", "/a") < 0);
}

static void test_no_daemon(void **state)
{
	_cleanup_diag_ struct xlpt_diag diag = { 0 };
	struct fake_clock clock;
	struct xlpt_store s;

	(void)state;
	fake_clock_init(&clock);
	setenv("XENSTORED_PATH", "/tmp/xlpt-no-such-socket", 1);
	assert_int_equal(xlpt_store_open(&s, &clock.clock, &diag), XLPT_ERR_NO_XEN);
	unsetenv("XENSTORED_PATH");
	assert_true(xlpt_starts(diag.message, "cannot reach xenstored: "));
	assert_non_null(
		strstr(diag.fact, "/tmp/xlpt-no-such-socket is absent, /dev/xen/xenbus is "));
	assert_non_null(diag.hint);
	xlpt_store_close(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_nodes, begin, end),
		cmocka_unit_test_setup_teardown(test_transactions, begin, end),
		cmocka_unit_test_setup_teardown(test_descriptor, begin, end),
		cmocka_unit_test_setup_teardown(test_watches, begin, end),
		cmocka_unit_test_setup_teardown(test_daemon_gone, begin, end),
		cmocka_unit_test(test_no_daemon),
	};

	/* A daemon that is gone is an error, not the end. */
	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
