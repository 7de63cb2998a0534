#!/bin/bash
# together - attaches at the same moment: two devices for one guest, one device for two guests
# timeout: 600
#
# Environment: ROUNDS (3).
# covers: pv xl hot .0 acs
. "$LAB/lib.sh"

nic=0000:02:00.0
second=0000:05:00.0

# both A B: two command lines at once; their statuses in rc_a and rc_b, their words in out_a and out_b
both() {
	local a b
	bash -c "$1" >/run/lab/a 2>&1 &
	a=$!
	bash -c "$2" >/run/lab/b 2>&1 &
	b=$!
	rc_a=0
	rc_b=0
	wait $a || rc_a=$?
	wait $b || rc_b=$?
	printf '$ %s\n%s\n$ %s\n%s\n' "$1" "$(cat /run/lab/a)" "$2" "$(cat /run/lab/b)"
}

guest_start web1 pv
guest_start db1 pv
expect_rc 0 xlpt hide $nic $second

for ((round = 1; round <= ${ROUNDS:-3}; round++)); do
	note "two devices for one guest, round $round"
	both "xlpt attach web1 $nic" "xlpt attach web1 $second"
	[ "$rc_a $rc_b" = "0 0" ] || fail "exit $rc_a and $rc_b"
	[ "$(xlpt --json status web1 | grep -c '"state": "assigned"')" = 2 ] || fail "web1 has not both"
	both "xlpt detach web1 $nic" "xlpt detach web1 $second"
	[ "$rc_a $rc_b" = "0 0" ] || fail "exit $rc_a and $rc_b"

	note "one device for two guests, round $round"
	both "xlpt attach web1 $nic" "xlpt attach db1 $nic"
	case "$rc_a $rc_b" in
	"0 1") winner=web1 ;;
	"1 0") winner=db1 ;;
	*) fail "exit $rc_a and $rc_b" ;;
	esac
	grep -q "in use by $winner" /run/lab/a /run/lab/b || fail "the other is not told who has it"
	expect_rc 0 xlpt detach $winner $nic
done
expect_rc 0 xlpt unhide $nic $second
