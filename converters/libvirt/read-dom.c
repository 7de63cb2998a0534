/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The domain as a whole: memory, vCPUs, operating system, features, CPU, NUMA, time. */
#include "converters/libvirt/reader.h"

#include <string.h>

/* <shares> is the guest's weight under Xen's scheduler (libxlMakeDomBuildInfo). */
static int read_tune(struct xlpt_lv_reader *r, xmlNode *domain)
{
	xmlNode *tune = xlpt_lv_child(domain, "cputune"), *shares = xlpt_lv_child(tune, "shares");
	_cleanup_free_ char *text = xlpt_lv_text(shares);
	int bad = xlpt_lv_read_dec(r, shares, NULL, text, UINT32_MAX, &r->dom->cpu_weight);

	if (bad)
		return bad;
	xlpt_lv_read_mark(r, &r->dom->cpu_weight, shares);

	for (xmlNode *n = xlpt_lv_next(tune, NULL); n; n = xlpt_lv_next(tune, n)) {
		struct xlpt_vcpupin *pin;
		int rc;

		if (!xlpt_lv_is(n, "vcpupin") || !xlpt_lv_peek(n, "vcpu") ||
		    !xlpt_lv_is_cpuset(xlpt_lv_peek(n, "cpuset")))
			continue;
		pin = XLPT_DOM_ADD(r->dom, vcpupin);
		xlpt_lv_read_at(r, &pin->at, n);
		rc = xlpt_lv_read_dec(r, n, "vcpu", xlpt_lv_attr(n, "vcpu"), 65535, &pin->vcpu);
		if (rc)
			return rc;
		pin->cpuset = xlpt_lv_read_str(n, "cpuset");
		xlpt_lv_read_rest(r, &pin->at, n);
	}
	return 0;
}

int xlpt_lv_read_resources(struct xlpt_lv_reader *r, xmlNode *domain)
{
	xmlNode *memory = xlpt_lv_child(domain, "memory");
	xmlNode *current = xlpt_lv_child(domain, "currentMemory");
	xmlNode *vcpu = xlpt_lv_child(domain, "vcpu");
	_cleanup_free_ char *text = xlpt_lv_text(memory), *text2 = xlpt_lv_text(current);
	_cleanup_free_ char *count = xlpt_lv_text(vcpu);
	struct xlpt_dom *dom = r->dom;
	const char *s;
	int rc = 0;

	/* <memory> is the limit; alone it is also what the guest begins with. */
	if (memory)
		rc = xlpt_lv_read_memory(r, memory, text, current ? &dom->maxmem : &dom->memory);
	if (rc == 0 && current)
		rc = xlpt_lv_read_memory(r, current, text2, &dom->memory);
	xlpt_lv_read_mark(r, current ? &dom->maxmem : &dom->memory, memory);
	xlpt_lv_read_mark(r, &dom->memory, current);
	if (rc || !vcpu)
		return rc ? rc : read_tune(r, domain);
	s = xlpt_lv_attr(vcpu, "current");
	rc = xlpt_lv_read_dec(r, vcpu, NULL, count, 65535, s ? &dom->maxvcpus : &dom->vcpus);
	if (rc == 0)
		rc = xlpt_lv_read_dec(r, vcpu, "current", s, 65535, &dom->vcpus);
	xlpt_lv_read_mark(r, s ? &dom->maxvcpus : &dom->vcpus, vcpu);
	if (xlpt_lv_is_cpuset(xlpt_lv_peek(vcpu, "cpuset")))
		dom->cpuset = xlpt_lv_read_str(vcpu, "cpuset");
	xlpt_lv_read_mark(r, &dom->cpuset, vcpu);
	if (xlpt_streq(xlpt_lv_peek(vcpu, "placement"), "static"))
		xlpt_lv_attr(vcpu, "placement");
	return rc ? rc : read_tune(r, domain);
}

