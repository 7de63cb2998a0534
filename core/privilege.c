/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/privilege.h"

#include <linux/capability.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define BIT(cap) (UINT64_C(1) << (cap))

/* Each has those before it, too. */
static const uint64_t kept[] = {
	[XLPT_PRIVILEGE_FILES] = BIT(CAP_DAC_OVERRIDE) | BIT(CAP_DAC_READ_SEARCH) | BIT(CAP_CHOWN) |
				 BIT(CAP_FOWNER) | BIT(CAP_FSETID),
	/*
	 * SYS_ADMIN: sysfs gives 64 bytes of configuration space without it. SYS_PTRACE: /proc/PID/exe and
	 * fd of a process that has more. IPC_LOCK: libxencall's buffers.
	 */
	[XLPT_PRIVILEGE_LOOK] =
		BIT(CAP_SYS_ADMIN) | BIT(CAP_SYS_PTRACE) | BIT(CAP_IPC_LOCK) | BIT(CAP_KILL),
	[XLPT_PRIVILEGE_CHANGE] = BIT(CAP_SYS_MODULE) | BIT(CAP_NET_ADMIN) | BIT(CAP_SYS_RESOURCE),
};

void xlpt_privilege_keep(enum xlpt_privilege which, bool for_good)
{
	struct __user_cap_header_struct head = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[2] = { 0 };
	uint64_t keep = 0;

	if (geteuid() != 0 || syscall(SYS_capget, &head, data))
		return;
	for (int i = 0; i <= (int)which; i++)
		keep |= kept[i];
	/* Behind the last one that this kernel knows it says no. */
	for (unsigned long cap = 0; for_good && cap < 64; cap++)
		if (!(keep & BIT(cap)) && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0))
			break;
	for (int i = 0; i < 2; i++) {
		data[i].permitted &= (uint32_t)(keep >> (32 * i));
		data[i].effective = data[i].permitted;
		data[i].inheritable = 0;
	}
	syscall(SYS_capset, &head, data);
}
