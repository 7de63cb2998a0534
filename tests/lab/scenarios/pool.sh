#!/bin/bash
# pool - a pool of igb's seven VFs: start, stop, attach, detach and kill -9 at random, six at once, the hook
# timeout: 3600
# machine: small
#
# Environment: STEPS (20) and SEED (1) of the random walk.
# covers: pv xl hot,booted vf.0,vf.n acs
. "$LAB/lib.sh"

steps=${STEPS:-20}
RANDOM=${SEED:-1}
pf=0000:01:00.0
guests=(web1 web2 web3)
free=7

# value KEY: every value of KEY in the JSON that comes in.
value() {
	sed -n "s/^ *\"$1\": *\"\{0,1\}\([^\",]*\)\"\{0,1\},\{0,1\}\$/\1/p"
}

# refuses STATUS PATTERN COMMAND...: it fails so, says so, and names what mends it.
refuses() {
	local want=$1 pattern=$2 got=0 text
	shift 2
	text=$("$@" 2>&1) || got=$?
	printf '$ %s\n%s\n' "$*" "$text"
	[ "$got" = "$want" ] || fail "exit status $got, expected $want: $*"
	grep -q -- "$pattern" <<<"$text" || fail "the message does not say '$pattern'"
	grep -qE '(to mend|try): ' <<<"$text" || fail "no mending line: $*"
}

# config NAME PCI-ENTRIES [KERNEL]: writes /run/lab/NAME.cfg
config() {
	printf '%s\n' "name=\"$1\"" 'type="pv"' 'memory=256' 'vcpus=1' "kernel=\"${3:-/lab/guest/vmlinuz}\"" \
		'ramdisk="/lab/guest/initrd"' 'cmdline="console=hvc0 loglevel=6"' 'passthrough="enabled"' \
		'e820_host=1' "pci = [ $2 ] # as xlpt start reads it" >"/run/lab/$1.cfg"
}

# held DOMID: the addresses that its backend names, sorted.
held() {
	xenstore-ls -f "/local/domain/0/backend/pci/$1/0" 2>/dev/null |
		sed -n 's|.*/dev-[0-9]* = "\(.*\)"$|\1|p' | sort
}

leases() {
	find /var/lib/xlpt/leases -type f | wc -l
}

# in_line WHAT: what the leases say is what xenstore says, for every guest; and the count is right.
in_line() {
	local guest domid leased all=0 show
	show=$(xlpt pool show lan) || fail "$1: pool show"
	for guest in "${guests[@]}"; do
		leased=$(awk -v g="$guest" '$4 == "leased" && $5 == g { print $1 }' <<<"$show" | sort)
		domid=$(guest_domid "$guest" 2>/dev/null) || domid=
		[ "$leased" = "$([ -z "$domid" ] || held "$domid")" ] ||
			fail "$1: $guest has leased [$leased] and has [$([ -z "$domid" ] || held "$domid")]"
		all=$((all + $(grep -c . <<<"$leased" || :)))
	done
	[ "$(leases)" = "$all" ] || fail "$1: leases of nobody: $show"
	[ "$(cat /var/lib/xlpt/leases/* 2>/dev/null | grep -c '^device')" = "$all" ] || fail "$1: a torn lease"
	free=$(sed -n 's/^pool lan, .*: \([0-9]*\) of 7 VFs free$/\1/p' <<<"$show")
	[ "$free" = $((7 - all)) ] || fail "$1: $free free, $all leased"
}

note "definitions"
refuses 1 "no pool is called" xlpt pool show lan
expect_rc 0 xlpt pool define lan pf=$pf
echo 7 >/sys/bus/pci/devices/$pf/sriov_numvfs
xlpt pool show lan
[ "$(xlpt --json pool show lan | value free)" = 7 ] || fail "not seven free VFs"
iface=$(ls /sys/bus/pci/devices/$pf/net)
expect_rc 0 xlpt pool define net pf="$iface"
xlpt pool export net --xml >/run/lab/net.xml
grep -q "<pf dev='$iface'/>" /run/lab/net.xml || fail "no pf in the network"
expect_rc 0 xlpt pool import --name again /run/lab/net.xml
[ "$(xlpt --json pool show again | value total)" = 7 ] || fail "the imported pool has not seven VFs"
expect_rc 0 xlpt pool undefine again
refuses 1 "no physical function" xlpt pool define bad pf=0000:01:10.0
refuses 1 "no virtual function" xlpt pool define bad dev=$pf

note "start: three guests, one device each"
for guest in "${guests[@]}"; do
	config "$guest" '"pool:lan"'
	guest_mark "$guest"
	expect_rc 0 xlpt start "/run/lab/$guest.cfg"
	guest_sees "$guest" 'GUEST pci .*igbvf' 60 || fail "$guest has no igbvf"
	in_line "start of $guest"
done
xlpt pool show lan
[ "$free" = 4 ] || fail "$free free, not 4"

note "what cannot be"
refuses 1 "runs already" xlpt start /run/lab/web1.cfg
refuses 1 "pool lan is in use" xlpt pool undefine lan
config web9 '"pool:lan", "pool:lan", "pool:lan", "pool:lan", "pool:lan"'
refuses 1 "has no free VF" xlpt start /run/lab/web9.cfg
in_line "a start that was refused"
config web9 '"pool:lan"' /lab/guest/no-such-kernel
refuses 1 "xl create failed" xlpt start /run/lab/web9.cfg
! xl domid web9 2>/dev/null || fail "a guest was left"
in_line "a start that failed"

