/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "core/spec.h"
#include "pciback/boot/boot.h"
#include "tests/fake/bus.h"

#define INTEL "vendor_id\t: GenuineIntel\n"
#define AMD   "vendor_id\t: AuthenticAMD\n"

static int setup(void **state)
{
	*state = fake_bus_new();
	fake_bus_put(*state, "/sys/firmware/acpi/tables/FACP", "");
	return 0;
}

static int teardown(void **state)
{
	fake_bus_free(*state);
	return 0;
}

/* The notes begin with '+' or '-' and have these words, in this order; NULL ends. */
static void assert_notes(struct fake_bus *bus, const char *cmdline, const char *log, int works,
			 const char *const *want)
{
	struct xlpt_iommu_notes notes;
	size_t i;

	xlpt_boot_iommu(fake_bus_host(bus), cmdline, log, works, &notes);
	for (i = 0; i < notes.n; i++) {
		if (!want[i] || (want[i][0] == '+') != notes.items[i].good ||
		    !strstr(notes.items[i].text, want[i] + 1))
			fail_msg("note %zu is \"%c%s\", not \"%s\"", i,
				 notes.items[i].good ? '+' : '-', notes.items[i].text,
				 want[i] ? want[i] : "nothing");
	}
	assert_null(want[i]);
	xlpt_iommu_notes_dispose(&notes);
}

#define NOTES(...) ((const char *const[]){ __VA_ARGS__, NULL })

static void test_good(void **state)
{
	struct fake_bus *bus = *state;

	/* Xen's own words: drivers/passthrough/iommu.c, and vtd/iommu.c before it. */
	fake_bus_put(bus, "/sys/firmware/acpi/tables/XMAR", "");
	assert_notes(bus, "dom0_mem=2G", "(XEN) Interrupt remapping enabled\n", XLPT_ON,
		     NOTES("+with an IOMMU", "+ACPI table XMAR", "+interrupt remapping is on"));
	assert_notes(bus, "iommu=verbose", "(XEN) Intel VT-d Interrupt Remapping enabled.\n",
		     XLPT_ON,
		     NOTES("+with an IOMMU", "+ACPI table XMAR", "+interrupt remapping is on"));
	/* The ring has gone over it. */
	assert_notes(bus, "", "(XEN) *** Serial input", XLPT_ON,
		     NOTES("+with an IOMMU", "+XMAR", "+is not known"));
	assert_notes(bus, NULL, NULL, XLPT_UNSET,
		     NOTES("+no running Xen", "+XMAR", "+is not known"));
}

static void test_firmware(void **state)
{
	struct fake_bus *bus = *state;

	fake_bus_put(bus, "/proc/cpuinfo", INTEL);
	assert_notes(bus, "", "", XLPT_OFF, NOTES("-without an IOMMU", "-turn on VT-d"));
	fake_bus_put(bus, "/proc/cpuinfo", AMD);
	assert_notes(bus, "", "", XLPT_OFF, NOTES("-without an IOMMU", "-turn on IOMMU"));
	/* It is there, and Xen does not use it. */
	fake_bus_put(bus, "/sys/firmware/acpi/tables/IVRS", "");
	assert_notes(bus, "", "", XLPT_OFF,
		     NOTES("-without an IOMMU", "-not at hand: after the next boot",
			   "+ACPI table IVRS"));
}

