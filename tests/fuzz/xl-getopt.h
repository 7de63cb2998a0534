/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How xl reads its command line, told with getopt itself, which is what xl uses:
 * once with a string that begins with "+" for its own options, and then, with
 * optind set to 1 and not to 0, getopt_long for those of the command. The strings
 * and words are those of xl 4.17 and 4.20. Shared by the unit test and the fuzzer.
 */
#ifndef XLPT_TESTS_XL_GETOPT_H
#define XLPT_TESTS_XL_GETOPT_H

#include <getopt.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "xl-plugin/sentry/xl/words.h"

#define XL_WORDS_MAX 64

/* "xl help" of both; suspend and resume came later than 4.17. */
static const char *const xl_commands[] = {
	"create",
	"config-update",
	"list",
	"destroy",
	"shutdown",
	"reboot",
	"pci-attach",
	"pci-detach",
	"pci-list",
	"pci-assignable-add",
	"pci-assignable-remove",
	"pci-assignable-list",
	"pause",
	"unpause",
	"console",
	"vncviewer",
	"save",
	"migrate",
	"restore",
	"migrate-receive",
	"dump-core",
	"cd-insert",
	"cd-eject",
	"mem-max",
	"mem-set",
	"button-press",
	"vcpu-list",
	"vcpu-pin",
	"vcpu-set",
	"vm-list",
	"info",
	"sharing",
	"sched-credit",
	"sched-credit2",
	"sched-rtds",
	"domid",
	"domname",
	"rename",
	"trigger",
	"sysrq",
	"debug-keys",
	"set-parameters",
	"dmesg",
	"top",
	"network-attach",
	"network-list",
	"network-detach",
	"channel-list",
	"block-attach",
	"block-list",
	"block-detach",
	"vtpm-attach",
	"vtpm-list",
	"vtpm-detach",
	"vkb-attach",
	"vkb-list",
	"vkb-detach",
	"vdispl-attach",
	"vdispl-list",
	"vdispl-detach",
	"vsnd-attach",
	"vsnd-list",
	"vsnd-detach",
	"uptime",
	"claims",
	"cpupool-create",
	"cpupool-list",
	"cpupool-destroy",
	"cpupool-rename",
	"cpupool-cpu-add",
	"cpupool-cpu-remove",
	"cpupool-migrate",
	"cpupool-numa-split",
	"getenforce",
	"setenforce",
	"loadpolicy",
	"remus",
	"devd",
	"psr-hwinfo",
	"psr-cmt-attach",
	"psr-cmt-detach",
	"psr-cmt-show",
	"psr-cat-set",
	"psr-cat-show",
	"psr-mba-set",
	"psr-mba-show",
	"usbctrl-attach",
	"usbctrl-detach",
	"usbdev-attach",
	"usbdev-detach",
	"usb-list",
	"qemu-monitor-command",
	/* from here on only the later one's */
	"suspend",
	"resume",
};
#define XL_COMMANDS_4_17 (sizeof(xl_commands) / sizeof(xl_commands[0]) - 2)
#define XL_COMMANDS_4_20 (sizeof(xl_commands) / sizeof(xl_commands[0]))

static const struct option xl_help_only[] = { { "help", 0, NULL, 'h' }, { 0 } };
/* clang-format off */
static const struct option xl_migrate_longs[] = {
	{"debug", 0, NULL, 0x100}, {"live", 0, NULL, 0x200}, {"help", 0, NULL, 'h'}, {0}};
/* clang-format on */

static const struct xl_verb {
	const char *name, *shorts;
	const struct option *longs;
	int least, most; /* operands */
} xl_verbs[] = {
	{ "save", "hcpD", xl_help_only, 2, 3 },
	{ "migrate", "hFC:s:epD", xl_migrate_longs, 2, XL_WORDS_MAX },
	{ "remus", "hFbundi:s:N:ecp", xl_help_only, 2, XL_WORDS_MAX },
};

enum xl_answer {
	XL_ELSE,   /* no guest leaves: another command, a question for help, or no guest named */
	XL_FAILS,  /* an option is not known */
	XL_LEAVES, /* that guest is asked to leave */
};