note "six at once, for four VFs"
pids=()
for n in 1 2; do
	for guest in "${guests[@]}"; do
		xlpt attach "$guest" pool:net >"/run/lab/many-$guest-$n" 2>&1 &
		pids+=($!)
	done
done
good=0
for pid in "${pids[@]}"; do
	! wait "$pid" || good=$((good + 1))
done
cat /run/lab/many-*
[ "$good" = 4 ] || fail "$good of six got a VF, there were 4"
[ "$(grep -l 'has no free VF' /run/lab/many-* | wc -l)" = 2 ] || fail "not two were told that the pool is empty"
xlpt pool show lan
in_line "six at once"

note "$steps random steps, seed ${SEED:-1}"
for ((step = 1; step <= steps; step++)); do
	guest=${guests[RANDOM % 3]}
	domid=$(guest_domid "$guest" 2>/dev/null) || domid=
	what=$((RANDOM % 5))
	if [ -z "$domid" ]; then
		config "$guest" '"pool:lan"'
		echo "step $step: start $guest, $free free"
		status=0
		xlpt start "/run/lab/$guest.cfg" || status=$?
		[ "$status" = $((free == 0)) ] || fail "step $step: start: exit status $status with $free free"
	elif [ $what = 0 ]; then
		echo "step $step: destroy $guest"
		guest_destroy "$guest"
	elif [ $what = 1 ] || [ $what = 2 ]; then
		echo "step $step: attach to $guest, $free free"
		status=0
		xlpt attach "$guest" pool:lan || status=$?
		[ "$status" = $((free == 0)) ] || fail "step $step: attach: exit status $status with $free free"
	elif [ $what = 3 ] && [ -n "$(held "$domid")" ]; then
		vf=$(held "$domid" | shuf -n 1 --random-source=<(yes "$RANDOM"))
		echo "step $step: detach $vf from $guest"
		expect_rc 0 xlpt detach "$guest" "$vf"
	else
		nap=0.$((RANDOM % 9))$((RANDOM % 10))
		echo "step $step: attach to $guest, killed after $nap s"
		xlpt attach "$guest" pool:lan >/run/lab/killed 2>&1 &
		pid=$!
		lab_nap "$nap"
		kill -9 "$pid" 2>/dev/null || :
		wait "$pid" || :
		xlpt repair
	fi
	in_line "step $step"
done
xlpt pool show lan

note "the hook: a guest ends, and the VFs are back before anything of xlpt is run"
for guest in "${guests[@]}"; do
	guest_destroy "$guest"
done
in_line "the end of all"
config web1 '"pool:lan", "pool:lan"'
expect_rc 0 xlpt start --no-wait /run/lab/web1.cfg
mount -t tmpfs tmpfs /usr/lib/udev/rules.d
/usr/lib/systemd/systemd-udevd --debug >/run/lab/udevd.log 2>&1 &
udevd_pid=$!
wait_for 20 "udev's socket" test -S /run/udev/control
[ "$(leases)" = 2 ] || fail "not two leases"
no_leases() { [ "$(leases)" = 0 ]; }
xl destroy web1
hook=0
wait_for 30 "the hook to give the VFs back" no_leases || hook=1
kill "$udevd_pid"
wait "$udevd_pid" 2>/dev/null || :
umount /usr/lib/udev/rules.d
grep -n "pci-\|xlpt" /run/lab/udevd.log | tail -n 20
[ "$hook" = 0 ] || fail "the leases stay: $(cat /var/lib/xlpt/leases/*)"
# Destroyed before its frontend had connected, a guest with two devices leaves one in its backend
# (libxl: "Backend not ready"); whose lease is over, and who is still listed there is not free.
xlpt repair

note "for xl create: a printed configuration"
config web2 '"pool:lan,permissive=1"'
xlpt start --print /run/lab/web2.cfg >/run/lab/web2-for-xl.cfg
diff /run/lab/web2.cfg /run/lab/web2-for-xl.cfg || :
expect_rc 0 xl create /run/lab/web2-for-xl.cfg
in_line "created by xl"
[ "$free" = 6 ] || fail "$free free, not 6"
guest_destroy web2
in_line "web2 is gone"
config web2 '"pool:lan"'
if xlpt start --print /run/lab/web2.cfg | xl create /dev/stdin; then
	note "xl create reads a pipe on this Xen"
else
	note "xl create reads no pipe on this Xen"
	rm -f /var/lib/xlpt/leases/*
fi
guest_destroy web2

note "no VFs, and no driver"
for vf in "/sys/bus/pci/devices/$pf"/virtfn*; do
	vf=$(basename "$(readlink -f "$vf")")
	[ "$(driver_of "$vf")" != pciback ] || expect_rc 0 xlpt unhide "$vf"
done
echo 0 >/sys/bus/pci/devices/$pf/sriov_numvfs
config web1 '"pool:lan"'
refuses 1 "has no VFs" xlpt start /run/lab/web1.cfg
echo $pf >/sys/bus/pci/devices/$pf/driver/unbind
refuses 1 "has no driver" xlpt start /run/lab/web1.cfg
refuses 1 "there is no network interface" xlpt start <(sed 's/pool:lan/pool:net/' /run/lab/web1.cfg)
echo $pf >/sys/bus/pci/drivers/igb/bind

[ -z "$(ls /run/xlpt/journal)" ] || fail "a journal was left: $(ls /run/xlpt/journal)"
xlpt repair | grep -q "nothing to mend" || fail "repair found something"
