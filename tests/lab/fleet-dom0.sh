#!/bin/bash
# fleet-dom0 - one of the two real dom0s that tests/lab/fleet drives by Ansible; not to be run alone
# timeout: 3000
# machine: small small
# reboots: 1
# covers: -
#
# FLEET_KEY: whose ssh key may come in.
. "$LAB/lib.sh"

: "${FLEET_KEY:?tests/lab/fleet starts this}"
case $LAB_BOOT in
0)
	# On the other machine the name in there is another card's.
	[ ! -e /sys/bus/pci/devices/0000:04:00.0 ] || sed -i 's/enp3s0/enp4s0/' /etc/network/interfaces
	mkdir -p /root/.ssh
	chmod 700 /root/.ssh
	printf '%s\n' "$FLEET_KEY" >/root/.ssh/authorized_keys
	cat >/lab/between <<-'END'
		#!/bin/sh
		set -e
		apt-get -q update
		apt-get -qy install --no-install-recommends openssh-server
	END
	chmod 755 /lab/between
	;;
1)
	GUEST_BOOT_SECONDS=300 guest_start web1 pv
	# dom0's own card is the last one, whatever its name is: QEMU forwards a port of the host to this address.
	for nic in /sys/bus/pci/devices/0000:0[34]:00.0/net/*; do nic=${nic##*/}; done
	ip link set "$nic" up
	ip address replace 10.0.2.15/24 dev "$nic"
	systemctl is-active ssh || systemctl start ssh
	note "waiting for Ansible"
	wait_for 2700 "Ansible to be done" test -e /run/lab/fleet-done
	cat /run/lab/fleet-done
	xlpt list
	xlpt pool show lan
	;;
esac
