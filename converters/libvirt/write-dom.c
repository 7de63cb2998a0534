/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The domain as a whole: memory, vCPUs, operating system, features, CPU, NUMA, time. */
#include "converters/libvirt/writer.h"

#include <string.h>

/*
 * What libvirt's own conversion writes for bios="ovmf" in front of "/ovmf.bin" depends on how it
 * was built; this is Xen's default. libxl only looks at the kind of loader.
 */
#define OVMF "/usr/lib/xen/boot/ovmf.bin"

static xmlNode *write_kib(xmlNode *domain, const char *name, struct xlpt_num kib)
{
	_cleanup_free_ char *text = xlpt_xasprintf("%llu", (unsigned long long)kib.v);
	xmlNode *n = xlpt_lv_add(domain, name);

	xlpt_lv_set(n, "unit", "KiB");
	xmlAddChild(n, xmlNewText((const xmlChar *)text));
	return n;
}

/* libvirt takes a single CPU out of a set, xl a range as well, and "!" for "^". */
static void set_cpus(xmlNode *n, const char *name, const char *cpus)
{
	_cleanup_free_ char *plain = xlpt_cpuset_plain(cpus);
	bool plainly = false;

	for (const char *out = cpus; (out = strpbrk(out, "^!")); out++) {
		size_t digits = strspn(out + 1, "0123456789");

		plainly |= *out == '!' || out[1 + digits + strspn(out + 1 + digits, " ")] == '-';
	}
	xlpt_lv_set(n, name, plainly ? plain : cpus);
}

static void write_vcpus(struct xlpt_lv_writer *w, xmlNode *domain)
{
	const struct xlpt_dom *dom = w->dom;
	struct xlpt_num max = dom->maxvcpus.has ? dom->maxvcpus : dom->vcpus;
	bool pinned = xlpt_lv_is_cpuset(dom->cpuset);
	_cleanup_free_ char *text = NULL;
	xmlNode *n;

	/* A list of CPUs stands in <vcpu>, which needs a number: libxl's default is one. */
	if (!max.has && pinned)
		max = (struct xlpt_num){ true, 1 };
	if (!max.has || !max.v || max.v > 65535)
		return;
	text = xlpt_xasprintf("%llu", (unsigned long long)max.v);
	n = xlpt_lv_add_text(domain, "vcpu", text);
	if (pinned)
		set_cpus(n, "cpuset", dom->cpuset);
	/* xl brings up one of maxvcpus= when vcpus= is silent, libvirt all of them. */
	if (dom->maxvcpus.has && (!dom->vcpus.has || (dom->vcpus.v && dom->vcpus.v <= max.v)))
		xlpt_lv_write_num(n, "current",
				  dom->vcpus.has ? dom->vcpus : (struct xlpt_num){ true, 1 },
				  65535);
}

void xlpt_lv_write_resources(struct xlpt_lv_writer *w, xmlNode *domain)
{
	const struct xlpt_dom *dom = w->dom;
	xmlNode *n;

	if (dom->maxmem.has || dom->memory.has)
		write_kib(domain, "memory", dom->maxmem.has ? dom->maxmem : dom->memory);
	if (dom->maxmem.has && dom->memory.has)
		write_kib(domain, "currentMemory", dom->memory);
	write_vcpus(w, domain);
	if (dom->cpu_weight.has) {
		_cleanup_free_ char *text =
			xlpt_xasprintf("%llu", (unsigned long long)dom->cpu_weight.v);

		if (dom->cpu_weight.v <= UINT32_MAX)
			xlpt_lv_add_text(xlpt_lv_need(domain, "cputune"), "shares", text);
	}
	for (size_t i = 0; i < dom->n_vcpupin; i++) {
		const struct xlpt_vcpupin *pin = &dom->vcpupin[i];

		if (!pin->vcpu.has || pin->vcpu.v > 65535 || !xlpt_lv_is_cpuset(pin->cpuset))
			continue;
		n = xlpt_lv_add(xlpt_lv_need(domain, "cputune"), "vcpupin");
		xlpt_lv_write_num(n, "vcpu", pin->vcpu, 65535);
		set_cpus(n, "cpuset", pin->cpuset);
		xlpt_lv_write_extra(w, n, &pin->at.extra, "vcpupin");
	}
}

