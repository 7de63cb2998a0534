# shellcheck shell=bash
# lib.sh - what lab scenarios are written with; a scenario starts with: . "$LAB/lib.sh"
#
# Nothing here sleeps blindly: everything waits for something it can name, with a deadline.
set -eu

lab_scenario=${LAB_SCENARIO:-shell}
lab_tag=0
# A pipe nobody writes to: reading it with a timeout is a sleep without a new process.
exec {lab_nap_fd}<> <(:)

lab_nap() {
	read -r -t "$1" -u "$lab_nap_fd" || :
}

# now_ms: milliseconds of the wall clock.
now_ms() {
	printf '%s\n' "$((${EPOCHREALTIME/[.,]/} / 1000))"
}

note() {
	printf '%s\n' "-- $*"
}

fail() {
	printf 'FAILED: %s\n' "$*"
	exit 1
}

# expect_rc N COMMAND...: COMMAND must exit with N.
expect_rc() {
	local want=$1 got=0
	shift
	printf '$ %s\n' "$*"
	"$@" || got=$?
	[ "$got" = "$want" ] || fail "exit status $got, expected $want: $*"
}

# wait_for SECONDS DESCRIPTION COMMAND...: until COMMAND succeeds.
wait_for() {
	local seconds=$1 description=$2 end
	shift 2
	end=$(($(now_ms) + seconds * 1000))
	until "$@" >/dev/null 2>&1; do
		if [ "$(now_ms)" -ge "$end" ]; then
			printf 'timed out: waited %s s for %s\n' "$seconds" "$description"
			return 1
		fi
		lab_nap 0.1
	done
}

# wait_xs SECONDS DESCRIPTION PATH COMMAND...: as wait_for, but looks only when something below the
# xenstore PATH has changed. Polling takes the one processor away from the guest one waits for.
wait_xs() {
	local seconds=$1 description=$2 path=$3 end left pipe rc=0 watcher pipe_fd
	shift 3
	pipe=$(mktemp -u /run/lab/watch-XXXXXX)
	mkfifo "$pipe"
	# Opened for both, so that neither side waits for the other to open it.
	exec {pipe_fd}<>"$pipe"
	rm "$pipe"
	xenstore-watch "$path" 1>&"$pipe_fd" &
	watcher=$!
	end=$(($(now_ms) + seconds * 1000))
	until "$@" >/dev/null 2>&1; do
		left=$((end - $(now_ms)))
		if [ "$left" -le 0 ]; then
			printf 'timed out: waited %s s for %s\n' "$seconds" "$description"
			rc=1
			break
		fi
		read -r -t "$((left / 1000)).$((left % 1000))" -u "$pipe_fd" || continue
		# Changes come in groups; look once for each group.
		while read -r -t 0.02 -u "$pipe_fd"; do :; done
	done
	kill "$watcher"
	wait "$watcher" 2>/dev/null || :
	exec {pipe_fd}>&-
	return "$rc"
}

# xs PATH: the value of a xenstore node, nothing when there is none.
xs() {
	xenstore-read "$1" 2>/dev/null || :
}

xs_two() {
	xenstore-read "$1" "$2" 2>/dev/null | tr '\n' ' ' | sed 's/ $//'
}

xs_is() {
	[ "$(xs "$1")" = "$2" ]
}

xs_gone() {
	! xenstore-exists "$1"
}

# xs_count [PATH]: how many xenstore nodes there are, all of them or below PATH.
xs_count() {
	xenstore-ls -f "${@:-/}" | wc -l
}

# xs_trace DOMID FILE: from now on, every change of the guest's PCI nodes goes to FILE as
# "milliseconds path", and the value of those called state. Values are read a moment after the change,
# so a short-lived one can be missed. xs_trace_end stops it.
xs_trace() {
	local domid=$1 file=$2
	: >"$file"
	rm -f /run/lab/trace
	mkfifo /run/lab/trace
	while read -r path; do
		printf '%s %s' "$((${EPOCHREALTIME/[.,]/} / 1000))" "$path"
		case $path in
		*/state*) printf ' %s\n' "$(xs "$path")" ;;
		*) printf '\n' ;;
		esac
	done </run/lab/trace >>"$file" &
	lab_trace_reader=$!
	xenstore-watch "/local/domain/0/backend/pci/$domid" "/local/domain/$domid/device/pci" \
		"/local/domain/$domid/error/device/pci" >/run/lab/trace &
	lab_trace_watch=$!
	wait_for 5 "xenstore-watch to start" test -s "$file"
}

xs_trace_end() {
	kill "$lab_trace_watch"
	wait "$lab_trace_watch" "$lab_trace_reader" || :
}

irq_count() {
	wc -l </proc/interrupts
}

# driver_of BDF: the driver a device has in dom0, or -.
driver_of() {
	local link=/sys/bus/pci/devices/$1/driver
	if [ -e "$link" ]; then
		basename "$(readlink -f "$link")"
	else
		echo -
	fi
}

