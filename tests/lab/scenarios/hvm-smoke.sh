#!/bin/bash
# hvm-smoke - an HVM guest gets a device from xl while it runs, gives it back, and gets it again
# xen: 4.20
# timeout: 300
# covers: hvm xl hot .0 acs
. "$LAB/lib.sh"

bdf=0000:02:00.0
xl pci-assignable-add "$bdf"
start=$(now_ms)
guest_start web1 hvm
note "guest ready after $(($(now_ms) - start)) ms"
domid=$(guest_domid web1)
backend=/local/domain/0/backend/pci/$domid/0

for round in 1 2; do
	guest_mark web1
	start=$(now_ms)
	expect_rc 0 xl pci-attach web1 "$bdf"
	note "round $round: attach returned after $(($(now_ms) - start)) ms"
	guest_sees web1 'GUEST pci .* 8086:10d3 e1000e'
	note "round $round: the guest drives it after $(($(now_ms) - start)) ms"
	guest_sees web1 'GUEST net .* 52:54:00:00:00:20'
	guest_mark web1
	start=$(now_ms)
	expect_rc 0 xl pci-detach web1 "$bdf"
	note "round $round: detach returned after $(($(now_ms) - start)) ms"
	guest_sees web1 'GUEST gone 0000:00:0'
	wait_for 10 "the backend to be gone" xs_gone "$backend"
done
guest_destroy web1
xl pci-assignable-remove -r "$bdf"
[ "$(driver_of "$bdf")" = e1000e ] || fail "$bdf did not go back to e1000e"
