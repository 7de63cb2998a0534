/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "pciback/sriov/vf.h"

#include <errno.h>
#include <string.h>

#define DEVICES "/sys/bus/pci/devices"
#define NET	"/sys/class/net"

void xlpt_pf_dispose(struct xlpt_pf *pf)
{
	free(pf->ifname);
	free(pf->driver);
	free(pf->vfs);
	*pf = (struct xlpt_pf){ 0 };
}

static bool link_bdf(struct xlpt_host *h, struct xlpt_bdf *out, const char *path)
{
	_cleanup_free_ char *name = NULL;

	return xlpt_host_link_name(h, &name, "%s", path) >= 0 &&
	       xlpt_bdf_from_sysfs_name(name, out);
}

char *xlpt_net_of(struct xlpt_host *h, struct xlpt_bdf bdf)
{
	_cleanup_strv_ char **names = NULL;

	if (xlpt_host_list(h, &names, DEVICES "/%s/net", XLPT_BDF_STR(bdf)) < 0 || !names[0])
		return NULL;
	return xlpt_xstrdup(names[0]);
}

bool xlpt_net_is_up(struct xlpt_host *h, const char *ifname)
{
	long long flags = 0;

	/* include/uapi/linux/if.h: IFF_UP is 1. */
	return xlpt_host_read_long(h, &flags, NET "/%s/flags", ifname) >= 0 && flags & 1;
}

static int no_device(struct xlpt_bdf bdf, struct xlpt_diag *diag)
{
	xlpt_diag_set(diag, XLPT_ERR_NO_DEVICE, "there is no PCI device %s", XLPT_BDF_STR(bdf));
	xlpt_diag_fact(diag, DEVICES " does not list it");
	xlpt_diag_hint(diag, "xlpt list shows what is there");
	return XLPT_ERR_NO_DEVICE;
}

int xlpt_pf_read(struct xlpt_host *h, struct xlpt_bdf bdf, struct xlpt_pf *out,
		 struct xlpt_diag *diag)
{
	_cleanup_pf_ struct xlpt_pf pf = { .bdf = bdf };
	const char *name = XLPT_BDF_STR(bdf);
	struct xlpt_bdf other;
	long long total, count = 0;

	*out = (struct xlpt_pf){ .bdf = bdf };
	if (!xlpt_host_has(h, DEVICES "/%s", name))
		return no_device(bdf, diag);
	if (xlpt_vf_physfn(h, bdf, &other)) {
		xlpt_diag_set(diag, XLPT_ERR_NOT_FOUND,
			      "%s is a virtual function, and a physical one "
			      "is needed",
			      name);
		xlpt_diag_fact(diag, "its physical function is %s", XLPT_BDF_STR(other));
		xlpt_diag_hint(diag, "name %s instead", XLPT_BDF_STR(other));
		return XLPT_ERR_NOT_FOUND;
	}
	if (xlpt_host_read_long(h, &total, DEVICES "/%s/sriov_totalvfs", name) < 0) {
		xlpt_diag_set(diag, XLPT_ERR_NOT_FOUND, "%s has no virtual functions to create",
			      name);
		xlpt_diag_fact(diag,
			       "it has no sriov_totalvfs in sysfs: no SR-IOV capability, or a "
			       "firmware that gave it no room for VFs");
		xlpt_diag_hint(diag,
			       "switch SR-IOV on in the firmware's setup; xlpt vf list shows the "
			       "devices that have it");
		return XLPT_ERR_NOT_FOUND;
	}
	if (xlpt_host_read_long(h, &count, DEVICES "/%s/sriov_numvfs", name) < 0)
		count = 0;
	pf.total = (int)total;
	pf.count = (int)count;
	pf.ifname = xlpt_net_of(h, bdf);
	xlpt_host_link_name(h, &pf.driver, DEVICES "/%s/driver", name);
	for (unsigned i = 0; i < (unsigned)pf.total; i++) {
		_cleanup_free_ char *path = xlpt_xasprintf(DEVICES "/%s/virtfn%u", name, i);

		if (!link_bdf(h, &other, path))
			break;
		XLPT_GROW(pf.vfs, pf.n, pf.alloc);
		pf.vfs[pf.n++] = other;
	}
	*out = pf;
	pf = (struct xlpt_pf){ 0 };
	return 0;
}

bool xlpt_pf_vf_address(struct xlpt_host *h, struct xlpt_bdf pf, unsigned n, struct xlpt_bdf *out)
{
	struct xlpt_vf_place place;

	return xlpt_vf_place_read(h, pf, &place) && xlpt_vf_place_at(&place, n, out);
}

