#!/bin/bash
# smoke - Xen, dom0, every device, a PV guest, and plain xl giving it a device and taking it back
# timeout: 150
# covers: pv xl hot .0 acs
# next: PV, by xl
. "$LAB/lib.sh"

xl info
xl info | grep -Eq '^virt_caps.*hvm_directio' || fail "no hvm_directio"
xl info | grep -Eq '^virt_caps.*pv_directio' || fail "no pv_directio"

for bdf in 01:00.0 02:00.0 03:00.0 04:00.0 04:00.1 05:00.0 06:00.0 07:01.0 07:02.0 07:03.0 08:00.0; do
	[ -e "/sys/bus/pci/devices/0000:$bdf" ] || fail "device $bdf is missing"
	note "$bdf $(driver_of "0000:$bdf")"
done

bdf=0000:02:00.0
xl pci-assignable-add "$bdf"
[ "$(driver_of "$bdf")" = pciback ] || fail "$bdf is not hidden"

guest_start web1 pv
domid=$(guest_domid web1)
frontend=/local/domain/$domid/device/pci/0
backend=/local/domain/0/backend/pci/$domid/0
[ "$(guest_run web1 'echo hello; exit 3' || echo "status $?")" = "hello
status 3" ] || fail "the guest does not run commands"

expect_rc 0 xl pci-attach web1 "$bdf"
note "right after attach: frontend $(xs "$frontend/state"), backend $(xs "$backend/state")"
guest_sees web1 'GUEST pci 0000:00:00.0 8086:10d3 e1000e'
guest_sees web1 'GUEST net eth0 52:54:00:00:00:20'
wait_for 20 "the frontend to be connected" xs_is "$frontend/state" 4

guest_mark web1
! guest_log_has web1 'GUEST ready' || fail "what the guest said before guest_mark counts, too"
expect_rc 0 xl pci-detach web1 "$bdf"
guest_sees web1 'GUEST gone 0000:00:00.0'
wait_for 10 "the backend to be gone" xs_gone "$backend"
guest_destroy web1
xl pci-assignable-remove -r "$bdf"
[ "$(driver_of "$bdf")" = e1000e ] || fail "$bdf did not go back to e1000e"
