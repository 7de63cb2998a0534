/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The running xenstored, through libxenstore. The only file that includes its
 * header.
 */
#include "xenstore/store.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>
#include <xenstore.h>

/*
 * Two connections. libxenstore starts a thread with the first watch, and from then on each answer goes
 * through it: twice as many system calls, and a switch of threads for every node that is read. So what is
 * watched has a connection of its own, made when it is first wanted. xenstored does one request after
 * the other: a change that comes after a look makes an event, whichever connection the look went by.
 */
struct conns {
	struct xs_handle *xs, *watches;
};

static struct xs_handle *of(struct xlpt_store *s)
{
	return ((struct conns *)s->priv)->xs;
}

static struct xs_handle *watches_of(struct xlpt_store *s)
{
	struct conns *c = s->priv;

	/* With the filter an unwatch takes that watch's queued events away too. */
	if (!c->watches)
		c->watches = xs_open(XS_UNWATCH_FILTER);
	return c->watches;
}

/* One token does: whoever waits looks at the fact itself, not at which watch fired. */
#define TOKEN "xlpt"

#define DRAIN_MAX 1000

/* xs_open(3) tries xenstored's socket first, then the kernel's device. */
#define SOCKET_PATH "/run/xenstored/socket"
#define DEVICE_PATH "/dev/xen/xenbus"

/* libxenstore reports through errno; a failure never becomes a 0 here. */
static int failed(void)
{
	return errno ? -errno : -EIO;
}

static int xs_op_read(struct xlpt_store *s, xlpt_xst t, const char *path, char **value)
{
	unsigned int len;

	/*
	 * A guest may put NUL bytes into its nodes. The library terminates the
	 * value, so what follows a NUL is not seen, as in the kernel's own
	 * xenbus_scanf().
	 */
	*value = xs_read(of(s), t, path, &len);
	return *value ? 0 : failed();
}

static int xs_op_write(struct xlpt_store *s, xlpt_xst t, const char *path, const char *value)
{
	return xs_write(of(s), t, path, value, (unsigned int)strlen(value)) ? 0 : failed();
}

static int xs_op_rm(struct xlpt_store *s, xlpt_xst t, const char *path)
{
	/* xenstored forgives an absent node, but not one whose parent is absent too. */
	if (xs_rm(of(s), t, path) || errno == ENOENT)
		return 0;
	return failed();
}

static int xs_op_list(struct xlpt_store *s, xlpt_xst t, const char *path, char ***names)
{
	unsigned int n;
	char **list = xs_directory(of(s), t, path, &n);

	if (!list)
		return failed();
	*names = xlpt_xcalloc((size_t)n + 1, sizeof(**names));
	for (unsigned int i = 0; i < n; i++)
		(*names)[i] = xlpt_xstrdup(list[i]);
	free(list); /* one block holds the vector and its strings */
	return 0;
}

static int xs_op_begin(struct xlpt_store *s, xlpt_xst *t)
{
	*t = xs_transaction_start(of(s));
	return *t != XBT_NULL ? 0 : failed();
}

static int xs_op_end(struct xlpt_store *s, xlpt_xst t, bool give_up)
{
	return xs_transaction_end(of(s), t, give_up) ? 0 : failed();
}

static int xs_op_watch(struct xlpt_store *s, const char *path)
{
	struct xs_handle *xs;

	errno = 0;
	xs = watches_of(s);
	return xs && xs_watch(xs, path, TOKEN) ? 0 : failed();
}

static int xs_op_unwatch(struct xlpt_store *s, const char *path)
{
	struct xs_handle *xs = ((struct conns *)s->priv)->watches;

	if (!xs)
		return -ENOENT;
	return xs_unwatch(xs, path, TOKEN) ? 0 : failed();
}

/*
 * Takes the events that are queued: 1 if there was any, 0 if not, or -errno. A guest can make new
 * ones as fast as they are taken; what is left makes the next wait end at once.
 */
