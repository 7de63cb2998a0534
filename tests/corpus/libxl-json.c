/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What libvirt gives libxl for a domain, as its tests keep it: libxl's configuration of a domain in
 * JSON. It is turned into the configuration that makes xl give libxl the same, so that both can be
 * compared. Each value is written, or is in the table of those that say nothing; what is in neither
 * is a finding.
 */
#include <ctype.h>
#include <json-c/json.h>

#include "corpus.h"

enum kind {
	WORD,	  /* a text as it is */
	NUMBER,	  /* a number as it is */
	MIB,	  /* KiB there */
	SWITCH,	  /* "True" or "False" */
	WORDS,	  /* a list of texts */
	CARD,	  /* libxl's word for a video card */
	GROUPS,	  /* numbers of viridian groups */
	HOW_MANY, /* a bitmap of the vCPUs that run at the start */
	DISKS,
	NICS,
	PCI,
	VFB,
	CELLS,
	FLAGS, /* cpuid: leaves with bits */
	NOTHING,
};

/* From libxl's idl (libxl_types.idl) and what xl_parse.c makes of a key. */
static const struct {
	const char *path, *key;
	enum kind kind;
} values[] = {
	{ "c_info.type", "type", WORD },
	{ "c_info.name", "name", WORD },
	{ "c_info.uuid", "uuid", WORD },
	{ "c_info.hap", "hap", SWITCH },
	{ "b_info.max_vcpus", "maxvcpus", NUMBER },
	{ "b_info.avail_vcpus", "vcpus", HOW_MANY },
	{ "b_info.max_memkb", "maxmem", MIB },
	{ "b_info.target_memkb", "memory", MIB },
	{ "b_info.shadow_memkb", NULL, NOTHING }, /* of libvirt's test alone: 1234 */
	{ "b_info.video_memkb", "videoram", MIB },
	{ "b_info.cpuid", "cpuid", FLAGS },
	{ "b_info.sched_params.weight", "cpu_weight", NUMBER },
	{ "b_info.kernel", "kernel", WORD },
	{ "b_info.ramdisk", "ramdisk", WORD },
	{ "b_info.cmdline", "cmdline", WORD },
	{ "b_info.device_model", "device_model_override", WORD },
	{ "b_info.device_model_version", NULL, NOTHING }, /* the only one there is */
	{ "b_info.event_channels", "max_event_channels", NUMBER },
	{ "b_info.max_grant_frames", "max_grant_frames", NUMBER },
	{ "b_info.localtime", "localtime", SWITCH },
	{ "b_info.rtc_timeoffset", "rtc_timeoffset", NUMBER },
	{ "b_info.tsc_mode", "tsc_mode", WORD },
	{ "b_info.nested_hvm", "nestedhvm", SWITCH },
	{ "b_info.acpi", "acpi", SWITCH },
	{ "b_info.apic", "apic", SWITCH },
	{ "b_info.vnuma_nodes", "vnuma", CELLS },
	{ "b_info.type.pv.bootloader", "bootloader", WORD },
	{ "b_info.type.hvm.bios", "bios", WORD },
	{ "b_info.type.hvm.system_firmware", "bios_path_override", WORD },
	{ "b_info.type.hvm.acpi_firmware", "acpi_firmware", WORD },
	{ "b_info.type.hvm.boot", "boot", WORD },
	{ "b_info.type.hvm.hpet", "hpet", SWITCH },
	{ "b_info.type.hvm.pae", "pae", SWITCH },
	{ "b_info.type.hvm.nested_hvm", "nestedhvm", SWITCH },
	{ "b_info.type.hvm.nographic", "nographic", SWITCH },
	{ "b_info.type.hvm.vga.kind", "vga", CARD },
	{ "b_info.type.hvm.vnc.enable", "vnc", SWITCH },
	{ "b_info.type.hvm.vnc.listen", "vnclisten", WORD },
	{ "b_info.type.hvm.vnc.findunused", "vncunused", SWITCH },
	{ "b_info.type.hvm.vnc.display", "vncdisplay", NUMBER },
	{ "b_info.type.hvm.sdl.enable", "sdl", SWITCH },
	{ "b_info.type.hvm.serial", "serial", WORD },
	{ "b_info.type.hvm.serial_list", "serial", WORDS },
	{ "b_info.type.hvm.usbdevice_list", "usbdevice", WORDS },
	{ "b_info.type.hvm.viridian_enable", "viridian", GROUPS },
	{ "disks", "disk", DISKS },
	{ "nics", "vif", NICS },
	{ "pcidevs", "pci", PCI },
	{ "vfbs", "vfb", VFB },
	{ "vkbs", NULL, NOTHING }, /* every guest with a vfb has one */
	{ "on_poweroff", "on_poweroff", WORD },
	{ "on_reboot", "on_reboot", WORD },
	{ "on_crash", "on_crash", WORD },
};