struct xl_line {
	enum xl_answer answer;
	const char *verb, *guest;
	bool counts; /* the number of operands is one that xl takes */
	bool dry;    /* -N, with which xl does none of these */
	int at;	     /* FAILS: the option's place in argv is this or the one before */
	bool own;    /* FAILS: it was one of xl's own */
};

static const char *xl_command(const char *word, size_t n)
{
	const char *found = NULL;
	size_t len = strlen(word), count = 0;

	for (size_t i = 0; i < n; i++) {
		if (strncmp(xl_commands[i], word, len) != 0)
			continue;
		if (strlen(xl_commands[i]) == len)
			return xl_commands[i];
		found = xl_commands[i];
		count++;
	}
	return count == 1 ? found : NULL;
}

static void xl_verb_line(const struct xl_verb *verb, int argc, char **argv, struct xl_line *out)
{
	int c;

	optind = 1;
	do
		c = getopt_long(argc, argv, verb->shorts, verb->longs, NULL);
	while (c != -1 && c != '?' && c != 'h');
	if (c == 'h' || (c == '?' && optopt == 'h'))
		return;
	if (c == '?') {
		/* One that is known, and whose argument is missing at the end. */
		if (optopt > 0 && optopt < 0x100 && optopt != ':' && strchr(verb->shorts, optopt))
			return;
		out->answer = XL_FAILS;
		out->at = optind;
		return;
	}
	if (optind >= argc)
		return;
	out->answer = XL_LEAVES;
	out->verb = verb->name;
	out->guest = argv[optind];
	out->counts = argc - optind >= verb->least && argc - optind <= verb->most;
}

static void xl_read(int argc, char *const *words, size_t n_commands, struct xl_line *out)
{
	char *argv[XL_WORDS_MAX + 1];
	const char *command;
	int c;

	*out = (struct xl_line){ .answer = XL_ELSE };
	if (argc < 1 || argc > XL_WORDS_MAX)
		return;
	memcpy(argv, words, (size_t)argc * sizeof(*argv));
	argv[argc] = NULL;
	opterr = 0;
	optind = 0; /* as in a process that begins */
	while ((c = getopt(argc, argv, "+vftTN")) != -1) {
		out->dry = out->dry || c == 'N';
		if (c == '?') {
			out->answer = XL_FAILS;
			out->own = true;
			out->at = optind;
			return;
		}
	}
	command = optind < argc ? xl_command(argv[optind], n_commands) : NULL;
	for (size_t i = 0; command && i < sizeof(xl_verbs) / sizeof(xl_verbs[0]); i++)
		if (!strcmp(command, xl_verbs[i].name)) {
			int first = optind;

			xl_verb_line(&xl_verbs[i], argc - first, argv + first, out);
			out->at += first;
			return;
		}
}

/* NULL, or why what the guard makes of the words is not what xl makes of them. */
static const char *xl_guard_differs(int argc, char *const *argv, size_t n_commands)
{
	struct xlpt_asks got;
	struct xl_line want;

	xl_read(argc, argv, n_commands, &want);
	xlpt_asks_read(argc, argv, &got);
	if (!got.verb != !got.n)
		return "a verb goes with a guest";
	if (got.verb && got.guest + got.n > argv + argc)
		return "it asks about words that are not there";
	if (want.answer == XL_LEAVES) {
		if (!got.verb)
			return "the guest leaves and nobody is asked";
		if (got.unsure || got.n != 1 || *got.guest != want.guest)
			return "not that guest, or not it alone, is asked about";
		return strcmp(got.verb, want.verb) ? "another verb" : NULL;
	}
	if (want.answer == XL_ELSE)
		return got.verb ? "no guest leaves and one is asked about" : NULL;
	if (got.verb && (!got.unsure || got.guest + got.n != argv + argc))
		return "an option that is not known: all words behind it are asked about";
	if (got.verb && !want.own && got.guest > argv + want.at + 1)
		return "a word behind the unknown option is left out";
	if (!got.verb && !want.own && want.at + 1 < argc)
		return "an option that is not known, and nobody is asked";
	return NULL;
}

#endif
