#!/bin/bash
# demo - what a person sees: hide, attach, the guest's own console, status, detach, unhide
# timeout: 400
# covers: pv xl hot .0 acs
. "$LAB/lib.sh"

nic=0000:02:00.0

run() {
	printf '\n# %s\n' "$*"
	"$@" || fail "$*"
}

note "a real Xen: $(xl info | sed -n 's/^xen_version *: *//p'), dom0 kernel $(uname -r)"
run xlpt list
note "starting a PV guest, web1"
guest_start web1 pv
run xlpt hide $nic
guest_mark web1
run xlpt attach web1 $nic
guest_sees web1 "GUEST pci .*8086:10d3 e1000e" || fail "the guest does not show the card"
guest_sees web1 "GUEST net " || fail "the guest has no interface"
note "the guest's own console:"
guest_said web1 | grep 'GUEST \(pci\|net\)'
run xlpt status web1
guest_mark web1
run xlpt detach web1 $nic
guest_sees web1 "GUEST gone" || fail "the guest still shows the card"
note "the guest's own console:"
guest_said web1 | grep 'GUEST gone'
run xlpt unhide $nic