static void read_loader(struct xlpt_lv_reader *r, xmlNode *os)
{
	struct xlpt_dom *dom = r->dom;
	xmlNode *loader = xlpt_lv_child(os, "loader");
	const char *type = xlpt_lv_peek(loader, "type");

	/* The attribute itself is carried: the writer's word for UEFI is the loader. */
	if (xlpt_streq(xlpt_lv_peek(os, "firmware"), "efi"))
		dom->firmware = XLPT_FW_UEFI;
	else if (xlpt_streq(xlpt_lv_peek(os, "firmware"), "bios"))
		dom->firmware = XLPT_FW_BIOS;
	if (!loader)
		return;
	/* pflash is how libvirt's libxl driver recognises OVMF (virDomainDefHasOldStyleUEFI). */
	if (xlpt_streq(type, "pflash")) {
		_cleanup_free_ char *path = xlpt_lv_text(loader);

		xlpt_lv_attr(loader, "type");
		if (!xlpt_lv_peek(loader, "readonly"))
			dom->firmware_bare = XLPT_ON;
		else if (xlpt_streq(xlpt_lv_peek(loader, "readonly"), "yes"))
			xlpt_lv_attr(loader, "readonly");
		dom->firmware = XLPT_FW_UEFI;
		if (path && *path)
			dom->firmware_path = XLPT_TAKE(path);
		xlpt_lv_read_mark(r, &dom->firmware, loader);
		xlpt_lv_read_mark(r, &dom->firmware_path, loader);
		return;
	}
	if (xlpt_streq(type, "rom"))
		xlpt_lv_attr(loader, "type");
	dom->loader = xlpt_lv_text(loader);
	if (dom->loader && !*dom->loader)
		free(XLPT_TAKE(dom->loader));
	xlpt_lv_read_mark(r, &dom->loader, loader);
}

static void read_boot(struct xlpt_lv_reader *r, xmlNode *os)
{
	/* clang-format off */
	static const struct xlpt_lv_word devices[] = {
		{ "hd", 'c' }, { "cdrom", 'd' }, { "network", 'n' }, { "fd", 'a' }, { 0 } };
	/* clang-format on */
	struct xlpt_str boot = { 0 };

	for (xmlNode *n = xlpt_lv_next(os, NULL); n; n = xlpt_lv_next(os, n)) {
		char letter = (char)xlpt_lv_word_value(devices, xlpt_lv_peek(n, "dev"));

		if (!xlpt_lv_is(n, "boot") || !letter || !xlpt_lv_only(n, "dev", NULL))
			continue;
		if (!boot.len)
			xlpt_lv_read_mark(r, &r->dom->boot, n);
		xlpt_str_addn(&boot, &letter, 1);
		xlpt_lv_mark_whole(n);
	}
	if (boot.len)
		r->dom->boot = xlpt_str_take(&boot);
}

static void read_path(struct xlpt_lv_reader *r, xmlNode *parent, const char *name, char **out)
{
	xmlNode *n = xlpt_lv_child(parent, name);

	*out = xlpt_lv_said(n);
	xlpt_lv_read_mark(r, out, n);
}

/* <type>: 0, or the diagnosis of a type that cannot run under Xen. */
static int read_os_type(struct xlpt_lv_reader *r, xmlNode *os, bool has_bootloader)
{
	static const char *const machines[] = {
		[XLPT_DOM_PV] = "xenpv", [XLPT_DOM_HVM] = "xenfv", [XLPT_DOM_PVH] = "xenpvh"
	};
	struct xlpt_dom *dom = r->dom;
	xmlNode *type = xlpt_lv_child(os, "type");
	_cleanup_free_ char *word = xlpt_lv_text(type);

	if (!word) {
		/* libvirt takes a domain with nothing but a boot loader for a PV guest. */
		dom->type = has_bootloader ? XLPT_DOM_PV : 0;
		return 0;
	}
	dom->type = xlpt_lv_word_value(xlpt_lv_os_type, word);
	if (!dom->type) {
		xlpt_lv_bad(r->doc, type, NULL, r->diag,
			    "a guest of type \"%s\" cannot run under Xen", word);
		xlpt_diag_hint(r->diag, "the types are hvm, xen, linux and xenpvh");
		return XLPT_ERR_SYNTAX;
	}
	xlpt_lv_read_mark(r, &dom->type, type);
	if (xlpt_streq(xlpt_lv_peek(type, "machine"), machines[dom->type]))
		xlpt_lv_attr(type, "machine");
	return 0;
}

