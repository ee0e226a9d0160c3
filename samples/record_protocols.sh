#!/usr/bin/env bash
# Records what the household does not speak, each protocol on its own: XMPP, QUIC, TLS with a key log, SNMP, Telnet, FTP, 802.1X, tunnels, PPPoE, ...
#
# Two network namespaces on one cable, a server and a client; what they run is real: samples/README.md says what, for each.
# Nothing leaves the cable. Names end in .example, passwords are made up and readable on purpose.
#
#   sudo samples/record_protocols.sh [NAME...]   takes some minutes, writes samples/protocols/NAME.pcapng (all of them, or those named)
#
# aioquic is not among Debian's packages: QUIC_PYTHON names a Python that has it (python3 -m venv X; X/bin/pip install aioquic).
# Tunnels, PPPoE, VLANs and losses are the kernel's: it needs the modules that Debian's has (ip_gre, sit, vxlan, wireguard, pppoe, 8021q, sch_netem).
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
out=$here/protocols
parts=$here/household
export LC_ALL=C TZ=UTC PYTHONDONTWRITEBYTECODE=1
quic_python=${QUIC_PYTHON:-python3}
# What each protocol needs besides: programs, and the Debian packages that have them.
declare -A programs=([xmpp]="prosody:prosody" [quic]="" [tls]="openssl:openssl curl:curl"
  [snmp]="snmpd:snmpd snmpget:snmp snmptrapd:snmptrapd" [telnet]="telnetd:inetutils-telnetd telnet:inetutils-telnet" [ftp]="vsftpd:vsftpd curl:curl"
  [eap]="hostapd:hostapd wpa_supplicant:wpasupplicant")
