/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What Xen's messages of its start say of the IOMMU, and what is known to help. */
#include "pciback/boot/internal.h"

#include <string.h>

/*
 * Messages with which Xen does without an IOMMU (xen/drivers/passthrough: vtd/quirks.c, vtd/dmar.c,
 * vtd/iommu.c, amd/iommu_acpi.c, amd/iommu_init.c, iommu.c) and what is known to help. The first
 * of them that is found counts: later lines only follow from it.
 */
static const struct {
	const char *words; /* of the line, in any case */
	const char *way;   /* out, and what it costs; NULL = none is known */
} reasons[] = {
	{ "5500/5520",
	  "interrupt remapping of this chipset is broken before stepping C-2. Write "
	  "iommu=no-intremap "
	  "on Xen's command line: then the IOMMU works without it, and a guest with a device can "
	  "send "
	  "the host any interrupt; or update the firmware, a newer one may leave remapping off" },
	{ "X58 chipset",
	  "interrupt remapping of this chipset is broken in all steppings. Write iommu=no-intremap on "
	  "Xen's command line: then the IOMMU works without it, and a guest with a device can send "
	  "the host any interrupt" },
	{ "SP5100 erratum 28",
	  "turn SATA Combined Mode off in the firmware's setup, or update the firmware" },
	{ "no CMPXCHG16B support",
	  "Xen uses an IOMMU only on processors with CMPXCHG16B (cx16): where this host is itself a "
	  "virtual machine, let its processor have it" },
	{ "remapping has an erratum",
	  "write iommu=no-intremap on Xen's command line: then the IOMMU works without interrupt "
	  "remapping, and a guest with a device can send the host any interrupt; or update the "
	  "firmware" },
	{ "workaround_bios_bug",
	  "update the firmware, whose ACPI table DMAR names devices that are not there. Or write "
	  "iommu=workaround_bios_bug on Xen's command line: then Xen passes over such an entry, and "
	  "what "
	  "it was for is without protection" },
	{ "southbridge IO-APIC",
	  "update the firmware, whose ACPI table IVRS lacks the IO-APIC. Or name it with "
	  "ivrs_ioapic[ID]=BB:DD.F on Xen's command line (AMD's is mostly 00:14.0): with a wrong "
	  "one "
	  "interrupts get lost; or write iommu=no-intremap: then a guest with a device can send the "
	  "host any interrupt" },
	{ "overlapping RMRR", "update the firmware: its ACPI table DMAR is wrong" },
	{ "invalid DMAR width", "update the firmware: its ACPI table DMAR is wrong" },
	{ "failed to parse ACPI DMAR", "update the firmware: its ACPI table DMAR is wrong" },
	{ "failed to parse ACPI IVRS", "update the firmware: its ACPI table IVRS is wrong" },
	{ "IVHD error", "update the firmware: its ACPI table IVRS is wrong" },
	{ "IVRS error", "update the firmware: its ACPI table IVRS is wrong" },
	{ "disabling IOMMU", NULL },
	{ "disabling VT-d", NULL },
	{ "disabling AMD-Vi", NULL },
	{ "AMD-Vi: error initialization", NULL },
	{ "IOMMU setup failed", NULL },
	{ "VT-d hardware is not", NULL },
};

/* A line without what comes before Xen's own text; up to at stays. Caller frees. */
static char *own_text(const char *start, const char *at)
{
	/* "(XEN) [2024-05-01 10:00:00] [VT-D] " */
	while (start < at && (*start == '(' || *start == '[' || *start == ' ')) {
		char close = *start == '(' ? ')' : ']';
		const char *after =
			*start == ' ' ? start : memchr(start, close, (size_t)(at - start));

		if (!after)
			break;
		start = after + 1;
	}
	return xlpt_xstrndup(start, strcspn(start, "\r\n"));
}

/* The command line has the words that the operator wrote. */
static bool is_command_line(const char *line)
{
	return strcasestr(line, "command line:") != NULL;
}

char *xlpt_iommu_line(const char *log, const char *words)
{
	_cleanup_free_ char *copy = xlpt_xstrdup(log ? log : "");
	char *cursor = copy, *line;

	while ((line = xlpt_boot_line(&cursor))) {
		char *at = strcasestr(line, words);

		if (at && !is_command_line(line))
			return own_text(line, at);
	}
	return NULL;
}

static bool has_one(const char *line, const char *const *words)
{
	while (*words && !strcasestr(line, *words))
		words++;
	return *words != NULL;
}

char *xlpt_iommu_reason(const char *log, const char **way)
{
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(reasons); i++) {
		char *line = xlpt_iommu_line(log, reasons[i].words);

		*way = reasons[i].way;
		if (line)
			return line;
	}
	*way = NULL;
	return NULL;
}

char *xlpt_iommu_trouble(const char *log)
{
	static const char *const subject[] = { "iommu", "vt-d", "vtd",	     "amd-vi", "dmar",
					       "ivrs",	"ivhd", "remapping", NULL };
	static const char *const trouble[] = { "disab",	 "not found", "not support", "fail",
					       "error",	 "unable",    "cannot",	     "invalid",
					       "broken", "errat",     NULL };
	_cleanup_free_ char *copy = xlpt_xstrdup(log ? log : "");
	char *cursor = copy, *line, *found = NULL;

	while ((line = xlpt_boot_line(&cursor)) && !strstr(line, "I/O virtualisation disabled"))
		if (has_one(line, subject) && has_one(line, trouble) && !is_command_line(line))
			found = line;
	return line && found ? own_text(found, found + strlen(found)) : NULL;
}

/* Xen's word, or one of Linux' that is taken for Xen's. A list of pciback's is told of by itself (stray.c). */
static bool is_ours(const char *word)
{
	static const char *const about[] = { "iom", "guest_irqs", "ivrs", "pci",
					     "msi", "intremap",	  "vfio", NULL };

	return has_one(word, about) && !strstr(word, "pciback.hide");
}

/* parse_params in Xen's common/kernel.c: NAME "unknown!", or has "invalid value". */
char *xlpt_iommu_unread(const char **log)
{
	static const char lead[] = "parameter \"";
	const char *at;

	while (*log && (at = strstr(*log, lead))) {
		_cleanup_free_ char *line = xlpt_xstrndup(at, strcspn(at, "\r\n")), *word = NULL;
		const char *name = at + strlen(lead);

		*log = at + strlen(line);
		word = xlpt_xstrndup(name, strcspn(name, "\"\r\n"));
		if (is_ours(word) && (strstr(line, "\" unknown!") || strstr(line, "invalid value")))
			return XLPT_TAKE(line);
	}
	return NULL;
}
