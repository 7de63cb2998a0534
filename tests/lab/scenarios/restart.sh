#!/bin/bash
# restart - guests that restart ten times keep VF, MAC address, VLAN and every other device, whatever runs beside it
# timeout: 5400
# machine: small
# witness: witness-tagged
#
# Environment: RESTARTS (10): how often each guest does. TYPES (pv hvm): the guests. A second process looks and wants
# their devices all the time. The witness looks on the host at what went over igb's wire: not one frame of the VF without
# its tag.
# covers: pv xl booted .0,vf.0,vf.n acs
# covers: hvm xl booted .0,vf.0,vf.n acs 4.20
. "$LAB/lib.sh"

restarts=${RESTARTS:-10}
pf=0000:01:00.0
vf=0000:01:10.0    # out of a pool, with an identity
plain=0000:01:10.4 # by its address
card=0000:02:00.0  # by a pin
mac=52:54:00:6d:90:19
vlan=45
nic=$(basename /sys/bus/pci/devices/$pf/net/*)
said=/run/lab/said
broken=/run/lab/broken
# shellcheck disable=SC2154 # lib.sh sets it
out=$LAB_OUT/$lab_scenario
mkdir -p "$out"
printf '%s %s\n' $mac $vlan >"$out/wire"

# config NAME TYPE: writes /run/lab/NAME.cfg
config() {
	{
		printf '%s\n' "name=\"$1\"" "type=\"$2\"" 'vcpus=1' 'kernel="/lab/guest/vmlinuz"' \
			'ramdisk="/lab/guest/initrd"' 'cmdline="console=hvc0 loglevel=6"' \
			'on_poweroff="destroy"' 'on_reboot="restart"' 'on_crash="restart"' \
			"pci = [ \"pool:lan,mac=$mac,vlan=$vlan\", \"pin:card,permissive=1\", \"$plain\" ]"
		if [ "$2" = hvm ]; then
			printf '%s\n' 'memory=320' 'tsc_mode="native"' 'vga="none"' 'nographic=1' 'serial="pty"'
		else
			printf '%s\n' 'memory=256' 'passthrough="enabled"' 'e820_host=1'
		fi
	} >"/run/lab/$1.cfg"
}

# tell NAME COMMAND: the guest does it; no answer is waited for, because there may be nobody to give it.
tell() {
	local domid
	domid=$(xl domid "$1")
	printf 'run restart %s\n' "$2" >"$(xenstore-read "/local/domain/$domid/console/tty")"
}

domain_gone() {
	! xl list "$1" >/dev/null 2>&1
}

pf_has() {
	ip link show "$nic" | grep -q "vf 0 .*$mac.*vlan $vlan"
}

# works COMMAND...: it exits 0; what it says is in $said.
works() {
	local got=0
	printf '$ %s\n' "$*"
	"$@" >$said 2>&1 || got=$?
	cat $said
	[ "$got" = 0 ] || { xlpt status; xl list; fail "exit status $got: $*"; }
}

# other COMMAND...: what the second process does. An attach that goes well is the end of it.
other() {
	local got=0
	"$@" >/run/lab/other 2>&1 || got=$?
	{
		printf '%s %s: %s\n' "$(now_ms)" "$*" "$got"
		cat /run/lab/other
	} >>"$out/others.log"
	case "$*:$got" in
	*--dry-run* | *' list:0' | *' show lan:0' | *' status:0' | *attach*:[13]) ;;
	*) printf '%s: %s: exit status %s: %s\n' "$(now_ms)" "$*" "$got" "$(cat /run/lab/other)" >>$broken ;;
	esac
	pf_has || printf '%s: %s: the VF has lost its identity: %s\n' "$(now_ms)" "$*" "$(ip link show "$nic")" >>$broken
	[ -e /var/lib/xlpt/leases/$vf ] || printf '%s: %s: the lease is gone\n' "$(now_ms)" "$*" >>$broken
}

others() {
	while [ ! -e /run/lab/enough ]; do
		other xlpt pool show lan
		grep -q 'restarting' /run/lab/other && : >/run/lab/seen-restarting
		other xlpt list
		other xlpt attach --dry-run web2 $card
		other xlpt attach --timeout 1 web2 $vf
		other xlpt pool list
		other xlpt attach --timeout 1 web2 $plain
		other xlpt attach --timeout 1 web2 pool:lan
		other xlpt status
		other xlpt attach --timeout 1 web2 $card
	done
}

unbroken() {
	[ ! -s $broken ] || { cat $broken; tail -n 40 "$out/others.log"; fail "$1"; }
}

# has_all NAME TYPE: the guest has its three devices, and the VF its address there, on the PF and in the lease.
has_all() {
	local domid bdf
	domid=$(xl domid "$1")
	for bdf in $vf $card $plain; do
		if [ "$2" = pv ]; then
			wait_connected "$domid" "$bdf" 180 || fail "$1 does not have $bdf"
		else
			wait_for 60 "$bdf in $1" sh -c "xl pci-list $1 | grep -q $bdf" || fail "$1 does not have $bdf"
		fi
		[ "$(pci_slot "$domid" "$bdf" | wc -l)" = 1 ] || fail "$bdf is not once in the backend of $1"
	done
	guest_sees "$1" "GUEST net [a-z0-9]* $mac" 180 || fail "no interface of $1 has $mac"
	pf_has || fail "the VF has lost its identity: $(ip link show "$nic")"
	grep -q $card /sys/bus/pci/drivers/pciback/permissive || fail "$card is not permissive any more"
	works xlpt pool show lan
	grep -q "$vf.*leased.*$1 (domain $domid)" $said || fail "the lease is not of domain $domid"
	unbroken "while $1 was domain $domid"
}

# frames NAME: the guest brings its VF up and sends; the witness looks for them.
frames() {
	guest_run "$1" "i=\$(grep -l $mac /sys/class/net/*/address | head -n 1 | cut -d/ -f5); ip link set \$i up; n=0; while [ \"\$(cat /sys/class/net/\$i/carrier)\" != 1 ] && [ \$n -lt 20 ]; do n=\$((n + 1)); sleep 1; done; ip addr add 10.0.2.99/24 dev \$i; ping -c 2 -W 1 10.0.2.2; ip link show \$i" || :
}

