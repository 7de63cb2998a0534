#!/bin/bash
# cycles - 100 attach/detach cycles back to back with xlpt, then the same with xl, and the two counts
# timeout: 2400
#
# Environment: CYCLES (100), XL_CYCLES (2; each failing one costs xl some 20 s).
# covers: pv xl hot .0 acs
. "$LAB/lib.sh"

nic=0000:02:00.0
cycles=${CYCLES:-100}
xl_cycles=${XL_CYCLES:-2}

guest_start web1 pv
guest_run web1 'echo 3000000 >/tmp/pause'
domid=$(guest_domid web1)
xlpt hide $nic
# What one round leaves for good: libxl keeps the guest's directory for PCI devices, the guest its
# error node (lab: "22 freeing event channel"), xlpt its note of the interrupt line, once and not once a round.
left_once='^/(local/domain/[0-9]+/(device|error)(/.*)?|libxl/[0-9]+/(device|xlpt-had-line)(/.*)?|local/domain/0/(backend/pci|error)(/.*)?)$'
xs_paths() { xenstore-ls -f / | sed 's/ = .*//' | sort; }
xs_paths >/run/lab/paths-before

ok=0
start=$(now_ms)
for ((i = 1; i <= cycles; i++)); do
	if xlpt attach web1 $nic >/dev/null && xlpt detach web1 $nic >/dev/null; then
		ok=$((ok + 1))
	else
		fail "round $i of xlpt"
	fi
	if [ "$i" = 1 ]; then
		# What the first round leaves behind once (libxl's and the guest's own nodes) is no leak.
		nodes=$(xs_count)
		irqs=$(irq_count)
	fi
done
spent=$(($(now_ms) - start))
nodes_after=$(xs_count)
irqs_after=$(irq_count)
note "xlpt: $ok of $cycles cycles, $((spent / cycles)) ms each; xenstore nodes $nodes -> $nodes_after, dom0 interrupts $irqs -> $irqs_after"
[ "$nodes" = "$nodes_after" ] || fail "xenstore nodes grew"
[ "$irqs" = "$irqs_after" ] || fail "dom0's interrupts grew"

xs_paths >/run/lab/paths-after
comm -13 /run/lab/paths-before /run/lab/paths-after >/run/lab/paths-new
note "new since before the first round: $(tr '\n' ' ' </run/lab/paths-new)"
! grep -vE "$left_once" /run/lab/paths-new || fail "nodes of another kind are left"

note "the guest is healthy: its driver still takes the device"
expect_rc 0 xlpt attach web1 $nic
# What comes and goes faster than the guest looks is not on its console.
wait_for 60 "the guest's driver to take it" guest_run web1 'ls -d /sys/bus/pci/drivers/e1000e/0*' ||
	fail "the guest's driver did not take it"
expect_rc 0 xlpt detach web1 $nic
! grep -q -e 'BUG:' -e 'Oops' "$(guest_console web1)" || fail "the guest's kernel oopsed"

note "the same with xl"
guest_destroy web1
guest_start web2 pv
xl_ok=0
for ((i = 1; i <= xl_cycles; i++)); do
	if xl pci-attach web2 $nic && xl pci-detach web2 $nic &&
		[ -z "$(pci_slot "$(guest_domid web2)" $nic)" ]; then
		xl_ok=$((xl_ok + 1))
	fi
done
note "COUNTS xlpt $ok of $cycles, xl $xl_ok of $xl_cycles"
[ "$xl_ok" -le 1 ] || note "xl did better here than it does usually"
guest_destroy web2
xlpt repair || :