static void write_boot(xmlNode *os, const char *boot)
{
	static const struct {
		char letter;
		const char *dev;
	} devs[] = { { 'c', "hd" }, { 'd', "cdrom" }, { 'n', "network" }, { 'a', "fd" } };

	/* All or none: a list with a gap would boot from something else. */
	if (!boot || strspn(boot, "cdna") != strlen(boot))
		return;
	for (; *boot; boot++)
		for (size_t i = 0; i < XLPT_ARRAY_SIZE(devs); i++)
			if (devs[i].letter == *boot)
				xlpt_lv_set(xlpt_lv_add(os, "boot"), "dev", devs[i].dev);
}

static void write_hvm(struct xlpt_lv_writer *w, xmlNode *os)
{
	const struct xlpt_dom *dom = w->dom;
	xmlNode *n;

	const char *path = xlpt_lv_path_or_null(dom, dom->firmware_path);

	/* firmware='efi' chooses the image by itself, unless one is named beside it. */
	if (dom->firmware == XLPT_FW_UEFI &&
	    (path || !xlpt_lv_carried(&dom->extra, "os/@firmware"))) {
		n = xlpt_lv_add_text(os, "loader", path ? path : OVMF);
		if (dom->firmware_bare != XLPT_ON)
			xlpt_lv_set(n, "readonly", "yes");
		xlpt_lv_set(n, "type", "pflash");
	} else {
		xlpt_lv_add_text(os, "loader", xlpt_lv_path_or_null(dom, dom->loader));
	}
	if (xlpt_lv_is_path(dom->acpi_firmware)) {
		n = xlpt_lv_add_text(xlpt_lv_add(os, "acpi"), "table", dom->acpi_firmware);
		xlpt_lv_set(n, "type", "slic");
	}
	/* "cda" is what libxl takes when it is told nothing; libvirt would take the disk alone. */
	if (dom->boot || xlpt_lv_carried(&dom->extra, "os/boot") || xlpt_dom_boots_by_device(dom))
		write_boot(os, dom->boot);
	else
		write_boot(os, "cda");
}

void xlpt_lv_write_os(struct xlpt_lv_writer *w, xmlNode *domain)
{
	const struct xlpt_dom *dom = w->dom;
	const char *type = xlpt_lv_word_text(xlpt_lv_os_type, dom->type);
	_cleanup_str_ struct xlpt_str args = { 0 };
	xmlNode *os;

	xlpt_lv_add_text(domain, "bootloader", dom->bootloader);
	for (char **a = dom->bootloader_args; a && *a; a++)
		xlpt_str_addf(&args, "%s%s", a == dom->bootloader_args ? "" : " ", *a);
	if (dom->bootloader_args && *dom->bootloader_args)
		xlpt_lv_add_text(domain, "bootloader_args", xlpt_str_get(&args));
	os = xlpt_lv_add(domain, "os");
	xlpt_lv_add_text(os, "type", type ? type : "xen");
	/* For a PV guest the schema wants the kernel behind the type, and nothing of the rest. */
	xlpt_lv_add_text(os, "kernel", xlpt_lv_path_or_null(dom, dom->kernel));
	xlpt_lv_add_text(os, "initrd", xlpt_lv_path_or_null(dom, dom->ramdisk));
	xlpt_lv_add_text(os, "cmdline", dom->cmdline);
	if (w->hvm)
		write_hvm(w, os);
}

