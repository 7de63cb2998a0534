#!/bin/bash
# libvirt - a guest of libvirt's: virsh dumpxml, xlpt status and the guest's console say the same after every step
# timeout: 5400
# machine: small
# xen: 4.20
#
# Environment: STEPS (30): how many random steps of both tools; SEED.
# covers: pv libvirt hot .0,vf.0,vf.n acs
# covers: pv libvirt booted vf.0 acs
# covers: hvm libvirt hot .0,vf.0 acs
# covers: hvm libvirt booted .0 acs
. "$LAB/lib.sh"
. "$LAB/libvirt-lib.sh"

pf=0000:01:00.0
vf=0000:01:10.0
plain=0000:01:10.2
nic=0000:02:00.0
mac=52:54:00:6d:90:31
vlan=31
mac_of[$vf]=$mac
vlan_of[$vf]=$vlan
steps=${STEPS:-30}
RANDOM=${SEED:-4711}
: "${GUEST_BOOT_SECONDS:=300}"

# agree GUEST WANTED...: all three have exactly these.
agree() {
	local guest=$1 want said
	shift
	want=$(printf '%s\n' "$@" | sed '/^$/d' | sort | tr '\n' ' ')
	said=$(listed "$guest")
	[ "$said" = "$want" ] || { virsh -c $uri dumpxml "$guest"; fail "libvirt lists \"$said\", not \"$want\""; }
	said=$(xlpts "$guest")
	[ "$said" = "$want" ] || { xlpt status; fail "xlpt says \"$said\", not \"$want\""; }
	wait_for 60 "the console of $guest to show $# devices" console_shows "$guest" $# ||
		{ guest_run "$guest" 'ls -l /sys/bus/pci/devices'; fail "$guest does not see $# devices: $(sees "$guest")"; }
	! xlpt status | grep -i "libvirt" || fail "xlpt status finds fault with libvirt's list"
}

console_shows() {
	[ $(($(sees "$1") - without)) = "$2" ]
}

# identity YES|NO: the VF has it, on the PF.
identity() {
	local line
	line=$(ip link show "$iface" | grep "vf 0 ")
	if [ "$1" = yes ]; then
		grep -q "$mac.*vlan $vlan" <<<"$line" || fail "the VF does not have its identity: $line"
	else
		! grep -q "vlan" <<<"$line" || fail "the VF keeps a VLAN: $line"
	fi
}

start_libvirtd
echo 3 >/sys/bus/pci/devices/$pf/sriov_numvfs
iface=$(ls /sys/bus/pci/devices/$pf/net)
ip link set "$iface" up
expect_rc 0 xlpt pool define lan dev=$vf
guest_config v1 pv
define v1 "$LAB_OUT/$lab_scenario/v1.cfg"
agree v1

note "attach, detach"
expect_rc 0 xlpt attach --hide v1 $nic
agree v1 $nic
expect_rc 1 virsh_attach v1 $nic
agree v1 $nic
expect_rc 0 xlpt detach v1 $nic
agree v1
expect_rc 1 virsh_detach v1 $nic
agree v1

note "a VF with an identity"
expect_rc 0 xlpt attach --hide v1 $nic
guest_mark v1
expect_rc 0 xlpt attach --hide v1 $vf,mac=$mac,vlan=$vlan
agree v1 $nic $vf
identity yes
virsh -c $uri dumpxml v1 | grep -A 3 "<interface type='hostdev'" | grep "$mac" || fail "it is no interface of libvirt's"
virsh -c $uri dumpxml v1 | grep -A 12 "<interface type='hostdev'" | grep "tag id='$vlan'" || fail "libvirt does not know the VLAN"
guest_sees v1 "GUEST net [a-z0-9]* $mac" 120 || fail "no interface of v1 has $mac"
note "libvirtd is started again: it knows the devices, and gives them back"
stop_libvirtd
start_libvirtd
agree v1 $nic $vf
expect_rc 0 xlpt detach v1 $vf
agree v1 $nic
identity no
expect_rc 0 xlpt attach v1 pool:lan,mac=$mac,vlan=$vlan
agree v1 $nic $vf
xlpt pool show lan | grep "$vf.*leased.*v1" || fail "v1 has no lease"
expect_rc 0 xlpt detach v1 $vf $nic
agree v1
identity no
xlpt pool show lan | grep "1 of 1 VFs free" || fail "the VF is not free"

note "what one tool attaches, the other one detaches"
settle
expect_rc 0 virsh_attach v1 $vf
agree v1 $vf
identity yes
xlpt pool show lan | grep "0 of 1 VFs free" || fail "the VF that virsh took is free to xlpt"
expect_rc 1 xlpt attach v1 pool:lan
expect_rc 0 xlpt detach v1 $vf
agree v1
identity no
[ "$(driver_of $vf)" = pciback ] || fail "$vf is with $(driver_of $vf)"
expect_rc 0 xlpt attach v1 $vf,mac=$mac,vlan=$vlan
expect_rc 0 xlpt attach --hide v1 $nic
expect_rc 0 virsh_detach v1 $vf
agree v1 $nic
expect_rc 0 virsh_detach v1 $nic
agree v1
# xlpt gave it without managed: who hid it gives it back.
[ "$(driver_of $nic)" = pciback ] || fail "$nic is with $(driver_of $nic)"
expect_rc 0 xlpt unhide $nic
xlpt repair
identity no

