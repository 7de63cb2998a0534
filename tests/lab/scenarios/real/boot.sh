#!/bin/bash
# boot - packages, GRUB, systemd: hidden at boot and verified, lost and named; VFs, pool, xendomains, capture
# timeout: 1700
# machine: small
# reboots: 2
#
# Environment: INSIDE=yes lets the first initramfs and grub.cfg be made in the machine itself, as on a host; it takes some
# minutes there, and is otherwise done between the boots.
# covers: pv xl booted .0,vf.0 acs
# covers: hvm xl booted,hot .0 acs 4.20
. "$LAB/lib.sh"
. "$LAB/real-lib.sh"

dev=0000:02:00.0
pf=enp1s0
kept=/root/boot-scenario
mkdir -p "$kept" /etc/xen/auto

between() {
	{
		printf '#!/bin/sh\nset -e\n'
		cat
	} >/lab/between
	chmod 755 /lab/between
}

# auto NAME LINE...: xendomains starts that guest at boot.
auto() {
	local name=$1
	shift
	printf '%s\n' "name=\"$name\"" 'type="pv"' memory=192 vcpus=1 'kernel="/lab/guest/vmlinuz"' \
		'ramdisk="/lab/guest/initrd"' 'cmdline="console=hvc0 loglevel=6"' e820_host=1 \
		'passthrough="enabled"' "$@" >"/etc/xen/auto/$name.cfg"
}

# reading DIRECTORY [OPTION...]: what each reading command says goes to a file below DIRECTORY, its exit status last.
reading() {
	local dir=$1 n=0 line got
	shift
	mkdir -p "$dir"
	while read -r line; do
		got=0
		# shellcheck disable=SC2086 # a line is words
		xlpt "$@" $line >"$dir/$n" 2>&1 </dev/null || got=$?
		printf 'xlpt %s: exit %s\n' "$line" $got >>"$dir/$n"
		n=$((n + 1))
	done <<-END
		list
		list --all --json
		show $dev
		show --json $vf
		topology --json
		status
		status --json
		boot verify
		pin list
		pool show lan
		reset --list $dev $vf
	END
}

