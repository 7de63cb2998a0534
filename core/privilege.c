/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/privilege.h"

#include <linux/capability.h>
#include <stdint.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BIT(cap) (UINT64_C(1) << (cap))

static const uint64_t keep = BIT(CAP_DAC_OVERRIDE) | BIT(CAP_DAC_READ_SEARCH) | BIT(CAP_CHOWN) |
			     BIT(CAP_FOWNER) | BIT(CAP_FSETID);

bool xlpt_privilege_is_borrowed(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	if (getuid() != geteuid() || getgid() != getegid())
		return true;
	/* AT_SECURE alone may also come of a security module that changes the domain. */
	return getuid() != 0 && getauxval(AT_SECURE) && syscall(SYS_capget, &head, data) == 0 &&
	       (data[0].permitted || data[1].permitted);
}

void xlpt_privilege_files_alone(void)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };

	if (geteuid() != 0 || syscall(SYS_capget, &head, data))
		return;
	/* The kernel refuses the first number behind its last capability. */
	for (unsigned long cap = 0; cap < 64; cap++)
		if (!(keep & BIT(cap)) && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0))
			break;
	for (int i = 0; i < 2; i++) {
		data[i].permitted &= (uint32_t)(keep >> (32 * i));
		data[i].effective = data[i].permitted;
		data[i].inheritable = 0;
	}
	syscall(SYS_capset, &head, data);
}
