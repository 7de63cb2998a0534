/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What Xen's own messages (xl dmesg) say of devices that are meant for guests: accesses that the IOMMU stopped, and
 * devices that Xen did not give to a guest. They tell of the past: a device that works now may have lines of before.
 */
#include <string.h>

#include "core/file.h"
#include "xl-plugin/backend/causes.h"
#include "xl-plugin/check/doctor.h"

#define GROUP	  XLPT_DOCTOR_IOMMU
#define MOST	  32 /* devices; the messages have room for more of them than anybody reads */
#define XENS	  "(XEN) "
#define REQUESTER "Request device ["

struct seen {
	struct xlpt_bdf bdf;
	unsigned times;
	const char *last; /* points into the messages */
	int err;	  /* of an assignment that failed */
};

struct log {
	struct seen items[MOST];
	size_t n;
};

static struct seen *seen(struct log *l, struct xlpt_bdf bdf)
{
	for (size_t i = 0; i < l->n; i++)
		if (xlpt_bdf_eq(l->items[i].bdf, bdf))
			return &l->items[i];
	if (l->n == MOST)
		return NULL;
	l->items[l->n] = (struct seen){ .bdf = bdf };
	return &l->items[l->n++];
}

/* The address at s, up to one of the signs in end. */
static bool address(const char *s, const char *end, struct xlpt_bdf *out)
{
	return xlpt_bdf_parse(s, strcspn(s, end), out, NULL) == 0;
}

/* "[VT-D]DMAR:[DMA Write] Request device [0000:01:00.0] fault addr ...", "AMD-Vi: IO_PAGE_FAULT: 0000:01:00.0 d5 addr ..." */
static bool is_fault(const char *line, struct xlpt_bdf *out)
{
	static const char *const amd[] = { "IO_PAGE_FAULT: ", "INVALID_DEV_REQUEST: ",
					   "ILLEGAL_DEV_TABLE_ENTRY: " };
	const char *at = strstr(line, REQUESTER);

	if (at)
		return address(at + strlen(REQUESTER), "]", out);
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(amd); i++) {
		at = strstr(line, amd[i]);
		if (at)
			return address(at + strlen(amd[i]), " ", out);
	}
	return false;
}

/* "d7: assign (0000:01:00.0) failed (-22)": the error, or 0. */
static int assign_error(const char *line, struct xlpt_bdf *out)
{
	const char *at = strstr(line, ": assign "), *failed = strstr(line, ") failed (-");
	uint64_t err;

	if (!at || !failed || failed < at || !(at = strchr(at, '(')) || !address(at + 1, ")", out))
		return 0;
	failed += strlen(") failed (-");
	return xlpt_parse_uint(failed, strcspn(failed, ")"), 10, 4095, &err) ? (int)err : 0;
}

static void read_lines(char *text, struct log *faults, struct log *refused)
{
	char *cursor = text, *line;

	while ((line = xlpt_file_line(&cursor))) {
		struct xlpt_bdf bdf;
		struct seen *s;
		bool fault;
		int err;

		/* Consoles of guests are among the messages: "(d7) ..." is what a guest says. */
		if (!xlpt_starts(line, XENS))
			continue;
		line += strlen(XENS);
		fault = is_fault(line, &bdf);
		err = fault ? 0 : assign_error(line, &bdf);
		s = fault || err ? seen(fault ? faults : refused, bdf) : NULL;
		if (!s)
			continue;
		s->times++;
		s->err = err;
		s->last = line;
	}
}

static void tell_fault(struct xlpt_doctor *d, const struct seen *s, const struct xlpt_device *dev)
{
	int64_t holder = xlpt_doctor_holder(d, dev);
	const char *bdf = XLPT_BDF_STR(s->bdf);

	xlpt_doctor_add(
		d, GROUP, XLPT_HEALTH_WARNING, "iommu-fault",
		"the IOMMU stopped what %s did, %u time%s since Xen's messages begin; the last "
		"(xl dmesg): \"%s\"",
		bdf, s->times, s->times == 1 ? "" : "s", s->last);
	xlpt_doctor_device(d, s->bdf);
	if (holder >= 0)
		xlpt_doctor_mend(d, "look into the guest's log: its driver uses memory that it "
				    "does not have, or the device goes on from before the guest; "
				    "shut the guest down and start it anew");
	else
		xlpt_doctor_mend(d,
				 "xlpt reset --list %s shows how it can be reset before a guest "
				 "gets it again",
				 bdf);
}

/* With what libxl would say of the same error. */
static void tell_refused(struct xlpt_doctor *d, const struct seen *s)
{
	_cleanup_free_ char *as = xlpt_xasprintf("xc_assign_device failed: %s", strerror(s->err));
	const struct xlpt_cause *c = xlpt_cause_find(as);

	xlpt_doctor_add(d, GROUP, XLPT_HEALTH_WARNING, "not-assigned",
			"Xen did not give %s to a guest (xl dmesg): \"%s\"%s%s",
			XLPT_BDF_STR(s->bdf), s->last, c ? "; " : "", c ? c->cause : "");
	xlpt_doctor_device(d, s->bdf);
	if (c && c->mend)
		xlpt_doctor_mend(d, "%s", c->mend);
	else
		xlpt_doctor_mend(d, "xl dmesg; the lines before it may say why");
}

void xlpt_doctor_log(struct xlpt_doctor *d)
{
	_cleanup_free_ char *text = xlpt_xstrdup(d->xen_log ? d->xen_log : "");
	struct log faults = { .n = 0 }, refused = { .n = 0 };

	read_lines(text, &faults, &refused);
	for (size_t i = 0; i < faults.n; i++) {
		const struct xlpt_device *dev = xlpt_devices_find(&d->devs, faults.items[i].bdf);

		/* What dom0's own devices do is not about guests. */
		if (dev && xlpt_doctor_given(d, dev))
			tell_fault(d, &faults.items[i], dev);
	}
	for (size_t i = 0; i < refused.n; i++) {
		const struct xlpt_device *dev = xlpt_devices_find(&d->devs, refused.items[i].bdf);

		/* A later attempt worked, or the device is not there any more. */
		if (dev && xlpt_doctor_holder(d, dev) < 0)
			tell_refused(d, &refused.items[i]);
	}
}
