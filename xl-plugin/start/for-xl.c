/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * start --for-xl: the guard's program was called as xl create. It runs xl itself, so that xl has
 * the terminal, the descriptors and the options that were meant for it, and closes the socket when
 * xl has ended. What became of the guest is read from Xen, not from xl's exit status.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "core/file.h"
#include "core/text.h"
#include "xl-plugin/cli/output.h"
#include "xl-plugin/convert/convert.h"
#include "xl-plugin/hotplug/restart.h"
#include "xl-plugin/kept/monitor.h"
#include "xl-plugin/leave/leave.h"
#include "xl-plugin/start/start.h"

#define LOOK_MS 100
#define WATCHER_MS \
	10000 /* how long xl may take, after the guest has its devices, to leave its process */

int xlpt_start_from_guard(struct xlpt_start *s, const char *fd, struct xlpt_str *text,
			  struct xlpt_diag *diag)
{
	char buf[4096];
	uint64_t n;
	ssize_t r;

	if (!xlpt_parse_uint(fd, strlen(fd), 10, INT_MAX, &n)) {
		xlpt_diag_set(diag, XLPT_ERR_SYNTAX, "--for-xl wants a descriptor, not \"%s\"", fd);
		xlpt_diag_hint(diag, "it is for the guard's program; write xlpt start CFG");
		return XLPT_ERR_SYNTAX;
	}
	s->for_xl = (int)n;
	while ((r = read(s->for_xl, buf, sizeof(buf))) != 0) {
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0) {
			xlpt_diag_errno(diag, XLPT_ERR_IO, errno,
					"cannot read the configuration from the guard");
			xlpt_diag_hint(diag, "it is for the guard's program; write xlpt start CFG");
			return XLPT_ERR_IO;
		}
		xlpt_str_addn(text, buf, (size_t)r);
		if (!buf[r - 1] || text->len > XLPT_CONVERT_MAX)
			break;
	}
	if (text->len && text->len <= XLPT_CONVERT_MAX && !text->s[text->len - 1]) {
		text->len--;
		return 0;
	}
	xlpt_diag_set(diag, XLPT_ERR_DATA, "the guard did not send the whole configuration");
	xlpt_diag_fact(diag, "it ends after %zu bytes", text->len);
	xlpt_diag_hint(diag, "start the guest again");
	return XLPT_ERR_DATA;
}

int xlpt_start_hand_over(struct xlpt_start *s, struct xlpt_diag *diag)
{
	int r = xlpt_file_write_all(s->for_xl, s->config.s, s->config.len);

	if (r == 0)
		r = xlpt_file_write_all(s->for_xl, "", 1);
	if (r == 0)
		return 0;
	xlpt_diag_errno(diag, XLPT_ERR_IO, r, "cannot hand the configuration to xl");
	xlpt_diag_hint(diag, "the guard's program has ended; create the guest again");
	return XLPT_ERR_IO;
}

#define WATCHER_MAX 32

/* The guard's program has closed its end of the socket, or is gone and xl with it. */
static bool xl_ended(struct xlpt_start *s)
{
	struct pollfd p = { .fd = s->for_xl, .events = POLLIN };
	char buf[WATCHER_MAX];
	ssize_t r = 1;

	while (r > 0 && poll(&p, 1, 0) > 0) {
		r = read(s->for_xl, buf, sizeof(buf));
		if (r > 0 && s->watcher.len < WATCHER_MAX)
			xlpt_str_addn(&s->watcher, buf, (size_t)r);
	}
	return r <= 0;
}

/*
 * Reads what the guard's program says of who watches the guest. "4711": xl create -F, with that
 * pid, which has no log to be found by (kept/monitor.h). "0": xl create -e, nobody makes the guest
 * anew. Nothing: xl leaves a process, as usual.
 */
static void watched(struct xlpt_start *s)
{
	uint64_t pid;

	if (s->watcher.len &&
	    xlpt_parse_uint(s->watcher.s, strcspn(s->watcher.s, "\n"), 10, INT32_MAX, &pid))
		xlpt_restarts_watched(s->op.env, &s->op.guest, (long long)pid);
}

