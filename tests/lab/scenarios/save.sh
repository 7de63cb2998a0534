#!/bin/bash
# save - save, restore and migrate of a PV guest with a virtual function; kill -9 at every journal line
# timeout: 5400
#
# A virtual function, because a Linux PV guest that once had a device with an interrupt line does not
# survive its resume (its kernel faults in restore_pirqs), whoever saves it.
# The other host of the migrations is this one. Environment: KILLS (1): every how many journal lines.
# covers: pv xl hot .0,vf.0 acs
. "$LAB/lib.sh"

pf=0000:01:00.0
nic=0000:02:00.0
image=/root/web1.img
kills=${KILLS:-1}
killed=0

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

# once: web1 is there exactly once and obeys; sets domid.
once() {
	local n
	n=$(xl list | awk '$1 ~ /^web1/' | wc -l)
	[ "$n" = 1 ] || fail "$1: web1 is there $n times: $(xl list)"
	domid=$(guest_domid web1) || fail "$1: web1 is there under another name"
	guest_run web1 true || fail "$1: web1 does not answer"
}

# shows WHAT: after a fresh attach the guest's driver has the device.
shows() {
	local i
	for ((i = 0; i < 100; i++)); do
		guest_run web1 'cat /sys/bus/pci/devices/*/uevent' | grep -q '^DRIVER=igbvf' && return
		lab_nap 0.5
	done
	fail "$1: the guest does not show the device with its driver"
}

idle() {
	[ -z "$(ls /run/xlpt/journal 2>/dev/null)" ] || fail "$1: a journal is left: $(cat /run/xlpt/journal/*)"
	xlpt repair | grep -q "nothing to mend" || fail "$1: repair still finds something"
	[ -z "$(find "${image%/*}" -name "${image##*/}.*.part")" ] || fail "$1: a part of an image is left"
	[ -z "$(ls /var/lib/xlpt/migrate 2>/dev/null)" ] || fail "$1: an image of a migration is left"
}

# no_xl: what a killed xlpt has left running is over; xl's daemons, one for each guest, stay.
no_xl() {
	! pgrep -f '(^|/)xl (save|migrate -s)' && ! pgrep -x xlpt
}

# at N COMMAND...: COMMAND is killed at line N of its journal. What it started goes on to its end.
at() {
	local n=$1 status=0
	shift
	# Not its children: among them is xl's daemon, for which strace would wait.
	strace -qq -o /dev/null -e trace=fdatasync -e "inject=fdatasync:signal=SIGKILL:when=$n" "$@" \
		>/run/lab/killed 2>&1 || status=$?
	if [ "$status" = 137 ]; then
		wait_for 120 "xl to end" no_xl
		return 0
	fi
	[ "$status" = 0 ] || fail "exit status $status: $*: $(cat /run/lab/killed)"
	return 1
}

ip link set "$(ls /sys/bus/pci/devices/$pf/net)" up
echo 1 >/sys/bus/pci/devices/$pf/sriov_numvfs
vf=$(basename "$(readlink -f /sys/bus/pci/devices/$pf/virtfn0)")
cat >/root/transport <<'TRANSPORT'
#!/bin/sh
shift
exec "$@"
TRANSPORT
chmod +x /root/transport

guest_start web1 pv -memory memory=160
expect_rc 0 xlpt hide "$vf"
expect_rc 0 xlpt hide $nic
expect_rc 0 xlpt attach web1 "$vf"
shows "after the attach"

note "refused while it holds a device"
refuses 3 "$vf" xlpt save web1 $image
refuses 3 "$vf" xlpt migrate -s /root/transport web1 localhost
refuses 1 "not in this host\|does not show it" \
	xlpt migrate --detach-first --map "$vf"=0000:7f:00.0 -s /root/transport web1 localhost
once "after the refusals"
[ ! -e $image ] || fail "a refused save left an image"

note "save and restore"
expect_rc 0 xlpt save --detach-first web1 $image
! xl domid web1 2>/dev/null || fail "web1 is still there"
cat $image.xlpt
expect_rc 0 xlpt restore $image
once "after the restore"
shows "after the restore"
refuses 1 "is there already" xlpt restore $image
idle "after the restore"

note "migrate"
expect_rc 0 xlpt -v migrate --detach-first -s /root/transport web1 localhost
once "after the migration"
shows "after the migration"
idle "after the migration"
expect_rc 0 xlpt migrate --detach-first --offline -s /root/transport web1 localhost
once "after the offline migration"
shows "after the offline migration"
idle "after the offline migration"

note "failures leave it as it was"
mkdir -p /root/small
mount -t tmpfs -o size=8m none /root/small
refuses 1 "" xlpt save --detach-first web1 /root/small/web1.img
once "after a save without room"
shows "after a save without room"
[ -z "$(ls /root/small)" ] || fail "something is left of the save: $(ls /root/small)"
umount /root/small
cat >/root/broken <<'TRANSPORT'
#!/bin/sh
shift
case "$*" in
"xl migrate-receive"* | "xl restore"*) head -c 30000000 | "$@"; exit 1 ;;
esac
exec "$@"
TRANSPORT
chmod +x /root/broken
refuses 1 "" xlpt migrate --detach-first --offline -s /root/broken web1 localhost
once "after a migration that broke off"
shows "after a migration that broke off"
idle "after the failures"