int xlpt_pf_find(struct xlpt_host *h, const char *name, struct xlpt_pf *out, struct xlpt_diag *diag)
{
	struct xlpt_bdf bdf;
	_cleanup_free_ char *path = NULL;

	*out = (struct xlpt_pf){ 0 };
	if (xlpt_bdf_shaped(name)) {
		int rc = xlpt_bdf_parse_any(name, &bdf, diag);

		return rc ? rc : xlpt_pf_read(h, bdf, out, diag);
	}
	/* net/core/dev.c, dev_valid_name: no slash, and neither of the two dot names. */
	if (!*name || strchr(name, '/') || !strcmp(name, ".") || !strcmp(name, "..") ||
	    !xlpt_host_has(h, NET "/%s", name)) {
		xlpt_diag_set(diag, XLPT_ERR_NOT_FOUND, "there is no network interface \"%s\"",
			      name);
		xlpt_diag_fact(diag, NET " does not list it");
		xlpt_diag_hint(diag,
			       "xlpt vf list shows the interfaces that have virtual functions");
		return XLPT_ERR_NOT_FOUND;
	}
	path = xlpt_xasprintf(NET "/%s/device", name);
	if (!link_bdf(h, &bdf, path)) {
		xlpt_diag_set(diag, XLPT_ERR_NOT_FOUND, "%s is not the interface of a PCI device",
			      name);
		xlpt_diag_fact(diag, "%s is not a link to one", path);
		xlpt_diag_hint(diag,
			       "xlpt vf list shows the interfaces that have virtual functions");
		return XLPT_ERR_NOT_FOUND;
	}
	return xlpt_pf_read(h, bdf, out, diag);
}

int xlpt_pf_of_vf(struct xlpt_host *h, struct xlpt_bdf bdf, struct xlpt_pf *out, unsigned *index,
		  struct xlpt_diag *diag)
{
	struct xlpt_bdf pf;
	int rc;

	*out = (struct xlpt_pf){ 0 };
	*index = 0;
	if (!xlpt_host_has(h, DEVICES "/%s", XLPT_BDF_STR(bdf)))
		return no_device(bdf, diag);
	if (!xlpt_vf_physfn(h, bdf, &pf)) {
		bool physical = xlpt_host_has(h, DEVICES "/%s/sriov_totalvfs", XLPT_BDF_STR(bdf));

		xlpt_diag_set(diag, XLPT_ERR_NOT_FOUND, "%s is not a virtual function",
			      XLPT_BDF_STR(bdf));
		xlpt_diag_fact(diag, physical ? "it is a physical function itself"
					      : "it has no link physfn in sysfs");
		xlpt_diag_hint(diag, "only a virtual function has an identity that its physical "
				     "function sets; xlpt vf list shows them");
		return XLPT_ERR_NOT_FOUND;
	}
	rc = xlpt_pf_read(h, pf, out, diag);
	if (rc)
		return rc;
	for (size_t i = 0; i < out->n; i++)
		if (xlpt_bdf_eq(out->vfs[i], bdf)) {
			*index = (unsigned)i;
			return 0;
		}
	rc = xlpt_diag_set(diag, XLPT_ERR_CONFLICT,
			   "%s does not list %s among its virtual functions", XLPT_BDF_STR(pf),
			   XLPT_BDF_STR(bdf));
	xlpt_diag_fact(diag, "none of its links virtfnN leads there");
	xlpt_diag_hint(diag, "look again: its VFs are just being created or removed");
	xlpt_pf_dispose(out);
	return rc;
}

int xlpt_pf_all(struct xlpt_host *h, struct xlpt_pf **out, size_t *n, struct xlpt_diag *diag)
{
	_cleanup_strv_ char **names = NULL;
	size_t alloc = 0;
	int r;

	*out = NULL;
	*n = 0;
	r = xlpt_host_list(h, &names, DEVICES);
	if (r < 0) {
		xlpt_diag_errno(diag, XLPT_ERR_IO, r, "cannot list " DEVICES);
		xlpt_diag_hint(diag, "is sysfs mounted on /sys?");
		return XLPT_ERR_IO;
	}
	for (char **p = names; *p; p++) {
		struct xlpt_bdf bdf;
		struct xlpt_pf pf;

		if (!xlpt_bdf_from_sysfs_name(*p, &bdf) ||
		    !xlpt_host_has(h, DEVICES "/%s/sriov_totalvfs", *p) ||
		    xlpt_pf_read(h, bdf, &pf, NULL))
			continue;
		XLPT_GROW(*out, *n, alloc);
		(*out)[(*n)++] = pf;
	}
	return 0;
}