static int drain(struct xs_handle *xs)
{
	int found = 0;
	char **event;

	errno = 0;
	while (found < DRAIN_MAX && (event = xs_check_watch(xs))) {
		free(event);
		found++;
		errno = 0;
	}
	return found ? 1 : errno == EAGAIN ? 0 : failed();
}

static int xs_op_wait(struct xlpt_store *s, int64_t ms)
{
	struct xs_handle *xs = watches_of(s);
	struct pollfd pfd = { .fd = xs ? xs_fileno(xs) : -1, .events = POLLIN };
	int r;

	if (pfd.fd < 0)
		return failed();
	/* The descriptor may be quiet while events are still queued (see xs_check_watch). */
	r = drain(xs);
	if (r)
		return r;
	r = poll(&pfd, 1, ms < 0 ? 0 : ms > INT_MAX ? INT_MAX : (int)ms);
	if (r < 0)
		/* A signal: the caller looks again, and sees there if it is to stop. */
		return errno == EINTR ? 1 : -errno;
	if (r == 0)
		return 0;
	r = drain(xs);
	return r < 0 ? r : 1;
}

static int xs_op_fd(struct xlpt_store *s)
{
	struct xs_handle *xs;
	int fd;

	errno = 0;
	xs = watches_of(s);
	fd = xs ? xs_fileno(xs) : -1;
	return fd < 0 ? failed() : fd;
}

static void xs_op_close(struct xlpt_store *s)
{
	struct conns *c = s->priv;

	xs_close(c->xs);
	if (c->watches)
		xs_close(c->watches);
	free(c);
}

static const struct xlpt_store_ops xs_ops = {
	.read = xs_op_read,
	.write = xs_op_write,
	.rm = xs_op_rm,
	.list = xs_op_list,
	.begin = xs_op_begin,
	.end = xs_op_end,
	.watch = xs_op_watch,
	.unwatch = xs_op_unwatch,
	.wait = xs_op_wait,
	.fd = xs_op_fd,
	.close = xs_op_close,
};

/*
 * Why there is no connection. libxenstore leaves the errno of its last attempt
 * only, which is the device's even where the socket is the one that matters.
 */
static int no_xenstore(struct xlpt_diag *diag, int err)
{
	const char *sock = getenv("XENSTORED_PATH");
	bool on_xen = access("/proc/xen", F_OK) == 0 || access("/sys/hypervisor/type", F_OK) == 0;
	bool has_sock, has_dev = access(DEVICE_PATH, F_OK) == 0;

	if (!sock)
		sock = SOCKET_PATH;
	has_sock = access(sock, F_OK) == 0;
	xlpt_diag_errno(diag, XLPT_ERR_NO_XEN, err, "cannot reach xenstored");
	xlpt_diag_fact(diag, "%s is %s, %s is %s", sock, has_sock ? "there" : "absent", DEVICE_PATH,
		       has_dev ? "there" : "absent");
	if (err == EACCES || err == EPERM)
		xlpt_diag_hint(diag, "run this as root");
	else if (!on_xen)
		xlpt_diag_hint(diag, "this system does not run on Xen: boot the entry that loads "
				     "the hypervisor");
	else
		xlpt_diag_hint(diag, "start it: systemctl start xenstored");
	return XLPT_ERR_NO_XEN;
}

int xlpt_store_open(struct xlpt_store *s, struct xlpt_clock *clock, struct xlpt_diag *diag)
{
	struct conns *c;
	struct xs_handle *xs;

	memset(s, 0, sizeof(*s));
	errno = 0;
	xs = xs_open(0);
	if (!xs)
		return no_xenstore(diag, errno ? errno : ENOENT);
	c = xlpt_xcalloc(1, sizeof(*c));
	c->xs = xs;
	s->ops = &xs_ops;
	s->clock = clock;
	s->priv = c;
	return 0;
}
