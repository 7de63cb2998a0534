#!/bin/bash
# xl-cycles - attach and detach back to back with xl, waiting only for what xenstore says
# timeout: 1200
#
# Shows which condition makes a detach safe (pci_connected in lib.sh) and that nothing else has to be
# waited for. Prints a table of milliseconds: the attach call, until connected, the detach call, until
# the backend has forgotten the device. tests/lab/run --set CYCLES=N for more or fewer (10).
# covers: -
. "$LAB/lib.sh"

cycles=${CYCLES:-10}
nic=0000:02:00.0
nvme=0000:03:00.0
resident=0000:05:00.0

forgotten() {
	[ -z "$(pci_slot "$domid" "$1")" ]
}

# cycle LABEL BDF
cycle() {
	local t0 t1 t2 t3 t4
	t0=$(now_ms)
	xl pci-attach web1 "$2" || fail "attach in round $1"
	t1=$(now_ms)
	wait_connected "$domid" "$2" || fail "connect in round $1"
	t2=$(now_ms)
	xl pci-detach web1 "$2" || fail "detach in round $1"
	t3=$(now_ms)
	wait_xs 30 "$2 to be forgotten" "/local/domain/0/backend/pci/$domid" forgotten "$2" || fail "forget in round $1"
	t4=$(now_ms)
	printf '%-16s attach %5d  connected +%5d  detach %5d  gone +%5d\n' "$1" \
		$((t1 - t0)) $((t2 - t1)) $((t3 - t2)) $((t4 - t3))
}

# rounds LABEL BDF
rounds() {
	local i
	for ((i = 1; i <= cycles; i++)); do
		cycle "$1-$i" "$2"
		if [ "$i" = 1 ]; then
			# What the first round leaves behind once (an error node, a named irq) is no leak.
			nodes=$(xs_count "/local/domain/$domid")
			irqs=$(irq_count)
		fi
	done
	note "$1: guest's xenstore nodes $nodes -> $(xs_count "/local/domain/$domid"), /proc/interrupts lines $irqs -> $(irq_count)"
}

for bdf in $nic $nvme $resident; do
	xl pci-assignable-add "$bdf"
done
guest_start web1 pv
domid=$(guest_domid web1)
note "before: xenstore nodes $(xs_count), of the guest $(xs_count "/local/domain/$domid"), /proc/interrupts lines $(irq_count)"

rounds only "$nic"
for ((i = 1; i <= cycles; i++)); do
	xl pci-attach web1 "$nic" || fail "attach in blind round $i"
	wait_connected "$domid" "$nic" || fail "connect in blind round $i"
	xl pci-detach web1 "$nic" || fail "detach in blind round $i"
done
note "$cycles rounds without looking at anything between detach and attach"
rounds nvme "$nvme"
xl pci-attach web1 "$resident"
wait_connected "$domid" "$resident"
rounds second "$nic"
xl pci-detach web1 "$resident"
wait_xs 30 "$resident to be forgotten" "/local/domain/0/backend/pci/$domid" forgotten "$resident"

note "after: xenstore nodes $(xs_count), of the guest $(xs_count "/local/domain/$domid"), /proc/interrupts lines $(irq_count)"
! grep -q -e 'BUG:' -e 'Oops' "$(guest_console web1)" || fail "the guest's kernel oopsed"
guest_destroy web1