/* Why the driver core or the driver said no (drivers/pci/pci-sysfs.c and iov.c). */
static int refused(const struct xlpt_pf *pf, int count, int r, struct xlpt_diag *diag)
{
	const char *bdf = XLPT_BDF_STR(pf->bdf), *driver = pf->driver ? pf->driver : "no driver";

	xlpt_diag_errno(diag, XLPT_ERR_IO, r,
			"the kernel did not set the virtual functions of %s to %d", bdf, count);
	switch (-r) {
	case ENOENT:
	case ENOSYS:
		xlpt_diag_fact(diag, "its driver (%s) offers no way to do it", driver);
		xlpt_diag_hint(diag,
			       "some drivers take the number only as a parameter of their module: "
			       "modinfo -p %s",
			       driver);
		break;
	case EPERM:
	case EBUSY:
		xlpt_diag_fact(diag, "%s counts at least one virtual function as in use", driver);
		xlpt_diag_hint(diag, "xlpt vf list %s shows where they are", bdf);
		break;
	case ENOSPC:
	case ENOMEM:
	case EIO:
		xlpt_diag_fact(
			diag,
			"the firmware left the VFs too little address space or too few buses");
		xlpt_diag_hint(
			diag, "boot dom0 with pci=realloc, or switch on SR-IOV and \"above 4G\" in "
			      "the firmware's setup");
		break;
	default:
		xlpt_diag_fact(diag, "writing %d to " DEVICES "/%s/sriov_numvfs", count, bdf);
		xlpt_diag_hint(diag, "dmesg shows what %s said", driver);
	}
	return XLPT_ERR_IO;
}

int xlpt_pf_set_count(struct xlpt_host *h, const struct xlpt_pf *pf, int count,
		      struct xlpt_diag *diag)
{
	_cleanup_pf_ struct xlpt_pf now = { 0 };
	const char *bdf = XLPT_BDF_STR(pf->bdf);
	char text[16];
	int r, rc;

	snprintf(text, sizeof(text), "%d", count);
	r = xlpt_host_write_text(h, text, DEVICES "/%s/sriov_numvfs", bdf);
	if (r < 0)
		return refused(pf, count, r, diag);
	rc = xlpt_pf_read(h, pf->bdf, &now, diag);
	if (rc)
		return rc;
	if (now.count != count || now.n != (size_t)count) {
		xlpt_diag_set(diag, XLPT_ERR_CONFLICT, "%s has %d virtual functions and not %d",
			      bdf, now.count, count);
		xlpt_diag_fact(diag,
			       "the write was accepted; sriov_numvfs says %d, and there are %zu "
			       "links virtfnN",
			       now.count, now.n);
		xlpt_diag_hint(diag, "dmesg shows what %s said",
			       pf->driver ? pf->driver : "the kernel");
		return XLPT_ERR_CONFLICT;
	}
	return 0;
}

int xlpt_pf_set_autoprobe(struct xlpt_host *h, struct xlpt_bdf pf, bool on, struct xlpt_diag *diag)
{
	const char *bdf = XLPT_BDF_STR(pf);
	int now = xlpt_pf_autoprobe(h, pf), r;

	if (now == on)
		return 0;
	r = now < 0 ? -ENOENT
		    : xlpt_host_write_text(h, on ? "1" : "0", DEVICES "/%s/sriov_drivers_autoprobe",
					   bdf);
	if (r >= 0 && xlpt_pf_autoprobe(h, pf) == on)
		return 0;
	xlpt_diag_errno(diag, XLPT_ERR_IO, r < 0 ? r : -EIO,
			"cannot %s drivers from the virtual functions of %s",
			on ? "stop keeping" : "keep", bdf);
	xlpt_diag_fact(diag,
		       now < 0 ? "%s has no sriov_drivers_autoprobe, which came with Linux 4.12"
			       : "writing sriov_drivers_autoprobe of %s",
		       bdf);
	if (now < 0)
		xlpt_diag_hint(diag, "leave out --no-driver and --driver");
	else
		xlpt_diag_hint(diag, "echo %d > " DEVICES "/%s/sriov_drivers_autoprobe", on, bdf);
	return XLPT_ERR_IO;
}
