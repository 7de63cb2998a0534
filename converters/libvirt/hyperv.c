/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * <features><hyperv> and xl's viridian = [ ... ].
 *
 * libvirt's libxl driver always turns "base" (which has <relaxed> and <vpindex>) and "crash_ctl" on,
 * and knows the words below since 11.3 (libvirt's manual, formatdomain).
 */
#include <string.h>

#include "converters/libvirt/libvirt.h"
#include "converters/libvirt/reader.h"
#include "converters/libvirt/writer.h"

/* clang-format off */
static const char *const words[][2] = {
	{ "vapic", "apic_assist" }, { "synic", "synic" },
	{ "stimer", "stimer" },	    { "frequencies", "freq" },
	{ "ipi", "hcall_ipi" },	    { "tlbflush", "hcall_remote_tlb_flush" },
};
/* clang-format on */
/* What the driver turns on with <synic> (libxl_conf.c, 11.3): its timers need both. */
enum { SYNIC = 1 };
static const char *const with_synic[] = { "time_ref_count", "reference_tsc" };
static const char *const always[] = { "base", "crash_ctl" };

bool xlpt_libvirt_is_viridian(const char *word)
{
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(words); i++)
		if (!strcmp(words[i][0], word))
			return true;
	return false;
}

static bool is_on(const xmlNode *n)
{
	return xlpt_streq(xlpt_lv_peek(n, "state"), "on");
}

static bool any_on(xmlNode *hyperv)
{
	bool any = !xlpt_lv_next(hyperv, NULL);

	for (xmlNode *n = xlpt_lv_next(hyperv, NULL); n; n = xlpt_lv_next(hyperv, n))
		any = any || is_on(n);
	return any;
}

static void read_word(xmlNode *n, char ***groups)
{
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(words); i++) {
		if (!xlpt_lv_is(n, words[i][0]) || !is_on(n))
			continue;
		xlpt_strv_add(groups, words[i][1]);
		for (size_t j = 0; i == SYNIC && j < XLPT_ARRAY_SIZE(with_synic); j++)
			xlpt_strv_add(groups, with_synic[j]);
		/* What else it says ("direct") stays a carry. */
		xlpt_lv_mark(n);
		xlpt_lv_attr(n, "state");
		return;
	}
}

void xlpt_lv_read_hyperv(struct xlpt_lv_reader *r, xmlNode *features)
{
	struct xlpt_dom *dom = r->dom;
	xmlNode *hyperv = xlpt_lv_child(features, "hyperv");
	const char *mode = xlpt_lv_peek(hyperv, "mode");
	char **groups = NULL;

	if (!hyperv || !r->hvm || (mode && strcmp(mode, "custom") && strcmp(mode, "passthrough")))
		return;
	if (xlpt_streq(mode, "passthrough")) {
		xlpt_strv_add(&groups, "all");
	} else if (!any_on(hyperv)) {
		return;
	} else {
		for (size_t i = 0; i < XLPT_ARRAY_SIZE(always); i++)
			xlpt_strv_add(&groups, always[i]);
		for (xmlNode *n = xlpt_lv_next(hyperv, NULL); n; n = xlpt_lv_next(hyperv, n))
			read_word(n, &groups);
	}
	xlpt_lv_attr(hyperv, "mode");
	/* <viridian/> beside it adds what xl calls the defaults. */
	if (dom->viridian == XLPT_ON)
		xlpt_strv_add(&groups, "defaults");
	dom->viridian_groups = groups;
	xlpt_lv_read_mark(r, &dom->viridian_groups, hyperv);
}

static bool has(char **groups, const char *group)
{
	for (; groups && *groups; groups++)
		if (!strcmp(*groups, group))
			return true;
	return false;
}

void xlpt_lv_write_hyperv(struct xlpt_lv_writer *w, xmlNode *domain)
{
	char **groups = w->dom->viridian_groups;
	xmlNode *hyperv, *features;

	if (!w->hvm || !groups)
		return;
	features = xlpt_lv_need(domain, "features");
	if (has(groups, "defaults"))
		xlpt_lv_need(features, "viridian");
	if (has(groups, "all")) {
		xlpt_lv_set(xlpt_lv_add(features, "hyperv"), "mode", "passthrough");
		return;
	}
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(always); i++)
		if (has(groups, always[i]))
			xlpt_lv_need(features, "hyperv");
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(words); i++)
		if (has(groups, words[i][1])) {
			hyperv = xlpt_lv_need(features, "hyperv");
			xlpt_lv_set(xlpt_lv_add(hyperv, words[i][0]), "state", "on");
		}
}
