# Part of record_protocols.sh: what lies between the cable and IP. Tunnels, PPPoE, LLDP, VLANs, fragments, groups, and a line that loses frames.
# shellcheck shell=bash disable=SC2154

all+=(gre vxlan 6in4 wireguard pppoe lldp vlan fragments losses igmp)
programs+=([gre]="curl:curl ping:iputils-ping" [vxlan]="curl:curl ping:iputils-ping" [6in4]="curl:curl ping:iputils-ping"
  [wireguard]="wg:wireguard-tools curl:curl" [pppoe]="pppd:ppp pppoe-server:pppoe curl:curl" [lldp]="lldpd:lldpd" [vlan]="curl:curl ping:iputils-ping"
  [fragments]="dnsmasq:dnsmasq-base dig:bind9-dnsutils ping:iputils-ping" [losses]="tc:iproute2 curl:curl"
  [igmp]="bridge:iproute2")

# The ends as the internet sees them.
declare -A outer=([server]=192.0.2.10 [client]=192.0.2.20) other=([server]=client [client]=server)
outside() { for end in server client; do ip -n "lp-$end" addr replace "${outer[$end]}/24" dev eth0; done; }

# pages   what the web server of these recordings shows
pages() {
  mkdir -p "$work/www"
  echo '{"lights":[{"id":14,"on":true}]}' >"$work/www/lights.json"
}

# ask ADDRESS PASSWORD   what goes through a tunnel: an echo and a page, from the server's end of it
ask() {
  pages
  start server /usr/bin/python3 -m http.server --bind "$1" --directory "$work/www" 80
  ready 80 "$1"
  at client ping -q -c 2 -i 0.3 "$1" >>"$work/client/log"
  local page=$1; [[ $1 == *:* ]] && page="[$1]"
  at client curl -sS -g --max-time 8 -o /dev/null -u "lamp:$2" "http://$page/lights.json"
}

# tunnel NAME SERVER CLIENT TYPE [OPTION...]   the same device at both ends, with these addresses (and the length of their prefix) inside
tunnel() {
  local name=$1 type=$4; local -A inside=([server]=$2 [client]=$3) mac=([server]=b8:27:eb:14:00:44 [client]=24:0a:c4:14:00:45); shift 4
  for end in server client; do
    ip -n "lp-$end" link add "$name" type "$type" local "${outer[$end]}" remote "${outer[${other[$end]}]}" "$@"
    if [[ $type == gretap || $type == vxlan ]]; then ip -n "lp-$end" link set "$name" address "${mac[$end]}"; fi
    if [[ ${inside[$end]} == *:* ]]; then ip -n "lp-$end" addr add "${inside[$end]}" dev "$name" nodad
    else
      ip netns exec "lp-$end" sysctl -qw "net.ipv6.conf.$name.disable_ipv6=1"
      ip -n "lp-$end" addr add "${inside[$end]}" dev "$name"
    fi
    ip -n "lp-$end" link set "$name" up
  done
}
untunnel() { for end in server client; do ip -n "lp-$end" link del "$1"; done; }

do_gre() {
  outside
  record gre "GRE: IPv4 in it, with a key and a checksum, and Ethernet in it"
  tunnel plain 10.87.1.1/24 10.87.1.2/24 gre ttl 64
  ask 10.87.1.1 gre-secret-14
  untunnel plain
  tunnel keyed 10.87.2.1/24 10.87.2.2/24 gre ttl 64 key 14 icsum ocsum iseq oseq
  ask 10.87.2.1 keyed-secret-14
  untunnel keyed
  tunnel bridged 10.87.3.1/24 10.87.3.2/24 gretap ttl 64
  ask 10.87.3.1 bridged-secret-14
  untunnel bridged
  keep gre
}

do_vxlan() {
  outside
  record vxlan "VXLAN: a network in UDP"
  tunnel far 10.87.4.1/24 10.87.4.2/24 vxlan id 1400 dstport 4789 ttl 64
  ask 10.87.4.1 vxlan-secret-14
  untunnel far
  keep vxlan
}

do_6in4() {
  outside
  record 6in4 "6in4: IPv6 in IPv4"
  tunnel six 2001:db8:87::1/64 2001:db8:87::2/64 sit ttl 64
  ask 2001:db8:87::1 six-secret-14
  untunnel six
  keep 6in4
}

