#!/bin/bash
# apply - an empty host and one file: applied, booted, unchanged, pools work; the same file where every bus is numbered otherwise
# timeout: 1700
# machine: small small small-shifted small-shifted
# reboots: 3
# covers: -
. "$LAB/lib.sh"

kept=/root/apply-scenario
conf=/etc/xlpt/host.conf
unit=xlpt-apply.service
prom=/var/lib/prometheus/node-exporter
said=/run/lab/said
mkdir -p "$kept"
: "${GUEST_BOOT_SECONDS:=300}"
export GUEST_BOOT_SECONDS

# The igb, the card that guests are to have, and how many functions further everything is.
case $LAB_BOOT in
0 | 1) pf=0000:01:00.0 card=0000:02:00.0 ;;
*) pf=0000:02:00.0 card=0000:03:00.0 ;;
esac

between() {
	printf '#!/bin/sh\nset -e\nupdate-initramfs -u -k all\nupdate-grub\n' >/lab/between
	chmod 755 /lab/between
}

# member NAME: of the JSON object in $said.
member() {
	python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' $said "$1"
}

# applied WHAT...: xlpt apply does it, and WHAT are the members changed and reboot_required afterwards.
applied() {
	local changed=$1 reboot=$2
	shift 2
	xlpt --json apply "$@" >$said || { cat $said; fail "xlpt apply $* fails"; }
	cat $said
	[ "$(member changed) $(member reboot_required)" = "$changed $reboot" ] ||
		fail "apply $*: changed $(member changed), reboot_required $(member reboot_required)"
}

# host_text: everything of this host that the file is about.
host_text() {
	xlpt list -o device,driver,state
	xlpt pin list
	xlpt pool show lan
	xlpt boot verify
	cat /etc/modprobe.d/xlpt.conf /etc/xlpt/xlpt.conf.d/90-host.conf
}

# nothing: the host is empty.
nothing() {
	! compgen -G '/sys/bus/pci/drivers/pciback/*:*' || fail "something is hidden"
	[ "$(cat /sys/bus/pci/devices/$pf/sriov_numvfs)" = 0 ] || fail "there are VFs"
	[ ! -e /etc/modprobe.d/xlpt.conf ] || fail "something is hidden at boot"
	[ ! -L /usr/local/sbin/xl ] || fail "the guard is installed"
	! xlpt pin list 2>/dev/null | grep card || fail "there is a pin"
}

# is_so: this host is what the file says, also after a boot.
is_so() {
	applied False False
	xlpt apply --check --diff | tee $said
	grep -q '^unchanged: ' $said || fail "--check says something else"
	! grep -E '^(\+|-)' $said || fail "--diff shows something"
	[ "$(driver_of $card)" = pciback ] || fail "$card is with $(driver_of $card)"
	xlpt boot verify | tee $said
	grep -q "^$card *hidden" $said || fail "$card is not hidden by the boot"
	[ "$(cat /sys/bus/pci/devices/$pf/sriov_numvfs)" = 4 ] || fail "there are $(cat /sys/bus/pci/devices/$pf/sriov_numvfs) VFs"
	xlpt pool show lan | grep -q '4 of 4 VFs free' || fail "the pool has not four free VFs"
	xlpt guard status | tee $said
	xlpt budget | grep -q 256 || fail "the limit is not 256"
}

# pool_works: two guests by xl create, each with a VF of the pool, one of them with the card.
pool_works() {
	local vf
	guest_start web1 pv 'pci=["pool:lan", "pin:card"]'
	guest_start web2 pv 'pci=["pool:lan"]'
	xlpt list --guest web1
	for guest in web1 web2; do
		vf=$(xlpt list --guest $guest -o device | grep -oE '0000:0[12]:10\.[0-7]') || fail "$guest has no VF"
		wait_for "$GUEST_BOOT_SECONDS" "$guest to have $vf" pci_connected "$(xl domid $guest)" "$vf"
	done
	wait_for "$GUEST_BOOT_SECONDS" "web1 to have $card" pci_connected "$(xl domid web1)" $card
	xlpt pool show lan | grep -q '2 of 4 VFs free' || fail "the pool has not two free VFs"
	applied False False
	guest_destroy web1
	guest_destroy web2
	expect_rc 0 xlpt pool release --gone
	xlpt pool show lan | grep -q '4 of 4 VFs free' || fail "the VFs did not go back"
	# What a pool has given away once stays hidden, and counts as in use when the VFs are to be removed.
	for vf in /sys/bus/pci/drivers/pciback/*:10.?; do expect_rc 0 xlpt unhide "${vf##*/}"; done
}

