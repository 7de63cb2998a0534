/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The workflows of xlpt boot (write.c, verify.c) and what their result holds.
 */
#ifndef XLPT_XL_BOOT_H
#define XLPT_XL_BOOT_H

#include "pciback/boot/boot.h"
#include "pciback/needs/needs.h"
#include "xl-plugin/cli/env.h"
#include "xl-plugin/kept/journal.h"
#include "xl-plugin/kept/pins.h"

#define XLPT_BOOT_UNIT "xlpt-boot-verify.service" /* runs verify at every boot */

struct xlpt_boot_pin;

struct xlpt_boot_req {
	enum xlpt_era era;
	const char *release;
	char **args; /* devices, wildcards, lists; not owned */
	size_t n;
	bool remove;	/* take out instead of adding */
	bool only_look; /* a kernel without pciback is something to be told */
	bool by_cmdline;
	bool to_stdout;
	bool allow_absent;
	char **force_host; /* addresses, not owned; NULL = none */
	char **drivers;	   /* further claiming drivers, not owned; NULL = none */
	/* For who writes a list and more at once: */
	const struct xlpt_boot_pin *pins; /* made, or made anew, with the list; name, pin and old */
	size_t n_pins;
	char **drop; /* addresses and pin:NAME to be taken out; absent is fine; not owned */
};

/* One function that the list means, or a group that means none. */
struct xlpt_boot_item {
	char name[XLPT_HIDE_LEN];
	bool present;
	bool added;	  /* asked for now */
	char *driver;	  /* bound now, or NULL */
	char **modules;	  /* that claim it */
	char **builtin;	  /* ... and are part of the kernel */
	char **in_initrd; /* of the modules, those in the initramfs */
};

/* One pin of this host, and what the plan makes of it. */
struct xlpt_boot_pin {
	char *name;
	struct xlpt_pin pin;
	bool was;	     /* was hidden at boot */
	bool asked;	     /* is named now */
	struct xlpt_bdf now; /* where it is, once it was looked for */
	char *old;	     /* its file's text, or NULL */
};

struct xlpt_boot_plan {
	struct xlpt_boot boot;
	struct xlpt_effective eff;
	bool eff_known; /* boot and eff were read, whatever came after */
	struct xlpt_boot_owned owned;
	struct xlpt_hide_list added, list;
	struct xlpt_hide_list qubes; /* hidden besides by the initramfs of Qubes OS */
	struct xlpt_boot_item *items;
	size_t n, alloc;
	char **early;
	bool by_cmdline;
	const char *by_cmdline_why;
	struct xlpt_boot_files files;
	struct xlpt_initrd initrd;
	char *initrd_unknown; /* why it was not looked into, or NULL */
	char **unread;	      /* lists that nobody reads, of devices that are not in this one */
	char **notes;	      /* what else there is to know */
	char **commands;      /* to run afterwards */
	struct xlpt_iommu_notes iommu;
	struct xlpt_boot_pin *pins;
	size_t n_pins, alloc_pins;
	struct xlpt_pin_set pin_set;
	char *stamp; /* command-line list of this boot that was ours, or NULL */
};

void xlpt_boot_plan_dispose(struct xlpt_boot_plan *plan);
#define _cleanup_boot_plan_ XLPT_CLEANUP(xlpt_boot_plan_dispose)

/* Everything that is known and would be done; refuses what write would refuse. */
int xlpt_op_boot_plan(struct xlpt_env *env, const struct xlpt_boot_req *req,
		      struct xlpt_boot_plan *p, struct xlpt_diag *diag);
/* Before the plan of a change is made: nobody else changes these files, or a pin, until it is done. */
int xlpt_op_boot_lock(struct xlpt_env *env, struct xlpt_locks *locks, struct xlpt_diag *diag);
/* Does it; the caller has had the lock since before the plan was made. *changed: whether a file is other than before. */
int xlpt_op_boot_apply(struct xlpt_env *env, const struct xlpt_boot_plan *plan, bool *changed,
		       struct xlpt_diag *diag);
/*
 * What this boot made of the devices; xenstore, where it runs, tells of those
 * that were only hidden by hand since.
 */
int xlpt_op_boot_verify(struct xlpt_env *env, struct xlpt_boot *boot,
			const struct xlpt_hide_list *wanted, struct xlpt_verdicts *out,
			struct xlpt_diag *diag);
/* The same for what req names, or all; printed. XLPT_ERR_CONFLICT or NO_XEN when one is not hidden (verify.c). */
int xlpt_boot_verify_tell(struct xlpt_env *env, const struct xlpt_boot_req *req,
			  struct xlpt_diag *diag);
/* IOMMU and interrupt remapping, as far as Xen can be asked. */
void xlpt_op_boot_iommu(struct xlpt_env *env, struct xlpt_boot_plan *plan);
/* Adds to p->iommu where more interrupt vectors are asked for than Xen gives a guest (passthrough.c). */
void xlpt_boot_vectors(struct xlpt_env *env, const char *xen_cmdline, struct xlpt_boot_plan *p);

/* ---- print.c ---- */

