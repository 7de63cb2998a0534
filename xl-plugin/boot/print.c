/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How xlpt boot plan looks, for people and for scripts.
 */
#include <string.h>

#include "xl-plugin/boot/boot.h"
#include "xl-plugin/cli/output.h"

static struct json_object *json_strv(char **v)
{
	struct json_object *a = json_object_new_array();

	for (; v && *v; v++)
		json_object_array_add(a, json_object_new_string(*v));
	return a;
}

static char *joined(char **v, const char *none)
{
	struct xlpt_str out = { 0 };

	for (; v && *v; v++)
		xlpt_str_addf(&out, "%s%s", out.len ? ", " : "", *v);
	if (!out.len)
		xlpt_str_add(&out, none);
	return xlpt_str_take(&out);
}

/* ---- plan ---- */

static struct json_object *json_system(const struct xlpt_boot_plan *p)
{
	const struct xlpt_boot *b = &p->boot;
	struct json_object *o = json_object_new_object(), *qubes = json_object_new_array();

	xlpt_json_add(o, "kernel", xlpt_json_str(b->release));
	xlpt_json_add(o, "running", json_object_new_boolean(b->running));
	xlpt_json_add(o, "era", xlpt_json_str(b->era == XLPT_ERA_CLASSIC ? "classic" : "pvops"));
	xlpt_json_add(o, "module", xlpt_json_str(b->module));
	xlpt_json_add(o, "mode", xlpt_json_str(xlpt_pb_mode_word(b->mode)));
	xlpt_json_add(o, "mode_fact", xlpt_json_str(b->mode_fact));
	xlpt_json_add(o, "wildcards", json_object_new_boolean(b->grammar == XLPT_HIDE_WILDCARDS));
	xlpt_json_add(o, "initramfs_tool", xlpt_json_str(xlpt_initramfs_word(b->initramfs)));
	xlpt_json_add(o, "initramfs", xlpt_json_str(b->initrd));
	xlpt_json_add(o, "boot_loader", xlpt_json_str(xlpt_loader_word(b->loader)));
	xlpt_json_add(o, "route", xlpt_json_str(p->by_cmdline ? "cmdline" : "modprobe"));
	xlpt_json_add(o, "effective", xlpt_json_str(p->eff.hide));
	for (size_t i = 0; i < p->qubes.n; i++)
		json_object_array_add(qubes,
				      json_object_new_string(XLPT_HIDE_STR(&p->qubes.items[i])));
	xlpt_json_add(o, "by_qubes", qubes);
	return o;
}

static struct json_object *json_items(const struct xlpt_boot_plan *p)
{
	struct json_object *a = json_object_new_array();

	for (size_t i = 0; i < p->n; i++) {
		const struct xlpt_boot_item *it = &p->items[i];
		struct json_object *o = json_object_new_object();

		xlpt_json_add(o, "bdf", xlpt_json_str(it->name));
		xlpt_json_add(o, "present", json_object_new_boolean(it->present));
		xlpt_json_add(o, "added", json_object_new_boolean(it->added));
		xlpt_json_add(o, "driver", xlpt_json_str(it->driver));
		xlpt_json_add(o, "claimed_by", json_strv(it->modules));
		xlpt_json_add(o, "claimed_by_builtin", json_strv(it->builtin));
		xlpt_json_add(o, "in_initramfs",
			      p->initrd_unknown ? NULL : json_strv(it->in_initrd));
		json_object_array_add(a, o);
	}
	return a;
}

static struct json_object *json_files(const struct xlpt_boot_plan *p)
{
	struct json_object *a = json_object_new_array();

	for (size_t i = 0; i < p->files.n; i++) {
		const struct xlpt_boot_file *f = &p->files.items[i];
		struct json_object *o = json_object_new_object();

		xlpt_json_add(o, "path", xlpt_json_str(f->path));
		xlpt_json_add(o, "text", xlpt_json_str(f->text));
		xlpt_json_add(o, "changed", json_object_new_boolean(!xlpt_boot_file_same(f)));
		xlpt_json_add(o, "why", xlpt_json_str(f->why));
		json_object_array_add(a, o);
	}
	return a;
}

