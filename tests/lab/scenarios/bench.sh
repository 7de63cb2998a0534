#!/bin/bash
# bench - times of attach, detach and start beside xl: one device and four, PV and HVM
# timeout: 5400
#
# pcifront probes the guest's driver before it says Connected, so that state is when a PV guest has the
# device. xlpt returns then; after xl that state is polled for. xl waits for an HVM guest's device model
# itself. "guest": what the guest itself still needs when xl has returned. "looks": xlpt's dry run, which reads all
# that the command reads before it changes anything; "resets": xlpt reset of the same devices, which xl has no equal of.
# The two tools take turns, so that a machine's mood hits both. Each figure is printed as
# "BENCH lab TYPE WHAT WHO MS..."; tests/bench/report makes the tables. Environment: ROUNDS (10), TYPES.
# covers: pv,hvm xl hot,booted .0 acs
. "$LAB/lib.sh"

rounds=${ROUNDS:-10}
fewer=$(((rounds + 1) / 2))
one=0000:02:00.0
four="0000:02:00.0 0000:03:00.0 0000:04:00.0 0000:05:00.0"
declare -A took=()

# clock WHAT WHO COMMAND...: how long COMMAND takes, in milliseconds; xl may fail, and then it is not counted.
clock() {
	local key="$1 $2" who=$2 t0
	shift 2
	t0=$(now_ms)
	if "$@" >/dev/null; then
		took[$key]="${took[$key]:-} $(($(now_ms) - t0))"
		return
	fi
	[ "$who" != xlpt ] || fail "$*"
	note "BENCH failed $type $key"
	# shellcheck disable=SC2086 # a list
	xlpt detach --force web1 $four >/dev/null || :
}

xl_attach() {
	local bdf
	for bdf; do
		xl pci-attach web1 "$bdf" || return 1
	done
}

xl_attach_waiting() {
	local last=${*: -1}
	xl_attach "$@" || return 1
	[ "$type" = hvm ] || wait_connected "$domid" "$last"
}

# gone BDF...: no backend names it.
gone() {
	local bdf
	for bdf; do
		[ -z "$(pci_slot "$domid" "$bdf")" ] || return 1
	done
}

xl_detach_waiting() {
	local bdf
	for bdf; do
		xl pci-detach web1 "$bdf" || return 1
	done
	wait_xs 30 "$* to be gone" "/local/domain/0/backend/pci" gone "$@"
}

# A frontend that has not freed its last device yet does not take the next one; an HVM guest that has not
# noticed a device yet does not eject it.
breathe() {
	lab_nap "${1:-2}"
}
settle() {
	[ "$type" = pv ] || breathe 5
}

# shellcheck disable=SC2086 # lists
hot() {
	local i
	for ((i = 0; i < rounds; i++)); do
		clock "attach 1" looks xlpt attach --dry-run web1 $one
		clock "attach 1" resets xlpt reset $one
		clock "attach 1" xlpt xlpt attach web1 $one
		settle
		clock "detach 1" xlpt xlpt detach web1 $one
		breathe
		clock "attach 1" xl xl_attach_waiting $one
		settle
		clock "detach 1" xl xl_detach_waiting $one
		breathe
	done
	for ((i = 0; i < fewer; i++)); do
		clock "attach 4" looks xlpt attach --dry-run web1 $four
		clock "attach 4" resets xlpt reset $four
		clock "attach 4" xlpt xlpt attach web1 $four
		settle
		clock "detach 4" xlpt xlpt detach web1 $four
		breathe
		clock "attach 4" xl-unwaited xl_attach $four
		[ "$type" = hvm ] || clock "attach 4" guest wait_connected "$domid" 0000:05:00.0
		settle
		xlpt detach web1 $four >/dev/null
		breathe
		clock "attach 4" xl xl_attach_waiting $four
		settle
		clock "detach 4" xl xl_detach_waiting $four
		breathe
	done
}

xl_create_waiting() {
	xl create "$1" || return 1
	domid=$(guest_domid web1)
	[ "$type" = hvm ] || wait_connected "$domid" 0000:05:00.0 120
}

# shellcheck disable=SC2086 # a list
start() {
	local i cfg=/run/lab/start.cfg
	{
		cat "$LAB_OUT/$lab_scenario/web1.cfg"
		echo "pci=[ '02:00.0', '03:00.0', '04:00.0', '05:00.0' ]"
	} >$cfg
	for ((i = 0; i < fewer; i++)); do
		clock "start 4" looks xlpt start --dry-run $cfg
		clock "start 4" resets xlpt reset $four
		clock "start 4" xlpt xlpt start $cfg
		guest_destroy web1
		clock "start 4" xl xl_create_waiting $cfg
		guest_destroy web1
	done
}

# 04:00.1 goes with 04:00.0: dom0 must not use it meanwhile.
# shellcheck disable=SC2086 # a list
xlpt hide $four 0000:04:00.1
for type in ${TYPES:-pv hvm}; do
	guest_start web1 "$type"
	guest_run web1 'echo 3000000 >/tmp/pause'
	domid=$(guest_domid web1)
	took=()
	hot
	guest_destroy web1
	start
	for key in "${!took[@]}"; do
		note "BENCH lab $type $key${took[$key]}"
	done
done
note "BENCH version Xen and xl $(xl info | sed -n 's,^xen_version *: *,,p')"
note "BENCH version dom0 $(uname -r)"
# shellcheck disable=SC2086
xlpt unhide $four 0000:04:00.1