# restarts NAME TYPE: all of it for one guest.
restarts() {
	local name=$1 type=$2 n domid ways=('xl reboot' 'from inside' 'crash') way again
	config "$name" "$type"
	guest_mark "$name"
	works xlpt start --hide "/run/lab/$name.cfg"
	wait_for 180 "guest $name to be ready" guest_log_has "$name" 'GUEST ready' || fail "$name did not boot"
	cat /run/xlpt/guests/*
	has_all "$name" "$type"
	frames "$name"
	rm -f /run/lab/enough $broken
	others &
	pid=$!
	for ((n = 1; n <= restarts; n++)); do
		way=${ways[n % 3]}
		domid=$(xl domid "$name")
		note "$name, domain $domid: restart $n of $restarts: $way"
		guest_mark "$name"
		case $way in
		'xl reboot') xl reboot "$name" || xl reboot -F "$name" ;;
		'from inside') tell "$name" 'reboot -f' ;;
		crash) tell "$name" 'echo c >/proc/sysrq-trigger' ;;
		esac
		wait_for 180 "domain $domid to be gone" domain_gone "$domid" ||
			{ xl list; xl dmesg | tail -n 20; fail "$name does not restart ($way)"; }
		wait_for 120 "$name to be there again" xl domid "$name" ||
			{ cat "/var/log/xen/xl-$name.log" || :; fail "$name did not come again ($way)"; }
		again=$(xl domid "$name")
		[ "$again" != "$domid" ] || fail "$name is domain $domid still"
		wait_for 240 "guest $name to be ready" guest_log_has "$name" 'GUEST ready' || fail "$name did not boot again"
		has_all "$name" "$type"
		frames "$name"
	done
	: >/run/lab/enough
	wait $pid
	unbroken "at the end of $name"
	note "$(grep -c ': [0-9]*$' "$out/others.log") commands ran beside it"
	[ -e /run/lab/seen-restarting ] || note "no command has met $name without domain"

	note "$name powers off: everything is back at the next command"
	domid=$(xl domid "$name")
	tell "$name" 'poweroff -f'
	wait_for 120 "domain $domid to be gone" domain_gone "$domid" || fail "$name does not end"
	works xlpt pool release --gone
	works xlpt pool show lan
	grep -q "1 of 1 VFs free" $said || fail "the VF is not free"
	ip link show "$nic" | grep "vf 0 " | grep -q "vlan" && fail "the VLAN is left"
	! grep -l "^name $name\$" /run/xlpt/guests/* || fail "$name is remembered"
	works xlpt attach web2 $card
	works xlpt detach web2 $card
}

trap ': >/run/lab/enough' EXIT
expect_rc 0 xlpt vf create "$nic" 3
ip link set "$nic" up
wait_for 20 "the link of $nic" grep -q 1 "/sys/class/net/$nic/carrier"
expect_rc 0 xlpt pool define lan dev=$vf
expect_rc 0 xlpt pin card $card
guest_start web2 pv

types=${TYPES:-pv hvm}
[[ $types != *pv* ]] || restarts web1 pv
if [ "$LAB_XEN" = 4.17 ]; then
	note "SKIPPED on 4.17: an HVM guest that drives its devices"
elif [[ $types == *hvm* ]]; then
	restarts win1 hvm
fi

note "xl destroy gives everything back, too, and an end that never comes again is no restart"
config web1 pv
sed -i 's/^on_reboot=.*/on_reboot="destroy"/; s/^on_crash=.*/on_crash="destroy"/' /run/lab/web1.cfg
works xlpt start --hide /run/lab/web1.cfg
domid=$(xl domid web1)
tell web1 'reboot -f'
wait_for 120 "domain $domid to be gone" domain_gone "$domid" || fail "web1 does not end"
works xlpt pool show lan
grep -q "1 of 1 VFs free" $said || fail "the VF is not free"
sed -i 's/^on_reboot=.*/on_reboot="restart"/' /run/lab/web1.cfg
works xlpt start --hide /run/lab/web1.cfg
xl destroy web1
works xlpt pool release --gone
works xlpt attach web2 $vf
works xlpt detach web2 $vf
guest_destroy web2
[ -z "$(ls /run/xlpt/journal)" ] || fail "a journal was left: $(ls /run/xlpt/journal)"
works xlpt repair
grep -q "nothing to mend" $said || fail "there was something to mend"
