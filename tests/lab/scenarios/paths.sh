#!/bin/bash
# paths - every path and function: PV and HVM guests that start with all devices, lose them, and get them while they run
# timeout: 5400
# machine: groups
#
# Environment: TYPES (pv hvm): the guests.
# covers: pv xl hot,booted slot,.0,vf.0,vf.n acs,no-acs,bridge,switch
# covers: hvm xl hot,booted slot,.0,vf.0,vf.n acs,no-acs,bridge,switch 4.20
# covers: pv xl booted .n acs
. "$LAB/lib.sh"
. "$LAB/paths-lib.sh"

: "${GUEST_BOOT_SECONDS:=600}"
mapfile -t all < <(specs)
note "devices: $(everything | tr '\n' ' ')"
xlpt topology

for type in ${TYPES:-pv hvm}; do
	# 64-bit Linux does not boot as HVM there (README.md).
	[ "$type" != hvm ] || [ "$LAB_XEN" != 4.17 ] || continue
	name=$type-all
	note "$type: started with everything"
	guest_config "$name" "$type" "$(pci_list)"
	guest_mark "$name"
	start=$(now_ms)
	expect_rc 0 xlpt start --hide --timeout 600 "$LAB_OUT/$lab_scenario/$name.cfg"
	guest_ready "$name"
	has_all "$name"
	note "BENCH $type: ${#all[@]} entries, $(everything | wc -l) devices at its start: $(($(now_ms) - start)) ms"

	note "$type: nothing, and everything while it runs"
	guest_mark "$name"
	mapfile -t devices < <(everything)
	start=$(now_ms)
	expect_rc 0 xlpt detach --timeout 120 "$name" "${devices[@]}"
	has_none "$name"
	guest_mark "$name"
	expect_rc 0 xlpt attach --timeout 120 "$name" "${all[@]}"
	has_all "$name"
	note "BENCH $type: all taken and given again: $(($(now_ms) - start)) ms"
	xlpt status "$name"
	guest_destroy "$name"
	xlpt repair
done

note "pv: started with a function that is not 0"
guest_config one pv "pci=[ \"${bdf_of[41]}\" ]"
guest_mark one
expect_rc 0 xlpt start "$LAB_OUT/$lab_scenario/one.cfg"
guest_sees one 'GUEST net .* 52:54:00:00:00:41' 300 || fail "it does not show its card"
guest_destroy one

note "dom0 has everything again"
all_back
