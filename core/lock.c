/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "core/file.h"

struct xlpt_lock {
	enum xlpt_lock_kind kind;
	uint64_t number;
	char *path;
	int fd;
	unsigned users;
};

static int cmp(const struct xlpt_lock *l, const struct xlpt_lock_key *key)
{
	if (l->kind != key->kind)
		return l->kind < key->kind ? -1 : 1;
	if (l->number != key->number)
		return l->number < key->number ? -1 : 1;
	return strcmp(l->path, key->path);
}

static struct xlpt_lock *find(const struct xlpt_lock_owner *owner, const struct xlpt_lock_key *key)
{
	for (size_t i = 0; i < owner->n; i++)
		if (cmp(owner->held[i], key) == 0)
			return owner->held[i];
	return NULL;
}

static int64_t patience(const struct xlpt_lock_owner *owner, const struct xlpt_lock_key *key,
			int64_t now, int64_t deadline)
{
	int64_t limit = deadline;

	for (size_t i = 0; i < owner->n; i++) {
		if (owner->held[i]->kind == XLPT_LOCK_POOLS)
			return 0;
		if (cmp(owner->held[i], key) > 0 && limit > now + XLPT_LOCK_BACK_MS)
			limit = now + XLPT_LOCK_BACK_MS;
	}
	return limit;
}

static int open_key(struct xlpt_host *host, const struct xlpt_lock_key *key)
{
	int fd;

	if (key->directory)
		return host->ops->open(host, key->path, O_RDONLY | O_DIRECTORY, 0);
	fd = host->ops->open(host, key->path, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0600);
	if (fd >= 0)
		xlpt_file_close_to_others(fd);
	return fd;
}

static void add(struct xlpt_locks *set, struct xlpt_lock_owner *owner, struct xlpt_lock *l)
{
	l->users++;
	set->owner = owner;
	XLPT_GROW(set->items, set->n, set->alloc);
	set->items[set->n++] = l;
}

int xlpt_lock_take(struct xlpt_lock_owner *owner, struct xlpt_locks *set, struct xlpt_host *host,
		   struct xlpt_clock *clock, const struct xlpt_lock_key *key, int64_t deadline,
		   void (*waits)(void *arg), void *arg)
{
	struct xlpt_lock *l = find(owner, key);
	_cleanup_close_ int fd = -1;
	int r;

	if (l) {
		add(set, owner, l);
		return 0;
	}
	fd = open_key(host, key);
	if (fd < 0)
		return fd;
	deadline = patience(owner, key, xlpt_now(clock), deadline);
	r = xlpt_clock_flock(clock, fd, 0, NULL);
	if (r == -EWOULDBLOCK && xlpt_now(clock) < deadline) {
		if (waits)
			waits(arg);
		r = xlpt_clock_flock(clock, fd, deadline, &xlpt_interrupted);
	}
	if (r < 0)
		return r;
	l = xlpt_xcalloc(1, sizeof(*l));
	*l = (struct xlpt_lock){
		.kind = key->kind, .number = key->number, .fd = fd, .path = xlpt_xstrdup(key->path)
	};
	fd = -1;
	XLPT_GROW(owner->held, owner->n, owner->alloc);
	owner->held[owner->n++] = l;
	add(set, owner, l);
	return 0;
}

static void drop(struct xlpt_lock_owner *owner, struct xlpt_lock *l)
{
	size_t i = 0;

	if (--l->users)
		return;
	while (owner->held[i] != l)
		i++;
	owner->held[i] = owner->held[--owner->n];
	xlpt_closep(&l->fd);
	free(l->path);
	free(l);
	if (owner->n)
		return;
	free(owner->held);
	*owner = (struct xlpt_lock_owner){ 0 };
}

void xlpt_locks_shrink(struct xlpt_locks *set, size_t n)
{
	while (set->n > n)
		drop(set->owner, set->items[--set->n]);
}

void xlpt_locks_release(struct xlpt_locks *set)
{
	xlpt_locks_shrink(set, 0);
	free(set->items);
	*set = (struct xlpt_locks){ 0 };
}

int xlpt_lock_fd(const struct xlpt_lock_owner *owner, enum xlpt_lock_kind kind, uint64_t number)
{
	for (size_t i = 0; i < owner->n; i++)
		if (owner->held[i]->kind == kind && owner->held[i]->number == number)
			return owner->held[i]->fd;
	return -1;
}
