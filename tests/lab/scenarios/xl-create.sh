#!/bin/bash
# xl-create - xl create under the guard: pools, pins and identities; paused, with the console, failing, two at once
# timeout: 1500
# machine: small
# covers: pv xl hot vf.0,vf.n,.0 acs
. "$LAB/lib.sh"

pf=0000:01:00.0
nic=0000:02:00.0
mac=52:54:00:6d:90:02
real=/usr/sbin/xl
work=$(mktemp -d -p /var/tmp)
: "${GUEST_BOOT_SECONDS:=300}"

# config NAME PCI-ENTRIES [KERNEL]: writes $work/NAME.cfg
config() {
	printf '%s\n' "name=\"$1\"" 'type="pv"' 'memory=192' 'vcpus=1' "kernel=\"${3:-/lab/guest/vmlinuz}\"" \
		'ramdisk="/lab/guest/initrd"' 'cmdline="console=hvc0 loglevel=6"' 'passthrough="enabled"' \
		'e820_host=1' "pci = [ $2 ] # pool:none is only said here" >"$work/$1.cfg"
}

# vf_of GUEST: the VF that it has leased.
vf_of() {
	xlpt pool show lan | awk -v g="$1" '$4 == "leased" && $5 == g { print $1 }'
}

leases() {
	find /var/lib/xlpt/leases -type f 2>/dev/null | wc -l
}

no_leases() {
	xlpt pool release --gone && [ "$(leases)" = 0 ]
}

# given GUEST BDF...: the backend names each, whatever the guest's kernel does.
given() {
	local guest=$1 bdf
	shift
	for bdf; do
		[ -n "$(pci_slot "$(guest_domid "$guest")" "$bdf")" ] || fail "$guest was not given $bdf"
	done
}

# same WORDS...: xl behind the guard and xl itself say the same, on both outputs, and exit the same.
compared=0
same() {
	local rc1=0 rc2=0
	"$real" "$@" >"$work/out1" 2>"$work/err1" </dev/null || rc1=$?
	xl "$@" >"$work/out2" 2>"$work/err2" </dev/null || rc2=$?
	if [ $rc1 != $rc2 ] || ! cmp "$work/out1" "$work/out2" || ! cmp "$work/err1" "$work/err2"; then
		diff "$work/out1" "$work/out2" || :
		diff "$work/err1" "$work/err2" || :
		fail "xl $*: exit status $rc1 without, $rc2 with the guard"
	fi
	compared=$((compared + 1))
}

note "a pool, a pin, the guard"
echo 7 >/sys/bus/pci/devices/$pf/sriov_numvfs
iface=$(ls /sys/bus/pci/devices/$pf/net)
ip link set "$iface" up
expect_rc 0 xlpt pool define lan pf=$pf
expect_rc 0 xlpt pin nic0 $nic
expect_rc 0 xlpt hide $nic
expect_rc 0 xlpt guard install xl
xlpt guard status | tee "$work/status"
grep -q "xl create understands pool: and pin:" "$work/status" || fail "guard status does not say it"
hash -r
[ "$(command -v xl)" = /usr/local/sbin/xl ] || fail "xl is $(command -v xl)"

note "xl with and without the guard"
config db1 ''
config db2 '"pool:lan"'
same
same help create
same create
same create --help "$work/db2.cfg"
same create -Z "$work/db2.cfg"
same create "$work/db2.cfg" "$work/db2.cfg"
same create "$work/none.cfg"
same create "$work"
same create -n "$work/db1.cfg" 'uuid="11111111-2222-3333-4444-555555555555"'
same -N create "$work/db1.cfg" 'uuid="11111111-2222-3333-4444-555555555555"' 'memory=64'
same create /dev/null 'vif=["mac=00:16:3e:00:00:01"]'
same config-update nobody "$work/db2.cfg"
same reboot nobody
same shutdown nobody
same restore "$work/db2.cfg"
note "$compared command lines are the same"
[ "$(leases)" = 0 ] || fail "something was leased"

note "a pool with MAC and VLAN, and a pin"
config web1 "\"pool:lan,mac=$mac,vlan=42\", \"pin:nic0\""
expect_rc 0 xl create -n "$work/web1.cfg"
[ "$(leases)" = 0 ] || fail "xl create -n has leased"
guest_mark web1
expect_rc 0 xl create "$work/web1.cfg"
vf=$(vf_of web1)
[ -n "$vf" ] || fail "web1 has no lease"
given web1 "$vf" $nic
wait_for "$GUEST_BOOT_SECONDS" "web1 to have $vf" pci_connected "$(guest_domid web1)" "$vf" || fail "web1 does not have $vf"
wait_for 60 "web1 to have $nic" pci_connected "$(guest_domid web1)" $nic || fail "web1 does not have $nic"
ip link show "$iface" | tee "$work/link"
grep -E "vf [0-9]+ .*$mac.*vlan 42" "$work/link" || fail "$vf has not its identity"
pgrep -af "xl .*create.*web1.cfg" || fail "xl has left no process that restarts web1"
! pgrep -af 'xlpt start --for-xl' || fail "xlpt is still there"
guest_sees web1 'GUEST ready' "$GUEST_BOOT_SECONDS" || fail "web1 is not ready"

