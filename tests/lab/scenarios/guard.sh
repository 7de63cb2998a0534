#!/bin/bash
# guard - guests with devices stay where they are, whoever wants to save or migrate them; all else is as before
# timeout: 1200
# covers: pv,hvm xl hot .0 acs
. "$LAB/lib.sh"

nic=0000:02:00.0
real=/usr/sbin/xl
work=$(mktemp -d -p /var/tmp)
transport=$work/transport

# xl runs "TRANSPORT HOST xl migrate-receive ..." with a shell.
cat >"$transport" <<'TRANSPORT'
#!/bin/sh
shift
exec "$@"
TRANSPORT
chmod +x "$transport"

the_files() {
	(cd / && find etc usr/local ! -type d -exec sha256sum {} + 2>/dev/null
	find etc usr/local -printf '%y %m %U %G %p %l\n') | sort
}

# has NAME BDF: the guest runs, is the same domain as before, and has its device.
has() {
	local name=$1 bdf=$2
	[ "$(guest_domid "$name")" = "$domid" ] || fail "$name is another domain or gone"
	xlpt status "$name" | grep -q "$bdf" || fail "$name does not have $bdf"
	case $name in
	fw1) ;;
	*) guest_run "$name" 'cat /sys/bus/pci/devices/*/driver/module/refcnt >/dev/null; ls /sys/class/net | grep -q eth' ||
		fail "$name does not answer, or does not show its device" ;;
	esac
}

# stays NAME BDF COMMAND...: refused with exit status 3, naming the device; nothing has changed.
stays() {
	local name=$1 bdf=$2 got=0 text
	shift 2
	rm -f "$work/image"
	text=$("$@" 2>&1) || got=$?
	printf '$ %s\n%s\n' "$*" "$text"
	[ "$got" = 3 ] || fail "exit status $got, expected 3: $*"
	grep -q "$bdf" <<<"$text" || fail "the message does not name $bdf"
	grep -qE '(to mend|try): ' <<<"$text" || fail "no mending line"
	[ ! -e "$work/image" ] || fail "an image was begun"
}

# same WORDS...: xl behind the guard and xl itself say the same, on both outputs, and exit the same.
compared=0
same() {
	local rc1=0 rc2=0 input=/dev/null
	[ ! -e "$work/input" ] || input=$work/input
	"$real" "$@" >"$work/out1" 2>"$work/err1" <"$input" || rc1=$?
	xl "$@" >"$work/out2" 2>"$work/err2" <"$input" || rc2=$?
	if [ $rc1 != $rc2 ] || ! cmp "$work/out1" "$work/out2" || ! cmp "$work/err1" "$work/err2"; then
		diff "$work/out1" "$work/out2" || :
		diff "$work/err1" "$work/err2" || :
		fail "xl $*: exit status $rc1 without, $rc2 with the guard"
	fi
	compared=$((compared + 1))
}

refuse_all() {
	local name=$1 bdf=$2
	note "xl and $name, which holds $bdf"
	stays "$name" "$bdf" xl save "$name" "$work/image"
	stays "$name" "$bdf" xl -v save -c "$name" "$work/image"
	stays "$name" "$bdf" xl sav -p "$domid" "$work/image"
	stays "$name" "$bdf" xl migrate -s "$transport" "$name" localhost
	stays "$name" "$bdf" xl migrate --live -s "$transport" -e "$name" localhost
	stays "$name" "$bdf" xl remus -Fb -i 500 "$name" localhost
	# xl reads no options behind the guest: these are a file and a host of that name.
	stays "$name" "$bdf" xl save "$name" --help
	stays "$name" "$bdf" xl save "$name" -h
	stays "$name" "$bdf" xl migrate -s "$transport" "$name" localhost --help
	if [ -e ./--help ] || [ -e ./-h ]; then fail "an image called as an option was written"; fi
	stays "$name" "$bdf" xlpt guard check "$name"
	has "$name" "$bdf"
}