static const char *const groups[] = {
	"base",
	"freq",
	"time_ref_count",
	"reference_tsc",
	"hcall_remote_tlb_flush",
	"apic_assist",
	"crash_ctl",
	"synic",
	"stimer",
	"hcall_ipi",
	"ex_processor_masks",
	"no_vp_limit",
	"cpu_hotplug",
};

static bool is_true(struct json_object *v)
{
	return !strcasecmp(json_object_get_string(v), "true") ||
	       !strcmp(json_object_get_string(v), "1");
}

static const char *member(struct json_object *o, const char *name)
{
	struct json_object *v;

	return json_object_object_get_ex(o, name, &v) ? json_object_get_string(v) : NULL;
}

static bool member_true(struct json_object *o, const char *name)
{
	struct json_object *v;

	return json_object_object_get_ex(o, name, &v) && is_true(v);
}

static unsigned member_number(struct json_object *o, const char *name)
{
	struct json_object *v;

	return json_object_object_get_ex(o, name, &v) ? (unsigned)json_object_get_int64(v) : 0;
}

/* ",key=value" when there is one. */
static void option(struct xlpt_str *to, const char *key, const char *value)
{
	if (value)
		xlpt_str_addf(to, "%s%s=%s", to->s && to->s[to->len - 1] != '"' ? "," : "", key,
			      value);
}

static void disk(struct json_object *o, struct xlpt_str *to)
{
	const char *backend = member(o, "backend");

	option(to, "format", member(o, "format"));
	option(to, "vdev", member(o, "vdev"));
	option(to, "access", member_true(o, "readwrite") ? "rw" : "ro");
	option(to, "devtype", member_true(o, "is_cdrom") ? "cdrom" : NULL);
	option(to, "backendtype", backend);
	option(to, "target", member(o, "pdev_path"));
}

static void nic(struct json_object *o, struct xlpt_str *to)
{
	const char *type = member(o, "nictype"), *model = member(o, "model");

	option(to, "mac", member(o, "mac"));
	option(to, "bridge", member(o, "bridge"));
	option(to, "ip", member(o, "ip"));
	option(to, "script", member(o, "script"));
	option(to, "type", !type ? NULL : !strcmp(type, "vif") ? "vif" : "ioemu");
	/* libvirt's word for a card of Xen alone, which is what the type says. */
	option(to, "model", model && strcmp(model, "netfront") ? model : NULL);
}

static void function(struct json_object *o, struct xlpt_str *to)
{
	const char *policy = member(o, "rdm_policy");

	xlpt_str_addf(to, "%04x:%02x:%02x.%x", member_number(o, "domain"), member_number(o, "bus"),
		      member_number(o, "dev"), member_number(o, "func"));
	option(to, "permissive", member_true(o, "permissive") ? "1" : NULL);
	/* "invalid" is what it is before libxl puts the default there. */
	option(to, "rdm_policy", policy && strcmp(policy, "invalid") ? policy : NULL);
}

static void framebuffer(struct json_object *o, struct xlpt_str *to)
{
	struct json_object *vnc;

	if (!json_object_object_get_ex(o, "vnc", &vnc))
		return;
	option(to, "vnc", member_true(vnc, "enable") ? "1" : "0");
	option(to, "vnclisten", member(vnc, "listen"));
	option(to, "vncunused", member_true(vnc, "findunused") ? "1" : "0");
}

static void numbers(struct json_object *o, const char *name, struct xlpt_str *to)
{
	struct json_object *list;
	size_t n;

	if (!json_object_object_get_ex(o, name, &list))
		return;
	n = json_object_array_length(list);
	for (size_t i = 0; i < n; i++)
		xlpt_str_addf(to, "%s%s", i ? "," : "",
			      json_object_get_string(json_object_array_get_idx(list, i)));
}

static void cell(struct json_object *o, struct xlpt_str *to)
{
	xlpt_str_addf(to, "[\"pnode=%u\",\"size=%u\",\"vcpus=", member_number(o, "pnode"),
		      member_number(o, "memkb") / 1024);
	numbers(o, "vcpus", to);
	xlpt_str_add(to, "\",\"vdistances=");
	numbers(o, "distances", to);
	xlpt_str_add(to, "\"]");
}

