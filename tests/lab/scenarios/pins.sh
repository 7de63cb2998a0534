#!/bin/bash
# pins - pins find their devices when every bus is numbered anew, and refuse a card that was swapped
# timeout: 600
# machine: pins pins-shifted pins-swapped
# reboots: 2
# covers: pv xl hot .0 acs
. "$LAB/lib.sh"

kept=/root/pins-scenario
kernel=$(uname -r)

# says STATUS PATTERN COMMAND...: it exits so and says so.
says() {
	local want=$1 pattern=$2 got=0 text
	shift 2
	text=$("$@" 2>&1) || got=$?
	printf '$ %s\n%s\n' "$*" "$text"
	[ "$got" = "$want" ] || fail "exit status $got, expected $want: $*"
	grep -q -- "$pattern" <<<"$text" || fail "it does not say '$pattern'"
	[ "$want" = 0 ] || grep -qE '(to mend|try): ' <<<"$text" || fail "no mending line: $*"
}

# Between scenarios the lab takes xlpt's state away; here the boots are one story.
keep() {
	rm -rf $kept
	mkdir -p $kept
	cp -a /var/lib/xlpt $kept/
	{
		printf '#!/bin/sh\nset -e\nexport PATH=/usr/sbin:/usr/bin:/sbin:/bin\n'
		printf 'update-initramfs -u -k %s\n' "$kernel"
		printf 'rm -rf /var/lib/xlpt\ncp -a %s/xlpt /var/lib/xlpt\n' $kept
	} >/lab/between
	chmod 755 /lab/between
}

igb_vf() {
	echo 2 >"/sys/bus/pci/devices/$1/sriov_numvfs"
	basename "$(readlink -f "/sys/bus/pci/devices/$1/virtfn1")"
}

note "boot $LAB_BOOT"
lspci
case $LAB_BOOT in
0)
	vf=$(igb_vf 0000:03:00.0)
	says 0 "pin:nic0 is 0000:01:00.0" xlpt pin nic0 01:00.0
	says 0 "serial number none" xlpt pin disk0 02:00.0
	says 0 "pin:vf1 is $vf" xlpt pin vf1 "$vf"
	says 2 "is an address, never a name" xlpt pin 01:00.0 01:00.0
	says 1 "already" xlpt pin nic0 02:00.0
	xlpt pin list
	xlpt pin show nic0
	says 0 "hidden (its driver was e1000e)" xlpt hide pin:nic0
	says 0 "back with" xlpt unhide pin:nic0
	expect_rc 0 xlpt boot write pin:nic0 pin:disk0
	cat /etc/modprobe.d/xlpt.conf /var/lib/xlpt/pins/*
	keep
	;;
1)
	vf=$(igb_vf 0000:04:00.0)
	note "all buses are one further"
	says 0 "pin:nic0 is 0000:02:00.0 now; it was 0000:01:00.0 when it was pinned" xlpt show pin:nic0
	says 0 "pin:vf1 is $vf now" xlpt show pin:vf1
	says 0 moved xlpt pin list
	says 1 "pin:nic0 is 0000:02:00.0 now, and the list has 0000:01:00.0" xlpt boot verify
	says 1 "pin:disk0 is 0000:03:00.0 now" xlpt boot verify
	guest_start web1 pv
	says 0 "0000:03:00.0 is attached to web1" xlpt attach web1 pin:disk0,seize=1
	says 0 "is detached from web1" xlpt detach web1 pin:disk0 --to-host
	says 0 "$vf is attached to web1" xlpt attach web1 --hide pin:vf1 --allow-split pin:vf1
	says 0 "is detached from web1" xlpt detach web1 pin:vf1 --to-host
	guest_destroy web1
	expect_rc 0 xlpt boot write
	cat /etc/modprobe.d/xlpt.conf
	grep -F 'hide=(0000:02:00.0)(0000:03:00.0)' /etc/modprobe.d/xlpt.conf ||
		grep -F 'hide=(0000:03:00.0)(0000:02:00.0)' /etc/modprobe.d/xlpt.conf ||
		fail "the list was not derived anew"
	keep
	;;
2)
	note "another card of the same kind in the place of nic0"
	says 3 "its serial number is" xlpt hide pin:nic0
	says 3 "is another device than the pinned one" xlpt unhide pin:nic0
	guest_start web1 pv
	says 3 "its serial number is" xlpt attach web1 pin:nic0
	says 1 "another device" xlpt boot verify
	says 3 "its serial number is" xlpt boot write
	says 0 "refused" xlpt pin list
	note "the other pin is what it was, hidden at boot"
	[ "$(driver_of 0000:03:00.0)" = pciback ] || fail "nvme was not hidden at boot"
	xlpt boot verify pin:disk0 || fail "pin:disk0 is not hidden"
	says 0 "0000:03:00.0 is attached to web1" xlpt attach web1 pin:disk0
	says 0 "is detached from web1" xlpt detach web1 pin:disk0
	guest_destroy web1
	note "the new card is accepted by hand"
	says 0 "pin:nic0 is 0000:02:00.0" xlpt pin --replace nic0 02:00.0
	says 0 "in place" xlpt pin list
	expect_rc 0 xlpt boot verify
	says 1 "hidden at boot" xlpt pin remove nic0
	expect_rc 0 xlpt boot remove
	says 0 "no more" xlpt pin remove nic0
	;;
esac
