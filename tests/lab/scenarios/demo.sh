#!/bin/bash
# demo - what a person sees: attach, the guest's own console, status, detach, a refusal; README shows it
# timeout: 400
# covers: pv xl hot .0 acs
. "$LAB/lib.sh"

nic=0000:02:00.0
own=0000:08:00.0 # dom0's only network card in use
all=/run/lab/demo-all said=/run/lab/demo-said # what the commands printed, and the last one

run() {
	local want=$1 got=0
	shift
	printf '\n# %s\n' "$*"
	"$@" >"$said" 2>&1 || got=$?
	cat "$said"
	{ printf '# %s\n' "$*"; cat "$said"; } >>"$all"
	[ "$got" = "$want" ] || fail "exit status $got, expected $want: $*"
}

note "a real Xen: $(xl info | sed -n 's/^xen_version *: *//p'), dom0 kernel $(uname -r)"
run 0 xlpt list
note "starting a PV guest, web1"
guest_start web1 pv
guest_mark web1
run 0 xlpt attach web1 --hide $nic
guest_sees web1 "GUEST pci .*8086:10d3 e1000e" || fail "the guest does not show the card"
guest_sees web1 "GUEST net " || fail "the guest has no interface"
note "the guest's own console:"
guest_said web1 | grep 'GUEST \(pci\|net\)'
run 0 xlpt status web1
guest_mark web1
run 0 xlpt detach web1 $nic --to-host
guest_sees web1 "GUEST gone" || fail "the guest still shows the card"
note "the guest's own console:"
guest_said web1 | grep 'GUEST gone'
[ "$(driver_of $nic)" = e1000e ] || fail "$nic is not back with its driver"
note "and what xlpt does not do: this is the card by which this host is reached"
run 3 xlpt attach web1 --hide $own
if [ "$(xl info xen_version | cut -d. -f1-2)" = 4.20 ]; then
	# shellcheck disable=SC2016 # backticks of Markdown
	sed -n '/^```console$/,/^```$/p' "$LAB/../../README.md" | sed '/^```/d' >/run/lab/demo-readme
	# Domains are numbered from the boot on; README's is the first.
	sed -n '/^# xlpt attach/,$p' "$all" | sed 's/(domain [0-9]*)/(domain 1)/' >/run/lab/demo-shown
	diff /run/lab/demo-readme /run/lab/demo-shown || fail "README shows something else"
fi