do_wireguard() {
  outside
  local -A key public inside=([server]=10.87.5.1 [client]=10.87.5.2)
  for end in server client; do
    key[$end]=$(wg genkey); public[$end]=$(wg pubkey <<<"${key[$end]}")
    ip -n "lp-$end" link add wg0 type wireguard
    ip netns exec "lp-$end" sysctl -qw net.ipv6.conf.wg0.disable_ipv6=1
    ip -n "lp-$end" addr add "${inside[$end]}/24" dev wg0
  done
  record wireguard "WireGuard: a handshake, and what nobody can read"
  for end in server client; do
    at "$end" wg set wg0 listen-port 51820 private-key <(echo "${key[$end]}") peer "${public[${other[$end]}]}" \
      allowed-ips "${inside[${other[$end]}]}/32" endpoint "${outer[${other[$end]}]}:51820"
    ip -n "lp-$end" link set wg0 up
  done
  ask 10.87.5.1 wg-secret-14
  at client wg set wg0 peer "${public[server]}" persistent-keepalive 1
  sleep 3
  untunnel wg0
  keep wireguard
}

# line METHOD USER PASSWORD   the client dials in; both ends run pppd
line() {
  local method=$1 user=$2 password=$3
  for end in server client; do
    mkdir -p "$work/$end/ppp"
    echo "\"$user\" * \"$password\" *" | tee "$work/$end/ppp/pap-secrets" >"$work/$end/ppp/chap-secrets"
    : >"$work/$end/ppp/options"
  done
  cat >"$work/server/ppp/line" <<EOT
require-$method
ms-dns 192.0.2.53
ms-dns 192.0.2.54
lcp-echo-interval 2
mtu 1492
mru 1492
nodefaultroute
EOT
  # shellcheck disable=SC2016
  start server sh -c 'mount --bind "$1" /etc/ppp; exec pppoe-server -F -k -I eth0 -C access.provider.example -S internet -L 10.87.6.1 -R 10.87.6.100 -N 1 -O /etc/ppp/line' \
    sh "$work/server/ppp"
  sleep 1
  # shellcheck disable=SC2016
  start client sh -c 'mount --bind "$1" /etc/ppp; exec pppd plugin rp-pppoe.so rp_pppoe_service internet host-uniq 4711 eth0 user "$2" nodetach noauth noipdefault nodefaultroute \
    usepeerdns +ipv6 mtu 1492 mru 1492 lcp-echo-interval 2' sh "$work/client/ppp" "$user"
  sleep 5
}
# stop END PROGRAM   ends that program alone
stop() {
  for pid in $(ip netns pids "lp-$1"); do if [[ $(cat "/proc/$pid/comm" 2>/dev/null) == "$2"* ]]; then kill -TERM "$pid"; fi; done
}
hang_up() { stop client pppd; sleep 2; stop server pppoe-server; stop server pppd; sleep 0.5; }

do_pppoe() {
  record pppoe "PPPoE: a password sent in the clear (PAP), one proved (CHAP), and a line used"
  line pap dsl-14@provider.example line-secret-14
  hang_up
  line chap dsl-14@provider.example line-secret-14
  ask 10.87.6.1 page-secret-14
  hang_up
  keep pppoe
}

do_lldp() {
  mkdir -p "$work/server/run/lldpd" "$work/client/run/lldpd"
  record lldp "LLDP: a router and an access point describe themselves"
  start server lldpd -d -i -I eth0 -S "Workshop router WR-14, firmware 2.1.7" -P Linux -m "$server" -C eth0
  start client lldpd -d -i -I eth0 -S "Workshop access point WA-14, firmware 1.4.0" -P Linux -m "$client" -C eth0 -M 3
  sleep 4
  keep lldp
}

