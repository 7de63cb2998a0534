#!/bin/bash
# vf - creating VFs, giving one a MAC address and a VLAN with attach, and everything back afterwards
# timeout: 1500
# machine: small
# witness: witness-vf
#
# The witness looks on the host at what went over igb's wire: guests' frames must be there with their tags.
# covers: pv xl hot vf.0,vf.n acs
# covers: hvm xl hot vf.0 acs
. "$LAB/lib.sh"

pf=0000:01:00.0
vf0=0000:01:10.0
vf1=0000:01:10.2
mac=52:54:00:6d:90:02
nic=$(basename /sys/bus/pci/devices/$pf/net/*)
expected=$LAB_OUT/$lab_scenario/wire
: >"$expected"

refuses() {
	local want=$1 pattern=$2 got=0 text
	shift 2
	text=$("$@" 2>&1) || got=$?
	printf '$ %s\n%s\n' "$*" "$text"
	[ "$got" = "$want" ] || fail "exit status $got, expected $want: $*"
	grep -q -- "$pattern" <<<"$text" || fail "the message does not say '$pattern'"
	grep -qE '(to mend|try): ' <<<"$text" || fail "no mending line: $*"
}

# pf_says N PATTERN: what ip, and not xlpt, reads of VF N on the PF.
pf_says() {
	ip link show "$nic" | grep -E "^ *vf $1 " >/run/lab/vf
	cat /run/lab/vf
	grep -Eq -- "$2" /run/lab/vf || fail "VF $1 does not have '$2'"
}

# guest_frames NAME MAC VLAN: the guest brings its VF up and sends; the witness looks for them.
guest_frames() {
	# shellcheck disable=SC2016 # the guest's shell expands them
	guest_run "$1" 'i=$(ls /sys/class/net | grep -v "^lo$"); ip link set $i up; n=0; while [ "$(cat /sys/class/net/$i/carrier)" != 1 ] && [ $n -lt 20 ]; do n=$((n + 1)); sleep 1; done; ip addr add 10.0.2.99/24 dev $i; ping -c 3 -W 1 10.0.2.2; ip link show $i; cat /sys/class/net/$i/statistics/tx_packets' || :
	printf '%s %s\n' "$2" "$3" >>"$expected"
}

note "creating"
xlpt vf list
refuses 1 "can have" xlpt vf create "$nic" 99
refuses 1 "no network interface" xlpt vf create nosuch0 4
refuses 1 "has no virtual functions to create" xlpt vf create 02:00.0 4
expect_rc 0 xlpt vf create "$nic" 4
[ "$(cat /sys/bus/pci/devices/$pf/sriov_numvfs)" = 4 ] || fail "not four VFs"
expect_rc 0 xlpt vf create $pf 4
expect_rc 0 xlpt vf create $pf 2
expect_rc 0 xlpt vf create --persist "$nic" 4
cat /etc/systemd/system/xlpt-vf-"$nic".service
refuses 1 "is a virtual function" xlpt vf create $vf0 2

note "setting, with the PF down"
expect_rc 0 xlpt vf set $vf1 mac=52:54:00:00:00:77 vlan=7:3 spoofchk=off trust=on
pf_says 1 "52:54:00:00:00:77.*vlan 7, qos 3, spoof checking off.*trust on"
pf_says 0 "00:00:00:00:00:00.*spoof checking on"
xlpt vf list "$nic"
xlpt --json vf list $pf | grep -q '"mac": "52:54:00:00:00:77"' || fail "not in --json"
refuses 1 "is used on $nic already" xlpt vf set $vf0 mac=52:54:00:00:00:77
refuses 1 "own" xlpt vf set $vf0 mac=52:54:00:00:00:10
refuses 1 "is not a virtual function" xlpt vf set $pf vlan=3
refuses 2 "over 4094" xlpt vf set $vf0 vlan=4095
refuses 2 "multicast" xlpt vf set $vf0 mac=01:00:5e:00:00:01
# igb knows neither: the kernel's answer is told, and what was set before it is taken back.
refuses 1 "refuses link=enable" xlpt vf set $vf0 mac=$mac link=enable
refuses 1 "refuses vlan=5:0:802.1ad" xlpt vf set $vf0 vlan=5:0:802.1ad
pf_says 0 "00:00:00:00:00:00.*spoof checking on"

note "a PV guest and the PF down: a warning, with the line that mends it"
guest_start web1 pv
ip link set "$nic" down
xlpt attach --dry-run --hide web1 "$vf0,mac=$mac" 2>/run/lab/warning
cat /run/lab/warning
grep -q "to mend: ip link set $nic up" /run/lab/warning || fail "no warning"
ip link set "$nic" up
wait_for 20 "the link of $nic" grep -q 1 "/sys/class/net/$nic/carrier"

note "the identity before the guest sees the device"
refuses 1 "is not a virtual function" xlpt attach --hide web1 02:00.0,vlan=42
guest_mark web1
expect_rc 0 xlpt attach -v --hide web1 "$vf0,mac=$mac,vlan=42"
pf_says 0 "$mac.*vlan 42, spoof checking on"
guest_sees web1 "GUEST net [a-z0-9]* $mac" 60 || {
	guest_run web1 "dmesg | tail -n 20"
	fail "the guest's interface does not have $mac"
}
guest_run web1 "ip link" | tee /run/lab/link
grep -q "link/ether $mac " /run/lab/link || fail "the guest's ip link does not show $mac"
guest_frames web1 $mac 42
xenstore-ls -f /libxl/pci

note "VFs in use are not dropped"
refuses 3 "$vf0 is with web1" xlpt vf remove "$nic"
refuses 3 "removing all of them first" xlpt vf create "$nic" 7
# What the kernel itself says, which the refusal spares the operator.
(echo 0 >/sys/bus/pci/devices/$pf/sriov_numvfs) 2>&1 || :

note "the old values after detach"
expect_rc 0 xlpt detach web1 $vf0
pf_says 0 "00:00:00:00:00:00.*spoof checking on"
if grep -q vlan /run/lab/vf; then fail "the VLAN is still there"; fi
refuses 3 "is hidden" xlpt vf remove "$nic"
guest_mark web1
expect_rc 0 xlpt attach --hide web1 "$vf1,mac=52:54:00:6d:90:03,vlan=43,spoofchk=on"
pf_says 1 "52:54:00:6d:90:03.*vlan 43, spoof checking on.*trust on"
guest_sees web1 "GUEST net [a-z0-9]* 52:54:00:6d:90:03" 60 || fail "the guest's interface has another address"
guest_frames web1 52:54:00:6d:90:03 43
expect_rc 0 xlpt detach --to-host web1 $vf1
pf_says 1 "52:54:00:00:00:77.*vlan 7, qos 3, spoof checking off.*trust on"

note "a guest that is destroyed, an xlpt that is killed"
expect_rc 0 xlpt attach web1 "$vf0,mac=$mac,vlan=42"
guest_destroy web1
pf_says 0 "$mac.*vlan 42"
expect_rc 0 xlpt repair
pf_says 0 "00:00:00:00:00:00.*spoof checking on"
guest_start web1 pv
noted() {
	xenstore-exists /libxl/pci/0000-01-10-0/xlpt-vf
}
has_mac() {
	ip link show "$nic" | grep -q "vf 0 .*$mac"
}
# Killed between remembering and setting, and between setting and the guest.
for moment in noted has_mac; do
	xlpt attach web1 "$vf0,mac=$mac,vlan=42" &
	wait_for 30 "the attach to come to $moment" $moment
	kill -9 $!
	wait $! 2>/dev/null || :
	expect_rc 0 xlpt repair
	if [ -n "$(pci_slot "$(guest_domid web1)" $vf0)" ]; then
		note "the guest had it already"
		pf_says 0 "$mac.*vlan 42"
		expect_rc 0 xlpt detach web1 $vf0
	fi
	pf_says 0 "00:00:00:00:00:00.*spoof checking on"
	if noted; then fail "the note is still there"; fi
done
guest_destroy web1

if [ "$LAB_XEN" = 4.17 ]; then
	note "SKIPPED on 4.17: an HVM guest that drives its VF"
else
	note "an HVM guest"
	guest_start win1 hvm
	guest_mark win1
	expect_rc 0 xlpt attach win1 "$vf0,mac=52:54:00:6d:90:04,vlan=44"
	pf_says 0 "52:54:00:6d:90:04.*vlan 44, spoof checking on"
	guest_sees win1 "GUEST net [a-z0-9]* 52:54:00:6d:90:04" 90 || fail "the guest's interface has another address"
	guest_run win1 "ip link" | tee /run/lab/link
	grep -q "link/ether 52:54:00:6d:90:04 " /run/lab/link || fail "the guest's ip link shows another address"
	guest_frames win1 52:54:00:6d:90:04 44
	expect_rc 0 xlpt detach win1 $vf0
	pf_says 0 "00:00:00:00:00:00.*spoof checking on"
	guest_destroy win1
fi

note "removing"
expect_rc 0 xlpt unhide $vf0
expect_rc 0 xlpt vf remove "$nic"
[ -e /etc/systemd/system/xlpt-vf-"$nic".service ] || fail "the unit went without --persist"
expect_rc 0 xlpt vf remove --persist "$nic"
[ ! -e /etc/systemd/system/xlpt-vf-"$nic".service ] || fail "the unit is still there"
[ "$(cat /sys/bus/pci/devices/$pf/sriov_numvfs)" = 0 ] || fail "there still are VFs"
[ -z "$(ls /run/xlpt/journal)" ] || fail "a journal was left: $(ls /run/xlpt/journal)"
xlpt repair | grep -q "nothing to mend" || fail "repair found something"
