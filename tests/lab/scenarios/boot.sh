#!/bin/bash
# boot - hiding at boot, through real reboots of one disk: it works, and verify names what does not
# timeout: 900
# reboots: 5
# covers: pv xl booted .0 acs
# next: whole
. "$LAB/lib.sh"

dev=0000:02:00.0
dropin=/etc/modprobe.d/xlpt.conf
kernel=$(uname -r)
kept=/root/boot-scenario
mkdir -p "$kept"

# verify_says STATE BDF: the line of that device has that state.
verify_says() {
	grep -E "^$2 +$1" "$kept/verify" || fail "verify does not say '$1' of $2"
}

verify() {
	local want=$1 got=0
	shift
	xlpt boot verify "$@" >"$kept/verify" 2>&1 || got=$?
	cat "$kept/verify"
	[ "$got" = "$want" ] || fail "verify exits with $got, expected $want"
}

# never_claimed BDF DRIVER: dom0's log has pciback take it and never the driver.
never_claimed() {
	dmesg | grep -E "pciback $1: .*seizing device" || fail "pciback did not seize $1"
	! dmesg | grep -E "$2 $1" || fail "$2 had $1 first"
}

between() {
	{
		printf '#!/bin/sh\nset -e\nexport PATH=/usr/sbin:/usr/bin:/sbin:/bin\n'
		cat
	} >/lab/between
	chmod 755 /lab/between
}

disk_controller() {
	local link
	link=$(readlink -f "/sys/dev/block/$(mountpoint -d /)")
	printf '%s\n' "$link" | grep -oE '[0-9a-f]{4}:[0-9a-f]{2}:[0-9a-f]{2}\.[0-7]' | tail -n 1
}

# killed_write N: boot write is killed when its journal is there, N moments later; repair mends it.
killed_write() {
	local pid files k
	xlpt boot write "$dev" >/dev/null 2>&1 &
	pid=$!
	until compgen -G '/run/xlpt/journal/*' >/dev/null || ! kill -0 "$pid" 2>/dev/null; do :; done
	for ((k = 0; k < $1 * 100; k++)); do :; done
	kill -9 "$pid" 2>/dev/null || :
	wait "$pid" || :
	compgen -G '/run/xlpt/journal/*' && xlpt list 2>&1 | grep 'interrupted boot write'
	xlpt repair
	files=0
	[ ! -e "$dropin" ] || files=$((files + 1))
	[ ! -e /etc/initramfs-tools/hooks/xlpt ] || files=$((files + 1))
	[ "$files" = 0 ] || [ "$files" = 2 ] || fail "$files of the two files are there"
	! compgen -G '/etc/modprobe.d/.xlpt-*' || fail "an unfinished file is left"
	! compgen -G '/etc/initramfs-tools/hooks/.xlpt-*' || fail "an unfinished hook is left"
	! compgen -G '/run/xlpt/journal/*' || fail "a journal is left"
	note "killed at $1: $files files"
	xlpt boot remove
}

note "boot $LAB_BOOT, $(cat /proc/cmdline)"
case $LAB_BOOT in
0)
	ahci=$(disk_controller)
	note "the disk controller $ahci and dom0's own network card are refused, nothing is written"
	expect_rc 3 xlpt boot write "$ahci"
	expect_rc 3 xlpt boot write 0000:08:00.0
	expect_rc 3 xlpt boot write "$dev" "${ahci%.*}.*"
	expect_rc 1 xlpt boot write 0000:77:00.0
	expect_rc 2 xlpt boot write "($dev)(0b::00.1)"
	[ ! -e "$dropin" ] || fail "something was written"
	expect_rc 0 xlpt boot verify

	for n in 0 1 2 3 5 8; do
		killed_write $n
	done

	# As on most hosts, the initramfs has the drivers of network cards.
	echo e1000e >>/etc/initramfs-tools/modules
	expect_rc 0 xlpt boot plan "$dev"
	xlpt boot plan "$dev" | grep 'Xen runs with an IOMMU' || fail "plan does not know of the IOMMU"
	xlpt boot plan "$dev" | grep 'interrupt remapping is on' || fail "plan does not know of interrupt remapping"
	expect_rc 0 xlpt boot write "$dev"
	cat "$dropin"
	[ "$(modprobe --showconfig | grep -c "^options xen_pciback hide=($dev)$")" = 1 ] ||
		fail "modprobe does not see the list"
	modprobe -n -v --ignore-install xen_pciback || :
	expect_rc 0 xlpt boot write "$dev"
	verify 1
	verify_says 'waiting for reboot' "$dev"
	between <<-END
		update-initramfs -u -k $kernel
	END
	;;
