#!/bin/bash
# capture - an unpacked capture says what the host says, and has no secrets in it
# timeout: 600
# covers: pv xl hot .0 acs
. "$LAB/lib.sh"

nic=0000:02:00.0
nvme=0000:03:00.0
igb=0000:01:00.0
work=$(mktemp -d)
tree=$work/tree

# same COMMAND...: live and captured print the same and exit alike.
same() {
	local live=0 off=0
	xlpt "$@" >"$work/live" 2>&1 || live=$?
	xlpt --sysroot "$tree" "$@" >"$work/off" 2>&1 || off=$?
	if [ "$live" != "$off" ] || ! diff "$work/live" "$work/off"; then
		fail "xlpt $* differs (exit $live live, $off captured)"
	fi
	note "same ($(wc -l <"$work/live") lines, exit $live): xlpt $*"
}

echo 2 >/sys/bus/pci/devices/$igb/sriov_numvfs
vf=$(basename "$(readlink -f /sys/bus/pci/devices/$igb/virtfn0)")
guest_start web1 pv
domid=$(guest_domid web1)
# As libxl writes it for a guest with a display; QEMU itself is not needed for that.
xenstore-write "/local/domain/0/backend/vfb/$domid/0/vncpasswd" hunter2
xenstore-write "/local/domain/$domid/data/secret" hunter2
# What operators have in such files; the option of a module that is not loaded changes nothing.
echo 'options iscsi_tcp chap_secret=hunter2' >/etc/modprobe.d/lab-secret.conf
expect_rc 0 xlpt attach web1 --hide $nic
expect_rc 0 xlpt hide $nvme "$vf"
expect_rc 0 xlpt pin nic0 $nic
expect_rc 0 xlpt pin vf0 "$vf"
expect_rc 0 xlpt boot write pin:nic0 $nvme

xlpt capture --list >"$work/paths"
grep -q '^/etc/modprobe.d/lab-secret.conf$' "$work/paths" || fail "--list lacks a file"
note "$(wc -l <"$work/paths") paths, by kind:"
cut -d/ -f2,3 "$work/paths" | sort | uniq -c
begin=$(now_ms)
expect_rc 0 xlpt capture -o "$work/host.tar.gz"
note "BENCH capture of $(wc -l <"$work/paths") files in $(($(now_ms) - begin)) ms, $(stat -c %s "$work/host.tar.gz") bytes"
expect_rc 1 xlpt capture -o "$work/host.tar.gz"
mkdir "$tree"
tar -C "$tree" --strip-components=1 -xzf "$work/host.tar.gz"
cat "$tree/xlpt-capture/left-out" "$tree/xlpt-capture/taken-out" "$tree/xlpt-capture/toolstack"
grep -q '^/etc/modprobe.d/lab-secret.conf: chap_secret (1)$' "$tree/xlpt-capture/taken-out" ||
	fail "it is not said what was taken out"
[ "$(cat "$tree/proc/sys/kernel/osrelease")" = "$(uname -r)" ] || fail "the kernel's release is not in it"
! grep -rq hunter2 "$tree" || fail "a secret is in the capture"
! grep -q vnc "$tree/xlpt-capture/xenstore" || fail "the frame buffer is in the capture"
[ -z "$(ls -d /tmp/xlpt-capture-* 2>/dev/null)" ] || fail "a temporary directory is left"
grep -q 'Xen version' "$tree/xlpt-capture/xl-dmesg" || fail "Xen's messages are not in it"

same list
same list --json
same list --all
for bdf in $nic $nvme "$vf" $igb 0000:00:1f.2 0000:07:01.0 0000:08:00.0 pin:nic0; do
	same show "$bdf"
done
same show --json $nvme
same status
same status --json
same status web1
same boot verify
same boot verify --json
same pin list
same pin show vf0 --json
same reset --list $nic $nvme "$vf" $igb 0000:07:01.0 0000:08:00.0
expect_rc 2 xlpt --sysroot "$tree" attach web1 $nvme
expect_rc 2 xlpt --sysroot "$tree" reset $nvme

rm /etc/modprobe.d/lab-secret.conf
xenstore-rm "/local/domain/0/backend/vfb/$domid"
expect_rc 0 xlpt detach web1 $nic --to-host
expect_rc 0 xlpt unhide $nvme "$vf"
expect_rc 0 xlpt boot remove
guest_destroy web1