# What was saved here or on its way is running again.
leaves() {
	local name=$1 type=$2
	note "xl and $name, which holds none"
	expect_rc 0 xlpt guard check "$name"
	expect_rc 0 xl save "$name" "$work/image"
	[ -s "$work/image" ] || fail "no image"
	lab_guest_gone "$name" || fail "$name was saved and is still there"
	expect_rc 0 xl restore "$work/image"
	rm "$work/image"
	guest_mark "$name"
	guest_sees "$name" "GUEST beat" 60 || fail "$name does not go on after restore"
	if xl info virt_caps | grep -q shadow || [ "$type" = hvm ]; then
		expect_rc 0 xl migrate -s "$transport" "$name" localhost
	else
		note "this Xen is built without shadow paging: no PV guest can migrate live, guard or not"
		expect_rc 1 "$real" migrate -s "$transport" "$name" localhost
		expect_rc 1 xl migrate -s "$transport" "$name" localhost
	fi
	guest_mark "$name"
	guest_sees "$name" "GUEST beat" 60 || fail "$name does not go on after its migration"
	expect_rc 0 xl save -c "$name" "$work/image"
	rm "$work/image"
	guest_run "$name" true || fail "$name does not answer after a checkpoint"
}

note "installing"
sed -i 's/^XENDOMAINS_STOP_MAXWAIT=.*/XENDOMAINS_STOP_MAXWAIT=60/' /etc/default/xendomains
the_files >"$work/before"
xlpt guard status
expect_rc 0 xlpt guard install
xlpt guard status
xlpt guard status --json | grep -q '"guarded": true' || fail "this shell does not find the guard"
expect_rc 0 xlpt guard install
[ "$(xlpt guard install)" = "nothing to change" ] || fail "installing twice changes something"
hash -r
[ "$(command -v xl)" = /usr/local/sbin/xl ] || fail "xl is $(command -v xl)"

note "xl with and without the guard"
guest_start web1 pv
printf '%s\n' 'name="n"' 'type="pv"' 'memory=64' 'kernel="/lab/guest/vmlinuz"' \
	'uuid="11111111-2222-3333-4444-555555555555"' >"$work/n.cfg"
same
same -x
same nonsense
same help
same help save
same list web1 nobody
same list nobody
same domid web1
same domname "$(guest_domid web1)"
same vm-list
same pci-list web1
same pci-assignable-list
same block-list web1
same network-list web1
same vtpm-list web1
same usb-list web1
same sched-credit -d web1
same cpupool-list -c
same getenforce
same pause nobody
same mem-set web1 256
same vcpu-pin web1 0 all
same vcpu-set nobody 1
same trigger
same create -n "$work/n.cfg"
same -N create "$work/n.cfg" 'name="with blanks"'
same config-update web1
same rename web1
same save
same save -h
same save nobody "$work/image"
same migrate --help
same migrate nobody
same migr web1 localhost
same remus nobody localhost
same remus -s
same restore "$work/none"
same migrate-receive -Z
same psr-hwinfo
same qemu-monitor-command nobody "info pci"
cat "$work/n.cfg" >"$work/input"
same create -n /dev/stdin
rm "$work/input"
expect_rc 0 script -qec "xl list web1" /dev/null
note "$compared command lines are the same"
t0=$(now_ms)
for _ in 1 2 3 4 5 6 7 8 9 10; do "$real" domid web1 >/dev/null; done
t1=$(now_ms)
for _ in 1 2 3 4 5 6 7 8 9 10; do xl domid web1 >/dev/null; done
t2=$(now_ms)
note "ten calls of xl: $((t1 - t0)) ms without the guard, $((t2 - t1)) ms with it"

note "PV"
expect_rc 0 xlpt attach web1 --hide $nic
domid=$(guest_domid web1)
refuse_all web1 $nic

