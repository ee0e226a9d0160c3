#!/usr/bin/env bash
# Records "Hollis Street 14", a small household that exists only inside this script.
#
# Every device is a network namespace with its own host name and MAC address, tied to the router's bridge by a pair of
# virtual cables. What they run is real: dnsmasq, dhclient, mosquitto, avahi, libcoap, nginx, curl, openssl; three small
# Python programs beside this script play the parts that no Debian package has. Nothing leaves the namespaces: the
# "internet" is one more of them, on addresses kept for documentation (RFC 5737), and its names end in .example (RFC 2606).
#
#   sudo samples/record.sh     takes about 65 s, writes samples/hollis-street/{router.pcapng,lamp-port.pcap,story.tsv},
#                              and then has the other samples made to match
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
out=$here/hollis-street
parts=$here/household
export LC_ALL=C TZ=UTC PYTHONDONTWRITEBYTECODE=1

# ---------------------------------------------------------------------------------------------------------------- needs

# program:package. The desk lamp also needs Debian's python3-paho-mqtt, hence Debian's python.
needs=(ip:iproute2 ethtool:ethtool unshare:util-linux dumpcap:wireshark-common tcpdump:tcpdump dnsmasq:dnsmasq-base
  dhclient:isc-dhcp-client mosquitto:mosquitto mosquitto_pub:mosquitto-clients avahi-daemon:avahi-daemon
  avahi-browse:avahi-utils dbus-daemon:dbus-daemon coap-server-notls:libcoap3-bin nginx:nginx-light curl:curl
  openssl:openssl tshark:tshark ping:iputils-ping /usr/bin/python3:python3)