all=(xmpp quic tls snmp telnet ftp eap)
# shellcheck source-path=SCRIPTDIR
for part in links services; do source "$parts/$part.sh"; done
wanted=("$@"); ((${#wanted[@]})) || wanted=("${all[@]}")

# ---------------------------------------------------------------------------------------------------------------- needs

needs=(ip:iproute2 ethtool:ethtool unshare:util-linux dumpcap:wireshark-common /usr/bin/python3:python3)
for name in "${wanted[@]}"; do
  if [[ ! -v programs[$name] ]]; then echo "no protocol is called $name; there are: ${all[*]}" >&2; exit 2; fi
  read -ra more <<<"${programs[$name]}"; needs+=("${more[@]}")
done
missing=()
for need in "${needs[@]}"; do command -v "${need%%:*}" >/dev/null || missing+=("${need##*:}"); done
if [[ " ${wanted[*]} " == *" quic "* ]]; then "$quic_python" -c 'import aioquic' 2>/dev/null || missing+=("aioquic (see above)"); fi
if ((${#missing[@]})); then echo "missing packages: ${missing[*]}" >&2; exit 3; fi
if ((EUID)); then echo "making network namespaces needs root" >&2; exit 3; fi

# ------------------------------------------------------------------------------------------------------------- the stage

work=$(mktemp -d /tmp/protocols.XXXXXX)
server=192.168.87.10 client=192.168.87.20
declare -A host=([server]=workshop [client]=bench)

# Only processes inside our own namespaces are ended; they are all children of this script.
quiet() { ip netns pids "lp-$1" 2>/dev/null | xargs -r kill 2>/dev/null || true; }
clean_up() {
  if [[ ${KEEP_LOGS:-} ]]; then mkdir -p "$KEEP_LOGS"; cp -r "$work"/. "$KEEP_LOGS"; fi
  for name in server client; do quiet "$name"; done
  sleep 0.3
  for name in server client; do ip netns del "lp-$name" 2>/dev/null; done
  rm -rf "$work"
  return 0
}
trap 'set +e; clean_up' EXIT
for name in server client; do
  if ip netns pids "lp-$name" &>/dev/null; then quiet "$name"; ip netns del "lp-$name"; fi
  ip netns add "lp-$name"
  ip -n "lp-$name" link set lo up
  mkdir -p "$work/$name/run" "$work/pam.d"
  printf '127.0.0.1 localhost\n127.0.1.1 %s\n%s chat.workshop.example\n' "${host[$name]}" "$server" >"$work/$name/hosts"
done
ip link add lp-a netns lp-server type veth peer name lp-b netns lp-client
ip -n lp-server link set lp-a name eth0 address b8:27:eb:14:00:40   # Raspberry Pi
ip -n lp-client link set lp-b name eth0 address 24:0a:c4:14:00:41   # Espressif
for name in server client; do
  ip netns exec "lp-$name" sysctl -qw net.ipv6.conf.eth0.disable_ipv6=1
  ip netns exec "lp-$name" ethtool -K eth0 tx off sg off tso off gso off gro off >/dev/null
done
ip -n lp-server addr add "$server/24" dev eth0
ip -n lp-client addr add "$client/24" dev eth0
ip -n lp-server link set eth0 up
ip -n lp-client link set eth0 up

# at PLACE COMMAND...   runs it there, under that place's host name. A recording must not tell which machine it was made on.
at() {
  local name=$1; shift
  # shellcheck disable=SC2016
  ip netns exec "lp-$name" unshare --mount --uts sh -c '
    hostname "$1"; root=$2; pam=$3; shift 3
    mount --bind "$root/hosts" /etc/hosts
    mount --bind "$root/run" /run
    mount --bind "$pam" /etc/pam.d
    exec "$@"' sh "${host[$name]}" "$work/$name" "$work/pam.d" "$@"
}
start() { at "$@" >>"$work/$1/log" 2>&1 </dev/null & }

# ready PORT [ADDRESS]   waits until the server listens there, by TCP
ready() { for _ in {1..60}; do ip netns exec lp-server ss -Hltn "sport = :$1" | grep -qF "${2:-:}" && return; sleep 0.25; done; return 1; }

# record NAME COMMENT   what crosses the cable from now on; keep NAME COMMENT ends it
record() {
  ip netns exec lp-server dumpcap -q -i eth0 -w "$work/$1.pcapng" --capture-comment "$2, recorded between two network namespaces; see samples/README.md" \
    >"$work/dumpcap.log" 2>&1 &
  sleep 1.2
}
keep() {
  sleep 0.5
  for pid in $(ip netns pids lp-server); do [[ $(cat "/proc/$pid/comm") == dumpcap ]] && kill -INT "$pid"; done
  sleep 0.8
  /usr/bin/python3 "$parts/own_words.py" "$work/$1.pcapng" "$out/$1.pcapng" eth0 "The cable between server and client"
  for name in server client; do quiet "$name"; done
  sleep 0.3
  echo "$1: $(stat -c %s "$out/$1.pcapng") bytes"
}
mkdir -p "$out"

# ------------------------------------------------------------------------------------------------------------- protocols

do_xmpp() {
  mkdir -p "$work/xmpp"
  cat >"$work/xmpp/prosody.cfg.lua" <<EOT
pidfile = "$work/xmpp/prosody.pid"
data_path = "$work/xmpp"
daemonize = false
run_as_root = true
log = { info = "$work/xmpp/log" }
interfaces = { "$server" }
modules_enabled = { "roster", "saslauth", "disco", "ping", "version", "time", "posix", "uptime" }
modules_disabled = { "s2s", "tls" }
authentication = "internal_plain"
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
hide_os_type = true
VirtualHost "workshop.example"
EOT
  for account in lamp:lamp-secret-14 phone:bench-blue-14; do
    at server prosodyctl --root --config "$work/xmpp/prosody.cfg.lua" register "${account%%:*}" workshop.example "${account##*:}" >>"$work/server/log" 2>&1
  done
  record xmpp "XMPP in the clear"
  start server prosody --root --config "$work/xmpp/prosody.cfg.lua"
  sleep 2
  at client /usr/bin/python3 "$parts/xmpp.py" "$server" workshop.example
  keep xmpp
}

do_quic() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj '/CN=quic.workshop.example' \
    -addext 'subjectAltName=DNS:quic.workshop.example' -keyout "$work/quic.key" -out "$work/quic.crt" 2>/dev/null
  for version in 1 2; do
    record "quic-v$version" "QUIC version $version with HTTP/3"
    start server "$quic_python" "$parts/quic.py" serve "$server" "$version" "$work/quic.crt" "$work/quic.key"
    sleep 1
    at client "$quic_python" "$parts/quic.py" ask "$server" "$version" "$work/quic-v$version.keys"
    keep "quic-v$version"
    cp "$work/quic-v$version.keys" "$out/quic-v$version.keys.txt"
  done
}

do_tls() {
  mkdir -p "$work/www"
  echo '{"lights":[{"id":14,"on":true}]}' >"$work/www/lights.json"
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj '/CN=hub.workshop.example' \
    -keyout "$work/tls.key" -out "$work/tls.crt" 2>/dev/null
  record tls "HTTP in TLS 1.3 and 1.2, with a key log"
  # shellcheck disable=SC2016
  start server sh -c 'cd "$1/www" && exec openssl s_server -quiet -accept 443 -cert "$1/tls.crt" -key "$1/tls.key" -WWW' sh "$work"
  sleep 1
  for most in 1.3 1.2; do
    SSLKEYLOGFILE=$work/tls.keys at client curl -sk --http1.1 --tls-max "$most" -o /dev/null --connect-to "hub.workshop.example:443:$server:443" \
      -u lamp:tls-secret-14 https://hub.workshop.example/lights.json
  done
  keep tls
  cp "$work/tls.keys" "$out/tls.keys.txt"
}

do_snmp() {
  mkdir -p "$work/snmp"
  cat >"$work/snmp/snmpd.conf" <<EOT
agentAddress udp:$server:161
rocommunity workshop-read
rwcommunity workshop-write
sysName workshop-switch
sysDescr Workshop switch 8 ports, firmware 2.1.7
sysLocation Shelf over the bench
sysContact workshop.example
sysServices 2
createUser watcher SHA auth-secret-14 AES priv-secret-14
rouser watcher priv
EOT
  echo 'authCommunity log workshop-trap' >"$work/snmp/snmptrapd.conf"
  record snmp "SNMP versions 1, 2c and 3"
  export SNMP_PERSISTENT_DIR=$work/snmp MIBS=
  start server snmpd -f -Lf "$work/snmp/log" -C -c "$work/snmp/snmpd.conf"
  start server snmptrapd -f -Lf "$work/snmp/traps" -C -c "$work/snmp/snmptrapd.conf" "udp:$server:162"
  sleep 1.5
  at client snmpget -v1 -c workshop-read "$server" 1.3.6.1.2.1.1.1.0 1.3.6.1.2.1.1.5.0 >>"$work/client/log"
  at client snmpget -v1 -c public -t 1 -r 0 "$server" 1.3.6.1.2.1.1.1.0 >>"$work/client/log" 2>&1 || true   # not let in: no answer
  at client snmpwalk -v2c -c workshop-read "$server" 1.3.6.1.2.1.1 >>"$work/client/log"
  at client snmpbulkget -v2c -c workshop-read -Cr5 "$server" 1.3.6.1.2.1.2.2.1 >>"$work/client/log"
  at client snmpset -v2c -c workshop-write "$server" 1.3.6.1.2.1.1.6.0 s 'Shelf' >>"$work/client/log" 2>&1 || true  # set in its file: not writable
  at client snmpget -v3 -l authPriv -u watcher -a SHA -A auth-secret-14 -x AES -X priv-secret-14 "$server" 1.3.6.1.2.1.1.5.0 >>"$work/client/log"
  at client snmptrap -v1 -c workshop-trap "$server" 1.3.6.1.4.1.8072.2.3 "$client" 6 17 4711 1.3.6.1.2.1.1.5.0 s bench
  at client snmptrap -v2c -c workshop-trap "$server" 4711 1.3.6.1.6.3.1.1.5.3 1.3.6.1.2.1.2.2.1.1.2 i 2
  at client snmpinform -v2c -c workshop-trap "$server" 4712 1.3.6.1.6.3.1.1.5.4 1.3.6.1.2.1.2.2.1.1.2 i 2
  keep snmp
}

do_telnet() {
  cat >"$work/login.sh" <<'EOT'
#!/bin/sh
# What a small device shows on its Telnet port.
echo; echo "Workshop camera WC-14, Linux 3.10.14"
for try in 1 2; do
  printf 'camera login: '; read -r user
  stty -echo; printf 'Password: '; read -r word; stty echo; echo
  if [ "$user $word" = "root camera-14" ]; then
    while printf '# ' && read -r line; do
      case $line in uptime) echo " 13:01:22 up 4 days,  2:11, load average: 0.14, 0.10, 0.05" ;;
        "cat /etc/version") echo "WC-14 2.1.7" ;; exit) exit ;; *) echo "sh: $line: not found" ;; esac
    done
  fi
  sleep 0.5; echo "Login incorrect"
done
EOT
  chmod +x "$work/login.sh"
  record telnet "Telnet"
  start server /usr/bin/python3 "$parts/telnet.py" serve "$server" "$work/login.sh"
  sleep 0.8
  at client /usr/bin/python3 "$parts/telnet.py" type "$server"
  keep telnet
}

do_ftp() {
  mkdir -p "$work/ftp/files/pictures" "$work/ftp/empty"
  printf 'name=workshop camera\nfirmware=2.1.7\n' >"$work/ftp/files/camera.conf"
  head -c 3000 /dev/zero | tr '\0' 'j' >"$work/ftp/files/pictures/door.jpg"
  chmod -R a+rwX "$work" "$work/ftp"; chmod a-w "$work/ftp/files"
  printf 'auth required pam_unix.so\naccount required pam_permit.so\nsession required pam_permit.so\n' >"$work/pam.d/vsftpd"
  # An account that exists for this server alone.
  { cat /etc/passwd; echo "camera:x:65534:65534::$work/ftp/files:/bin/sh"; } >"$work/ftp/passwd"
  { echo "camera:$(openssl passwd -6 ftp-secret-14):19000:0:99999:7:::"; } >"$work/ftp/shadow"
  cat >"$work/ftp/vsftpd.conf" <<EOT
listen=YES
listen_address=$server
background=NO
local_enable=YES
anonymous_enable=NO
local_root=$work/ftp/files
write_enable=YES
chroot_local_user=YES
allow_writeable_chroot=YES
secure_chroot_dir=$work/ftp/empty
pam_service_name=vsftpd
connect_from_port_20=YES
seccomp_sandbox=NO
ftpd_banner=Workshop camera FTP
EOT
  chmod 644 "$work/ftp/vsftpd.conf"; chmod a-w "$work/ftp/empty"
  record ftp "FTP, passive and active"
  # shellcheck disable=SC2016
  start server sh -c 'mount --bind "$1/passwd" /etc/passwd; mount --bind "$1/shadow" /etc/shadow; exec vsftpd "$1/vsftpd.conf"' sh "$work/ftp"
  sleep 1
  local ask=(curl -sS --max-time 8)
  at client "${ask[@]}" -u camera:ftp-wrong "ftp://$server/" >>"$work/client/log" 2>&1 || true
  at client "${ask[@]}" -u camera:ftp-secret-14 "ftp://$server/" >>"$work/client/log" 2>&1
  at client "${ask[@]}" -u camera:ftp-secret-14 -o "$work/client/got" "ftp://$server/camera.conf"
  at client "${ask[@]}" -u camera:ftp-secret-14 --ftp-port - -o "$work/client/got" "ftp://$server/pictures/door.jpg"
  at client "${ask[@]}" -u camera:ftp-secret-14 -T "$work/ftp/files/camera.conf" "ftp://$server/pictures/copy.conf"
  at client "${ask[@]}" -u camera:ftp-secret-14 -Q 'SIZE camera.conf' -Q 'DELE pictures/copy.conf' -I "ftp://$server/" >>"$work/client/log" 2>&1
  keep ftp
}

do_eap() {
  cat >"$work/eap.users" <<'EOT'
"bench-lamp" MD5 "port-secret-14"
EOT
  cat >"$work/hostapd.conf" <<EOT
interface=eth0
driver=wired
ieee8021x=1
eap_server=1
eap_user_file=$work/eap.users
eapol_version=2
use_pae_group_addr=1
EOT
  cat >"$work/supplicant.conf" <<'EOT'
ap_scan=0
network={
  key_mgmt=IEEE8021X
  eap=MD5
  identity="bench-lamp"
  password="port-secret-14"
  eapol_flags=0
}
EOT
  record eap "802.1X on a cable: EAP-MD5"
  start server hostapd "$work/hostapd.conf"
  sleep 1
  start client wpa_supplicant -D wired -i eth0 -c "$work/supplicant.conf"
  sleep 5
  for pid in $(ip netns pids lp-client); do [[ $(cat "/proc/$pid/comm") == wpa_supplicant ]] && kill "$pid"; done  # it says goodbye: EAPOL-Logoff
  sleep 1
  keep eap
}

for name in "${wanted[@]}"; do "do_$name"; done
chmod 644 "$out"/*
echo "now run facts.py, and bring the figures in README.md up to date"
