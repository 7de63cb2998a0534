/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* For tests of save, restore and migrate, on a fake host that is also the other one; after cmocka.h. */
#ifndef XLPT_TESTS_UNIT_LEAVING_H
#define XLPT_TESTS_UNIT_LEAVING_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/fake/kept-tree.h"
#include "tests/fake/pools.h"
#include "tests/unit/commands.h"
#include "xl-plugin/hotplug/operation.h"

/* In memory where there is such a place: images are synced, some thousand times. */
static char dir[512];

/* Unfinished files stay, so that leaving_teardown() fails over them. */
static inline int empty_dir(void)
{
	DIR *d = opendir(dir);
	int r = d ? 0 : -errno;

	for (struct dirent *e; r == 0 && (e = readdir(d));)
		if (e->d_name[0] != '.')
			r = kept_remove_at(dirfd(d), e->d_name);
	if (d)
		closedir(d);
	return r;
}

static inline int teardown(void **state)
{
	world_free(*state);
	return empty_dir();
}

/* The line with the folder of this test for DIR; caller frees. */
static inline char *with_dir(const char *line)
{
	const char *at = strstr(line, "DIR");

	return at ? xlpt_xasprintf("%.*s%s%s", (int)(at - line), line, dir, at + 3)
		  : xlpt_xstrdup(line);
}

static inline int run(struct world *w, const char *line)
{
	_cleanup_free_ char *whole = with_dir(line);

	return world_run(w, "%s", whole);
}

static inline void okf(struct world *w, const char *line)
{
	_cleanup_free_ char *whole = with_dir(line);

	ok(w, whole);
}

static inline void refusedf(struct world *w, int want, const char *line, const char *says)
{
	_cleanup_free_ char *whole = with_dir(line);

	refused(w, want, whole, says);
}

static inline bool there(const char *name)
{
	_cleanup_free_ char *path = xlpt_xasprintf("%s/%s", dir, name);

	return access(path, F_OK) == 0;
}

/* A file that save had begun, whatever its name. */
static inline bool unfinished(void)
{
	DIR *d = opendir(dir);
	bool found = false;

	assert_non_null(d);
	for (struct dirent *e; (e = readdir(d));) {
		size_t len = strlen(e->d_name);

		found |= xlpt_starts(e->d_name, ".xlpt-") ||
			 (len >= 5 && !strcmp(e->d_name + len - 5, ".part"));
	}
	closedir(d);
	return found;
}

/* The domid of the one running guest of this name; 0 = none. */
static inline uint32_t running(struct world *w, const char *name)
{
	struct xlpt_toolstack *ts = fake_ts_get(w->ts);
	struct xlpt_guest *all;
	uint32_t domid = 0;
	size_t n;

	assert_int_equal(ts->ops->guest_list(ts, &all, &n, NULL), 0);
	for (size_t i = 0; i < n; i++) {
		/* A copy under another name is one too many. */
		if (xlpt_starts(all[i].name, name)) {
			if (domid || strcmp(all[i].name, name) != 0 || all[i].paused ||
			    all[i].dying)
				fail_msg("%s (domain %u) is there, too, or does not run",
					 all[i].name, all[i].domid);
			domid = all[i].domid;
		}
		xlpt_guest_dispose(&all[i]);
	}
	free(all);
	return domid;
}

static inline bool has(struct world *w, uint32_t domid, const char *bdf_text)
{
	struct xlpt_bdf bdf;
	uint32_t owner = 0;

	assert_int_equal(xlpt_bdf_parse(bdf_text, strlen(bdf_text), &bdf, NULL), 0);
	return xlpt_pcibe_owner(fake_store_get(w->store), bdf, &owner, NULL) == 1 &&
	       owner == domid && fake_ts_owner(w->ts, bdf) == domid;
}

/* The options came along, too. */
static inline bool configured(struct world *w, uint32_t domid, const char *want)
{
	struct xlpt_toolstack *ts = fake_ts_get(w->ts);
	struct xlpt_spec *specs;
	bool found = false;
	size_t n;

	assert_int_equal(ts->ops->guest_config_pci(ts, domid, &specs, &n, NULL), 0);
	for (size_t i = 0; i < n; i++) {
		_cleanup_free_ char *text = xlpt_spec_format(&specs[i]);

		found |= !strcmp(text, want);
		xlpt_spec_dispose(&specs[i]);
	}
	free(specs);
	return found;
}

static inline void no_journal(struct world *w)
{
	_cleanup_strv_ char **names = NULL;
	int r = xlpt_host_list(fake_bus_host(w->bus), &names, "/run/xlpt/journal");

	assert_true(r == -ENOENT || !*names);
}

static inline bool pf_has(struct world *w, const char *line)
{
	_cleanup_free_ char *now = fake_rtnl_snapshot(w->rtnl);

	return strstr(now, line);
}

/* Who has 01:10.0 of the pool, as its list says it: "" = nobody. */
static inline void lease_is(struct world *w, const char *bdf, const char *want)
{
	_cleanup_leases_ struct xlpt_leases leases = { 0 };
	_cleanup_free_ char *holder = NULL;
	struct xlpt_env env = { .host = fake_bus_host(w->bus),
				.clock = &w->clock.clock,
				.err = stderr };
	const struct xlpt_lease *l;

	assert_int_equal(xlpt_leases_read(&env, &leases, NULL), 0);
	l = xlpt_leases_find(&leases, B(bdf));
	holder = l ? xlpt_lease_holder(l) : xlpt_xstrdup("");
	if (strcmp(holder, want) != 0)
		fail_msg("%s is leased to \"%s\", not \"%s\"", bdf, holder, want);
}

/* Bound to its driver anew, its interface is up, and the VF dom0's: as good as a host's own. */
static inline void vf_down(struct world *w)
{
	if (xlpt_streq(fake_bus_driver_of(w->bus, "0000:01:10.0"), "igbvf"))
		pools_iface(w, "0000:01:10.0", "vf0", false);
}

/* As libvirt's managed: between guests its VF is with dom0's driver. */
static inline struct world *managed_world(void)
{
	struct world *w = pools_world();

	pools_dom0_uses(w, "0000:01:10.0", "vf0", false);
	ok(w, "pool define lan pf=01:00.0 managed=yes");
	return w;
}

static inline int managed_setup(void **state)
{
	*state = managed_world();
	return 0;
}

/* Of the whole group: the folder for the images. */
static inline int leaving_setup(void **state)
{
	const char *tmp = getenv("TMPDIR");

	(void)state;
	if (!tmp)
		tmp = access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm";
	snprintf(dir, sizeof(dir), "%s/xlpt-leave-XXXXXX", tmp);
	return !mkdtemp(dir);
}

static inline int leaving_teardown(void **state)
{
	(void)state;
	return rmdir(dir);
}

#endif