do_vlan() {
  record vlan "VLANs: 802.1Q with a priority, and one in another (802.1ad)"
  local -A inner=([server]=1 [client]=2)
  for end in server client; do
    ip -n "lp-$end" link add link eth0 name eth0.14 type vlan id 14 egress-qos-map 0:5
    ip -n "lp-$end" link add link eth0 name outer type vlan protocol 802.1ad id 140
    ip -n "lp-$end" link set outer up
    ip -n "lp-$end" link add link outer name both type vlan id 15
    for device in eth0.14:14 both:15; do
      ip netns exec "lp-$end" sysctl -qw "net/ipv6/conf/${device%:*}/disable_ipv6=1"
      ip -n "lp-$end" addr add "10.87.${device#*:}.${inner[$end]}/24" dev "${device%:*}"
      ip -n "lp-$end" link set "${device%:*}" up
    done
  done
  ask 10.87.14.1 vlan-secret-14
  ask 10.87.15.1 both-secret-14
  for end in server client; do for device in eth0.14 both outer; do ip -n "lp-$end" link del "$device"; done; done
  keep vlan
}

do_fragments() {
  outside
  local records=(); for n in {1..9}; do records+=("--txt-record=big.workshop.example,part $n $(printf 'light-%03d;' {1..20})"); done
  for end in server client; do
    ip netns exec "lp-$end" sysctl -qw net.ipv6.conf.eth0.disable_ipv6=0
    ip -n "lp-$end" addr add "2001:db8:86::$([[ $end == server ]] && echo 1 || echo 2)/64" dev eth0 nodad
  done
  sleep 2
  record fragments "Fragments: echoes and a DNS answer too long for a frame, over IPv4 and IPv6"
  start server dnsmasq -k -C /dev/null --no-resolv --no-hosts --user=root --pid-file= --edns-packet-max=4096 --bind-interfaces --interface=eth0 "${records[@]}"
  ready 53
  for address in "${outer[server]}" 2001:db8:86::1; do
    at client ping -q -c 1 -s 3000 "$address" >>"$work/client/log"
    at client dig +ignore +bufsize=4096 "@$address" TXT big.workshop.example >>"$work/client/log"
  done
  keep fragments
  for end in server client; do ip netns exec "lp-$end" sysctl -qw net.ipv6.conf.eth0.disable_ipv6=1; done
}

do_losses() {
  pages
  for n in {1..700}; do printf '{"light":%d,"on":%s,"level":%d}\n' "$n" "$( ((n % 3)) && echo true || echo false)" $((n * 37 % 101)); done >"$work/www/history.json"
  for end in server client; do
    at "$end" tc qdisc add dev eth0 root netem delay 15ms 4ms loss 9% duplicate 6% reorder 15% 50%
  done
  record losses "HTTP over a line that loses, doubles and overtakes"
  start server /usr/bin/python3 -m http.server --bind "$server" --directory "$work/www" 80
  ready 80
  for _ in 1 2; do at client curl -sS --max-time 30 -o "$work/client/got" "http://$server/history.json"; done
  keep losses
  for end in server client; do at "$end" tc qdisc del dev eth0 root; done
}

do_igmp() {
  for end in server client; do ip netns exec "lp-$end" sysctl -qw net.ipv6.conf.eth0.disable_ipv6=0; done
  sleep 2
  record igmp "IGMP and MLD: a switch asks who listens, in each version; groups joined and left"
  local version mld device
  for version in 3 2; do
    mld=$((version - 1))
    ip -n lp-server link add groups type bridge mcast_snooping 1 mcast_querier 1 mcast_query_use_ifaddr 1 mcast_igmp_version "$version" mcast_mld_version "$mld" \
      mcast_startup_query_interval 100 mcast_startup_query_count 2 mcast_query_response_interval 100 mcast_last_member_interval 40
    ip -n lp-server link set eth0 master groups
    ip -n lp-server addr add 192.168.87.1/24 dev groups
    ip netns exec lp-client sysctl -qw "net.ipv4.conf.eth0.force_igmp_version=$version" "net.ipv6.conf.eth0.force_mld_version=$mld"
    ip -n lp-server link set groups up
    sleep 1
    for device in 239.1.14.14/32 ff15::14/128; do ip -n lp-client addr add "$device" dev eth0 autojoin; done
    sleep 3
    for device in 239.1.14.14/32 ff15::14/128; do ip -n lp-client addr del "$device" dev eth0; done
    sleep 1.5
    ip -n lp-server link del groups
  done
  keep igmp
  for end in server client; do ip netns exec "lp-$end" sysctl -qw net.ipv6.conf.eth0.disable_ipv6=1; done
}