note "its configuration can be changed, and it goes down as always"
xlpt status web1
sed '/^pci/d' "$work/web1.cfg" >"$work/update.cfg"
expect_rc 0 xl config-update web1 "$work/update.cfg"
expect_rc 0 xl destroy web1
wait_for 60 "the lease of $vf to end" no_leases || fail "the lease of $vf stays"
ip link show "$iface" >"$work/link"
! grep -q "vlan 42" "$work/link" || fail "$vf keeps the VLAN"

note "paused: nobody waits for its kernel"
guest_mark web1
expect_rc 0 xl create -p "$work/web1.cfg"
xl list web1 | tail -n 1 | grep -E ' --p--- ' || fail "web1 is not paused"
given web1 "$(vf_of web1)" $nic
expect_rc 0 xl unpause web1
wait_for "$GUEST_BOOT_SECONDS" "web1 to have its VF" pci_connected "$(guest_domid web1)" "$(vf_of web1)" || fail "web1 does not have it"
guest_destroy web1
wait_for 60 "the lease to end" no_leases || fail "the lease stays"

note "lines of the command line; a file by -f; the input"
config web2 ''
expect_rc 0 xl create -p -q -f "$work/web2.cfg" 'pci=["pool:lan"]'
given web2 "$(vf_of web2)"
guest_destroy web2
wait_for 60 "the lease to end" no_leases || fail "the lease stays"
config web2 '"pool:lan"'
expect_rc 0 xl create -p /dev/stdin <"$work/web2.cfg"
given web2 "$(vf_of web2)"

note "with the console, whose input has ended; and in the foreground"
got=0
want=0
timeout 120 "$real" create -c "$work/db1.cfg" </dev/null >"$work/console" 2>&1 || want=$?
guest_destroy db1
guest_destroy web2
wait_for 60 "the lease to end" no_leases || fail "the lease stays"
timeout 120 xl create -c "$work/web2.cfg" </dev/null >"$work/console" 2>&1 || got=$?
head -n 5 "$work/console"
[ $got = $want ] || fail "xl create -c: exit status $got, without the guard $want"
given web2 "$(vf_of web2)"
guest_destroy web2
wait_for 60 "the lease to end" no_leases || fail "the lease stays"
xl create -F "$work/web2.cfg" >"$work/foreground" 2>&1 &
pid=$!
has_vf() { [ -n "$(vf_of web2)" ] && [ -n "$(pci_slot "$(guest_domid web2)" "$(vf_of web2)")" ]; }
wait_for 120 "web2 to be given its VF" has_vf || fail "web2 was given nothing"
kill -0 "$pid" || fail "xl create -F did not stay"
guest_destroy web2
ended() { ! kill -0 "$pid" 2>/dev/null; }
wait_for 60 "xl create -F to end" ended || fail "xl create -F stays"
wait "$pid" || note "exit status $?"
cat "$work/foreground"
wait_for 60 "the lease to end" no_leases || fail "the lease stays"

note "what cannot be: xl fails, the pool is empty, two at once for one VF"
config bad '"pool:lan", "pin:nic0"' /lab/guest/no-such-kernel
got=0
want=0
sed '/^pci/d' "$work/bad.cfg" >"$work/plain.cfg"
"$real" create "$work/plain.cfg" || want=$?
xl create "$work/bad.cfg" >"$work/said" 2>&1 || got=$?
cat "$work/said"
[ $got = $want ] || fail "exit status $got, of xl itself $want"
grep -q "xl did not create bad" "$work/said" || fail "xlpt does not say that all is given back"
[ "$(leases)" = 0 ] || fail "a lease is left"
[ "$(driver_of $nic)" = pciback ] || fail "$nic is not hidden any more"
xlpt status
expect_rc 0 xlpt pool define one dev=0000:01:10.0
pids=()
for n in 1 2; do
	config two$n '"pool:one"'
	xl create -p "$work/two$n.cfg" >"$work/two$n" 2>&1 &
	pids+=($!)
done
good=0
for pid in "${pids[@]}"; do
	! wait "$pid" || good=$((good + 1))
done
cat "$work/two1" "$work/two2"
[ $good = 1 ] || fail "$good of two got the VF, there was one"
grep -q "has no free VF" "$work/two1" "$work/two2" || fail "nobody was told that the pool is empty"
guest_destroy two1
guest_destroy two2
wait_for 60 "the lease to end" no_leases || fail "the lease stays"

note "killed: the guest stays, or everything goes back"
for nap in 0.05 0.3 1 3; do
	xl create -p "$work/web1.cfg" >"$work/killed" 2>&1 &
	pid=$!
	lab_nap "$nap"
	kill -9 "$pid" 2>/dev/null || :
	wait "$pid" || :
	lab_nap 2
	xlpt repair || :
	xl list
	# One that xl was killed over may have no name yet.
	xl list | awk 'NR > 2 { print $2 }' | xargs -r -n 1 xl destroy
	wait_for 60 "the lease to end" no_leases || fail "killed after $nap s: a lease stays"
done

note "without an xlpt that works: who needs none is not held up"
mv /usr/local/sbin/xlpt "$work/xlpt"
got=0
xl create "$work/web1.cfg" >"$work/said" 2>&1 || got=$?
cat "$work/said"
[ $got = 1 ] || fail "exit status $got without xlpt"
grep -q "to mend: " "$work/said" || fail "no mending line"
expect_rc 0 xl create -p "$work/db1.cfg"
mv "$work/xlpt" /usr/local/sbin/xlpt
guest_destroy db1

expect_rc 0 xlpt guard remove
expect_rc 0 xlpt unhide $nic
rm -rf "$work"