/* <acpi>: the first table that libxl can take. */
static void read_acpi_table(struct xlpt_lv_reader *r, xmlNode *os)
{
	xmlNode *acpi = xlpt_lv_child(os, "acpi"), *table;

	for (table = xlpt_lv_next(acpi, NULL); table; table = xlpt_lv_next(acpi, table)) {
		const char *kind = xlpt_lv_peek(table, "type");

		if (!xlpt_lv_is(table, "table") ||
		    (!xlpt_streq(kind, "slic") && !xlpt_streq(kind, "rawset")))
			continue;
		/*
		 * What libxl takes is a set of raw tables. libvirt before 11.2 has only the word
		 * slic for it.
		 */
		if (xlpt_streq(kind, "slic"))
			xlpt_lv_attr(table, "type");
		r->dom->acpi_firmware = xlpt_lv_text(table);
		xlpt_lv_read_mark(r, &r->dom->acpi_firmware, table);
		break;
	}
}

int xlpt_lv_read_os(struct xlpt_lv_reader *r, xmlNode *domain)
{
	struct xlpt_dom *dom = r->dom;
	xmlNode *os = xlpt_lv_child(domain, "os");
	xmlNode *bootargs = xlpt_lv_child(domain, "bootloader_args");
	bool has_bootloader = xlpt_lv_child(domain, "bootloader") != NULL;
	_cleanup_free_ char *args = NULL;
	int rc;

	read_path(r, domain, "bootloader", &dom->bootloader);
	args = xlpt_lv_said(bootargs);
	if (args) {
		dom->bootloader_args = xlpt_xcalloc(2, sizeof(char *));
		dom->bootloader_args[0] = XLPT_TAKE(args);
		xlpt_lv_read_mark(r, &dom->bootloader_args, bootargs);
	}
	rc = read_os_type(r, os, has_bootloader);
	if (rc)
		return rc;
	r->hvm = dom->type == XLPT_DOM_HVM;
	read_path(r, os, "kernel", &dom->kernel);
	/* libxlDomainDefPostParse: a PV guest without a kernel has pygrub find one. */
	if (dom->type == XLPT_DOM_PV && !dom->bootloader && !dom->kernel)
		dom->bootloader = xlpt_xstrdup("pygrub");
	if (!os)
		return 0;
	read_path(r, os, "initrd", &dom->ramdisk);
	read_path(r, os, "cmdline", &dom->cmdline);
	/* libvirt reads them of HVM guests alone (virDomainDefParseBootOptions), and its schema as well. */
	if (r->hvm) {
		read_loader(r, os);
		read_boot(r, os);
	}
	read_acpi_table(r, os);
	return 0;
}

static enum xlpt_tri feature(struct xlpt_lv_reader *r, xmlNode *features, const char *name,
			     enum xlpt_tri absent, const void *member)
{
	xmlNode *n = xlpt_lv_child(features, name);
	const char *state = xlpt_lv_peek(n, "state");

	if (!n)
		return absent;
	xlpt_lv_read_mark(r, member, n);
	if (!state)
		return XLPT_ON;
	return (enum xlpt_tri)xlpt_lv_read_word(n, "state", xlpt_lv_on_off);
}