note "libvirtd stopped"
settle
expect_rc 0 xlpt attach --hide v1 $plain
stop_libvirtd
xlpt status >"$work/before"
expect_rc 3 xlpt attach --hide v1 $nic
expect_rc 3 xlpt detach v1 $plain
xlpt status >"$work/after"
cmp "$work/before" "$work/after" || fail "something has changed"
[ "$(driver_of $nic)" = e1000e ] || fail "$nic was taken from dom0"
expect_rc 0 xlpt attach --around-libvirt --hide v1 $nic
xlpt status | grep "v1 has $nic, and libvirt does not list it" || fail "xlpt status does not tell"
start_libvirtd
expect_rc 0 xlpt detach v1 $nic
expect_rc 0 xlpt detach --around-libvirt v1 $plain
xlpt status | grep "libvirt lists $plain for v1, and the guest does not have it" || fail "xlpt status does not tell"
# The line that status names. What virsh detach-device does of such a device is in docs/FINDINGS.md.
settle
expect_rc 0 xlpt attach --around-libvirt v1 $plain
expect_rc 0 xlpt detach v1 $plain
agree v1
expect_rc 3 xlpt save v1 "$work/image"
stop_libvirtd
start_libvirtd
agree v1

note "$steps random steps of both tools"
devices=("$vf" "$plain" "$nic")
declare -A has=()

# random_step N: one of both tools gives or takes one of the devices.
random_step() {
	local n=$1 bdf=${devices[RANDOM % 3]} tool=$((RANDOM % 2)) words
	words=$bdf
	[ "$bdf" != $vf ] || words=$bdf,mac=$mac,vlan=$vlan
	[ "$bdf" != $vf ] || [ $((RANDOM % 2)) = 0 ] || words=pool:lan,mac=$mac,vlan=$vlan
	if [ $((RANDOM % 8)) = 0 ]; then
		note "step $n: libvirtd is started again"
		stop_libvirtd
		start_libvirtd
	elif [ -n "${has[$bdf]-}" ] && [ $tool = 0 ]; then
		note "step $n: $bdf goes, by xlpt"
		expect_rc 0 xlpt detach v1 "$bdf"
		[ "$bdf" != $vf ] || identity no
		unset "has[$bdf]"
	elif [ -n "${has[$bdf]-}" ]; then
		note "step $n: $bdf goes, by virsh"
		expect_rc 0 virsh_detach v1 "$bdf"
		unset "has[$bdf]"
		settle
	elif [ $tool = 0 ]; then
		note "step $n: $words comes, by xlpt"
		expect_rc 0 xlpt attach --hide v1 "$words"
		has[$bdf]=yes
	else
		note "step $n: $bdf comes, by virsh"
		expect_rc 0 virsh_attach v1 "$bdf"
		has[$bdf]=yes
	fi
}

for ((n = 1; n <= steps; n++)); do
	random_step "$n"
	agree v1 "${!has[@]}"
	[ -z "${has[$vf]-}" ] || identity yes
done
virsh -c $uri destroy v1
xlpt pool release --gone
xlpt repair
identity no

note "libvirt's hook: no guest starts with what a pool has leased to another one"
mkdir -p /etc/libvirt/hooks
install -m 755 /usr/local/share/xlpt/hooks/libvirt-libxl /etc/libvirt/hooks/libxl
stop_libvirtd
start_libvirtd
guest_start x1 pv
expect_rc 0 xlpt attach --hide x1 pool:lan
has_xml yes $vf
virsh -c $uri attach-device v1 "$work/device.xml" --config || fail "the VF does not get into v1's configuration"
got=0
virsh -c $uri start v1 >"$work/refused" 2>&1 || got=$?
cat "$work/refused"
[ $got = 1 ] || fail "virsh start v1 exits with $got"
grep -q "a pool has leased it to x1" "$work/refused" || fail "libvirt does not tell why"
! xl domid v1 || fail "v1 was started"
xlpts x1 | grep -q $vf || fail "x1 has lost its VF"
expect_rc 0 xlpt detach x1 $vf
guest_destroy x1
guest_mark v1
expect_rc 0 virsh -c $uri start v1
guest_sees v1 "GUEST net [a-z0-9]* $mac" "$GUEST_BOOT_SECONDS" || fail "v1 does not have its VF"
virsh -c $uri destroy v1
rm /etc/libvirt/hooks/libxl
virsh -c $uri undefine v1

note "an HVM guest"
guest_config w1 hvm '-vga' '-nographic'
define w1 "$LAB_OUT/$lab_scenario/w1.cfg"
agree w1
expect_rc 0 xlpt attach --hide w1 $nic
agree w1 $nic
expect_rc 0 xlpt attach --hide w1 $vf,mac=$mac,vlan=$vlan
agree w1 $nic $vf
identity yes
expect_rc 0 xlpt detach w1 $nic
agree w1 $vf
expect_rc 0 virsh_detach w1 $vf
agree w1
expect_rc 0 virsh_attach w1 $vf
agree w1 $vf
expect_rc 0 xlpt detach w1 $vf
agree w1
identity no
virsh -c $uri destroy w1

note "an HVM guest that starts with a device of its own"
has_xml yes $nic
virsh -c $uri attach-device w1 "$work/device.xml" --config || fail "the NIC does not get into w1's configuration"
guest_mark w1
expect_rc 0 virsh -c $uri start w1
guest_sees w1 "GUEST ready" "$GUEST_BOOT_SECONDS" || fail "w1 does not boot"
agree w1 $nic
expect_rc 0 xlpt wait w1
expect_rc 0 xlpt detach w1 $nic
agree w1
virsh -c $uri destroy w1
virsh -c $uri undefine w1
[ -z "$(ls /run/xlpt/journal)" ] || fail "a journal was left: $(ls /run/xlpt/journal)"
xlpt repair
stop_libvirtd
rm -rf "$work"