void xlpt_boot_print_json(struct xlpt_env *env, const struct xlpt_boot_plan *p, bool done)
{
	_cleanup_free_ char *hide = xlpt_hide_format(&p->list);
	struct json_object *root = json_object_new_object(), *a;

	xlpt_json_add(root, "done", json_object_new_boolean(done));
	xlpt_json_add(root, "system", json_system(p));
	xlpt_json_add(root, "hide", xlpt_json_str(hide));
	xlpt_json_add(root, "devices", json_items(p));
	xlpt_json_add(root, "files", json_files(p));
	xlpt_json_add(root, "unread", json_strv(p->unread));
	xlpt_json_add(root, "notes", json_strv(p->notes));
	xlpt_json_add(root, "commands", json_strv(p->commands));
	a = json_object_new_array();
	for (size_t i = 0; i < p->iommu.n; i++) {
		struct json_object *o = json_object_new_object();

		xlpt_json_add(o, "good", json_object_new_boolean(p->iommu.items[i].good));
		xlpt_json_add(o, "text", xlpt_json_str(p->iommu.items[i].text));
		json_object_array_add(a, o);
	}
	if (p->iommu.n)
		xlpt_json_add(root, "passthrough", a);
	else
		json_object_put(a);
	xlpt_print_json(env, root);
}

/* What this boot was told to hide. */
static void print_now(struct xlpt_env *env, const struct xlpt_boot_plan *p)
{
	const struct xlpt_boot *b = &p->boot;
	struct xlpt_str qubes = { 0 };

	for (size_t i = 0; i < p->qubes.n; i++)
		xlpt_str_addf(&qubes, "%s ", XLPT_HIDE_STR(&p->qubes.items[i]));
	if (qubes.len)
		xlpt_say(env, "hidden now   %s(the initramfs of Qubes OS)", qubes.s);
	if (!p->eff.hide && !qubes.len)
		xlpt_say(env, "hidden now   no list is configured");
	else if (p->eff.hide && p->eff.from_cmdline)
		xlpt_say(env, "hidden now   %s (command line)",
			 *p->eff.hide ? p->eff.hide : "nothing, by an empty list");
	else if (p->eff.hide)
		xlpt_say(env, "hidden now   %s (%s:%u)", p->eff.hide, p->eff.modprobe_file,
			 p->eff.modprobe_line);
	if (p->eff.from_cmdline && p->eff.modprobe_hide)
		xlpt_say(env, "             %s:%u is without effect: %s", p->eff.modprobe_file,
			 p->eff.modprobe_line,
			 b->mode == XLPT_PB_BUILTIN ? "modprobe never runs for a built-in pciback"
						    : "the command line replaces it");
	xlpt_str_dispose(&qubes);
}

static void print_system(struct xlpt_env *env, const struct xlpt_boot_plan *p)
{
	const struct xlpt_boot *b = &p->boot;

	xlpt_say(env, "kernel       %s%s", b->release ? b->release : "not known",
		 b->running ? ", running" : "");
	xlpt_say(env, "pciback      %s, %s (%s)", b->module, xlpt_pb_mode_word(b->mode),
		 b->mode_fact);
	xlpt_say(env, "era          %s (%s); wildcards are %s",
		 b->era == XLPT_ERA_CLASSIC ? "classic" : "pvops", b->era_fact,
		 b->grammar == XLPT_HIDE_WILDCARDS ? "known" : "not known");
	xlpt_say(env, "initramfs    %s%s%s%s, %s", xlpt_initramfs_word(b->initramfs),
		 b->initramfs_fact ? " (" : "", b->initramfs_fact ? b->initramfs_fact : "",
		 b->initramfs_fact ? ")" : "", b->initrd ? b->initrd : "no image found");
	xlpt_say(env, "boot loader  %s%s%s%s", xlpt_loader_word(b->loader),
		 b->loader_fact ? " (" : "", b->loader_fact ? b->loader_fact : "",
		 b->loader_fact ? ")" : "");
	print_now(env, p);
	for (char **u = p->unread; u && *u; u++)
		xlpt_say(env, "             read by nobody: %s", *u);
	if (p->by_cmdline)
		xlpt_say(env, "route        the kernel's command line (%s)", p->by_cmdline_why);
	else if (b->mode == XLPT_PB_ABSENT)
		xlpt_say(env, "route        none: boot a kernel with CONFIG_XEN_PCIDEV_BACKEND");
	else if (b->mode == XLPT_PB_MODULE)
		xlpt_say(env, "route        modprobe.d (pciback is a module)");
}

static void head(struct xlpt_env *env, const char *title)
{
	xlpt_say(env, "%s", "");
	xlpt_say(env, "%s", title);
}