note "a function out of a pool, which goes back to its driver between guests"
leased() {
	xlpt pool show lan | grep -q "leased.*web1 (domain $domid)" || fail "$1: $(xlpt pool show lan)"
}
expect_rc 0 xlpt detach --to-host web1 "$vf"
modprobe igbvf || fail "dom0 has no igbvf"
vf_in_dom0() { [ "$(driver_of "$vf")" = igbvf ]; }
wait_for 20 "igbvf to take the VF in dom0" vf_in_dom0
expect_rc 0 xlpt pool define lan pf=$pf managed=yes
expect_rc 0 xlpt attach web1 pool:lan,vlan=42
expect_rc 0 xlpt save --detach-first web1 $image
grep "^device $vf,.*pool=lan.*vlan=42" $image.xlpt || fail "the record does not name pool and VLAN"
vf_in_dom0 || fail "the VF is not back with igbvf"
xlpt pool show lan | grep -q "1 of 1 VFs free" || fail "the VF is not back in the pool: $(xlpt pool show lan)"
expect_rc 0 xlpt restore $image
once "restored with a pool's VF"
shows "restored with a pool's VF"
leased "after the restore"
ip link show "$(ls /sys/bus/pci/devices/$pf/net)" | grep "vlan 42" || fail "the VLAN has not come along"
expect_rc 0 xlpt migrate --detach-first -s /root/transport web1 localhost
once "migrated with a pool's VF"
shows "migrated with a pool's VF"
leased "after the migration"
mount -t tmpfs -o size=8m none /root/small
refuses 1 "" xlpt save --detach-first web1 /root/small/web1.img
umount /root/small
once "a pool's VF, after a save without room"
shows "a pool's VF, after a save without room"
leased "after a save without room"
idle "with a pool"
expect_rc 0 xlpt detach web1 "$vf"
xlpt pool show lan | grep -q "1 of 1 VFs free" || fail "the VF is not back in the pool: $(xlpt pool show lan)"
expect_rc 0 xlpt pool undefine lan
rmmod igbvf
expect_rc 0 xlpt hide "$vf"
expect_rc 0 xlpt attach web1 "$vf"
shows "after the pool"

note "kill -9 at journal lines"
for ((n = 1; n < 60; n += kills)); do
	at $n xlpt save --detach-first web1 $image || break
	killed=$((killed + 1))
	note "save killed at line $n: $(cat /run/xlpt/journal/* 2>/dev/null | tail -n 1)"
	xlpt repair || fail "repair after a kill at line $n of a save"
	xl domid web1 2>/dev/null || expect_rc 0 xlpt restore $image
	once "save killed at $n"
	shows "save killed at $n"
	idle "save killed at $n"
done
for ((n = 1; n < 60; n += kills)); do
	xl domid web1 2>/dev/null && expect_rc 0 xlpt save --detach-first web1 $image
	at $n xlpt restore $image || break
	killed=$((killed + 1))
	note "restore killed at line $n: $(cat /run/xlpt/journal/* 2>/dev/null | tail -n 1)"
	xlpt repair || fail "repair after a kill at line $n of a restore"
	xl domid web1 2>/dev/null || expect_rc 0 xlpt restore $image
	once "restore killed at $n"
	shows "restore killed at $n"
	idle "restore killed at $n"
done
once "after the restores"
for way in "" --offline; do
	for ((n = 1; n < 60; n += kills)); do
		# shellcheck disable=SC2086 # an option or none
		at $n xlpt migrate --detach-first $way -s /root/transport web1 localhost || break
		killed=$((killed + 1))
		note "migrate $way killed at line $n: $(cat /run/xlpt/journal/* 2>/dev/null | tail -n 1)"
		xlpt repair || fail "repair after a kill at line $n of a migration"
		once "migrate $way killed at $n"
		shows "migrate $way killed at $n"
		idle "migrate $way killed at $n"
	done
done
note "COUNT killed at journal lines: $killed"
[ $((killed * kills)) -ge 80 ] || fail "only $killed kills"

note "an interrupt line is more than a PV guest survives"
expect_rc 0 xlpt detach web1 "$vf"
expect_rc 0 xlpt attach web1 $nic
refuses 3 "interrupt line" xlpt save --detach-first web1 $image
expect_rc 0 xlpt detach web1 $nic
refuses 3 "had $nic" xlpt save --detach-first web1 $image
refuses 3 "had $nic" xlpt migrate -s /root/transport web1 localhost
refuses 3 "had $nic" xlpt guard check web1
guest_destroy web1

note "an image of xl with a device that is another guest's by now"
rm -f $image $image.xlpt
guest_start web1 pv -memory memory=160
guest_run web1 'rmmod xen_pcifront' || fail "cannot unload pcifront"
xl pci-attach web1 "$vf" || fail "xl pci-attach"
expect_rc 0 xl save web1 $image
lab_nap 1
expect_rc 0 xlpt repair
guest_start db1 pv
expect_rc 0 xlpt attach db1 "$vf"
refuses 3 "$vf is with db1" xlpt restore $image
expect_rc 0 xlpt restore --without-devices $image
once "restored without devices"
[ -n "$(pci_slot "$(guest_domid db1)" "$vf")" ] || fail "db1 has lost its device"
idle "at the end"
head -c 5000000 $image >/root/short.img
guest_destroy web1
refuses 1 "is not complete" xlpt restore /root/short.img
