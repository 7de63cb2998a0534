# shellcheck shell=bash
# disk.sh - works on the lab's disks with a partition table, outside of the machine.

# disk_run DISK COMMAND [OPTION...]: runs COMMAND with sh in a chroot of the disk's first partition. LAB_DISK is the
# disk itself, for a boot loader. OPTIONs go to chroot's env as NAME=VALUE; LAB_BIND=DIR shows DIR of this host
# there as /mnt.
disk_run() {
	local disk=$1 command=$2
	shift 2
	# shellcheck disable=SC2016
	LAB_BIND=${LAB_BIND:-} unshare --mount --propagation private bash -euo pipefail -c '
		disk=$1 command=$2
		shift 2
		loop=$(losetup --find --show "$disk")
		trap "partx -d $loop 2>/dev/null || :; rm -f ${loop}p1; losetup -d $loop || :" EXIT
		# Not every kernel looks for partitions on a loop device by itself.
		partx -a "$loop" 2>/dev/null || :
		name=${loop#/dev/}
		part=/sys/class/block/${name}p1
		root=$(mktemp -d /run/xlpt-lab-XXXXXX)
		dev=$(mktemp -d /run/xlpt-lab-XXXXXX)
		trap "umount -R $root 2>/dev/null || :; rmdir $root $dev || :; partx -d $loop 2>/dev/null || :; rm -f ${loop}p1; losetup -d $loop || :" EXIT
		mount -t tmpfs tmpfs "$dev"
		# Of /dev only what is needed: the tools of a boot loader look at everything that is there.
		for node in null zero full random urandom tty; do cp -a "/dev/$node" "$dev/"; done
		IFS=: read -r major minor <"$part/dev"
		mknod "$dev/${name}p1" b "$major" "$minor"
		# GRUB looks for the root file system under the name that it was mounted with.
		[ -b "${loop}p1" ] || mknod "${loop}p1" b "$major" "$minor"
		IFS=: read -r major minor <"/sys/class/block/$name/dev"
		mknod "$dev/$name" b "$major" "$minor"
		ln -s /proc/self/fd "$dev/fd"
		uuid=$(blkid -o value -s UUID "$dev/${name}p1")
		mkdir -p "$dev/disk/by-uuid" "$dev/shm" "$dev/pts"
		ln -s "../../${name}p1" "$dev/disk/by-uuid/$uuid"
		mount "${loop}p1" "$root"
		mount --move "$dev" "$root/dev"
		mount -t devpts devpts "$root/dev/pts"
		ln -s pts/ptmx "$root/dev/ptmx"
		mount -t proc proc "$root/proc"
		mount -t sysfs sysfs "$root/sys"
		mount -t tmpfs tmpfs "$root/run"
		mount -t tmpfs tmpfs "$root/tmp"
		[ -z "$LAB_BIND" ] || mount --bind "$LAB_BIND" "$root/mnt"
		# Daemons are not started in here.
		printf "#!/bin/sh\nexit 101\n" >"$root/usr/sbin/policy-rc.d"
		chmod 755 "$root/usr/sbin/policy-rc.d"
		rc=0
		chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
			DEBIAN_FRONTEND=noninteractive LAB_DISK="/dev/$name" "$@" sh -ec "$command" || rc=$?
		rm -f "$root/usr/sbin/policy-rc.d"
		exit $rc
	' bash "$disk" "$command" "$@"
}