void xlpt_lv_write_features(struct xlpt_lv_writer *w, xmlNode *domain)
{
	/* clang-format off */
	static const struct xlpt_lv_word modes[] = { { "sync_pt", XLPT_PT_SYNC },
						     { "share_pt", XLPT_PT_SHARE }, { 0 } };
	/* clang-format on */
	const struct xlpt_dom *dom = w->dom;
	const struct {
		const char *name;
		enum xlpt_tri value;
	} plain[] = { { "acpi", dom->acpi }, { "apic", dom->apic }, { "pae", dom->pae } };
	xmlNode *n;

	/* On is libxl's default for an HVM guest, and libvirt's way to say so is the element. */
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(plain); i++)
		if (plain[i].value == XLPT_ON ||
		    (w->hvm && !xlpt_dom_is_foreign(dom) && plain[i].value == XLPT_UNSET))
			xlpt_lv_add(xlpt_lv_need(domain, "features"), plain[i].name);
	if (dom->hap) {
		n = xlpt_lv_add(xlpt_lv_need(domain, "features"), "hap");
		if (dom->hap == XLPT_OFF)
			xlpt_lv_set(n, "state", "off");
	}
	if (dom->viridian == XLPT_ON)
		xlpt_lv_add(xlpt_lv_need(domain, "features"), "viridian");
	xlpt_lv_write_hyperv(w, domain);
	if (dom->e820_host) {
		n = xlpt_lv_need(xlpt_lv_need(domain, "features"), "xen");
		xlpt_lv_write_word(xlpt_lv_add(n, "e820_host"), "state", xlpt_lv_on_off,
				   dom->e820_host);
	}
	if (dom->passthrough) {
		n = xlpt_lv_need(xlpt_lv_need(domain, "features"), "xen");
		n = xlpt_lv_add(n, "passthrough");
		xlpt_lv_set(n, "state", dom->passthrough == XLPT_PT_DISABLED ? "off" : "on");
		xlpt_lv_write_word(n, "mode", modes, dom->passthrough);
	}
}

static void write_feature(xmlNode *cpu, const char *name, const char *policy)
{
	xmlNode *n = xlpt_lv_add(cpu, "feature");

	xlpt_lv_set(n, "policy", policy);
	xlpt_lv_set(n, "name", name);
}

static void write_features_of_cpu(struct xlpt_lv_writer *w, xmlNode *cpu)
{
	const struct xlpt_dom *dom = w->dom;
	bool hidden = false;

	for (size_t i = 0; i < dom->n_cpu; i++) {
		const struct xlpt_cpu_feature *f = &dom->cpu[i];
		const char *policy = xlpt_lv_word_text(xlpt_lv_cpu_policy, f->policy);

		if (!policy || !xlpt_lv_is_alias(f->name))
			continue;
		write_feature(cpu, f->name, policy);
		hidden = hidden ||
			 ((f->policy == XLPT_CPU_DISABLE || f->policy == XLPT_CPU_FORBID) &&
			  (xlpt_streq(f->name, "vmx") || xlpt_streq(f->name, "svm")));
		xlpt_lv_write_extra(w, cpu->last, &f->at.extra, "feature");
	}
	/* The host's CPU alone would turn nested HVM on, which xl leaves off. */
	if (w->hvm && dom->nestedhvm != XLPT_ON && !hidden)
		write_feature(cpu, "vmx", "disable");
}

/* "10,21" as <sibling> elements, when there is a number for each cell. */
static void write_distances(xmlNode *cell, const char *text, size_t cells)
{
	uint64_t values[64];
	size_t n = 0;
	xmlNode *d;

	for (const char *s = text; s; n++) {
		size_t len = strcspn(s, ",");

		if (n == XLPT_ARRAY_SIZE(values) || !xlpt_parse_uint(s, len, 10, 255, &values[n]) ||
		    values[n] < 10)
			return;
		s = s[len] ? s + len + 1 : NULL;
	}
	if (!text || n != cells)
		return;
	d = xlpt_lv_add(cell, "distances");
	for (size_t i = 0; i < n; i++) {
		xmlNode *s = xlpt_lv_add(d, "sibling");

		xlpt_lv_setf(s, "id", "%zu", i);
		xlpt_lv_setf(s, "value", "%llu", (unsigned long long)values[i]);
	}
}

