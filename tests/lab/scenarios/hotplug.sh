#!/bin/bash
# hotplug - one device attached and detached 700 times, far past RHEL's 512, and what that leaves behind
# timeout: 14400
# soak: yes
#
# Red Hat's guide warns of more than 512 hotplugs in a brief period and gives no figure for what grows.
# Every 100 cycles (EVERY) this records it: dom0's interrupts, the event channels of dom0 and of the guest, xenstore
# nodes, memory of dom0, of Xen and of the guest, lines of level error in dom0's and in Xen's log, and the
# mean time of a cycle. It fails when a count has grown since the first cycle, when memory has gone
# beyond what a running system moves about, or when a kernel complained.
# Environment: CYCLES (700), EVERY (100).
# covers: pv xl hot .0 acs
. "$LAB/lib.sh"

nic=0000:02:00.0
cycles=${CYCLES:-700}
every=${EVERY:-100}
# Noise, in kB, between the first full row and the last: caches of slabs and per-processor lists.
free_noise=16384
slab_noise=4096
rows=$LAB_OUT/$lab_scenario/table
logs=$LAB_OUT/$lab_scenario/now
lsevtchn=$(echo /usr/lib/xen-*/bin/lsevtchn)

meminfo() {
	sed -n "s/^$1: *\([0-9]*\) kB/\1/p"
}

# Both logs are rings, and one cycle writes some twenty lines: kept and emptied every ten cycles, so that
# no line is lost or counted twice.
keep_logs() {
	dmesg -l emerg,alert,crit,err >>"$logs/dmesg-errors"
	dmesg -c >>"$logs/dmesg"
	xl dmesg -c >>"$logs/xl-dmesg"
}

# errors_until CYCLE: what the logs said since the last time, as two numbers; they go to at-CYCLE.
errors_until() {
	local dir=$LAB_OUT/$lab_scenario/at-$1
	keep_logs
	mkdir "$dir"
	mv "$logs"/* "$dir"
	# Xen numbers no levels in its ring; what it complains of, it says in these words.
	grep -i -e error -e fail -e warn -e fault -e bug "$dir/xl-dmesg" >"$dir/xl-dmesg-errors" || :
	! grep -q -e 'BUG:' -e 'Oops' -e 'WARNING:' -e 'Call Trace' -e 'blocked for more than' "$dir/dmesg" ||
		fail "dom0's kernel complained, see $dir/dmesg"
	printf '%s %s\n' "$(wc -l <"$dir/dmesg-errors")" "$(wc -l <"$dir/xl-dmesg-errors")"
}

# sample CYCLE MEAN_MS: a row of the table.
sample() {
	local errors free slab fixed guest_free
	errors=$(errors_until "$1") || { printf '%s\n' "$errors"; exit 1; }
	sync
	# What only caches file contents says nothing about a leak.
	echo 3 >/proc/sys/vm/drop_caches
	free=$(meminfo MemFree </proc/meminfo)
	slab=$(meminfo Slab </proc/meminfo)
	fixed=$(meminfo SUnreclaim </proc/meminfo)
	guest_free=$(guest_run web1 'echo 3 >/proc/sys/vm/drop_caches; cat /proc/meminfo' | meminfo MemFree)
	# shellcheck disable=SC2086 # two numbers
	printf '%s %s %s %s %s %s %s %s %s %s %s %s %s\n' "$1" "$2" "$(irq_count)" \
		"$("$lsevtchn" 0 | wc -l)" "$("$lsevtchn" "$domid" | wc -l)" "$(xs_count)" "$free" "$slab" "$fixed" \
		"$(xl info free_memory)" "$guest_free" $errors | tee -a "$rows"
}

# column N ROW: of the table; ROW as sed names it.
column() {
	sed -n "$2p" "$rows" | cut -d' ' -f"$1"
}

table() {
	printf '| cycles | s a cycle | dom0 interrupts | event channels of dom0 | of the guest | xenstore nodes | '
	printf 'dom0 MemFree kB | Slab kB | SUnreclaim kB | Xen free MB | guest MemFree kB | kernel errors | Xen errors |\n'
	printf '|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n'
	while read -r n ms rest; do
		printf '| %s | %s.%02d | %s |\n' "$n" "$((ms / 1000))" "$((ms % 1000 / 10))" "${rest// / | }"
	done <"$rows"
}

same() {
	[ "$(column "$1" 1)" = "$(column "$1" '$')" ] || fail "$2 grew: $(column "$1" 1) -> $(column "$1" '$')"
}

mkdir -p /etc/xlpt
# What has left the window counts no more, and this takes longer than the default hour.
printf 'hotplug-limit = %s\nhotplug-window = 1d\n' "$((cycles * 2 + 10))" >/etc/xlpt/xlpt.conf
mkdir -p "$logs"
: >"$rows"
guest_start web1 pv
guest_run web1 'echo 3000000 >/tmp/pause'
domid=$(guest_domid web1)
xlpt hide $nic
dmesg -c >"$LAB_OUT/$lab_scenario/dmesg-before"
xl dmesg -c >"$LAB_OUT/$lab_scenario/xl-dmesg-before"

start=$(now_ms)
from=0
for ((i = 1; i <= cycles; i++)); do
	xlpt attach web1 $nic >/dev/null || fail "attach in cycle $i"
	xlpt detach web1 $nic >/dev/null || fail "detach in cycle $i"
	[ $((i % 10)) != 0 ] || keep_logs
	# What the first round leaves behind once (libxl's and the guest's own nodes) is no leak: row 1.
	if [ "$i" = 1 ] || [ $((i % every)) = 0 ] || [ "$i" = "$cycles" ]; then
		sample "$i" "$((($(now_ms) - start) / (i - from)))"
		from=$i
		start=$(now_ms)
	fi
done

xlpt budget
[ "$(xlpt budget $nic | awk -v dev=$nic '$1 == dev { print $2 }')" = $((cycles * 2)) ] || fail "not each one was counted"

note "the guest is healthy: its driver still takes the device"
expect_rc 0 xlpt attach web1 $nic
# What comes and goes faster than the guest looks is not on its console.
wait_for 60 "the guest's driver to take it" guest_run web1 'ls -d /sys/bus/pci/drivers/e1000e/0*' ||
	fail "the guest's driver did not take it"
expect_rc 0 xlpt detach web1 $nic
! grep -q -e 'BUG:' -e 'Oops' "$(guest_console web1)" || fail "the guest's kernel oopsed"

note "Xen $LAB_XEN, Linux $(uname -r) in dom0, $cycles cycles"
table
same 3 "dom0's interrupts"
same 4 "dom0's event channels"
same 5 "the guest's event channels"
same 6 "xenstore nodes"
[ "$(wc -l <"$rows")" -lt 3 ] || {
	[ "$(column 7 '$')" -ge $(($(column 7 2) - free_noise)) ] || fail "dom0 lost memory"
	[ "$(column 9 '$')" -le $(($(column 9 2) + slab_noise)) ] || fail "dom0's slabs grew"
	[ "$(column 10 '$')" -ge "$(column 10 2)" ] || fail "Xen lost memory"
	[ "$(column 11 '$')" -ge $(($(column 11 2) - free_noise)) ] || fail "the guest lost memory"
}