note "an xlpt that cannot answer"
mv /usr/local/sbin/xlpt "$work/xlpt"
stays web1 web1 xl save web1 "$work/image"
same list nobody
printf '#!/bin/sh\nkill -SEGV $$\n' >/usr/local/sbin/xlpt
chmod +x /usr/local/sbin/xlpt
stays web1 web1 xl migrate -s "$transport" web1 localhost
mv "$work/xlpt" /usr/local/sbin/xlpt
has web1 $nic

note "the helper, where xl is called by its path: libxl refuses, and the guest goes on"
export LIBXL_SAVE_HELPER=/usr/local/lib/xlpt/guard/libxl-save-helper
for command in "save web1 $work/image" "migrate -s $transport web1 localhost"; do
	got=0
	# shellcheck disable=SC2086 # words
	text=$("$real" $command 2>&1) || got=$?
	printf '%s\n' "$text"
	note "exit status $got: $real $command"
	grep -q "$nic" <<<"$text" || fail "the helper did not say why"
	has web1 $nic
done
unset LIBXL_SAVE_HELPER
rm -f "$work/image"

note "one without devices"
# Xen keeps no log of dirty pages for a guest that may have devices: it cannot migrate, guard or not.
guest_start db1 pv -passthrough
leaves db1 pv

note "the host goes down: Debian's xendomains"
# The guest's init knows no shutdown; this is what the kernel runs when it is asked for one.
can_power_off() {
	guest_run "$1" 'mkdir -p /sbin; printf "#!/bin/sh\necho GUEST off >/dev/console\nexec /bin/poweroff -f\n" >/sbin/poweroff; chmod +x /sbin/poweroff' ||
		fail "cannot write to $1"
}
goes_down() {
	rm -rf /var/lib/xen/save
	can_power_off web1
	guest_mark web1
	env -i PATH=/sbin:/usr/sbin:/bin:/usr/bin "$@" stop >"$work/stop" 2>&1 || note "exit status $?"
	cat "$work/stop"
	[ ! -e /var/lib/xen/save/web1 ] || fail "an image of web1 was written"
	[ -s /var/lib/xen/save/db1 ] || fail "db1 was not saved"
	grep -q "$nic" "$work/stop" || fail "it does not say which guest was not saved, and why"
	wait_for 30 "web1 to be shut down" lab_guest_gone web1 || fail "web1 was not shut down"
	guest_log_has web1 "GUEST off" || fail "web1 was not asked to shut down"
	# A PV guest that powers off with a device leaves its backend behind (libxl: "not ready").
	xlpt repair
	[ "$(driver_of $nic)" = pciback ] || fail "$nic is not on pciback"
	expect_rc 0 xl restore /var/lib/xen/save/db1
	guest_mark db1
	guest_sees db1 "GUEST beat" 60 || fail "db1 does not go on"
}
goes_down /etc/init.d/xendomains
note "and Xen's own"
guest_start web1 pv
expect_rc 0 xlpt attach web1 $nic
goes_down "/usr/lib/xen-$LAB_XEN/bin/xendomains"
guest_destroy db1

if [ "$LAB_XEN" = 4.17 ]; then
	note "HVM that answers nothing (64-bit Linux does not boot there)"
	guest_idle fw1
	hvm=fw1
else
	note "HVM"
	guest_start win1 hvm
	hvm=win1
fi
expect_rc 0 xlpt attach $hvm $nic
domid=$(guest_domid $hvm)
refuse_all $hvm $nic
guest_destroy $hvm
if [ $hvm = win1 ]; then
	guest_start win2 hvm -passthrough
	leaves win2 hvm
	guest_destroy win2
fi

note "taking it away"
the_files >"$work/with"
expect_rc 0 xlpt guard remove
xlpt guard status
the_files >"$work/after"
diff "$work/before" "$work/after" || fail "not as before"
! diff -q "$work/before" "$work/with" || fail "the guard was never there"
hash -r
[ "$(command -v xl)" = $real ] || fail "xl is $(command -v xl)"
rm -rf "$work"
