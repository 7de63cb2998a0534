/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What each row of xlpt status says of a device. */
#include "xl-plugin/repair/status.h"

#include <string.h>

#include "core/text.h"
#include "pciback/device/bind.h"
#include "pciback/sriov/vf.h"
#include "xl-plugin/hotplug/operation.h"

#define DETAIL 256 /* a guest's name and a sentence */
#define REPAIR "xlpt repair"
/* On the state of a device that does not answer. */
#define SILENT	   "; it does not answer"
#define SILENT_WAY "xlpt doctor says what helps"

static bool is_silent(struct xlpt_env *env, struct xlpt_bdf bdf)
{
	_cleanup_device_ struct xlpt_device dev = { 0 };

	return xlpt_scan_one(env->host, bdf, XLPT_SCAN_BRIEF, NULL, &dev, NULL) == 0 &&
	       dev.no_answer;
}

/*
 * anew: the driver that has it in dom0 although a guest has it, "none", or NULL. silent: it is there
 * and does not answer. hint: what mends it, or NULL; the caller frees it.
 */
static const char *detail(const struct xlpt_owner *o, bool absent, const char *anew, bool silent,
			  char buf[DETAIL], char **hint)
{
	_cleanup_free_ char *line = o->guest ? xlpt_owner_frees(o) : xlpt_xstrdup(REPAIR);

	*hint = NULL;
	if (!o->guest)
		snprintf(buf, DETAIL, "its domain is gone");
	else if (o->shut_down)
		snprintf(buf, DETAIL, "it has shut down and was not destroyed");
	else if (o->dying)
		snprintf(buf, DETAIL, "its domain is dying");
	else if (absent)
		snprintf(buf, DETAIL, "this host has it no more");
	else if (anew)
		snprintf(buf, DETAIL, "this host has it again, driver %s", anew);
	else if (o->through && xlpt_owner_complete(o))
		snprintf(buf, DETAIL, "through %s, connected", o->through);
	else if (o->through)
		snprintf(buf, DETAIL, "through %s: backend %s, frontend %s, device state %d",
			 o->through, xlpt_xbs_word(o->be_state), xlpt_xbs_word(o->fe_state),
			 o->dev.state);
	else if (o->lost)
		snprintf(buf, DETAIL, "taken from it in the hypervisor, not in xenstore");
	else if (xlpt_owner_complete(o))
		snprintf(buf, DETAIL, "%s%s", o->type == XLPT_GUEST_PV ? "connected" : "attached",
			 silent ? SILENT : "");
	else
		snprintf(buf, DETAIL, "backend %s, frontend %s, device state %d",
			 xlpt_xbs_word(o->be_state), xlpt_xbs_word(o->fe_state), o->dev.state);
	if (!o->guest || o->shut_down || (!o->dying && (absent || anew)))
		*hint = XLPT_TAKE(line);
	else if (!o->dying && !o->through && o->lost)
		*hint = xlpt_xstrdup(REPAIR);
	else if (!o->dying && !o->through && silent && xlpt_owner_complete(o))
		*hint = xlpt_xstrdup(SILENT_WAY);
	return buf;
}

static const char *guest_address(const struct xlpt_owner *o, char buf[XLPT_BDF_LEN])
{
	if (o->dev.vdev_ok && o->type == XLPT_GUEST_PV)
		return xlpt_bdf_format(o->dev.vdev, XLPT_BDF_SYSFS, buf);
	if (o->dev.vdevfn >= 0 && o->type != XLPT_GUEST_PV) {
		snprintf(buf, XLPT_BDF_LEN, "0000:00:%02x.%x", (unsigned)o->dev.vdevfn >> 3 & 0x1f,
			 (unsigned)o->dev.vdevfn & 7);
		return buf;
	}
	return NULL;
}