/* Xen's own line is quoted, without its prefixes, and iommu=1, the default, is not proposed. */
static void test_why_off(void **state)
{
	static const struct {
		const char *log, *quote, *way;
	} cases[] = {
		{ "(XEN) Intel VT-d iommu 0 supported page sizes: 4kB\n(XEN) 5500/5520/X58 Chipset "
		  "Interrupt Remapping has an erratum, disabling IOMMU\n(XEN) I/O virtualisation "
		  "disabled\n",
		  "\"5500/5520/X58 Chipset Interrupt Remapping has an erratum, disabling IOMMU\"",
		  "iommu=no-intremap on Xen's command line: then the IOMMU works without it, and a "
		  "guest" },
		{ "(XEN) [2024-05-01 10:00:00] [VT-D]Disabling IOMMU due to Intel 5500/5520/X58 "
		  "Chipset "
		  "errata #47, #53\r\n",
		  "\"Disabling IOMMU due to Intel 5500/5520/X58 Chipset errata #47, #53\"",
		  "iommu=no-intremap" },
		{ "(XEN) [VT-D]Disabling IOMMU due to Intel 5500/5520 chipset errata #47 and #53\n",
		  "5500/5520 chipset errata #47 and #53\"", "before stepping C-2. Write" },
		{ "(XEN) [VT-D]Disabling IOMMU due to Intel X58 chipset erratum #69\n",
		  "X58 chipset erratum #69\"", "in all steppings. Write iommu=no-intremap" },
		{ "(XEN) AMD-Vi: SP5100 erratum 28 detected, disabling IOMMU.\n(XEN) If possible, "
		  "disable SATA Combined mode in BIOS\n",
		  "SP5100 erratum 28 detected, disabling IOMMU.\"", "turn SATA Combined Mode off" },
		{ "(XEN) [VT-D]no CMPXCHG16B support, disabling IOMMU\n",
		  "\"no CMPXCHG16B support, disabling IOMMU\"", "(cx16)" },
		/* The operator's words are no reason. */
		{ "(XEN) Command line: iommu=workaround_bios_bug\n(XEN) AMD-Vi: Error "
		  "initialization\n",
		  "\"AMD-Vi: Error initialization\"", "firmware" },
		{ "(XEN) [VT-D]  Try \"iommu=force\" or \"iommu=workaround_bios_bug\" if you really "
		  "want "
		  "VT-d\n(XEN) Failed to parse ACPI DMAR.  Disabling VT-d.\n",
		  "workaround_bios_bug", "is without protection" },
		{ "(XEN) Failed to parse ACPI DMAR.  Disabling VT-d.\n",
		  "\"Failed to parse ACPI DMAR.  Disabling VT-d.\"", "update the firmware" },
		{ "(XEN) No southbridge IO-APIC found in IVRS table\n(XEN) AMD-Vi: Error "
		  "initialization\n",
		  "\"No southbridge IO-APIC found in IVRS table\"", "ivrs_ioapic" },
		{ "(XEN) AMD-Vi: Error initialization", "\"AMD-Vi: Error initialization\"",
		  "firmware" },
		{ "(XEN) Something new, disabling IOMMU\n", "\"Something new, disabling IOMMU\"",
		  "update the firmware" },
		/* None that is known: the last that tells of trouble, not the operator's words. */
		{ "(XEN) Command line: iommu=force cannot\n(XEN) [VT-D]Queued Invalidation hardware "
		  "not found\n(XEN) Intel VT-d Snoop Control not enabled.\n(XEN) AMD-Vi: IOMMU not "
		  "found!\n(XEN) Disabled fast TSC\n(XEN) I/O virtualisation disabled\n(XEN) IOMMU "
		  "error\n",
		  "before it (xl dmesg): \"AMD-Vi: IOMMU not found!\"", "update the firmware" },
		{ "(XEN) [VT-D]Queued Invalidation hardware not found\n(XEN) I/O virtualisation "
		  "disabled\n",
		  "\"Queued Invalidation hardware not found\"", "update the firmware" },
	};
	struct fake_bus *bus = *state;

	fake_bus_put(bus, "/sys/firmware/acpi/tables/DMAR", "");
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		_cleanup_free_ char *quote = xlpt_xasprintf("-%s", cases[i].quote);
		_cleanup_free_ char *way = xlpt_xasprintf("-%s", cases[i].way);

		assert_notes(bus, "dom0_mem=2G", cases[i].log, XLPT_OFF,
			     NOTES("-without an IOMMU", quote, way, "+ACPI table DMAR"));
		/* Also where the command line is not known. */
		assert_notes(bus, NULL, cases[i].log, XLPT_OFF,
			     NOTES("-without an IOMMU", quote, way, "+ACPI table DMAR"));
	}
	assert_notes(bus, "", "(XEN) I/O virtualisation disabled\n", XLPT_OFF,
		     NOTES("-without an IOMMU", "-Xen says \"I/O virtualisation disabled\"",
			   "+ACPI table DMAR"));
	/* Turned off by hand: that is the reason, whatever else the log says. */
	assert_notes(bus, "iommu=off", "(XEN) I/O virtualisation disabled\n", XLPT_OFF,
		     NOTES("-without an IOMMU", "-write iommu=1", "+ACPI table DMAR"));
	assert_notes(bus, "iommu=off\n", "", XLPT_OFF,
		     NOTES("-without an IOMMU", "-(its words: iommu=off)", "+ACPI table DMAR"));
	/* It works, without interrupt remapping. */
	assert_notes(bus, "", "(XEN) Intel VT-d Interrupt Remapping not enabled.\n", XLPT_ON,
		     NOTES("+with an IOMMU", "+DMAR",
			   "-is off (xl dmesg: \"Intel VT-d Interrupt Remapping not enabled.\")"));
}

