#!/bin/bash
# xl-wedge - records what xl does when a PV guest's device is detached right after its attach
# timeout: 240
#
# This is xl's known defect, not a promise of ours: the scenario passes when it could be recorded.
# The log has exit statuses, seconds and the xenstore states of each step.
# covers: -
. "$LAB/lib.sh"

bdf=0000:02:00.0
xl pci-assignable-add "$bdf"
guest_start web1 pv
domid=$(guest_domid web1)
frontend=/local/domain/$domid/device/pci/0
backend=/local/domain/0/backend/pci/$domid/0

states() {
	note "$1: frontend $(xs "$frontend/state"), backend $(xs "$backend/state")," \
		"num_devs $(xs "$backend/num_devs"), state-0 $(xs "$backend/state-0"), vdev-0 $(xs "$backend/vdev-0")"
}

# timed LABEL COMMAND...
timed() {
	local label=$1 start status=0
	shift
	start=$(now_ms)
	"$@" || status=$?
	states "$label: exit status $status after $(($(now_ms) - start)) ms"
}

timed "attach" xl pci-attach web1 "$bdf"
timed "detach at once" xl pci-detach web1 "$bdf"
xenstore-ls -f "$backend"
xenstore-ls -f "$frontend"
timed "attach again" xl pci-attach web1 "$bdf"
timed "another attach" xl pci-attach web1 "$bdf"
xl pci-list web1
xl pci-assignable-list
note "the guest's xenwatch thread:"
# shellcheck disable=SC2016 # expanded in the guest
guest_run web1 'for p in /proc/[0-9]*; do read -r n <$p/comm; [ $n != xenwatch ] || cat $p/stack; done' || :
tail -n 20 "$(guest_console web1)"
