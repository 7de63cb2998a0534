#!/bin/bash
# vf-driver - VFs that no driver of dom0 may have, xen-pciback unloaded, vf create killed between its writes
# timeout: 1200
# machine: small
# covers: pv xl hot vf.n acs
# covers: pv xl booted vf.0 acs
. "$LAB/lib.sh"

pf=0000:01:00.0
vf0=0000:01:10.0
vf1=0000:01:10.2
card=0000:02:00.0
sys=/sys/bus/pci/devices
nic=$(basename $sys/$pf/net/*)

driver() {
	basename "$(readlink "$sys/$1/driver" || echo none)"
}

driver_is() {
	[ "$(driver "$1")" = "$2" ] || fail "$1 is with $(driver "$1"), not $2"
}

override_is() {
	[ "$(cat "$sys/$1/driver_override")" = "$2" ] || fail "$1: $(cat "$sys/$1/driver_override"), not $2"
}

refuses() {
	local want=$1 pattern=$2 got=0 text
	shift 2
	text=$("$@" 2>&1) || got=$?
	printf '$ %s\n%s\n' "$*" "$text"
	[ "$got" = "$want" ] || fail "exit status $got, expected $want: $*"
	grep -q -- "$pattern" <<<"$text" || fail "the message does not say '$pattern'"
	grep -qE '(to mend|try): ' <<<"$text" || fail "no mending line: $*"
}

note "what the kernel does with sriov_drivers_autoprobe 0"
modprobe igbvf || note "this dom0 has no igbvf"
echo 0 >$sys/$pf/sriov_drivers_autoprobe
expect_rc 0 xlpt vf create $pf 3
driver_is $vf0 none
if xl pci-assignable-add $vf0; then fail "xl could hide it: the kernel has changed"; fi
xl pci-assignable-remove $vf0 || :
expect_rc 0 xlpt hide $vf0
driver_is $vf0 pciback
override_is $vf0 '(null)'
expect_rc 0 xlpt unhide $vf0
driver_is $vf0 none

note "a driver of dom0, and none"
expect_rc 0 xlpt vf create --driver "$nic" 4
[ "$(cat $sys/$pf/sriov_drivers_autoprobe)" = 1 ] || fail "still kept from drivers"
was=$(driver $vf0)
note "new VFs are with: $was"
if [ "$was" = igbvf ]; then
	vfnic=$(basename $sys/$vf0/net/*)
	ip link set "$vfnic" up
	refuses 3 "is $vfnic, which is up" xlpt vf create --no-driver "$nic" 4
	ip link set "$vfnic" down
fi
expect_rc 0 xlpt vf create --persist --no-driver "$nic" 4
grep 'vf create --no-driver' /etc/systemd/system/xlpt-vf-"$nic".service || fail "the unit forgets it"
for vf in $vf0 $vf1; do driver_is "$vf" none; done
[ "$(cat $sys/$pf/sriov_drivers_autoprobe)" = 0 ] || fail "not kept from drivers"

note "guests have them all the same"
guest_start web1 pv
expect_rc 0 xlpt attach --hide web1 $vf1,mac=52:54:00:6d:90:03
expect_rc 0 xlpt detach --to-host web1 $vf1
driver_is $vf1 none
guest_destroy web1

note "an administrator's own override"
echo vfio-pci >$sys/$vf0/driver_override
expect_rc 0 xlpt hide $vf0
driver_is $vf0 pciback
override_is $vf0 vfio-pci
expect_rc 0 xlpt unhide $vf0
override_is $vf0 vfio-pci
echo >$sys/$vf0/driver_override

note "without xen-pciback"
was=$(driver $card)
modprobe -r xen-pciback
[ ! -e /sys/bus/pci/drivers/pciback ] || fail "it is still loaded"
xlpt hide --dry-run $card >/run/lab/plan
cat /run/lab/plan
grep -q 'would load the module xen-pciback' /run/lab/plan || fail "the plan does not say it"
[ ! -e /sys/bus/pci/drivers/pciback ] || fail "a dry run loaded it"
expect_rc 0 xlpt hide $card
driver_is $card pciback
expect_rc 0 xlpt unhide $card
driver_is $card "$was"
modprobe -r xen-pciback
expect_rc 0 xlpt pool define lan pf=$pf
printf '%s\n' 'name="web2"' 'type="pv"' 'memory=256' 'vcpus=1' 'kernel="/lab/guest/vmlinuz"' \
	'ramdisk="/lab/guest/initrd"' 'cmdline="console=hvc0 loglevel=6"' 'passthrough="enabled"' \
	'e820_host=1' "pci = [ 'pool:lan' ]" >/run/lab/web2.cfg
expect_rc 0 xlpt start /run/lab/web2.cfg
expect_rc 0 xlpt detach --to-host web2 $vf0
guest_destroy web2
expect_rc 0 xlpt pool undefine lan
expect_rc 0 xlpt vf create --driver "$nic" 4
for i in 0 1 2 3; do
	vf=0000:01:10.$((2 * i))
	[ "$(driver $vf)" != igbvf ] || ip link set "$(basename $sys/$vf/net/*)" down
done

note "killed between its writes"
# identities: what the PF says of its VFs, as ip reads it.
identities() {
	ip link show "$nic" | grep -E '^ *vf [0-9]'
}
expect_rc 0 xlpt vf create "$nic" 2
expect_rc 0 xlpt vf set $vf0 mac=52:54:00:6d:90:07 vlan=9 spoofchk=off
expect_rc 0 xlpt vf set $vf1 mac=52:54:00:6d:90:08 vlan=10:3 trust=on
identities | tee /run/lab/before
none_left() { [ "$(cat $sys/$pf/sriov_numvfs)" = 0 ]; }
some_again() { [ "$(cat $sys/$pf/sriov_numvfs)" = 5 ]; }
begun() { grep -qs "$1" /run/xlpt/journal/*; }
for moment in "begun remove" none_left "begun create" some_again "begun give"; do
	xlpt vf create "$nic" 5 &
	pid=$!
	# It is over before a shell has looked often: a busy loop on purpose, and short.
	for ((i = 0; i < 2000; i++)); do
		$moment && break
		[ -d /proc/$pid ] || break
	done
	kill -9 $pid 2>/dev/null || note "$moment: it had ended"
	wait $pid 2>/dev/null || :
	ls /run/xlpt/journal
	xlpt list >/dev/null 2>/run/lab/said || fail "list"
	if [ -n "$(ls /run/xlpt/journal)" ]; then
		cat /run/lab/said
		grep -q 'xlpt repair mends it' /run/lab/said || fail "$moment: nobody names it"
	fi
	expect_rc 0 xlpt repair
	identities | tee /run/lab/now
	# Two VFs as before, or five of which the first two are as before.
	head -n 2 /run/lab/now | diff /run/lab/before - || fail "$moment: identities are lost"
	n=$(wc -l </run/lab/now)
	[ "$n" = 2 ] || [ "$n" = 5 ] || fail "$moment: $n VFs"
	note "$moment: $n VFs after repair"
	expect_rc 0 xlpt vf create "$nic" 2
	identities | diff /run/lab/before - || fail "$moment: not as before"
done
expect_rc 0 xlpt vf remove --persist "$nic"
[ -z "$(ls /run/xlpt/journal)" ] || fail "a journal is left"