static bool is_absent(struct xlpt_env *env, struct xlpt_bdf bdf)
{
	return xlpt_host_has(env->host, "/sys/bus/pci/devices") &&
	       !xlpt_host_has(env->host, "/sys/bus/pci/devices/%s", XLPT_BDF_STR(bdf));
}

/* It was unplugged and came again, or somebody took it from pciback: the guest's device is gone. */
static char *is_anew(struct xlpt_env *env, struct xlpt_bdf bdf)
{
	char *driver = NULL;

	if (!xlpt_host_has(env->host, "/sys/bus/pci/devices/%s", XLPT_BDF_STR(bdf)) ||
	    xlpt_bind_driver(env->host, bdf, &driver, NULL))
		return NULL;
	if (xlpt_streq(driver, XLPT_PCIBACK_DRIVER))
		free(XLPT_TAKE(driver));
	else if (!driver)
		driver = xlpt_xstrdup("none");
	return driver;
}

static void add_owner(struct xlpt_status *s, const struct xlpt_owner *o)
{
	char buf[DETAIL], address[XLPT_BDF_LEN];
	bool absent = is_absent(s->env, o->bdf), silent = is_silent(s->env, o->bdf);
	_cleanup_free_ char *hint = NULL;
	const char *text;
	_cleanup_free_ char *anew = o->guest && !absent ? is_anew(s->env, o->bdf) : NULL;

	text = detail(o, absent, anew, silent, buf, &hint);
	xlpt_status_row(s, &(struct xlpt_status_row){ .bdf = XLPT_BDF_STR(o->bdf),
						      .state = xlpt_owner_complete(o) && o->guest &&
									       !absent && !anew
								       ? "assigned"
								       : "partial",
						      .guest = o->guest,
						      .domid = o->domid,
						      .through = o->through,
						      .address = guest_address(o, address),
						      .there = !absent,
						      .answers = !silent,
						      .detail = text,
						      .hint = hint });
}

static char *named_text(struct xlpt_status *s, struct xlpt_bdf bdf, char **hint)
{
	_cleanup_free_ char *fact = NULL;

	*hint = NULL;
	xlpt_vf_absent(s->env->host, &s->places, bdf, &fact, hint);
	if (!*hint)
		*hint = xlpt_xasprintf("xlpt convert --edit FILE --remove %s", XLPT_BDF_STR(bdf));
	return xlpt_xasprintf("its configuration names it; %s: the next start fails",
			      fact ? fact : "no such device");
}

/*
 * What a guest's configuration names, and this host does not have: the guest runs without it,
 * and xl does not start it with it the next time. A guest of which nothing is kept names nothing.
 */
static void add_named(struct xlpt_status *s, const struct xlpt_guest *guest,
		      const struct xlpt_owners *owners)
{
	struct xlpt_toolstack *ts = s->env->ts;
	struct xlpt_spec *specs = NULL;
	size_t n = 0;

	if (guest->dying || ts->ops->guest_config_pci(ts, guest->domid, &specs, &n, NULL))
		return;
	for (size_t i = 0; i < n; i++) {
		const struct xlpt_owner *o = xlpt_owners_find(owners, specs[i].bdf);
		const char *bdf = XLPT_BDF_STR(specs[i].bdf);
		_cleanup_free_ char *text = NULL, *hint = NULL;

		if (specs[i].has_bdf && is_absent(s->env, specs[i].bdf) &&
		    !(o && o->domid == guest->domid)) {
			text = named_text(s, specs[i].bdf, &hint);
			xlpt_status_row(s, &(struct xlpt_status_row){ .bdf = bdf,
								      .state = "absent",
								      .guest = guest->name,
								      .domid = guest->domid,
								      .detail = text,
								      .hint = hint });
		}
		xlpt_spec_dispose(&specs[i]);
	}
	free(specs);
}

static int add_all_named(struct xlpt_status *s, const struct xlpt_owners *owners,
			 struct xlpt_diag *diag)
{
	struct xlpt_toolstack *ts = s->env->ts;
	struct xlpt_guest *guests = NULL;
	size_t n = 0;
	int rc = s->one || !ts ? 0 : ts->ops->guest_list(ts, &guests, &n, diag);