missing=()
for need in "${needs[@]}"; do command -v "${need%%:*}" >/dev/null || missing+=("${need##*:}"); done
/usr/bin/python3 -c 'import paho.mqtt.client' 2>/dev/null || missing+=(python3-paho-mqtt)
if ((${#missing[@]})); then echo "missing packages: ${missing[*]}" >&2; exit 3; fi
if ((EUID)); then echo "making network namespaces needs root" >&2; exit 3; fi

# -------------------------------------------------------------------------------------------------------------- devices

work=$(mktemp -d /tmp/hollis.XXXXXX)

# The first half of each address is the true block of a vendor, the rest is ours (14 for the house number).
declare -A mac=(
  [router]=f4:f2:6d:14:00:01      # TP-Link
  [hub]=b8:27:eb:14:00:20         # Raspberry Pi
  [lamp]=24:0a:c4:14:00:21        # Espressif
  [thermostat]=44:61:32:14:00:22  # ecobee
  [camera]=ec:71:db:14:00:23      # Reolink
  [phone]=3c:28:6d:14:00:24       # Google
  [tv]=38:8c:50:14:00:25          # LG
  [cloud]=00:00:5e:14:00:30       # the far side of the router; IANA's block
)
declare -A host=([router]=router [hub]=hub [lamp]=desk-lamp [thermostat]=hall-thermostat [camera]=porch-camera
  [phone]=Pixel-8 [tv]=living-room-tv [cloud]=cloud)
at_home=(hub lamp thermostat camera phone tv)
lamp_id=6d1f0a52-14c0-4b7e-9a35-2f8e41c07b14  # thing name = MQTT client id, as on AWS IoT
phone_agent='Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Mobile Safari/537.36'

# ------------------------------------------------------------------------------------------------------------- the stage

# Only processes inside our own namespaces are ended; they are all children of this script.
clean_up() {
  local name
  for name in "${!mac[@]}"; do
    ip netns pids "hs-$name" 2>/dev/null | xargs -r kill 2>/dev/null
  done
  sleep 0.5
  for name in "${!mac[@]}"; do ip netns del "hs-$name" 2>/dev/null; done
  rm -rf "$work"
  return 0
}
trap 'set +e; clean_up' EXIT
for name in "${!mac[@]}"; do  # what an earlier, broken run may have left
  if ip netns pids "hs-$name" &>/dev/null; then
    ip netns pids "hs-$name" | xargs -r kill || true
    ip netns del "hs-$name"
  fi
done

# in_home DEVICE COMMAND...   runs it in the device's network, under the device's host name, seeing the device's own
# resolver and /run. A recording must not tell which machine it was made on.
in_home() {
  local name=$1; shift
  # shellcheck disable=SC2016
  ip netns exec "hs-$name" unshare --mount --uts sh -c '
    hostname "$1"; root=$2; shift 2
    mount --bind "$root/resolv.conf" /etc/resolv.conf
    mount --bind "$root/hosts" /etc/hosts
    mount --bind "$root/run" /run
    mount --bind "$root/services" /etc/avahi/services
    exec "$@"' sh "${host[$name]}" "$work/$name" "$@"
}

# start DEVICE COMMAND...     the same, in the background, its output kept for a look when something goes wrong
start() { in_home "$@" >>"$work/$1/log" 2>&1 </dev/null & }

# tell DEVICE WHAT...         one line of the story: what was done, when. The captures are the proof, this is the truth.
tell() { local name=$1; shift; printf '%s\t%s\t%s\n' "$(date +%s.%N)" "$name" "$*" | tee -a "$work/story.tsv"; }

# cable A DEVICE-A B DEVICE-B
cable() {
  ip link add "hs-a" netns "hs-$2" type veth peer name "hs-b" netns "hs-$4"
  ip -n "hs-$2" link set hs-a name "$1"
  ip -n "hs-$4" link set hs-b name "$3"
  # Without a real card no one would fill in checksums and cut segments to size; make the kernel do it.
  ip netns exec "hs-$2" ethtool -K "$1" tx off sg off tso off gso off gro off >/dev/null
  ip netns exec "hs-$4" ethtool -K "$3" tx off sg off tso off gso off gro off >/dev/null
}

for name in "${!mac[@]}"; do
  ip netns add "hs-$name"
  ip -n "hs-$name" link set lo up
  mkdir -p "$work/$name"/{run/dbus,services}
  : >"$work/$name/resolv.conf"
  printf '127.0.0.1 localhost\n127.0.1.1 %s\n' "${host[$name]}" >"$work/$name/hosts"
done

ip -n hs-router link add br-lan address "${mac[router]}" type bridge
for name in "${at_home[@]}"; do
  cable "port-$name" router eth0 "$name"
  ip -n hs-router link set "port-$name" master br-lan up
  # A port's own address must not speak on the house's network.
  ip netns exec hs-router sysctl -qw "net.ipv6.conf.port-$name.disable_ipv6=1"
  ip -n "hs-$name" link set eth0 address "${mac[$name]}"
done
ip netns exec hs-router sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
ip -n hs-router addr add 192.168.86.1/24 dev br-lan
ip -n hs-router addr add fd86:14::1/64 dev br-lan nodad
ip netns exec hs-router ethtool -K br-lan tx off >/dev/null
ip -n hs-router link set br-lan up

cable wan0 router eth0 cloud
ip -n hs-router addr add 198.51.100.7/24 dev wan0
ip -n hs-router link set wan0 address f4:f2:6d:14:00:02 up
ip -n hs-router route add default via 198.51.100.1
ip -n hs-cloud link set eth0 address "${mac[cloud]}" up
ip -n hs-cloud addr add 198.51.100.1/24 dev eth0
for n in 10 20 30; do ip -n hs-cloud addr add "203.0.113.$n/32" dev lo; done
ip -n hs-cloud route add 192.168.86.0/24 via 198.51.100.7  # no address translation: routers do it, the house shows as it is

# ---------------------------------------------------------------------------------------------------- the router's duties

cat >"$work/router/dnsmasq.conf" <<EOF
interface=br-lan
bind-interfaces
no-resolv
no-hosts
no-ping
user=root
domain=home.example
local=/example/
dhcp-authoritative
dhcp-range=192.168.86.20,192.168.86.250,12h
dhcp-range=fd86:14::,ra-only,12h
enable-ra
dhcp-option=option:ntp-server,203.0.113.30
dhcp-leasefile=$work/router/leases
log-facility=$work/router/dnsmasq.log
log-dhcp
$(for name in "${at_home[@]}"; do echo "dhcp-host=${mac[$name]},192.168.86.$((16#${mac[$name]##*:} - 12)),${host[$name]}"; done)
cname=mqtt.home.example,hub.home.example
host-record=router.home.example,192.168.86.1
host-record=api.lamp-cloud.example,203.0.113.10
host-record=connectivitycheck.example,203.0.113.10
host-record=updates.tv-maker.example,203.0.113.10
host-record=tuya-cloud.example,203.0.113.20
host-record=time.lamp-cloud.example,203.0.113.30
cname=eu.tuya-cloud.example,tuya-cloud.example
EOF

# ------------------------------------------------------------------------------------------------------------ the internet

tls=$work/cloud/tls; mkdir -p "$tls"
issue() {  # issue FILE SUBJECT EXTENSIONS: a certificate of the house's own authority
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$tls/$1.key" -subj "$2" -out "$tls/$1.csr" 2>/dev/null
  openssl x509 -req -in "$tls/$1.csr" -CA "$tls/ca.crt" -CAkey "$tls/ca.key" -CAcreateserial -days 3650 -sha256 \
    -extfile <(printf '%s' "$3") -out "$tls/$1.crt" 2>/dev/null
}
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -sha256 -keyout "$tls/ca.key" \
  -subj '/O=Example Trust/CN=Example Test Root' -out "$tls/ca.crt" 2>/dev/null
issue lamp-cloud '/O=Lamp Cloud/CN=api.lamp-cloud.example' 'subjectAltName=DNS:api.lamp-cloud.example'
issue tuya-cloud '/O=Tuya Cloud/CN=tuya-cloud.example' 'subjectAltName=DNS:tuya-cloud.example,DNS:eu.tuya-cloud.example'
issue lamp "/O=Lamp Cloud/CN=$lamp_id" 'extendedKeyUsage=clientAuth'

web=$work/cloud/web; mkdir -p "$web"
cat >"$work/cloud/nginx.conf" <<EOF
user root; worker_processes 1; daemon off; pid $work/cloud/nginx.pid; error_log $work/cloud/error.log;
events {}
http {
  access_log off; server_tokens off; default_type application/json;
  server { listen 203.0.113.10:80;
    location = /generate_204 { return 204; }
    location = /firmware { return 200 '{"latest":"4.1.7","url":"http://updates.tv-maker.example/firmware/4.1.7.bin"}'; } }
  server { listen 203.0.113.10:443 ssl http2; server_name api.lamp-cloud.example;
    ssl_certificate $tls/lamp-cloud.crt; ssl_certificate_key $tls/lamp-cloud.key; ssl_protocols TLSv1.2 TLSv1.3;
    location / { return 200 '{"lights":[{"id":"$lamp_id","connectivity":{"connected":true}}],"nextToken":null}'; } }
  server { listen 203.0.113.20:443 ssl; server_name tuya-cloud.example eu.tuya-cloud.example;
    ssl_certificate $tls/tuya-cloud.crt; ssl_certificate_key $tls/tuya-cloud.key; ssl_protocols TLSv1.2;
    ssl_verify_client optional_no_ca;
    location / { return 200 '{"success":true}'; } }
}
EOF
start cloud nginx -c "$work/cloud/nginx.conf"
start cloud /usr/bin/python3 "$parts/ntp.py" serve 203.0.113.30

# ----------------------------------------------------------------------------------------------------- what devices have

cat >"$work/dhclient-script" <<'EOF'
#!/bin/sh
# What dhclient tells us becomes the interface's address; Debian's own script would write to the real /etc.
case $reason in
  PREINIT) ip link set "$interface" up ;;
  BOUND|RENEW|REBIND|REBOOT)
    ip addr replace "$new_ip_address/24" dev "$interface"
    ip route replace default via "$new_routers"
    echo "nameserver $new_domain_name_servers" >/etc/resolv.conf ;;
  RELEASE|EXPIRE|STOP) ip addr flush dev "$interface" scope global ;;
