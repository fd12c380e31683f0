#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
#
# What udhcpc runs in a stack when it has something to tell: vunet-dhcp.sh deconfig|bound|renew|nak|leasefail,
# with the lease in its environment. "ready" is for umvu.

PATH=/usr/sbin:/usr/bin:/sbin:/bin

# In the place of what a lease before this one has set.
set_up()
{
	# shellcheck disable=SC2154 # from udhcpc
	ip -4 addr replace "$ip/${mask:-24}" ${broadcast:+broadcast "$broadcast"} dev "$interface"
	# shellcheck disable=SC2154
	[ -z "$mtu" ] || ip link set "$interface" mtu "$mtu"
	# shellcheck disable=SC2154
	for gw in $router; do
		ip -4 route replace default via "$gw" dev "$interface"
		break
	done
	# shellcheck disable=SC2154
	[ -z "$dns" ] || {
		[ -z "$domain" ] || echo "search $domain"
		for server in $dns; do
			echo "nameserver $server"
		done
	} >"$VU_RESOLV"
}

case $1 in
deconfig)
	ip -4 addr flush dev "$interface"
	ip link set "$interface" up
	;;
bound)
	set_up
	echo ready
	;;
renew) set_up ;;
leasefail) echo "no DHCP server has answered on $interface" ;;
esac