	if (s->one)
		add_named(s, s->one, owners);
	for (size_t i = 0; i < n; i++)
		add_named(s, &guests[i], owners);
	xlpt_guests_free(guests, n);
	return rc;
}

/* Of one guest also what it holds as the stub domain of another. */
static bool shows(const struct xlpt_status *s, const struct xlpt_owners *owners,
		  const struct xlpt_owner *o)
{
	if (s->one)
		return o->domid == s->one->domid || o->backend_domid == s->one->domid;
	return xlpt_owners_find(owners, o->bdf) == o;
}

int xlpt_status_add_guests(struct xlpt_status *s, const struct xlpt_owners *owners,
			   struct xlpt_diag *diag)
{
	for (size_t i = 0; i < owners->n; i++)
		if (shows(s, owners, &owners->items[i]))
			add_owner(s, &owners->items[i]);
	return add_all_named(s, owners, diag);
}

/* Held by pciback, no guest's backend names it: free, unless the hypervisor, a lease or a restart knows better. */
static int add_hidden(struct xlpt_status *s, const struct xlpt_keepers *keepers,
		      const struct xlpt_device *dev, struct xlpt_diag *diag)
{
	struct xlpt_env *env = s->env;
	struct xlpt_bdf bdf = dev->bdf;
	struct xlpt_keeper keeper;
	bool kept = false;
	_cleanup_pcinote_ struct xlpt_pcinote note = { 0 };
	_cleanup_free_ char *text = NULL;
	const char *hint = NULL;
	bool assigned = false, free_for_guest;
	int rc = 0;

	if (env->store)
		rc = xlpt_pcinote_read(env->store, bdf, &note, diag);
	if (rc == 0 && env->ts)
		rc = env->ts->ops->hyp_assigned(env->ts, bdf, &assigned, diag);
	if (rc)
		return rc;
	if (assigned)
		text = xlpt_xstrdup("the hypervisor has it with a guest that no backend names");
	else if (note.domid >= 0 && env->store)
		text = xlpt_xasprintf("libxl notes domain %lld as its owner, wrongly",
				      (long long)note.domid);
	else if (!env->store)
		text = xlpt_xstrdup(
			"on pciback; without xenstore nobody tells whether a guest has it");
	else
		kept = xlpt_keeper_of(keepers, bdf, &keeper, &text);
	if (assigned || (note.domid >= 0 && env->store))
		hint = REPAIR;
	else if (!text && dev->no_answer)
		hint = SILENT_WAY;
	free_for_guest = !text && !dev->no_answer;
	if (!text)
		text = xlpt_xstrdup(dev->no_answer ? "not free for a guest" SILENT
						   : "free for a guest");
	xlpt_status_row(s, &(struct xlpt_status_row){ .bdf = XLPT_BDF_STR(bdf),
						      .state = assigned ? "partial" : "hidden",
						      .domid = -1,
						      .kept = kept ? &keeper : NULL,
						      .there = true,
						      .answers = !dev->no_answer,
						      .free = free_for_guest,
						      .detail = text,
						      .hint = hint });
	return 0;
}

int xlpt_status_add_hidden(struct xlpt_status *s, const struct xlpt_owners *owners,
			   const struct xlpt_devices *devs, struct xlpt_diag *diag)
{
	_cleanup_keepers_ struct xlpt_keepers keepers = { 0 };
	int rc = s->one ? 0 : xlpt_keepers_read(s->env, &keepers, diag);

	for (size_t i = 0; rc == 0 && i < devs->n; i++)
		if (xlpt_streq(devs->items[i].driver, XLPT_PCIBACK_DRIVER) &&
		    !xlpt_owners_find(owners, devs->items[i].bdf))
			rc = add_hidden(s, &keepers, &devs->items[i], diag);
	return rc;
}