esac
EOF
chmod +x "$work/dhclient-script"

# join DEVICE VENDOR-CLASS OPTIONS-ASKED-FOR     cable in, then DHCP, named and asking as that kind of device does
join() {
  { echo "option android-portal code 114 = text; send host-name \"${host[$1]}\"; request $3; initial-interval 1; initial-delay 0;"
    if [[ $2 ]]; then echo "send vendor-class-identifier \"$2\";"; fi; } >"$work/$1/dhclient.conf"
  tell "$1" "joins the network"
  ip -n "hs-$1" link set eth0 up
  in_home "$1" dhclient -4 -1 -cf "$work/$1/dhclient.conf" -lf "$work/$1/leases" -pf "$work/$1/dhclient.pid" \
    -sf "$work/dhclient-script" eth0 >>"$work/$1/log" 2>&1
}

# announce DEVICE NAME TYPE PORT TXT...          a service that avahi tells the house about
announce() {
  local name=$1 label=$2 type=$3 port=$4; shift 4
  { echo '<?xml version="1.0"?><!DOCTYPE service-group SYSTEM "avahi-service.dtd"><service-group>'
    echo "<name>$label</name><service><type>$type</type><port>$port</port>"
    printf '<txt-record>%s</txt-record>' "$@"
    echo '</service></service-group>'; } >"$work/$name/services/$type.service"
}
avahi() {  # avahi DEVICE [yes]   the daemon; with "yes" it can also be asked (over the device's own D-Bus)
  cat >"$work/$1/avahi.conf" <<EOF
[server]
host-name=${host[$1]}
allow-interfaces=eth0
enable-dbus=${2:-no}
[publish]
publish-hinfo=no
publish-workstation=no
EOF
  if [[ ${2:-no} == yes ]]; then
    start "$1" dbus-daemon --system --nofork --nopidfile --nosyslog
    sleep 0.5
  fi
  start "$1" avahi-daemon --no-drop-root --no-chroot --no-rlimits -f "$work/$1/avahi.conf"
}