note "boot $LAB_BOOT"
lspci
case $LAB_BOOT in
0)
	nothing
	serial=$(xlpt show --json $card | python3 -c 'import json, sys; print(json.load(sys.stdin)["identity"]["serial"])')
	mkdir -p /etc/xlpt
	cat >"$kept/host.conf" <<-END
		[pin card]
		serial = $serial
		[pin igb]
		match = 8086:10c9
		[hide card]
		at = boot, now
		[vfs igb]
		count = 4
		[pool lan]
		pf = pin:igb
		policy = spread
		[guard]
		xl = yes
		[settings]
		limit = 256
	END
	cp "$kept/host.conf" $conf
	cat $conf
	note "first what would be done, then done: nothing, and everything"
	applied True False --check --diff
	nothing
	applied True False
	applied False False
	systemctl enable $unit
	note "node_exporter's folder is there: the timer writes the metrics"
	mkdir -p $prom
	systemctl enable xlpt-metrics.timer
	between
	;;
1 | 3)
	note "the unit has run before guests, and had something to do: VFs do not outlive a boot"
	[ "$(systemctl is-active $unit)" = active ] || { journalctl -b -u $unit --no-pager; fail "$unit is $(systemctl is-active $unit)"; }
	journalctl -b -u $unit --no-pager
	is_so
	host_text >"$kept/text-$LAB_BOOT"
	note "what export says of this host changes nothing"
	xlpt apply --export >"$kept/export.conf"
	cat "$kept/export.conf"
	applied False False --check "$kept/export.conf"
	pool_works
	if [ "$LAB_BOOT" = 1 ]; then
		note "the metrics: whole, readable by everyone, and the journal has no line for each time"
		wait_for 180 "the metrics" test -s $prom/xlpt.prom
		[ "$(stat -c %a $prom/xlpt.prom)" = 644 ] || fail "their mode is $(stat -c %a $prom/xlpt.prom)"
		# The last time may have been while the guests had their VFs.
		wait_for 400 "the pool's four free VFs in them" grep -qx 'xlpt_pool_vfs{pool="lan",state="free"} 4' $prom/xlpt.prom ||
			{ cat $prom/xlpt.prom; fail "the pool is not in them"; }
		grep -x 'xlpt_doctor_sound 1' $prom/xlpt.prom || { cat $prom/xlpt.prom; fail "the host is not sound"; }
		[ "$(journalctl -b -u xlpt-metrics.service --no-pager -q | wc -l)" -lt 3 ] || {
			journalctl -b -u xlpt-metrics.service --no-pager
			fail "the journal is full of it"
		}
		systemctl disable --now xlpt-metrics.timer

		note "an empty file takes all back that apply has made"
		: >$conf
		applied True False --prune
		host_text >"$kept/empty" 2>&1 || :
		systemctl disable $unit
		rm $conf
		# The next boots are on the other machine, where dom0's own card has another name.
		sed -i 's/enp3s0/enp4s0/' /etc/network/interfaces
		between
	fi
	if [ "$LAB_BOOT" = 3 ]; then
		note "but for the addresses both hosts are the same"
		grep -v '^0000:01:' "$kept/text-3" | sed 's/0000:02:/0000:01:/g; s/0000:03:/0000:02:/g; s/0000:04:/0000:03:/g' >"$kept/as-1"
		diff "$kept/text-1" "$kept/as-1" || fail "these lines differ"
	fi
	;;
2)
	note "an empty host again, in which every bus is one further"
	nothing
	cp "$kept/host.conf" $conf
	applied True False --check
	applied True False
	applied False False
	systemctl enable $unit
	between
	;;
esac