static void print_items(struct xlpt_env *env, const struct xlpt_boot_plan *p)
{
	if (p->n)
		head(env, "Devices");
	for (size_t i = 0; i < p->n; i++) {
		const struct xlpt_boot_item *it = &p->items[i];
		_cleanup_free_ char *modules = joined(it->modules, "no module");
		_cleanup_free_ char *builtin = joined(it->builtin, "");
		_cleanup_free_ char *in = joined(it->in_initrd, "no");

		if (!it->present) {
			xlpt_say(env, "  %s  is not there", it->name);
			continue;
		}
		xlpt_say(env, "  %s  bound to %s; claimed by %s%s%s; in the initramfs: %s",
			 it->name, it->driver ? it->driver : "no driver", modules,
			 *builtin ? " and, built in, " : "", builtin,
			 p->initrd_unknown ? p->initrd_unknown : in);
	}
}

static void print_files(struct xlpt_env *env, const struct xlpt_boot_plan *p)
{
	for (size_t i = 0; i < p->files.n; i++) {
		const struct xlpt_boot_file *f = &p->files.items[i];
		_cleanup_free_ char *text = xlpt_xstrdup(f->text);
		char *save = NULL;

		xlpt_say(env, "%s", "");
		xlpt_say(env, "%s  %s", f->path,
			 xlpt_boot_file_same(f) ? "(as it is)"
			 : !f->text		? "(is removed)"
			 : f->old		? "(is replaced)"
						: "(is new)");
		if (f->text)
			xlpt_say(env, "  because %s", f->why);
		for (char *l = text ? strtok_r(text, "\n", &save) : NULL; l;
		     l = strtok_r(NULL, "\n", &save))
			xlpt_say(env, "  | %s", l);
	}
}

void xlpt_boot_print_list(struct xlpt_env *env, const char *title, char **lines)
{
	if (lines && *lines)
		head(env, title);
	for (char **l = lines; l && *l; l++)
		xlpt_say(env, "  %s", *l);
}

static void print_iommu(struct xlpt_env *env, const struct xlpt_boot_plan *p)
{
	if (p->iommu.n)
		head(env, "Passthrough");
	for (size_t i = 0; i < p->iommu.n; i++)
		xlpt_say(env, "  %s %s", p->iommu.items[i].good ? "-" : "!",
			 p->iommu.items[i].text);
}

void xlpt_boot_print_refused(struct xlpt_env *env, const struct xlpt_boot_plan *p)
{
	print_system(env, p);
	print_iommu(env, p);
}

void xlpt_boot_print_plan(struct xlpt_env *env, const struct xlpt_boot_plan *p)
{
	if (env->json) {
		xlpt_boot_print_json(env, p, false);
		return;
	}
	print_system(env, p);
	print_items(env, p);
	print_files(env, p);
	xlpt_boot_print_list(env, "To know", p->notes);
	xlpt_boot_print_list(env, "Then run", p->commands);
	print_iommu(env, p);
}

void xlpt_boot_print_stdout(struct xlpt_env *env, const struct xlpt_boot_plan *p)
{
	_cleanup_free_ char *modprobe = NULL, *grub = NULL;

	if (p->boot.mode != XLPT_PB_BUILTIN) {
		modprobe = xlpt_boot_modprobe_text(&p->boot, p->by_cmdline ? NULL : &p->list,
						   p->early);
		xlpt_put_document(env, modprobe, strlen(modprobe));
	}
	if (p->by_cmdline) {
		grub = xlpt_boot_grub_text(&p->boot, &p->list);
		xlpt_put_document(env, grub, strlen(grub));
	}
	for (char **n = p->notes; n && *n; n++)
		xlpt_warn(env, "%s", *n);
}

void xlpt_boot_print_done(struct xlpt_env *env, const struct xlpt_boot_plan *p, bool changed)
{
	if (env->json) {
		xlpt_boot_print_json(env, p, changed);
		return;
	}
	for (size_t i = 0; i < p->files.n; i++) {
		const struct xlpt_boot_file *f = &p->files.items[i];

		if (!xlpt_boot_file_same(f))
			xlpt_say(env, "%s %s", f->text ? "wrote" : "removed", f->path);
	}
	for (char **n = p->notes; n && *n; n++)
		xlpt_warn(env, "%s", *n);
	for (char **n = p->unread; n && *n; n++)
		xlpt_warn(env, "read by nobody: %s", *n);
	if (!changed)
		xlpt_say(env, "nothing to change");
	else
		xlpt_boot_print_list(env, "Then run", p->commands);
}