void xlpt_boot_print_plan(struct xlpt_env *env, const struct xlpt_boot_plan *p);
/* Of a plan that was refused: what was found out before. */
void xlpt_boot_print_refused(struct xlpt_env *env, const struct xlpt_boot_plan *p);
/* The same as one JSON object; done: it was carried out. */
void xlpt_boot_print_json(struct xlpt_env *env, const struct xlpt_boot_plan *p, bool done);
void xlpt_boot_print_list(struct xlpt_env *env, const char *title, char **lines);
/* The lines of the files, in the place of writing them. */
void xlpt_boot_print_stdout(struct xlpt_env *env, const struct xlpt_boot_plan *p);
/* What was written, and what is to be run then. */
void xlpt_boot_print_done(struct xlpt_env *env, const struct xlpt_boot_plan *p, bool changed);

/* ---- pieces shared by them (facts.c) ---- */

bool xlpt_boot_has_module(char **v, const char *module);
/* p->list: xlpt's own list and those of others; which route it takes. */
int xlpt_boot_merge(struct xlpt_env *env, const struct xlpt_boot_req *req, struct xlpt_boot_plan *p,
		    struct xlpt_diag *diag);
/* p->unread, once p->list is what it shall be. */
void xlpt_boot_unread(struct xlpt_env *env, const struct xlpt_boot_req *req,
		      struct xlpt_boot_plan *p);
/* Takes p->added out of p->list. */
int xlpt_boot_drop(struct xlpt_env *env, struct xlpt_boot_plan *p, struct xlpt_diag *diag);
/* Whether the group names the function or a bridge above it. */
bool xlpt_boot_means(const struct xlpt_devices *devs, const struct xlpt_hide_group *g,
		     const struct xlpt_device *dev);
/* p->notes of those that share an isolation set with what is hidden, and are not hidden. (mates.c) */
void xlpt_boot_mates(struct xlpt_env *env, const struct xlpt_boot_req *req,
		     struct xlpt_boot_plan *p, const struct xlpt_devices *devs,
		     const struct xlpt_needs *needs);
/* XLPT_ERR_CONFLICT when p->files would not hide p->list at the next boot. (would-work.c) */
int xlpt_boot_would_work(struct xlpt_env *env, struct xlpt_boot_plan *p, struct xlpt_diag *diag);

/* ---- virtual functions (vfs.c) ---- */

/* p->notes of VFs in the list, and of physical functions in it. */
void xlpt_boot_vfs_notes(struct xlpt_env *env, const struct xlpt_boot_req *req,
			 struct xlpt_boot_plan *p, const struct xlpt_devices *devs);
/* Whether a group that means no device here means a VF that is not made. The caller frees both. */
bool xlpt_boot_vfs_absent(struct xlpt_env *env, const struct xlpt_devices *devs,
			  const struct xlpt_hide_group *g, char **fact, char **hint);
/* What makes VFs that are gone, in the hints of their verdicts. */
void xlpt_boot_vfs_verify(struct xlpt_env *env, enum xlpt_hide_grammar grammar,
			  struct xlpt_verdicts *out);
/* ---- pins (pins.c) ---- */

int xlpt_boot_pins_read(struct xlpt_env *env, const struct xlpt_boot_req *req,
			struct xlpt_boot_plan *p, struct xlpt_diag *diag);
void xlpt_boot_pins_dispose(struct xlpt_boot_plan *p);
/* p->added of what was named: an address, a list, or pin:NAME. */
int xlpt_boot_pins_arg(struct xlpt_env *env, const struct xlpt_boot_req *req, const char *arg,
		       struct xlpt_boot_plan *p, struct xlpt_diag *diag);
/* Takes what req drops out of p->list. */
int xlpt_boot_pins_drop(const struct xlpt_boot_req *req, struct xlpt_boot_plan *p,
			struct xlpt_diag *diag);
/* p->list of what the pins are now; a pin whose device is another one is refused. */
int xlpt_boot_pins_merge(struct xlpt_env *env, const struct xlpt_boot_req *req,
			 struct xlpt_boot_plan *p, struct xlpt_diag *diag);
/* The pins' own files, among those that are written and put back together. */
void xlpt_boot_pins_files(struct xlpt_boot_plan *p);
/* An argument of verify. */
int xlpt_boot_pins_wanted(struct xlpt_env *env, enum xlpt_hide_grammar grammar, const char *arg,
			  struct xlpt_hide_list *wanted, struct xlpt_diag *diag);
/* Corrects the verdicts of pins whose device is at another address than the list has. */
int xlpt_boot_pins_verify(struct xlpt_env *env, struct xlpt_verdicts *out, struct xlpt_diag *diag);

/* p->items and p->early of p->list. */
int xlpt_boot_devices(struct xlpt_env *env, const struct xlpt_boot_req *req,
		      struct xlpt_boot_plan *p, struct xlpt_devices *devs, struct xlpt_diag *diag);
/* XLPT_ERR_HOST_NEEDS for what p->added would take from this host. */
int xlpt_boot_guard(struct xlpt_env *env, const struct xlpt_boot_req *req, struct xlpt_boot_plan *p,
		    const struct xlpt_devices *devs, struct xlpt_diag *diag);

#endif