static void write_numa(struct xlpt_lv_writer *w, xmlNode *cpu)
{
	const struct xlpt_dom *dom = w->dom;
	xmlNode *numa = xlpt_lv_add(cpu, "numa");

	for (size_t i = 0; i < dom->n_numa; i++) {
		const struct xlpt_numa *cell = &dom->numa[i];
		xmlNode *n = xlpt_lv_add(numa, "cell");

		xlpt_lv_setf(n, "id", "%zu", i);
		if (xlpt_lv_is_cpuset(cell->vcpus))
			set_cpus(n, "cpus", cell->vcpus);
		xlpt_lv_setf(n, "memory", "%llu",
			     cell->size.has ? (unsigned long long)cell->size.v : 0);
		xlpt_lv_set(n, "unit", "KiB");
		if (!xlpt_lv_carried(&cell->at.extra, "distances"))
			write_distances(n, cell->distances, dom->n_numa);
		xlpt_lv_write_extra(w, n, &cell->at.extra, "cell");
	}
}

void xlpt_lv_write_cpu(struct xlpt_lv_writer *w, xmlNode *domain)
{
	const struct xlpt_dom *dom = w->dom;
	bool host = dom->cpu_host == XLPT_ON || dom->n_cpu || (w->hvm && dom->nestedhvm);
	xmlNode *cpu;

	if (!host && !dom->n_numa)
		return;
	cpu = xlpt_lv_add(domain, "cpu");
	if (host) {
		xlpt_lv_set(cpu, "mode", "host-passthrough");
		write_features_of_cpu(w, cpu);
	}
	if (dom->n_numa)
		write_numa(w, cpu);
}

void xlpt_lv_write_clock(struct xlpt_lv_writer *w, xmlNode *domain)
{
	const struct xlpt_dom *dom = w->dom;
	const char *basis = dom->clock == XLPT_CLOCK_LOCALTIME ? "localtime" : "utc";
	int64_t adjust = (int64_t)dom->clock_adjust.v;
	xmlNode *clock;

	if (!dom->clock && !dom->clock_adjust.has && !dom->hpet && !dom->tsc)
		return;
	clock = xlpt_lv_add(domain, "clock");
	if (dom->clock_adjust.has && adjust > INT64_MIN) {
		xlpt_lv_set(clock, "offset", "variable");
		xlpt_lv_setf(clock, "adjustment", "%lld", (long long)adjust);
		xlpt_lv_set(clock, "basis", basis);
	} else {
		xlpt_lv_set(clock, "offset", basis);
	}
}

/*
 * The timer may have come back with what was carried, more than once, and its word may have been changed
 * since. unsaid is what a timer without the attribute means.
 */
static void write_timer(xmlNode *clock, const char *name, const char *attr, const char *unsaid,
			const char *word)
{
	xmlNode *first = NULL;

	if (!word)
		return;
	for (xmlNode *n = xlpt_lv_next(clock, NULL); n; n = xlpt_lv_next(clock, n)) {
		const char *said = xlpt_lv_peek(n, attr);

		if (!xlpt_lv_is(n, "timer") || !xlpt_streq(xlpt_lv_peek(n, "name"), name))
			continue;
		if (xlpt_streq(said ? said : unsaid, word))
			return;
		first = first ? first : n;
	}
	if (!first) {
		first = xlpt_lv_add(clock, "timer");
		xlpt_lv_set(first, "name", name);
	}
	xlpt_lv_set(first, attr, word);
}

void xlpt_lv_write_timers(struct xlpt_lv_writer *w, xmlNode *domain)
{
	const struct xlpt_dom *dom = w->dom;
	xmlNode *clock = xlpt_lv_child(domain, "clock");

	write_timer(clock, "tsc", "mode", NULL, xlpt_lv_word_text(xlpt_lv_tsc_mode, dom->tsc));
	write_timer(clock, "hpet", "present", "yes", xlpt_lv_word_text(xlpt_lv_yes_no, dom->hpet));
}
