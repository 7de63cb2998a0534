#!/bin/bash
# boot - packages, GRUB, systemd: hidden at boot and verified, lost and named; VFs, pool, xendomains, capture, upgrade
# timeout: 1700
# machine: small
# reboots: 2
# covers: pv xl booted .0,vf.0 acs
# covers: pv xl hot .0 acs
. "$LAB/lib.sh"

dev=0000:02:00.0
pf=enp1s0
unit=xlpt-boot-verify.service
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

# before UNIT UNIT: the first one had done its work, or failed, when the second one began.
before() {
	local end start
	end=$(systemctl show -p StateChangeTimestampMonotonic --value "$1")
	start=$(systemctl show -p InactiveExitTimestampMonotonic --value "$2")
	note "$1 was done at $((end / 1000)) ms, $2 began at $((start / 1000)) ms"
	if [ "$end" = 0 ] || [ "$start" = 0 ] || [ "$end" -gt "$start" ]; then
		fail "$1 is not before $2"
	fi
}

: "${GUEST_BOOT_SECONDS:=300}"
export GUEST_BOOT_SECONDS

absent() {
	! xl domid "$1"
}

# all_well: nothing of Xen or xlpt has failed. On a busy host others may run out of their time.
all_well() {
	! systemctl --failed --no-legend --plain | grep -E '^(xen|xlpt)' || fail "something has failed"
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
	grep -q "root=UUID=" /proc/cmdline || fail "this was not started by GRUB's own entry"
	pgrep -a oxenstored || fail "oxenstored does not run"
	[ "$(cat /sys/module/apparmor/parameters/enabled)" = Y ] || fail "AppArmor is off"
	all_well
	dpkg -V xlpt xlpt-"$LAB_XEN"
	command -v xlpt | grep -x /usr/sbin/xlpt || fail "xlpt is $(command -v xlpt)"
	[ "$(systemctl is-active $unit)" = active ] || fail "$unit did not run"
	before xen.service $unit
	before $unit xendomains.service
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
	between <<-END
		update-initramfs -u -k all
		update-grub
	END
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
	vf=$(xlpt list --guest web4 -o device | grep -oE '0000:01:10\.[0-7]') || fail "web4 has no VF"
	[ -e "/var/lib/xlpt/leases/$vf" ] || fail "web4 has $vf without a lease"
	wait_for "$GUEST_BOOT_SECONDS" "web4 to have $vf" pci_connected "$(xl domid web4)" "$vf" || fail "web4 does not have it"
	rm /etc/xen/auto/web4.cfg
	xl destroy web4
	wait_for 20 "the lease of $vf to be gone" test ! -e "/var/lib/xlpt/leases/$vf" || fail "the lease is still there"

	note "the pool has its VFs"
	xlpt pool show lan
	[ "$(cat /sys/class/net/$pf/device/sriov_numvfs)" = 4 ] || fail "the VFs are not there"
	mkdir -p "$LAB_OUT/$lab_scenario"
	sed -e 's/web1/web2/; s/^pci=.*/pci=["pool:lan"]/' /etc/xen/auto/web1.cfg >/root/web2.cfg
	expect_rc 0 xlpt start /root/web2.cfg
	vf=$(xlpt list --guest web2 -o device | grep -oE '0000:01:10\.[0-7]')
	[ -e "/var/lib/xlpt/leases/$vf" ] || fail "web2 has $vf without a lease"
	domid=$(xl domid web2)

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
	# The backend's directory goes last; then the kernel tells udev.
	(
		wait_xs 60 "the backend of web2 to be gone" /local/domain/0/backend \
			xs_gone "/local/domain/0/backend/pci/$domid"
		now_ms
	) >"$kept/gone" &
	watching=$!
	start=$(now_ms)
	xl destroy web2
	wait_for 20 "the lease of $vf to be gone" test ! -e "/var/lib/xlpt/leases/$vf" || fail "the lease is still there"
	back=$(now_ms)
	wait $watching || fail "the backend is still there"
	after=$((back - $(tail -n 1 "$kept/gone")))
	note "BENCH lease back $((back - start)) ms after xl destroy was called, $after ms after the backend was gone"
	# The machine has one emulated processor, and udev, the kernel and xlpt share it with all others.
	[ $after -lt 3000 ] || fail "the lease came back after $after ms"

	note "a guest that ends by itself gives its VF back, too, and the next one can have it"
	expect_rc 0 xlpt start /root/web2.cfg
	vf=$(xlpt list --guest web2 -o device | grep -oE '0000:01:10\.[0-7]')
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

	note "a guest with a device while the package is upgraded"
	guest_start web1 pv
	expect_rc 0 xlpt attach web1 --hide "$dev"
	domid=$(xl domid web1)
	mkdir -p /root/newer
	for deb in /lab/debs/*.deb; do
		rm -rf /root/tree
		dpkg-deb -R "$deb" /root/tree
		sed -i 's/^Version: \(.*\)/Version: \1+1/; s/(= \([^)]*\))/(= \1+1)/' /root/tree/DEBIAN/control
		dpkg-deb -Znone -b /root/tree "/root/newer/$(basename "$deb")" >/dev/null
	done
	dpkg -i /root/newer/*.deb
	dpkg -V xlpt xlpt-"$LAB_XEN"
	pci_connected "$domid" "$dev" || fail "web1 has lost its device"
	[ "$(xl domid web1)" = "$domid" ] || fail "web1 is another domain"
	expect_rc 0 xlpt detach web1 "$dev"
	expect_rc 0 xlpt attach web1 "$dev"

	note "remove: the guard goes, devices stay where they are"
	apt-get remove -y xlpt xlpt-"$LAB_XEN"
	[ ! -L /usr/local/sbin/xl ] || fail "the guard's link is left"
	! grep -r 'xlpt/guard' /etc || fail "something of the guard is left"
	pci_connected "$domid" "$dev" || fail "web1 has lost its device"
	hash -r
	[ "$(command -v xl)" = /usr/sbin/xl ] || fail "xl is $(command -v xl)"
	xl list
	[ -e /etc/modprobe.d/xlpt.conf ] || fail "boot-time hiding is gone"

	note "purge: no file is left, devices stay hidden"
	apt-get purge -y xlpt xlpt-"$LAB_XEN"
	pci_connected "$domid" "$dev" || fail "web1 has lost its device"
	[ "$(driver_of $dev)" = pciback ] || fail "$dev is with $(driver_of $dev)"
	left=$(find / -xdev -path /lab -prune -o -path /root -prune -o -path /proc -prune -o -path /var/log -prune -o \
		-iname '*xlpt*' -print; find /run -path /run/systemd -prune -o -iname '*xlpt*' -print)
	[ -z "$left" ] || fail "purge leaves $left"
	! systemctl list-unit-files --no-legend 'xlpt*' | grep . || fail "a unit is left"
	;;
esac