static void test_words(void **state)
{
	struct fake_bus *bus = *state;
	static const char *const off[] = { "iommu=off", "x iommu=0 y", "iommu=on,no", "no-iommu",
					   "iommu=1 iommu=verbose,disable" };
	static const char *const on[] = { "iommu=off,on", "iommu=0 iommu=force", "viommu=off",
					  "iommu=no-intremap iommu=intremap" };

	fake_bus_put(bus, "/sys/firmware/acpi/tables/DMAR", "");
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(off); i++)
		assert_notes(bus, off[i], "", XLPT_OFF,
			     NOTES("-without an IOMMU", "-turns the IOMMU off", "+DMAR"));
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(on); i++)
		assert_notes(bus, on[i], "", XLPT_ON,
			     NOTES("+with an IOMMU", "+DMAR", "+is not known"));
	assert_notes(bus, "iommu=no-intremap", "(XEN) Interrupt remapping disabled\n", XLPT_ON,
		     NOTES("+with an IOMMU", "+DMAR", "-any interrupt; take \"no-intremap\" out"));
	assert_notes(bus, "iommu=intremap=false", "", XLPT_ON,
		     NOTES("+with an IOMMU", "+DMAR", "-\"no-intremap\""));
	assert_notes(bus, "iommu=intremap=off", "", XLPT_ON,
		     NOTES("+with an IOMMU", "+DMAR", "-\"no-intremap\""));
}

/* Of this chipset it cannot be turned on again: Xen would do without the IOMMU. */
static void test_broken_chipset(void **state)
{
	static const struct {
		const char *device, *revision;
		bool broken;
	} cases[] = { { "0x3406", "0x13", true },  { "0x3403", "0x21", true },
		      { "0x3406", "0x22", false }, { "0x3405", "0x22", true },
		      { "0x3400", "0x13", false }, { "junk", "0x13", false } };
	struct fake_bus *bus = *state;

	fake_bus_put(bus, "/sys/firmware/acpi/tables/DMAR", "");
	fake_bus_add(bus, "0000:00:00.0", &(struct fake_dev){ .vendor = 0x8086, .device = 0x3406 });
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(cases); i++) {
		fake_bus_put(bus, "/sys/devices/pci0000:00/0000:00:00.0/device", cases[i].device);
		fake_bus_put(bus, "/sys/devices/pci0000:00/0000:00:00.0/revision",
			     cases[i].revision);
		assert_notes(bus, "iommu=no-intremap", "", XLPT_ON,
			     NOTES("+with an IOMMU", "+DMAR",
				   cases[i].broken
					   ? "-it has to stay off, because this chipset's is broken"
					   : "-take \"no-intremap\" out of iommu=, unless Xen"));
	}
}

/* What Xen itself says of words that it did not take. */
static void test_unread_words(void **state)
{
	static const char log[] =
		"(XEN) Command line: iommu=no-intrmap intel_iommu=on foo=1\n"
		"(XEN) parameter \"iommu\" has invalid value \"no-intrmap\", rc=-22!\n"
		"(XEN) parameter \"intel_iomu\" unknown!\r\n"
		"(XEN) parameter \"foo\" unknown!\n"
		"(XEN) parameter \"xen-pciback.hide\" unknown!\n"
		"(XEN) parameter \"pci";
	struct fake_bus *bus = *state;

	fake_bus_put(bus, "/sys/firmware/acpi/tables/DMAR", "");
	assert_notes(bus, "", log, XLPT_ON,
		     NOTES("+with an IOMMU", "+DMAR", "+is not known",
			   "-\"parameter \"iommu\" has invalid value \"no-intrmap\", rc=-22!\"",
			   "-\"parameter \"intel_iomu\" unknown!\";"));
}

/* Words of recipes for KVM, where Xen has the IOMMU. */
static void test_kvms_words(void **state)
{
	static const char *const none[] = { "root=x ro",
					    "root=x intel_iommu iommu=soft x=iommu=pt" };
	struct fake_bus *bus = *state;
	struct xlpt_iommu_notes notes;

	fake_bus_put(bus, "/sys/firmware/acpi/tables/DMAR", "");
	fake_bus_put(bus, "/proc/cmdline", "root=x ro amd_iommu=on iommu=pt quiet\n");
	assert_notes(
		bus, "", NULL, XLPT_OFF,
		NOTES("-without an IOMMU", "-Xen's messages", "+DMAR",
		      "-amd_iommu=on on the command line of dom0's kernel changes nothing: the "
		      "IOMMU is Xen's, and its word is iommu= on Xen's command line"));
	/* Where Xen's works there is nothing to say. */
	assert_notes(bus, "", NULL, XLPT_ON, NOTES("+with an IOMMU", "+DMAR", "+is not known"));
	for (size_t i = 0; i < XLPT_ARRAY_SIZE(none); i++) {
		fake_bus_put(bus, "/proc/cmdline", none[i]);
		assert_notes(bus, "", NULL, XLPT_OFF,
			     NOTES("-without an IOMMU", "-Xen's messages", "+DMAR"));
	}
	xlpt_boot_iommu(fake_bus_host(bus), "", "(XEN) parameter \"intel_iommu\" unknown!\n",
			XLPT_ON, &notes);
	assert_non_null(strstr(notes.items[notes.n - 1].way, "it is a word of Linux without Xen"));
	xlpt_iommu_notes_dispose(&notes);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = { T(test_good),	    T(test_firmware),
					    T(test_words),	    T(test_why_off),
					    T(test_broken_chipset), T(test_unread_words),
					    T(test_kvms_words) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
