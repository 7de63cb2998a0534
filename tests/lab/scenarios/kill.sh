#!/bin/bash
# kill - kill -9 of xlpt at every journal step of attach and of detach, and inside libxl; then repair
# timeout: 1800
#
# strace kills xlpt at its Nth fdatasync, which is the Nth line of its journal, or at its Nth write to
# xenstore, most of which are libxl's. After each: the next command says what is left, and the host is
# clean again after "xlpt repair", or after the same command once more (every other time).
# Environment: WRITES (0): how many xenstore writes are tried, spread over the command; the soak sets it.
# covers: pv xl hot .0 acs
. "$LAB/lib.sh"

nic=0000:02:00.0
writes=${WRITES:-0}
killed=0

# at CALL N COMMAND...: COMMAND is killed at its Nth CALL. 0 when it was, 1 when it ended before.
at() {
	local call=$1 n=$2 status=0
	shift 2
	strace -f -qq -o /dev/null -e "trace=$call" -e "inject=$call:signal=SIGKILL:when=$n" "$@" \
		>/run/lab/killed 2>&1 || status=$?
	[ "$status" = 137 ] && return 0
	[ "$status" = 0 ] || fail "exit status $status: $*: $(cat /run/lab/killed)"
	return 1
}

clean() {
	[ -z "$(ls /run/xlpt/journal)" ] || fail "$1: a journal is left"
	xlpt repair | grep -q "nothing to mend" || fail "$1: repair still finds something"
}

is_free() {
	[ "$(driver_of $nic)" = pciback ] || fail "$1: $nic is with $(driver_of $nic)"
	[ -z "$(pci_slot "$domid" $nic)" ] || fail "$1: the backend still names it"
	xl pci-assignable-list | grep -q $nic || fail "$1: xl does not see it as free"
}

# What is left is told by any command, unless the kill came before the first step.
told() {
	local text
	text=$(xlpt list 2>&1 >/dev/null)
	[ -z "$(ls /run/xlpt/journal)" ] || grep -q "interrupted $1" <<<"$text" ||
		fail "list does not tell of the interrupted $1: $text"
}

# mend N COMMAND...: odd: repair; even: COMMAND again.
mend() {
	local n=$1
	shift
	if [ $((n % 2)) = 1 ]; then
		xlpt repair || fail "repair after a kill at step $n of $*"
	else
		"$@" || fail "again after a kill at step $n: $*"
	fi
}

to_free() {
	[ -z "$(pci_slot "$domid" $nic)" ] || xlpt detach web1 $nic >/dev/null || fail "$1: cannot detach"
	is_free "$1"
}

to_held() {
	[ -n "$(pci_slot "$domid" $nic)" ] || xlpt attach web1 $nic >/dev/null || fail "$1: cannot attach"
}

# rounds CALL STEP
rounds() {
	local call=$1 step=$2 n
	for ((n = 1; n < 400; n += step)); do
		to_free "before attach $call $n"
		at "$call" $n xlpt attach web1 $nic || break
		killed=$((killed + 1))
		note "attach killed at $call $n: $(cat /run/xlpt/journal/* 2>/dev/null | tail -n 1)"
		told attach
		mend $n xlpt attach web1 $nic
		clean "attach $call $n"
	done
	for ((n = 1; n < 400; n += step)); do
		to_held "before detach $call $n"
		at "$call" $n xlpt detach web1 $nic || break
		killed=$((killed + 1))
		note "detach killed at $call $n: $(cat /run/xlpt/journal/* 2>/dev/null | tail -n 1)"
		told detach
		mend $n xlpt detach web1 $nic
		clean "detach $call $n"
	done
	to_free "after detach $call"
}

guest_start web1 pv
domid=$(guest_domid web1)
expect_rc 0 xlpt hide $nic

rounds fdatasync 1
note "COUNT killed at journal lines: $killed"
[ $killed -ge 8 ] || fail "only $killed kills: the journal is not synced for each step"
in_journal=$killed
# A command makes some 350 of them.
if [ "$writes" -gt 0 ]; then
	rounds write $((350 / writes + 1))
fi
note "COUNT killed at writes: $((killed - in_journal))"

note "with the device taken from dom0 and given back to it"
expect_rc 0 xlpt unhide $nic
for ((n = 1; n < 60; n += 2)); do
	at fdatasync $n xlpt attach web1 --hide $nic || break
	killed=$((killed + 1))
	xlpt repair || fail "repair after a kill at line $n of attach --hide"
	clean "attach --hide $n"
	if [ -n "$(pci_slot "$domid" $nic)" ]; then
		expect_rc 0 xlpt detach web1 $nic --to-host
	fi
	[ "$(driver_of $nic)" = e1000e ] || fail "attach --hide $n: $nic is with $(driver_of $nic)"
done
note "COUNT killed in all: $killed"
expect_rc 0 xlpt detach web1 $nic --to-host

note "the guest is healthy"
guest_mark web1
expect_rc 0 xlpt attach web1 --hide $nic
guest_sees web1 "GUEST pci .*8086:10d3 e1000e" || fail "the guest's driver did not take it"
expect_rc 0 xlpt detach web1 $nic --to-host
