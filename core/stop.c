/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/stop.h"

#include <errno.h>
#include <poll.h>

#include "core/host.h"

volatile sig_atomic_t xlpt_interrupted;

static volatile sig_atomic_t came, shields;

static const struct {
	int sig;
	const char *name;
} signals[] = {
	{ SIGINT, "SIGINT" },
	{ SIGTERM, "SIGTERM" },
	{ SIGHUP, "SIGHUP" },
};

static void on_signal(int sig)
{
	came = sig;
	if (!shields)
		xlpt_interrupted = sig;
}

void xlpt_stop_catch(void)
{
	/* No SA_RESTART: a wait ends with EINTR and looks at the flag. */
	struct sigaction sa = { .sa_handler = on_signal }, old;

	for (size_t i = 0; i < XLPT_ARRAY_SIZE(signals); i++)
		if (sigaction(signals[i].sig, NULL, &old) || old.sa_handler != SIG_IGN)
			sigaction(signals[i].sig, &sa, NULL);
	signal(SIGPIPE, SIG_IGN);
}

const char *xlpt_stop_name(int sig)
{
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(signals); i++)
		if (signals[i].sig == sig)
			return signals[i].name;
	return "signal";
}

int xlpt_check_interrupted(struct xlpt_diag *diag)
{
	int sig = xlpt_interrupted;

	if (!sig && xlpt_host_starved)
		return xlpt_diag_errno(diag, XLPT_ERR_IO, xlpt_host_starved,
				       "cannot read everything that this decision needs");
	if (!sig)
		return 0;
	xlpt_diag_set(diag, XLPT_ERR_STOPPED, "stopped by signal %d (%s)", sig,
		      xlpt_stop_name(sig));
	xlpt_diag_hint(diag, "run it again");
	return XLPT_ERR_STOPPED;
}

void xlpt_stop_shield(bool on)
{
	if (on) {
		shields = shields + 1;
		xlpt_interrupted = 0;
		return;
	}
	if (shields)
		shields = shields - 1;
	if (!shields)
		xlpt_interrupted = came;
}

int xlpt_stop_poll(struct pollfd *fds, unsigned n, int64_t ms)
{
	struct timespec ts = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000 };
	sigset_t mask, before;
	int r;

	sigemptyset(&mask);
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(signals); i++)
		sigaddset(&mask, signals[i].sig);
	sigprocmask(SIG_BLOCK, &mask, &before);
	r = came ? 0 : ppoll(fds, n, ms < 0 ? NULL : &ts, &before);
	if (r < 0)
		r = errno == EINTR ? 0 : -errno;
	sigprocmask(SIG_SETMASK, &before, NULL);
	return r;
}

int xlpt_stop_came(void)
{
	return came;
}

void xlpt_stop_reset(void)
{
	shields = 0;
	xlpt_host_starved = 0;
	came = 0;
	xlpt_interrupted = 0;
}