# pci_connected DOMID BDF: the PV guest's frontend has taken BDF in. Looking at the frontend alone is
# not enough: when another device is there already, it is 4 before it has even noticed.
pci_connected() {
	local backend=/local/domain/0/backend/pci/$1/0 n
	[ "$(xs_two "$backend/state" "/local/domain/$1/device/pci/0/state")" = "4 4" ] || return 1
	n=$(pci_slot "$1" "$2")
	[ -n "$n" ] && xenstore-exists "$backend/vdev-$n" && xs_is "$backend/state-$n" 3
}

# wait_connected DOMID BDF [SECONDS]
wait_connected() {
	wait_xs "${3:-30}" "$2 to be connected" "/local/domain/$1/device/pci" pci_connected "$1" "$2"
}

# pci_slot DOMID BDF: N of the backend's dev-N, nothing when it is not there.
pci_slot() {
	xenstore-ls -f "/local/domain/0/backend/pci/$1/0" 2>/dev/null |
		sed -n "s|.*/dev-\([0-9]*\) = \"$2\"\$|\1|p"
}

# --- guests ---------------------------------------------------------------------------------------

# guest_logs NAME: its console's logs, the newest first; a guest that came by migration began another.
guest_logs() {
	local dir=/var/log/xen/console
	# shellcheck disable=SC2012 # their names are ours
	ls -t "$dir/guest-$1.log" "$dir/guest-$1--"*.log 2>/dev/null || :
}

guest_console() {
	local newest
	newest=$(guest_logs "$1" | head -n 1)
	printf '%s\n' "${newest:-/var/log/xen/console/guest-$1.log}"
}

guest_domid() {
	xl domid "$1"
}

# guest_mark NAME: what guest_sees looks at begins here.
guest_mark() {
	local log
	: >"/run/lab/mark-$1"
	for log in $(guest_logs "$1"); do
		printf '%s %s\n' "$(stat -c %s "$log")" "$log" >>"/run/lab/mark-$1"
	done
}

# guest_said NAME: everything since then.
guest_said() {
	local log from size path mark=/run/lab/mark-$1
	for log in $(guest_logs "$1"); do
		from=0
		if [ -e "$mark" ]; then
			while read -r size path; do
				[ "$path" != "$log" ] || from=$size
			done <"$mark"
		fi
		tail -c "+$((from + 1))" "$log" | tr -d '\r'
	done
}

guest_log_has() {
	guest_said "$1" | grep -E -- "$2" >/dev/null
}

# guest_sees NAME REGEX [SECONDS]: the guest's console says so, after the last guest_mark.
guest_sees() {
	wait_for "${3:-30}" "'$2' on the console of $1" guest_log_has "$1" "$2"
}

# guest_config NAME pv|hvm|pvh [LINE...]: writes a configuration to $LAB_OUT/<scenario>/NAME.cfg. A LINE is added to it; a
# LINE "-key" leaves that key of ours out.
guest_config() {
	local name=$1 type=$2 cfg line memory=256
	shift 2
	mkdir -p "$LAB_OUT/$lab_scenario"
	cfg=$LAB_OUT/$lab_scenario/$name.cfg
	[ "$type" = pv ] || memory=320
	{
		printf 'name="%s"\ntype="%s"\nmemory=%s\nvcpus=1\n' "$name" "$type" "$memory"
		printf 'kernel="/lab/guest/vmlinuz"\nramdisk="/lab/guest/initrd"\n'
		printf 'on_poweroff="destroy"\non_reboot="destroy"\non_crash="destroy"\n'
		# tsc_mode: emulated SVM cannot emulate RDTSCP, see README.md.
		case $type in
		# Linux 7.2 reads a register of AMD's chipset there, which no guest has, and panics.
		pv) printf 'cmdline="console=hvc0 loglevel=6 initcall_blacklist=print_s5_reset_status_mmio"\ne820_host=1\n' ;;
		pvh) printf 'cmdline="console=hvc0 loglevel=6"\ntsc_mode="native"\n' ;;
		hvm)
			printf 'cmdline="console=hvc0 loglevel=6"\ntsc_mode="native"\n'
			printf 'vga="none"\nnographic=1\nserial="pty"\n'
			;;
		esac
		[ "$type" = pvh ] || printf 'passthrough="enabled"\n'
	} >"$cfg"
	for line in "$@"; do
		case $line in
		-*) sed -i "/^${line#-}=/d" "$cfg" ;;
		*) printf '%s\n' "$line" >>"$cfg" ;;
		esac
	done
}

# guest_start NAME pv|hvm|pvh [LINE...]: writes a configuration (guest_config), creates the guest and waits until it obeys
# commands.
guest_start() {
	local name=$1
	guest_config "$@"
	guest_mark "$name"
	xl create "$LAB_OUT/$lab_scenario/$name.cfg" || fail "xl create $name"
	guest_ready "$name"
}