cat >"$work/hub/mosquitto.conf" <<EOF
user root
listener 1883
password_file $work/hub/passwords
allow_anonymous false
EOF
touch "$work/hub/passwords"
for account in lamp:a-lamp-secret phone:hallway-blue-14 hub:hub-local; do
  mosquitto_passwd -b "$work/hub/passwords" "${account%%:*}" "${account##*:}"
done

mkdir -p "$work/camera/web"
cat >"$work/camera/web/description.xml" <<EOF
<?xml version="1.0"?>
<root xmlns="urn:schemas-upnp-org:device-1-0"><device><deviceType>urn:schemas-upnp-org:device:Basic:1</deviceType>
<friendlyName>Porch camera</friendlyName><manufacturer>Example Optics</manufacturer><modelName>PC-14</modelName>
<serialNumber>HS14-0023</serialNumber><UDN>uuid:14000023-0000-4000-8000-ec71db140023</UDN></device></root>
EOF
echo '{"name":"Porch camera","recording":true,"motion":false,"firmware":"2.4.1"}' >"$work/camera/web/status.json"
echo "admin:$(openssl passwd -apr1 porch-14)" >"$work/camera/passwords"
cat >"$work/camera/nginx.conf" <<EOF
user root; worker_processes 1; daemon off; pid $work/camera/nginx.pid; error_log $work/camera/error.log;
events {}
http {
  access_log off; server_tokens off; types { application/json json; text/xml xml; }
  server { listen 80; root $work/camera/web;
    location = /status.json { auth_basic "Porch camera"; auth_basic_user_file $work/camera/passwords; } }
}
EOF

# ---------------------------------------------------------------------------------------------------------------- record

in_home router dumpcap -q -i br-lan -w "$work/router.pcapng" --capture-comment 'Hollis Street 14, recorded on the bridge of the router. A made-up household; see samples/README.md' \
  >"$work/dumpcap.log" 2>&1 &
in_home router tcpdump -q -U -n -i port-lamp -w "$work/lamp-port.pcap" --immediate-mode >"$work/tcpdump.log" 2>&1 &
sleep 1.5

tell router "starts DHCP, DNS and router advertisements"
start router dnsmasq --keep-in-foreground --conf-file="$work/router/dnsmasq.conf"
sleep 0.5

join hub 'dhcpcd-9.4.1:Linux-6.1.0:armv7l:BCM2835' 'subnet-mask, routers, domain-name-servers, host-name, domain-name, interface-mtu, broadcast-address, ntp-servers'
start hub mosquitto -c "$work/hub/mosquitto.conf"
announce hub 'Hub' _mqtt._tcp 1883 'v=3.1.1'
avahi hub
sleep 0.5
start hub mosquitto_sub -h 127.0.0.1 -u hub -P hub-local -i hub-logger -t '+/data' -t '+/status'

join camera 'udhcp 1.24.1' 'subnet-mask, routers, domain-name-servers, domain-name, broadcast-address'
start camera nginx -c "$work/camera/nginx.conf"
announce camera 'Porch camera' _http._tcp 80 path=/description.xml model=PC-14
avahi camera

join tv '' 'subnet-mask, routers, domain-name-servers, domain-name, interface-mtu, ntp-servers'
announce tv 'Living room TV' _googlecast._tcp 8009 id=14000025388c5014 'fn=Living room TV' 'md=Example TV 43' ve=05 st=0
avahi tv
start tv /usr/bin/python3 "$parts/ssdp.py" announce 192.168.86.25
tell tv "asks its maker for new firmware"
in_home tv curl -s -o /dev/null -A 'Mozilla/5.0 (SMART-TV; Linux) ExampleTV/4.1' 'http://updates.tv-maker.example/firmware?model=43X&version=4.1.6&serial=HS14-0025'

