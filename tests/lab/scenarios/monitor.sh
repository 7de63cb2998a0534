#!/bin/bash
# monitor - what xlpt, xl, a hand in sysfs, a guest and a pool do is told in time, plays back to what is, and ends cleanly
# timeout: 2400
# machine: small
# covers: -
. "$LAB/lib.sh"

pf=0000:01:00.0
vf=0000:01:10.0
card=0000:02:00.0
nic=$(basename /sys/bus/pci/devices/$pf/net/*)
told=/run/lab/told
json=/run/lab/told.json

# mark: what is told from here on counts.
mark() {
	before=$(wc -l <$told)
	since=$(now_ms)
}

# says LINE: it was told after the mark, behind its time.
says() {
	tail -n +$((before + 1)) $told | grep -q "^[^ ]* $1"
}

# tells LINE [SECONDS]: within that time; without it, within the two looks and the rest between them (2 s at most) that a
# sign may have to wait for, and what is not the monitor's. Without a sign it looks every ten seconds.
tells() {
	wait_for "${2:-$soon}" "the monitor to tell: $1" says "$1" || {
		wait_for 20 "it nevertheless" says "$1" || :
		tail -n +$((before + 1)) $told
		fail "told $(($(now_ms) - since)) ms after the mark, or not at all: $1"
	}
	note "told $(($(now_ms) - since)) ms after the mark: $1"
}

# ends PID STATUS: it ends with that within two seconds.
ends() {
	local got=0 begin
	begin=$(now_ms)
	wait "$1" || got=$?
	[ "$got" = "$2" ] || fail "it ends with $got, expected $2"
	[ $(($(now_ms) - begin)) -lt 5000 ] || fail "it needs $(($(now_ms) - begin)) ms to end"
}

guest_start web1 pv
domid=$(guest_domid web1)
xlpt monitor >$told 2>$told.err &
pid=$!
xlpt --json monitor >$json 2>$json.err &
json_pid=$!
before=0
since=$(now_ms)
tells 'now: ' 30
look=$(now_ms)
xlpt status
look=$(($(now_ms) - look))
# The two monitors look at the same time, on one processor.
soon=$(((2000 + 4 * look) / 1000 + 2))
note "a look takes about $look ms, so a sign counts for $soon s"
[ $soon -lt 9 ] || fail "this machine is too slow to tell a sign from no sign"

note "xlpt: hidden, attached, detached, unhidden"
mark
expect_rc 0 xlpt attach web1 --hide $card
tells "hidden $card$"
tells "attached $card to web1 (domain $domid)$"
mark
expect_rc 0 xlpt detach web1 $card
tells "detached $card from web1"
mark
expect_rc 0 xlpt unhide $card
tells "unhidden $card: driver e1000e has it$"

note "a hand in sysfs: only the kernel tells of it"
echo $card >/sys/bus/pci/drivers/e1000e/unbind
echo $card >/sys/bus/pci/drivers/pciback/new_slot
mark
echo $card >/sys/bus/pci/drivers/pciback/bind
tells "hidden $card$"
mark
echo $card >/sys/bus/pci/drivers/pciback/unbind
# Whether a driver is about to take it, the next look tells.
tells "unhidden $card: no driver has it" $((soon + 2 + 2 * look / 1000))
echo $card >/sys/bus/pci/drivers/e1000e/bind

note "xl: attached and detached without xlpt"
xl pci-assignable-add $card
mark
xl pci-attach web1 $card
tells "attached $card to web1" 60
mark
xl pci-detach web1 $card
tells "detached $card from web1" 60

note "a pool: leased and returned, by the folder of leases alone"
expect_rc 0 xlpt vf create "$nic" 2
expect_rc 0 xlpt pool define lan "pf=$nic"
mark
expect_rc 0 xlpt attach web1 pool:lan
tells "leased $vf of pool lan: web1"
mark
expect_rc 0 xlpt detach web1 $vf
tells "returned $vf of pool lan: web1"

note "a card is pulled out"
mark
echo 1 >/sys/bus/pci/devices/$card/remove
tells "lost $card: it is not in this host any more"
echo 1 >/sys/bus/pci/rescan
wait_for 30 "the card to be there" test -e /sys/bus/pci/devices/$card
[ "$(driver_of $card)" = pciback ] || expect_rc 0 xlpt hide $card

note "noise: in the guest's part of xenstore nobody listens, and in the backend it costs little and tells nothing"
mark
expect_rc 0 xlpt attach web1 $card
tells "attached $card to web1"
ticks=$(awk '{ print $14 + $15 }' /proc/$pid/stat)
rss=$(awk '/VmRSS/ { print $2 }' /proc/$pid/status)
mark
for ((i = 0; i < 60; i++)); do xenstore-write "/local/domain/$domid/device/pci/0/noise" $i; done
quiet=$(($(awk '{ print $14 + $15 }' /proc/$pid/stat) - ticks))
note "60 writes of the guest's in $(($(now_ms) - since)) ms cost $quiet ticks of 10 ms"
mark
for ((i = 0; i < 250; i++)); do xenstore-write "/local/domain/0/backend/pci/$domid/0/noise" $i; done
loud=$(($(awk '{ print $14 + $15 }' /proc/$pid/stat) - ticks - quiet))
took=$(($(now_ms) - since))
note "250 signs in $took ms cost $loud ticks of 10 ms"
[ $((loud * 10 * 100)) -lt $((took * 20)) ] || fail "it takes more than a fifth of the processor"
rss_after=$(awk '/VmRSS/ { print $2 }' /proc/$pid/status)
note "memory: $rss kB before, $rss_after kB after"
[ $((rss_after - rss)) -lt 1024 ] || fail "it grows"
[ "$(wc -l <$told)" = "$before" ] || { tail -n +$((before + 1)) $told; fail "it tells something"; }
xenstore-rm "/local/domain/0/backend/pci/$domid/0/noise"

note "the guest is gone"
mark
xl destroy web1
tells "guest-gone web1 (domain $domid)$" 30
tells "detached $card from web1 (domain $domid)$" 5

note "played back: the lines lead to what there is"
xlpt repair
lab_nap 12
kill -TERM $pid
ends $pid 0
[ ! -s $told.err ] || { cat $told.err; fail "it complains"; }
cat $told
awk '$2 == "now:" && $5 == "hidden" { hidden[$3] = 1 }
	$2 == "hidden" { hidden[$3] = 1 }
	$2 == "unhidden" || $2 == "lost" { delete hidden[substr($3, 1, 12)] }
	END { for (d in hidden) print d }' $told | sort >$told.hidden
for d in /sys/bus/pci/drivers/pciback/*:*; do [ ! -e "$d" ] || basename "$d"; done | sort >$told.is
diff $told.hidden $told.is || fail "played back it is something else"
[ -s $told.is ] || fail "nothing is hidden at the end: that proves little"

note "SIGINT; a shell's background has it ignored, so not there"
expect_rc 0 timeout --preserve-status -s INT -k 20 5 xlpt monitor

note "JSON: as many lines, each an object with its number"
kill -TERM $json_pid
ends $json_pid 0
[ "$(grep -c '^{"schema":1,"event":"[a-z-]*","time":"[0-9TZ:-]*".*}$' $json)" = "$(wc -l <$json)" ] || fail "a line is no object"
[ "$(grep -c '"event":"attached"' $json)" = "$(grep -c '^[^ ]* attached ' $told)" ] || fail "the two tell different things"

note "nobody reads any more: it ends, also when nothing happens"
begin=$(now_ms)
(xlpt monitor; echo $? >/run/lab/status) | head -n 1
wait_for 10 "it to end" test -s /run/lab/status
[ "$(cat /run/lab/status)" = 0 ] || fail "it ends with $(cat /run/lab/status)"
note "after $(($(now_ms) - begin)) ms"