int xlpt_lv_read_features(struct xlpt_lv_reader *r, xmlNode *domain)
{
	/* clang-format off */
	static const struct xlpt_lv_word modes[] = { { "sync_pt", XLPT_PT_SYNC },
						     { "share_pt", XLPT_PT_SHARE }, { 0 } };
	/* clang-format on */
	/* libxlMakeDomBuildInfo sets these three from the elements' presence, for HVM guests. */
	enum xlpt_tri absent = r->hvm ? XLPT_OFF : XLPT_UNSET, state;
	xmlNode *f = xlpt_lv_child(domain, "features"), *xen, *pt;
	struct xlpt_dom *dom = r->dom;

	/* Cells are told to the guest by ACPI, so libvirt turns that on (libxlDomainDefPostParse). */
	dom->acpi = feature(r, f, "acpi",
			    r->hvm && xlpt_lv_child(xlpt_lv_child(domain, "cpu"), "numa") ? XLPT_ON
											  : absent,
			    &dom->acpi);
	dom->apic = feature(r, f, "apic", absent, &dom->apic);
	/* The same with PAE: a 64-bit guest cannot run without it. KVM has it without a word. */
	if (r->hvm && !xlpt_streq(xlpt_lv_peek(domain, "type"), "xen"))
		absent = XLPT_UNSET;
	else if (r->hvm &&
		 !xlpt_streq(
			 xlpt_lv_peek(xlpt_lv_child(xlpt_lv_child(domain, "os"), "type"), "arch"),
			 "i686"))
		absent = XLPT_ON;
	dom->pae = feature(r, f, "pae", absent, &dom->pae);
	dom->hap = feature(r, f, "hap", XLPT_UNSET, &dom->hap);
	dom->viridian = feature(r, f, "viridian", XLPT_UNSET, &dom->viridian);
	xlpt_lv_read_hyperv(r, f);
	xen = xlpt_lv_child(f, "xen");
	dom->e820_host = feature(r, xen, "e820_host", XLPT_UNSET, &dom->e820_host);
	state = feature(r, xen, "passthrough", XLPT_UNSET, &dom->passthrough);
	pt = xlpt_lv_child(xen, "passthrough");
	if (state == XLPT_OFF)
		dom->passthrough = XLPT_PT_DISABLED;
	else if (state == XLPT_ON)
		dom->passthrough =
			xlpt_lv_peek(pt, "mode") ? xlpt_lv_read_word(pt, "mode", modes) : 0;
	if (state == XLPT_ON && !dom->passthrough)
		dom->passthrough = XLPT_PT_ENABLED;
	return 0;
}

static void read_cpu_features(struct xlpt_lv_reader *r, xmlNode *cpu)
{
	struct xlpt_dom *dom = r->dom;

	/* For libvirt, hiding the host's virtualisation is what turns nested HVM off. */
	if (r->hvm)
		dom->nestedhvm = XLPT_ON;
	for (xmlNode *n = xlpt_lv_next(cpu, NULL); n; n = xlpt_lv_next(cpu, n)) {
		const char *name = xlpt_lv_peek(n, "name");
		int policy = xlpt_lv_word_value(xlpt_lv_cpu_policy, xlpt_lv_peek(n, "policy"));
		struct xlpt_cpu_feature *f;

		if (!xlpt_lv_is(n, "feature") || !name || !policy)
			continue;
		if (r->hvm && (policy == XLPT_CPU_DISABLE || policy == XLPT_CPU_FORBID) &&
		    (xlpt_streq(name, "vmx") || xlpt_streq(name, "svm"))) {
			dom->nestedhvm = XLPT_OFF;
			if (xlpt_streq(name, "vmx") && policy == XLPT_CPU_DISABLE &&
			    xlpt_lv_only(n, "name", "policy", NULL)) {
				xlpt_lv_mark_whole(n);
				continue;
			}
		}
		f = XLPT_DOM_ADD(dom, cpu);
		xlpt_lv_read_at(r, &f->at, n);
		f->name = xlpt_lv_read_str(n, "name");
		f->policy = policy;
		xlpt_lv_attr(n, "policy");
		xlpt_lv_read_rest(r, &f->at, n);
	}
}

int xlpt_lv_read_cpu(struct xlpt_lv_reader *r, xmlNode *domain)
{
	xmlNode *cpu = xlpt_lv_child(domain, "cpu");

	if (xlpt_streq(xlpt_lv_peek(cpu, "mode"), "host-passthrough")) {
		xlpt_lv_attr(cpu, "mode");
		r->dom->cpu_host = XLPT_ON;
		xlpt_lv_read_mark(r, &r->dom->cpu_host, cpu);
		read_cpu_features(r, cpu);
	}
	return xlpt_lv_read_numa(r, cpu);
}