join thermostat 'thermostat-rtos' 'subnet-mask, routers, domain-name-servers'
start thermostat coap-server-notls -d 20 -A 0.0.0.0
sleep 0.5
# The thermostat's own sensor writes over its loopback; on the network, only those who ask or observe see it.
sensor() { in_home thermostat coap-client-notls -v 0 -m put -t 50 -e "{\"celsius\":$1,\"heating\":$2}" coap://127.0.0.1/sensors/temperature; }
sensor 19.5 false
in_home thermostat coap-client-notls -v 0 -m put -t 0 -e '20.0' coap://127.0.0.1/settings/target

tell hub "observes the thermostat"
start hub coap-client-notls -v 0 -s 40 -A 50 coap://192.168.86.22/sensors/temperature
sleep 2

join lamp '' 'subnet-mask, routers, broadcast-address, domain-name-servers'
# Its clock has not been set since power came: the first question for the time bears second 2 of the NTP epoch.
in_home lamp /usr/bin/python3 "$parts/ntp.py" ask time.lamp-cloud.example
tell lamp "connects to the broker as $lamp_id"
start lamp /usr/bin/python3 "$parts/lamp.py" mqtt.home.example "$lamp_id" lamp a-lamp-secret
sleep 1
tell lamp "reports to its cloud with its own certificate, TLS 1.2"
printf 'POST /d.json?a=report HTTP/1.1\r\nHost: eu.tuya-cloud.example\r\nContent-Length: 0\r\nConnection: close\r\n\r\n' |
  in_home lamp openssl s_client -quiet -tls1_2 -alpn http/1.1 -servername eu.tuya-cloud.example -CAfile "$tls/ca.crt" \
    -cert "$tls/lamp.crt" -key "$tls/lamp.key" -connect eu.tuya-cloud.example:443 >>"$work/lamp/log" 2>&1 || true
sensor 19.3 false
sleep 8

# The phone comes home. It still remembers the address of another network, and asks for it first.
cat >"$work/phone/leases" <<EOF
lease { interface "eth0"; fixed-address 10.20.0.57; option subnet-mask 255.255.255.0; option routers 10.20.0.1;
  option dhcp-lease-time 86400; option dhcp-server-identifier 10.20.0.1; renew never; rebind never; expire never; }
EOF
join phone 'android-dhcp-14' 'subnet-mask, routers, domain-name-servers, domain-name, interface-mtu, broadcast-address, dhcp-lease-time, dhcp-renewal-time, dhcp-rebinding-time, vendor-encapsulated-options, android-portal'
in_home phone ping -q -c 2 -i 0.3 192.168.86.1 >/dev/null
in_home phone curl -s -o /dev/null -A "$phone_agent" http://connectivitycheck.example/generate_204
avahi phone yes
sleep 1.5
tell phone "looks for things to cast to (mDNS, SSDP) and reads the TV's description"
in_home phone timeout 4 avahi-browse --resolve --terminate --parsable _googlecast._tcp >>"$work/phone/log" 2>&1 || true
in_home phone /usr/bin/python3 "$parts/ssdp.py" search
in_home phone curl -s -o /dev/null -A "$phone_agent" http://192.168.86.25:8008/ssdp/device-desc.xml

tell phone "opens the camera: description, a wrong password, the right one"
in_home phone curl -s -o /dev/null -A "$phone_agent" http://192.168.86.23/description.xml
in_home phone curl -s -o /dev/null -A "$phone_agent" -u admin:porch-41 http://192.168.86.23/status.json
sleep 1
for _ in 1 2 3; do in_home phone curl -s -o /dev/null -A "$phone_agent" -u admin:porch-14 http://192.168.86.23/status.json; sleep 1; done
in_home phone curl -s -o /dev/null -A "$phone_agent" http://192.168.86.23/snapshot.jpg  # there is none: 404

app=(-h mqtt.home.example -V mqttv5 -u phone)
tell phone "mistypes the broker's password"
in_home phone mosquitto_pub "${app[@]}" -i pixel-8-app -P hallway-blue-41 -t "$lamp_id/command" -m '{"power": true}' 2>/dev/null || true
sleep 1
start phone mosquitto_sub "${app[@]}" -i pixel-8-app-view -P hallway-blue-14 -t "$lamp_id/data" -t "$lamp_id/status" -q 1 -W 40
sleep 1
tell phone "switches the lamp on"
in_home phone mosquitto_pub "${app[@]}" -i pixel-8-app -P hallway-blue-14 -t "$lamp_id/command" -m '{"power": true}' -q 1
sleep 2
sensor 19.1 true
tell phone "dims the lamp"
in_home phone mosquitto_pub "${app[@]}" -i pixel-8-app -P hallway-blue-14 -t "$lamp_id/command" -m '{"brightness": 40}' -q 1
tell phone "asks the lamp's cloud for its lights, TLS 1.3 and HTTP/2"
in_home phone curl -s -o /dev/null --cacert "$tls/ca.crt" -A "$phone_agent" https://api.lamp-cloud.example/api/light
in_home phone curl -s -o /dev/null --http1.1 --cacert "$tls/ca.crt" -A "$phone_agent" https://api.lamp-cloud.example/api/light
in_home phone curl -s -o /dev/null -m 2 http://no-such-name.lamp-cloud.example/ || true  # NXDOMAIN
tell phone "sets the thermostat to 21.5"
in_home phone coap-client-notls -v 0 coap://192.168.86.22/.well-known/core >/dev/null
in_home phone coap-client-notls -v 0 -m put -t 0 -e '21.5' coap://192.168.86.22/settings/target
in_home phone coap-client-notls -v 0 -m get coap://192.168.86.22/settings/humidity >/dev/null  # there is none: 4.04
sensor 19.6 true
sleep 5

tell hub "switches the lamp off (its rule, from its own loopback)"
in_home hub mosquitto_pub -h 127.0.0.1 -u hub -P hub-local -i hub-rules -t "$lamp_id/command" -m '{"power": false}' -q 1
sensor 20.4 true
sleep 4
tell phone "switches the lamp on again"
in_home phone mosquitto_pub "${app[@]}" -i pixel-8-app -P hallway-blue-14 -t "$lamp_id/command" -m '{"power": true}' -q 1
sleep 3
sensor 21.5 false
tell lamp "is unplugged; the broker speaks its last will when the keep-alive has run out"
ip -n hs-lamp link set eth0 down
# After the cable, so that no farewell is heard: the broker has to find out by itself.
ip netns pids hs-lamp | xargs kill -9
sleep 18

# Plugged in again it still knows its address: one request instead of a discovery (RFC 2131, section 3.2).
join lamp '' 'subnet-mask, routers, broadcast-address, domain-name-servers'
in_home lamp /usr/bin/python3 "$parts/ntp.py" ask time.lamp-cloud.example
tell lamp "connects to the broker again"
start lamp /usr/bin/python3 "$parts/lamp.py" mqtt.home.example "$lamp_id" lamp a-lamp-secret
sleep 3

tell phone "leaves the network"
in_home phone dhclient -4 -r -q -cf "$work/phone/dhclient.conf" -lf "$work/phone/leases" -pf "$work/phone/dhclient.pid" \
  -sf "$work/dhclient-script" eth0 >>"$work/phone/log" 2>&1
ip -n hs-phone link set eth0 down
sleep 1
tell tv "says goodbye (SSDP)"
in_home tv /usr/bin/python3 "$parts/ssdp.py" byebye 192.168.86.25
sleep 2
tell router "recording ends"

# ------------------------------------------------------------------------------------------------------------------ keep

for program in dumpcap tcpdump; do
  for pid in $(ip netns pids hs-router); do [[ $(cat "/proc/$pid/comm") == "$program" ]] && kill -INT "$pid"; done
done
sleep 1.5
mkdir -p "$out"
/usr/bin/python3 "$parts/own_words.py" "$work/router.pcapng" "$out/router.pcapng" "br-lan" "The household's network: the router's bridge"
cp "$work/lamp-port.pcap" "$out/lamp-port.pcap"
cp "$work/story.tsv" "$out/story.tsv"
if [[ ${KEEP_LOGS:-} ]]; then mkdir -p "$KEEP_LOGS"; cp -r "$work"/. "$KEEP_LOGS"; fi
chmod 644 "$out"/*

# The rest of the samples tells the same story, so it is made again whenever this one has changed.
cd "$here"
for make in make_radio make_onhub make_backup make_presence make_broken facts; do /usr/bin/python3 "$make.py"; done
echo "now bring the figures in README.md up to date"
