#!/bin/bash
# bench - time from command to a connected frontend, xlpt beside xl; four devices in one command
# timeout: 1200
#
# pcifront probes the guest's driver before it says Connected, so that state is when the driver has the
# device. xlpt returns then; after xl that state is polled for. Environment: ROUNDS (20).
# covers: pv xl hot .0 acs
. "$LAB/lib.sh"

rounds=${ROUNDS:-20}
nic=0000:02:00.0
four="0000:02:00.0 0000:03:00.0 0000:04:00.0 0000:05:00.0"

median() {
	sort -n | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : int((v[NR / 2] + v[NR / 2 + 1]) / 2) }'
}

guest_start web1 pv
guest_run web1 'echo 3000000 >/tmp/pause'
domid=$(guest_domid web1)
# 04:00.1 goes with 04:00.0: dom0 must not use it meanwhile.
# shellcheck disable=SC2086 # a list
xlpt hide $four 0000:04:00.1
: >/run/lab/xlpt-ms
: >/run/lab/xl-ms
for ((i = 1; i <= rounds; i++)); do
	t0=$(now_ms)
	xlpt attach web1 $nic >/dev/null
	t1=$(now_ms)
	echo $((t1 - t0)) >>/run/lab/xlpt-ms
	xlpt detach web1 $nic >/dev/null
	t0=$(now_ms)
	xl pci-attach web1 $nic
	wait_connected "$domid" $nic
	t1=$(now_ms)
	echo $((t1 - t0)) >>/run/lab/xl-ms
	xlpt detach web1 $nic >/dev/null
done
ours=$(median </run/lab/xlpt-ms)
theirs=$(median </run/lab/xl-ms)
note "BENCH Xen $LAB_XEN, one device, median of $rounds: xlpt attach $ours ms, xl pci-attach and waiting $theirs ms, ratio $((ours * 100 / theirs)) %"

for name in xlpt-four xl-four xl-four-waited; do
	: >/run/lab/$name
done
for ((i = 1; i <= (rounds + 3) / 4; i++)); do
	t0=$(now_ms)
	# shellcheck disable=SC2086
	xlpt attach web1 $four
	echo $(($(now_ms) - t0)) >>/run/lab/xlpt-four
	# shellcheck disable=SC2086
	xlpt detach web1 $four
	t0=$(now_ms)
	for bdf in $four; do
		xl pci-attach web1 "$bdf"
	done
	echo $(($(now_ms) - t0)) >>/run/lab/xl-four
	wait_connected "$domid" 0000:05:00.0
	echo $(($(now_ms) - t0)) >>/run/lab/xl-four-waited
	# shellcheck disable=SC2086
	xlpt detach web1 $four
done
note "BENCH Xen $LAB_XEN, four devices, median of $((i - 1)): one xlpt attach, all verified, $(median </run/lab/xlpt-four) ms; four xl pci-attach calls, not waited for, $(median </run/lab/xl-four) ms, until the guest has the last $(median </run/lab/xl-four-waited) ms"
# shellcheck disable=SC2086
xlpt unhide $four 0000:04:00.1