# guest_ready NAME: since guest_mark it has come so far that it obeys commands.
guest_ready() {
	wait_for "${GUEST_BOOT_SECONDS:-$((120 * ${LAB_CPUS:-1}))}" "guest $1 to be ready" guest_log_has "$1" 'GUEST ready' || {
		tail -n 20 "$(guest_console "$1")" 2>/dev/null || :
		fail "guest $1 did not boot"
	}
}

lab_guest_gone() {
	! xl domid "$1"
}

# guest_idle NAME: an HVM guest that answers nothing, with its configuration in /run/lab/NAME.cfg. Its disk is a boot sector
# that waits: the firmware of a guest with nothing to boot starts again each minute, and that is another domain.
guest_idle() {
	# sti; hlt; jmp to hlt
	printf '\xfb\xf4\xeb\xfd' >"/run/lab/$1.img"
	truncate -s 510 "/run/lab/$1.img"
	printf '\x55\xaa' >>"/run/lab/$1.img"
	truncate -s 1M "/run/lab/$1.img"
	printf '%s\n' "name=\"$1\"" 'type="hvm"' 'memory=128' 'vcpus=1' 'vga="none"' 'nographic=1' 'serial="pty"' \
		'passthrough="enabled"' 'boot="c"' \
		"device_model_args_hvm=['-drive', 'file=/run/lab/$1.img,format=raw,if=ide']" >"/run/lab/$1.cfg"
	xl create "/run/lab/$1.cfg" || fail "xl create $1"
}

# xl's process for a guest of that name has ended: until then xlpt cannot know that it does not come again.
lab_monitor_gone() {
	! readlink /proc/[0-9]*/fd/1 2>/dev/null | grep -q "/xl-$1\.log"
}

guest_destroy() {
	local domid
	domid=$(xl domid "$1") || return 0
	xl destroy "$1"
	wait_for 30 "guest $1 to be gone" lab_guest_gone "$1"
	wait_for 30 "xenstore to forget guest $1" xs_gone "/local/domain/$domid"
	wait_for 10 "xl's process for $1 to end" lab_monitor_gone "$1" || :
}

# guest_run NAME COMMAND: runs COMMAND with sh in the guest; its output and status become ours.
guest_run() {
	local name=$1 tag tty domid said
	shift
	lab_tag=$((lab_tag + 1))
	tag=t$BASHPID-$lab_tag
	domid=$(xl domid "$name")
	tty=$(xenstore-read "/local/domain/$domid/console/tty")
	said=$(mktemp)
	printf 'run %s %s\n' "$tag" "$*" >"$tty"
	wait_for "${GUEST_RUN_SECONDS:-60}" "guest $name to finish: $*" guest_done "$name" "$tag" "$said" ||
		{ rm "$said"; return 255; }
	sed -n "s/.*GUEST out $tag //p" "$said"
	tag=$(sed -n "s/.*GUEST done $tag //p" "$said")
	rm "$said"
	return "$tag"
}

# guest_done NAME TAG FILE: the command with this tag has ended; what it said is in FILE.
guest_done() {
	local log
	for log in $(guest_logs "$1"); do
		tr -d '\r' <"$log"
	done | grep -- " $2 " >"$3" || :
	grep -q "GUEST done $2 " "$3"
}

# --- giving everything back ----------------------------------------------------------------------

# lab_reset: no guests, no hidden devices, every device with the driver it had at boot.
lab_reset() {
	local name bdf driver path
	for name in $(xl list | awk 'NR > 1 && $2 != 0 { print $1 }'); do
		guest_destroy "$name" || :
	done
	for bdf in $(xl pci-assignable-list | awk '{ print $1 }'); do
		xl pci-assignable-remove -r "$bdf" || :
	done
	for path in /sys/bus/pci/drivers/pciback/0000:*; do
		[ -e "$path" ] || continue
		bdf=${path##*/}
		echo "$bdf" >/sys/bus/pci/drivers/pciback/unbind || :
		echo "$bdf" >/sys/bus/pci/drivers/pciback/remove_slot || :
	done
	for path in /sys/bus/pci/devices/*/sriov_numvfs; do
		[ -e "$path" ] || continue
		[ "$(cat "$path")" = 0 ] || echo 0 >"$path" || :
	done
	while read -r bdf driver; do
		path=/sys/bus/pci/devices/$bdf
		[ -e "$path" ] || { echo "device $bdf is missing"; continue; }
		[ "$(cat "$path/driver_override")" = '(null)' ] || echo >"$path/driver_override"
		if [ "$driver" != - ] && [ "$(driver_of "$bdf")" != "$driver" ]; then
			[ ! -e "$path/driver" ] || echo "$bdf" >"$path/driver/unbind" || :
			echo "$bdf" >"/sys/bus/pci/drivers/$driver/bind" || :
		fi
	done </run/lab/drivers
	rm -rf /run/xlpt /var/lib/xlpt /etc/xlpt
}
