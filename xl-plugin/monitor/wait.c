/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Signs that something may have changed: xenstore's watches on the PCI backends, which dom0 alone
 * writes, and on domains that end; the kernel's messages about PCI functions; and the folders of
 * leases. None is on what a guest writes.
 */
#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "core/notice.h"
#include "pciback/device/uevent.h"
#include "xl-plugin/monitor/monitor.h"

#define DRAIN_ROUNDS 100 /* of xenstore's events, a thousand each: what came while nobody looked */

static const char *const watched[] = { "/local/domain/0/backend/pci", "@releaseDomain" };

/* A folder that is made later is found when its own one tells of it. */
static const char *const folders[] = { "/var/lib/xlpt", XLPT_LEASES_DIR };

static void add_folders(const struct xlpt_signs *s)
{
	for (size_t i = 0; s->files >= 0 && i < XLPT_ARRAY_SIZE(folders); i++)
		xlpt_notice_add(s->files, folders[i]);
}

int xlpt_signs_open(struct xlpt_env *env, struct xlpt_signs *out, struct xlpt_diag *diag)
{
	int r;

	*out = (struct xlpt_signs){ .env = env, .uevents = -1, .files = -1 };
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(watched); i++) {
		r = env->store->ops->watch(env->store, watched[i]);
		if (r)
			return xlpt_store_error(diag, r, "cannot watch %s in xenstore", watched[i]);
	}
	if (!env->store->ops->fd)
		return 0;
	out->uevents = xlpt_uevent_open();
	if (out->uevents < 0)
		return xlpt_diag_errno(diag, XLPT_ERR_IO, -out->uevents,
				       "cannot listen to the kernel's messages about devices");
	out->files = xlpt_notice_open();
	if (out->files < 0)
		return xlpt_diag_errno(diag, XLPT_ERR_IO, -out->files, "cannot watch folders");
	add_folders(out);
	return 0;
}

void xlpt_signs_close(struct xlpt_signs *s)
{
	for (size_t i = 0; s->env && s->env->store && i < XLPT_ARRAY_SIZE(watched); i++)
		s->env->store->ops->unwatch(s->env->store, watched[i]);
	if (s->uevents >= 0)
		close(s->uevents);
	if (s->files >= 0)
		close(s->files);
}

/* A pipe that nobody reads is an error without anything being written into it. */
static bool nobody(const struct pollfd *out)
{
	return out->revents & (POLLERR | POLLNVAL);
}

int xlpt_signs_rest(struct xlpt_signs *s, int64_t ms, struct xlpt_diag *diag)
{
	struct pollfd out = { .fd = fileno(s->env->out) };
	int r;

	if (!s->env->store->ops->fd) {
		s->env->clock->sleep_ms(s->env->clock, ms);
		return XLPT_SIGN_NONE;
	}
	r = xlpt_stop_poll(&out, 1, ms);
	if (r < 0)
		return xlpt_diag_errno(diag, XLPT_ERR_IO, -r, "cannot wait");
	return r && nobody(&out) ? XLPT_SIGN_NOBODY : XLPT_SIGN_NONE;
}

static int drain_store(struct xlpt_store *s, struct xlpt_diag *diag)
{
	int r = 1, found = 0;

	for (int i = 0; r > 0 && i < DRAIN_ROUNDS; i++) {
		r = s->ops->wait(s, 0);
		found |= r > 0;
	}
	if (r < 0)
		return xlpt_store_error(diag, r, "cannot read xenstore's events");
	return found;
}

static int drain(struct xlpt_signs *s, struct xlpt_diag *diag)
{
	int found = drain_store(s->env->store, diag),
	    r = found < 0 ? 0 : xlpt_uevent_drain(s->uevents);

	if (found < 0)
		return found;
	if (r >= 0) {
		found |= r;
		r = xlpt_notice_drain(s->files);
	}
	if (r < 0)
		return xlpt_diag_errno(diag, XLPT_ERR_IO, -r, "cannot read what changed");
	if (r) {
		found = 1;
		add_folders(s);
	}
	return found ? XLPT_SIGN_CHANGE : XLPT_SIGN_NONE;
}

int xlpt_signs_wait(struct xlpt_signs *s, int64_t ms, struct xlpt_diag *diag)
{
	struct xlpt_store *store = s->env->store;
	struct pollfd fds[4] = { { .fd = fileno(s->env->out) },
				 { .fd = s->uevents, .events = POLLIN },
				 { .fd = s->files, .events = POLLIN } };
	int r;

	if (!store->ops->fd) {
		r = store->ops->wait(store, ms);
		return r < 0   ? xlpt_store_error(diag, r, "cannot read xenstore's events")
		       : r > 0 ? XLPT_SIGN_CHANGE
			       : XLPT_SIGN_NONE;
	}
	/* The library may have events while its descriptor is quiet. */
	r = drain(s, diag);
	if (r)
		return r;
	fds[3].fd = store->ops->fd(store);
	fds[3].events = POLLIN;
	if (fds[3].fd < 0)
		return xlpt_store_error(diag, fds[3].fd, "the connection to xenstore is lost");
	r = xlpt_stop_poll(fds, XLPT_ARRAY_SIZE(fds), ms);
	if (r < 0)
		return xlpt_diag_errno(diag, XLPT_ERR_IO, -r, "cannot wait");
	if (r && nobody(&fds[0]))
		return XLPT_SIGN_NOBODY;
	return r ? drain(s, diag) : XLPT_SIGN_NONE;
}