/*
 * xl unpauses the guest, shows its console (-c) and leaves the process that watches it, in an
 * order of its own. So this waits for that process: a command that sees the guest only later could
 * not tell whether it comes again.
 */
static void wait_watcher(struct xlpt_start *s)
{
	struct xlpt_clock *clock = s->op.env->clock;
	int64_t deadline = xlpt_now(clock) + WATCHER_MS;

	while (!xl_ended(s) && !s->watcher.len && !xlpt_stop_came() &&
	       !xlpt_monitor_find(s->op.env->host, s->op.guest.name).pid &&
	       xlpt_now(clock) < deadline)
		clock->sleep_ms(clock, LOOK_MS);
}

/* Each device is with the domain of that number, which may not be finished yet. */
static bool all_given(struct xlpt_start *s, uint32_t domid)
{
	uint32_t before = s->op.guest.domid;
	bool all = true;

	s->op.guest.domid = domid;
	for (size_t i = 0; all && i < s->op.n; i++) {
		_cleanup_diag_ struct xlpt_diag no = { 0 };

		all = xlpt_start_given(&s->op, i, &no) == 0;
	}
	s->op.guest.domid = before;
	return all;
}

/* 1 and *domid when xl has created the guest, 0 when it has not. */
static int outcome(struct xlpt_start *s, uint32_t *domid, struct xlpt_diag *diag)
{
	struct xlpt_env *env = s->op.env;
	int64_t deadline = 0;

	for (;;) {
		/*
		 * Read before the guest is looked at, so that the look sees the last thing that xl
		 * did.
		 */
		bool ended = xl_ended(s);
		_cleanup_guest_ struct xlpt_guest now = { 0 };
		int rc = xlpt_guest_by_uuid(env->ts, s->op.guest.uuid, &now, diag);

		*domid = now.domid;
		/* xl destroys what it could not finish, and may end before that domain is gone. */
		if (rc > 0 && ended && now.dying && !now.shut_down) {
			now.name = now.name ? now.name : xlpt_xstrdup(s->op.guest.name);
			rc = xlpt_leave_wait_gone(env, &now, diag);
			return rc;
		}
		if (rc < 0 || ended || (rc > 0 && all_given(s, *domid)))
			return rc;
		/*
		 * xl -F stays as long as the guest lives, also of a guest that lacks a device:
		 * that is told then.
		 */
		if (rc > 0 && !deadline)
			deadline = xlpt_now(env->clock) + s->op.timeout_ms;
		if (rc > 0 && xlpt_now(env->clock) >= deadline)
			return rc;
		env->clock->sleep_ms(env->clock, LOOK_MS);
	}
}

/*
 * The guest is xl's and stays as xl has made it. What is not as it was meant is told, and devices
 * that the guest did not get go back with the next command.
 */
static void told(struct xlpt_start *s, int rc, const struct xlpt_diag *why)
{
	if (rc)
		xlpt_warn(s->op.env, "%s", why->message);
}

int xlpt_start_let_xl(void *ctx, size_t i, struct xlpt_diag *diag)
{
	struct xlpt_start *s = ctx;
	_cleanup_diag_ struct xlpt_diag late = { 0 };
	uint32_t domid = 0;
	int rc = xlpt_start_hand_over(s, diag);

	(void)i;
	if (rc == 0)
		rc = outcome(s, &domid, diag);
	if (rc < 0)
		return rc;
	if (!rc) {
		xlpt_diag_set(diag, XLPT_ERR_CONFLICT, "xl did not create %s", s->op.guest.name);
		xlpt_diag_fact(diag, "no domain has its UUID; what was taken for it is given back");
		xlpt_diag_hint(diag, "see what xl says above, and /var/log/xen/xl-%s.log",
			       XLPT_WORD(s->op.guest.name));
		return XLPT_ERR_CONFLICT;
	}
	told(s, xlpt_start_found(s, domid, &late), &late);
	for (size_t k = 0; k < s->op.n; k++) {
		_cleanup_diag_ struct xlpt_diag no = { 0 };

		told(s, xlpt_start_given(&s->op, k, &no), &no);
	}
	wait_watcher(s);
	watched(s);
	return 0;
}