static void leaf(struct json_object *o, struct xlpt_str *to)
{
	static const char *const registers[] = { "eax", "ebx", "ecx", "edx" };
	const char *before = ":";

	xlpt_str_add(to, member(o, "leaf"));
	for (size_t i = 0; i < 4; i++) {
		const char *bits = member(o, registers[i]);

		if (bits)
			xlpt_str_addf(to, "%s%s=%s", before, registers[i], bits);
		before = bits ? "," : before;
	}
}

static void word(struct json_object *o, struct xlpt_str *to)
{
	xlpt_str_add(to, json_object_get_string(o));
}

static void group(struct json_object *o, struct xlpt_str *to)
{
	int n = json_object_get_int(o);

	/* libxl's bitmap is longer than the groups that there are. */
	if (n >= 0 && (size_t)n < sizeof(groups) / sizeof(groups[0]))
		xlpt_str_add(to, groups[n]);
}

/* key = [ ..., ... ], an entry for each member. */
static void list(struct xlpt_str *cfg, const char *key, struct json_object *v,
		 void (*entry)(struct json_object *o, struct xlpt_str *to), bool quoted)
{
	size_t n = json_object_array_length(v);

	xlpt_str_addf(cfg, "%s = [", key);
	for (size_t i = 0; i < n; i++) {
		_cleanup_str_ struct xlpt_str one = { 0 };

		entry(json_object_array_get_idx(v, i), &one);
		if (one.len)
			xlpt_str_addf(cfg, quoted ? "\"%s\"," : "%s,", one.s);
	}
	xlpt_str_add(cfg, "]\n");
}

static void write_value(struct xlpt_str *cfg, const char *key, enum kind kind,
			struct json_object *v)
{
	const char *s = json_object_get_string(v);

	switch (kind) {
	case WORD:
		xlpt_str_addf(cfg, "%s = \"%s\"\n", key, s);
		break;
	case NUMBER:
		xlpt_str_addf(cfg, "%s = %s\n", key, s);
		break;
	case MIB:
		xlpt_str_addf(cfg, "%s = %lld\n", key, (long long)json_object_get_int64(v) / 1024);
		break;
	case SWITCH:
		xlpt_str_addf(cfg, "%s = %d\n", key, is_true(v));
		break;
	case CARD:
		xlpt_str_addf(cfg, "%s = \"%s\"\n", key, strcmp(s, "std") ? s : "stdvga");
		break;
	case HOW_MANY:
		xlpt_str_addf(cfg, "%s = %zu\n", key, json_object_array_length(v));
		break;
	case WORDS:
		list(cfg, key, v, word, true);
		break;
	case GROUPS:
		list(cfg, key, v, group, true);
		break;
	case DISKS:
		list(cfg, key, v, disk, true);
		break;
	case NICS:
		list(cfg, key, v, nic, true);
		break;
	case PCI:
		list(cfg, key, v, function, true);
		break;
	case VFB:
		list(cfg, key, v, framebuffer, true);
		break;
	case FLAGS:
		list(cfg, key, v, leaf, true);
		break;
	case CELLS:
		list(cfg, key, v, cell, false);
		break;
	case NOTHING:
		break;
	}
}

static void walk(const struct corpus_out *out, struct xlpt_str *cfg, const char *path,
		 struct json_object *o)
{
	json_object_object_foreach(o, name, v)
	{
		_cleanup_free_ char *at = xlpt_xasprintf("%s%s%s", path, *path ? "." : "", name);
		size_t i;

		for (i = 0; i < sizeof(values) / sizeof(values[0]); i++)
			if (!strcmp(values[i].path, at))
				break;
		if (i < sizeof(values) / sizeof(values[0]))
			write_value(cfg, values[i].key, values[i].kind, v);
		else if (json_object_is_type(v, json_type_object))
			walk(out, cfg, at, v);
		else
			corpus_found(out, "JSON %s: the check does not know it", at);
	}
}

void corpus_libxl(const struct corpus_out *out, const char *json, struct xlpt_str *cfg)
{
	struct json_object *o = json_tokener_parse(json);

	if (o && json_object_is_type(o, json_type_object))
		walk(out, cfg, "", o);
	else
		corpus_found(out, "the JSON cannot be read");
	json_object_put(o);
}
