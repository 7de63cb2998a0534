/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The kernel's own messages about devices (NETLINK_KOBJECT_UEVENT, lib/kobject_uevent.c): a PCI
 * function came, went, got a driver or lost it. They come from the kernel itself, before udev has
 * seen them and on hosts that have none. What they say is not believed, only that there is
 * something to look at.
 */
#ifndef XLPT_PCIBACK_UEVENT_H
#define XLPT_PCIBACK_UEVENT_H

#include <stdbool.h>
#include <stddef.h>

/* A descriptor that is readable when there are messages, or -errno. */
int xlpt_uevent_open(void);
/*
 * Takes all messages away: 1 when one was about a PCI function, or the kernel had to drop some, or
 * there are still more; else 0; or -errno.
 */
int xlpt_uevent_drain(int fd);
/* Whether it is one about a PCI function: "ACTION@PATH", then words "KEY=VALUE", each with a NUL. */
bool xlpt_uevent_is_pci(const char *message, size_t len);

#endif