1)
	note "hidden at boot, with its driver in the initramfs"
	verify 0
	verify_says hidden "$dev"
	[ "$(driver_of "$dev")" = pciback ] || fail "$dev is with $(driver_of "$dev")"
	[ "$(driver_of 0000:05:00.0)" = e1000e ] || fail "the driver is not there at all"
	never_claimed "$dev" e1000e
	guest_start web1 pv "pci=[\"$dev\"]"
	guest_sees web1 '8086:10d3|e1000e'
	guest_destroy web1

	note "for the next boot: the driver in the initramfs without order, as before xlpt came"
	between <<-END
		mv $dropin /etc/initramfs-tools/hooks/xlpt /root
		update-initramfs -u -k $kernel
		mv /root/xlpt.conf $dropin
		mv /root/xlpt /etc/initramfs-tools/hooks/
	END
	;;
2)
	note "lost to the driver in the initramfs"
	verify 1
	verify_says 'lost to driver e1000e' "$dev"
	grep 'has e1000e and not xen-pciback' "$kept/verify" || fail "verify does not name the initramfs"
	[ "$(driver_of "$dev")" = e1000e ] || fail "$dev is with $(driver_of "$dev")"
	note "for the next boot: order again, and an address where nothing is"
	expect_rc 1 xlpt boot write 0000:77:00.0
	expect_rc 0 xlpt boot write --allow-absent 0000:77:00.0
	between <<-END
		update-initramfs -u -k $kernel
	END
	;;
3)
	verify 1
	verify_says hidden "$dev"
	verify_says absent 0000:77:00.0
	never_claimed "$dev" e1000e
	note "for the next boot: a group that the kernel cannot read, added by hand"
	sed -i 's/^options .*/&(0b::00.1)/' "$dropin"
	cat "$dropin"
	before=$(sha256sum "$dropin")
	expect_rc 2 xlpt boot write 0000:05:00.0
	[ "$(sha256sum "$dropin")" = "$before" ] || fail "a refused write wrote"
	between <<-END
		update-initramfs -u -k $kernel
	END
	;;
4)
	note "the kernel refuses the list, and so pciback"
	dmesg | grep 'Error parsing pci_devs_to_hide' || fail "the kernel took the list"
	verify 1
	verify_says 'list rejected by the kernel' "$dev"
	grep -E 'group 3, column 33' "$kept/verify" || fail "verify does not name group and column"
	expect_rc 0 xlpt boot remove
	[ ! -e "$dropin" ] || fail "remove left $dropin"

	note "for the next boot: the command line"
	# The lab's boot loader is tests/lab/run; this is its grub-mkconfig.
	mkdir -p /etc/default/grub.d
	cat >/usr/sbin/grub-mkconfig <<-'END'
		#!/bin/sh
		for f in /etc/default/grub.d/*.cfg; do . "$f"; done
		echo "$GRUB_CMDLINE_LINUX_XEN_REPLACE" >/boot/lab-words
	END
	chmod 755 /usr/sbin/grub-mkconfig
	ln -sf grub-mkconfig /usr/sbin/update-grub
	expect_rc 0 xlpt boot write --cmdline "$dev"
	cat /etc/default/grub.d/xlpt.cfg "$dropin"
	# By hand, and without effect: the command line replaces it.
	echo 'options xen-pciback hide=(0000:05:00.0)' >/etc/modprobe.d/hand.conf
	update-grub
	between <<-END
		update-initramfs -u -k $kernel
	END
	;;
5)
	grep -F "xen-pciback.hide=($dev)" /proc/cmdline || fail "the word is not on the command line"
	verify 0
	verify_says hidden "$dev"
	never_claimed "$dev" e1000e
	verify 1 0000:05:00.0
	verify_says 'lost to driver e1000e' 0000:05:00.0
	grep 'replaces the list of /etc/modprobe.d/hand.conf' "$kept/verify" ||
		fail "verify does not say that the command line replaces modprobe.d"
	expect_rc 0 xlpt boot remove
	for left in /etc/default/grub.d/xlpt.cfg "$dropin" /etc/initramfs-tools/hooks/xlpt; do
		[ ! -e "$left" ] || fail "remove left $left"
	done
	;;
esac