# reads_alike: of the capture, every reading command says what it said of the host when that was made.
reads_alike() {
	rm -rf "$kept/read"
	reading "$kept/read" --sysroot "$kept/tree"
	diff -r "$kept/live" "$kept/read" || fail "a reading command says something else of the capture"
	tail -qn 1 "$kept"/read/*
}

note "boot $LAB_BOOT, $(cat /proc/cmdline)"
note "system $(cat /run/lab/system-state), $(systemd-analyze | head -n 1)"
systemctl --failed --no-pager || :
journalctl -b -u $unit --no-pager || :
case $LAB_BOOT in
0)
	started_as_people_do
	xlpt list

	note "hidden at the next boot, by the hooks of initramfs-tools and GRUB"
	expect_rc 0 xlpt boot plan "$dev"
	xlpt boot plan "$dev" | grep 'Xen runs with an IOMMU' || fail "plan does not know of the IOMMU"
	expect_rc 0 xlpt boot write "$dev"
	expect_rc 1 xlpt boot verify
	note "VFs at every boot, and a pool of them; guests that start by themselves; the guard"
	expect_rc 0 xlpt vf create --persist $pf 4
	cat /etc/systemd/system/xlpt-vf-$pf.service
	grep -x "ExecStart=/usr/sbin/xlpt vf create $pf 4" /etc/systemd/system/xlpt-vf-$pf.service ||
		fail "the unit does not run the command that a user runs"
	expect_rc 0 xlpt pool define lan pf=$pf
	expect_rc 0 xlpt guard install
	xlpt guard status
	auto web1 "pci=[\"$dev\"]"
	auto web3
	auto web4 'pci=["pool:lan"]'
	if [ "${INSIDE:-}" = yes ]; then
		start=$(now_ms)
		update-initramfs -u -k all
		update-grub
		note "BENCH initramfs and grub.cfg made inside: $(($(now_ms) - start)) ms"
	else
		between <<-END
			update-initramfs -u -k all
			update-grub
		END
	fi
	;;
1)
	note "hidden, and everything is green"
	all_well
	[ "$(systemctl is-active $unit)" = active ] || fail "$unit is $(systemctl is-active $unit)"
	journalctl -b -u $unit --no-pager | grep "$dev *hidden" || fail "$unit does not name the device"
	journalctl -b -k --no-pager | grep "pciback $dev: .*seizing device" || fail "pciback did not seize it"
	before xen.service $unit
	before xen.service xlpt-vf-$pf.service
	before xlpt-vf-$pf.service xendomains.service
	before $unit xendomains.service

	note "xendomains has started all guests; web1 has its device"
	wait_for "$GUEST_BOOT_SECONDS" "web1 to have its device" pci_connected "$(xl domid web1)" "$dev" || fail "web1 does not have it"
	xl list
	xlpt status
	got=0
	xl save web1 /root/web1.img || got=$?
	[ "$got" = 3 ] || fail "xl save web1 exits with $got, the guard says 3"

	note "web4 has a VF out of the pool, by xl create under the guard"
	vf=$(vf_of web4)
	wait_for "$GUEST_BOOT_SECONDS" "web4 to have $vf" pci_connected "$(xl domid web4)" "$vf" || fail "web4 does not have it"
	rm /etc/xen/auto/web4.cfg
	xl destroy web4
	wait_for 120 "the lease of $vf to be gone" test ! -e "/var/lib/xlpt/leases/$vf" || fail "the lease is still there"

	note "the pool has its VFs"
	xlpt pool show lan
	[ "$(cat /sys/class/net/$pf/device/sriov_numvfs)" = 4 ] || fail "the VFs are not there"
	mkdir -p "$LAB_OUT/$lab_scenario"
	sed -e 's/web1/web2/; s/^pci=.*/pci=["pool:lan"]/' /etc/xen/auto/web1.cfg >/root/web2.cfg
	expect_rc 0 xlpt start /root/web2.cfg
	vf=$(vf_of web2)

	note "a capture says what the host says"
	rm -rf "$kept/tree" "$kept/live" "$kept/host.tar.gz"
	mkdir -p "$kept/tree"
	start=$(now_ms)
	expect_rc 0 xlpt capture -o "$kept/host.tar.gz"
	note "BENCH capture $(($(now_ms) - start)) ms, $(stat -c %s "$kept/host.tar.gz") bytes"
	tar -C "$kept/tree" --strip-components=1 -xzf "$kept/host.tar.gz"
	cat "$kept/tree/xlpt-capture/left-out"
	reading "$kept/live"
	echo "$vf" >"$kept/vf"
	reads_alike

	note "udev gives the lease back within a second after the guest is destroyed"
	udev_gives_back web2 "$vf"

	note "a guest that ends by itself gives its VF back, too, and the next one can have it"
	expect_rc 0 xlpt start /root/web2.cfg
	vf=$(vf_of web2)
	wait_for "$GUEST_BOOT_SECONDS" "web2 to have $vf" pci_connected "$(xl domid web2)" "$vf" || fail "web2 does not have it"
	xl shutdown web2
	wait_for 120 "web2 to be gone" absent web2 || fail "web2 does not go"
	expect_rc 0 xlpt pool release --gone
	[ ! -e "/var/lib/xlpt/leases/$vf" ] || fail "the lease is still there"
	xlpt pool show lan
	xlpt status
	# One that was started from a unit (lab.service) that leaves xl's process alone when it is stopped.
	expect_rc 0 xlpt start /root/web2.cfg
	date +%s >"$kept/down"

	note "for the next boot: the driver in the initramfs without order; guests stay down"
	between <<-END
		mkdir -p /root/aside
		mv /etc/modprobe.d/xlpt.conf /etc/initramfs-tools/hooks/xlpt /root/aside
		echo e1000e >>/etc/initramfs-tools/modules
		update-initramfs -u -k all
		mv /root/aside/xlpt.conf /etc/modprobe.d/
		mv /root/aside/xlpt /etc/initramfs-tools/hooks/
		rm -f /etc/xen/auto/web1.cfg
	END
	;;
2)
	note "how the machine went down: xendomains and the guard"
	journalctl -b -1 -u xendomains.service --no-pager | tail -n 40
	journalctl -b -1 --no-pager | grep -q "web1 holds a PCI device and cannot be saved with it" ||
		fail "the guard has not kept web1 from being saved"
	[ ! -e /var/lib/xen/save/web1 ] || fail "web1 was saved"
	stopped=$(journalctl -b -1 -o short-unix --no-pager | grep -oE '^[0-9]+' | tail -n 1)
	down=$((stopped - $(cat "$kept/down")))
	note "BENCH down $down s after the scenario's end"
	[ $down -lt 240 ] || fail "xendomains has waited for a guest in vain"

	note "lost, and systemd says so"
	[ "$(cat /run/lab/system-state)" = degraded ] || fail "the system is $(cat /run/lab/system-state)"
	systemctl --failed --no-legend --plain | grep "^$unit" || fail "$unit is not listed"
	journalctl -b -u $unit --no-pager | grep "$dev *lost to driver e1000e" || fail "the journal does not name the device"
	journalctl -b -u $unit --no-pager | grep "to mend: " || fail "the journal has no mending line"
	before $unit xendomains.service
	[ "$(driver_of $dev)" = e1000e ] || fail "$dev is with $(driver_of $dev)"

	note "the capture still says what the host was in the boot before"
	vf=$(cat "$kept/vf")
	reads_alike

	note "web3 was saved and is restored"
	xl list
	xl domid web3 >/dev/null || fail "web3 is not there"

	# 64-bit Linux does not boot as HVM on 4.17 here.
	if [ "$LAB_XEN" != 4.17 ]; then
		note "an HVM guest starts with the device, loses it, and gets it again"
		guest_config win1 hvm "pci=[\"$dev\"]"
		guest_mark win1
		expect_rc 0 xlpt start --hide --timeout 600 "$LAB_OUT/$lab_scenario/win1.cfg"
		guest_ready win1
		guest_sees win1 'GUEST net .* 52:54:00:00:00:20' 300 || fail "win1 does not show its card"
		guest_mark win1
		expect_rc 0 xlpt detach --timeout 120 win1 $dev
		guest_sees win1 'GUEST gone' || fail "win1 still shows its card"
		guest_mark win1
		expect_rc 0 xlpt attach --timeout 120 win1 $dev
		guest_sees win1 'GUEST net .* 52:54:00:00:00:20' 300 || fail "win1 does not show its card again"
		guest_destroy win1
	fi
	;;
esac
