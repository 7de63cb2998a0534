#!/bin/bash
# smoke - one boot by GRUB and systemd: a device that was hidden while nothing ran yet is verified before guests start
# timeout: 300
# machine: small
# before: xlpt boot write --allow-absent --kernel "$(ls /lib/modules)" --driver e1000e 0000:02:00.0 && update-initramfs -u -k all
# covers: -
. "$LAB/lib.sh"
. "$LAB/real-lib.sh"

dev=0000:02:00.0

started_as_people_do
journalctl -b -u $unit --no-pager
journalctl -b -u $unit --no-pager | grep "$dev *hidden" || fail "$unit does not name the device"
journalctl -b -k --no-pager | grep "pciback $dev: .*seizing device" || fail "pciback did not seize it"
[ "$(driver_of $dev)" = pciback ] || fail "$dev is with $(driver_of $dev)"
expect_rc 0 xlpt boot verify
xlpt list | grep "$dev" || fail "xlpt list does not show it"
xl pci-assignable-list | grep -x "$dev.*" || fail "xl does not see it"