/* No other timer has its name. */
static bool is_alone(xmlNode *timer, const char *name)
{
	for (xmlNode *n = xlpt_lv_next(timer->parent, NULL); n; n = xlpt_lv_next(timer->parent, n))
		if (n != timer && xlpt_lv_is(n, "timer") &&
		    xlpt_streq(xlpt_lv_peek(n, "name"), name))
			return false;
	return true;
}

/* True when the model says all of it; with more (frequency=, tickpolicy=) it is carried as well. */
static bool read_timer(struct xlpt_lv_reader *r, xmlNode *n)
{
	const char *name = xlpt_lv_peek(n, "name");
	int present = xlpt_lv_word_value(xlpt_lv_yes_no, xlpt_lv_peek(n, "present"));
	struct xlpt_dom *dom = r->dom;

	if (xlpt_streq(name, "hpet") && !dom->hpet) {
		if (!present && xlpt_lv_peek(n, "present"))
			return false;
		dom->hpet = present == XLPT_OFF ? XLPT_OFF : XLPT_ON;
		xlpt_lv_read_mark(r, &dom->hpet, n);
		return xlpt_lv_only(n, "name", "present", NULL) && is_alone(n, name);
	}
	if (xlpt_streq(name, "tsc") && !dom->tsc && present != XLPT_OFF) {
		dom->tsc = xlpt_lv_word_value(xlpt_lv_tsc_mode, xlpt_lv_peek(n, "mode"));
		xlpt_lv_read_mark(r, &dom->tsc, n);
		return dom->tsc && xlpt_lv_only(n, "name", "present", "mode", NULL) &&
		       is_alone(n, name);
	}
	return false;
}

int xlpt_lv_read_clock(struct xlpt_lv_reader *r, xmlNode *domain)
{
	/* clang-format off */
	static const struct xlpt_lv_word bases[] = { { "utc", XLPT_CLOCK_UTC },
						     { "localtime", XLPT_CLOCK_LOCALTIME }, { 0 } };
	/* clang-format on */
	xmlNode *clock = xlpt_lv_child(domain, "clock");
	const char *offset = xlpt_lv_peek(clock, "offset"),
		   *adjust = xlpt_lv_peek(clock, "adjustment");
	bool variable = xlpt_streq(offset, "variable");
	struct xlpt_dom *dom = r->dom;
	uint64_t v;

	if (!clock)
		return 0;
	xlpt_lv_read_mark(r, &dom->clock, clock);
	xlpt_lv_read_mark(r, &dom->clock_adjust, clock);
	dom->clock = variable ? xlpt_lv_word_value(bases, xlpt_lv_peek(clock, "basis"))
			      : xlpt_lv_word_value(bases, offset);
	if (variable && !xlpt_lv_peek(clock, "basis"))
		dom->clock = XLPT_CLOCK_UTC;
	if (adjust && strcmp(adjust, "reset")) {
		const char *digits = adjust + (*adjust == '-' || *adjust == '+');

		if (!xlpt_parse_uint(digits, strlen(digits), 10, INT64_MAX, &v))
			return xlpt_lv_bad(r->doc, clock, "adjustment", r->diag,
					   "adjustment='%s' is not a number of seconds", adjust);
	}
	if (dom->clock && adjust && strcmp(adjust, "reset")) {
		/* libvirt makes utc and localtime with a number "variable" itself. */
		dom->clock_adjust = (struct xlpt_num){ true, *adjust == '-' ? -v : v };
		xlpt_lv_attr(clock, "adjustment");
		xlpt_lv_attr(clock, "basis");
		xlpt_lv_attr(clock, "offset");
	} else if (dom->clock && !variable) {
		xlpt_lv_attr(clock, "offset");
	}
	for (xmlNode *n = xlpt_lv_next(clock, NULL); n; n = xlpt_lv_next(clock, n))
		if (xlpt_lv_is(n, "timer") && read_timer(r, n))
			xlpt_lv_mark_whole(n);
	return 0;
}
