/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A pool's definition as an operator gives it: words of the command line, a file, or libvirt's
 * network.
 */
#include <string.h>

#include "converters/libvirt/libvirt.h"
#include "core/text.h"
#include "xl-plugin/convert/convert.h"
#include "xl-plugin/pool/pools.h"

int xlpt_pool_usage(struct xlpt_diag *diag, const char *what)
{
	xlpt_diag_set(diag, XLPT_ERR_USAGE, "pool: %s", what);
	xlpt_diag_hint(diag, "xlpt pool --help");
	return XLPT_ERR_USAGE;
}

/*
 * The words of the command line become the lines of a definition: so there is one reader and one
 * grammar.
 */
int xlpt_pool_from_words(char *const *words, size_t n, struct xlpt_pool_def *def,
			 struct xlpt_diag *diag)
{
	_cleanup_str_ struct xlpt_str text = { 0 };
	bool any = false;
	int rc = xlpt_pool_check_name(words[0], diag);

	if (rc)
		return rc;
	xlpt_str_addf(&text, "name = \"%s\"\n", words[0]);
	for (size_t i = 1; i < n; i++) {
		const char *word = words[i], *eq = strchr(word, '=');

		if (!eq || strpbrk(word, "\n#\"")) {
			xlpt_diag_set(diag, XLPT_ERR_SYNTAX, "\"%s\" is not KEY=VALUE", word);
			xlpt_diag_hint(diag, "xlpt pool define %s pf=INTERFACE policy=spread",
				       XLPT_WORD(words[0]));
			return XLPT_ERR_SYNTAX;
		}
		any |= xlpt_starts(word, "pf=") || xlpt_starts(word, "dev=");
		if (xlpt_starts(word, "dev="))
			xlpt_str_addf(&text, "device = %s\n", word + 4);
		else if (!strcmp(word, "policy=first-fit") || !strcmp(word, "policy=numa-local"))
			xlpt_str_addf(&text, "policy = %.*s\n",
				      (int)(strrchr(word, '-') - word) - 7, word + 7);
		else
			xlpt_str_addf(&text, "%.*s = %s\n", (int)(eq - word), word, eq + 1);
	}
	if (!any)
		return xlpt_pool_usage(diag, "define needs NAME and at least one pf= or dev=");
	rc = xlpt_pool_def_parse(text.s, text.len, NULL, def, diag);
	if (rc && diag) {
		/*
		 * Line N is word N of the command. A column in a text that nobody wrote would say
		 * nothing.
		 */
		if (diag->line > 1 && diag->line <= n)
			xlpt_diag_wrap(diag, "%s", words[diag->line - 1]);
		diag->line = diag->column = 0;
		if (!diag->hint)
			xlpt_diag_hint(diag,
				       "keys are pf, dev, policy (first, spread, numa), managed, "
				       "vlan, virtualport; xlpt-pool(8)");
	}
	return rc;
}

int xlpt_pool_from_file(const char *path, const char *name, bool xml, struct xlpt_pool_def *def,
			struct xlpt_diag *diag)
{
	_cleanup_str_ struct xlpt_str text = { 0 };
	int rc = xlpt_convert_load(path, false, &text, NULL, diag);

	if (rc) {
		xlpt_diag_hint(diag,
			       "name a file with a pool's definition, or libvirt's network XML");
		return rc;
	}
	xml = xml || xlpt_libvirt_is_xml(xlpt_str_get(&text), text.len);
	rc = xml ? xlpt_libvirt_network_read(xlpt_str_get(&text), text.len, path, &def->pool, diag)
		 : xlpt_pool_def_parse(xlpt_str_get(&text), text.len, path, def, diag);
	if (rc && xml && diag && !diag->hint)
		xlpt_diag_hint(
			diag,
			"virsh net-dumpxml NAME prints a network with <forward mode='hostdev'>");
	if (rc)
		return rc;
	if (name) {
		free(def->pool.name);
		def->pool.name = xlpt_xstrdup(name);
	}
	rc = xlpt_pool_check_name(def->pool.name, diag);
	if (rc && !name)
		xlpt_diag_hint(diag, "give it another one: --name NAME");
	return rc;
}
