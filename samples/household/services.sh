# Part of record_protocols.sh: services of a home that its household does not run.
# shellcheck shell=bash disable=SC2154

all+=(rtsp websocket stun dtls nbns wsd dhcpv6 coap llmnr http2)
programs+=([rtsp]="ffmpeg:ffmpeg" [websocket]="mosquitto:mosquitto" [stun]="turnserver:coturn turnutils_uclient:coturn" [dtls]="openssl:openssl"
  [nbns]="nmbd:samba nmblookup:samba-common-bin nbtscan:nbtscan" [wsd]="wsdd:wsdd" [dhcpv6]="dnsmasq:dnsmasq-base dhclient:isc-dhcp-client"
  [coap]="coap-server-notls:libcoap3-bin coap-client-notls:libcoap3-bin" [llmnr]="llmnrd:llmnrd llmnr-query:llmnrd"
  [http2]="nghttp:nghttp2-client nghttpd:nghttp2-server nghttpx:nghttp2-proxy nginx:nginx-light openssl:openssl curl:curl")

do_rtsp() {
  record rtsp "RTSP: a camera watched by Basic and by Digest, over TCP and UDP"
  start server /usr/bin/python3 "$parts/rtsp.py" "$server"
  ready 554
  local watch=(ffmpeg -nostdin -hide_banner -loglevel error)
  at client "${watch[@]}" -i "rtsp://viewer:rtsp-wrong@$server:8554/door" -t 1 -f null - >>"$work/client/log" 2>&1 || true
  at client "${watch[@]}" -rtsp_transport tcp -i "rtsp://viewer:basic-secret-14@$server:8554/door" -t 1.2 -f null - >>"$work/client/log" 2>&1
  at client "${watch[@]}" -rtsp_transport udp -i "rtsp://viewer:digest-secret-14@$server:554/door" -t 1.2 -f null - >>"$work/client/log" 2>&1
  keep rtsp
}

do_websocket() {
  cat >"$work/mosquitto.conf" <<EOT
listener 1883 127.0.0.1
listener 9001
protocol websockets
socket_domain ipv4
allow_anonymous false
password_file $work/mosquitto.passwords
EOT
  : >"$work/mosquitto.passwords"
  mosquitto_passwd -b "$work/mosquitto.passwords" phone web-secret-14
  chmod -R a+rX "$work"
  record websocket "WebSocket: JSON as it is and compressed, and MQTT in it"
  start server mosquitto -c "$work/mosquitto.conf"
  start server /usr/bin/python3 "$parts/websocket.py" serve "$server"
  ready 9001; ready 8123
  at client /usr/bin/python3 "$parts/websocket.py" ask "$server"
  keep websocket
}

do_stun() {
  record stun "STUN and TURN"
  start server turnserver -n --listening-ip "$server" --relay-ip "$server" --realm workshop.example --user lamp:turn-secret-14 --lt-cred-mech --no-tls --no-dtls \
    --no-cli --allow-loopback-peers --log-file stdout --pidfile "$work/turn.pid" --min-port 50000 --max-port 50100
  ready 3478
  at client turnutils_stunclient "$server" >>"$work/client/log" 2>&1
  at client turnutils_uclient -y -n 1 -m 1 -u lamp -w turn-secret-14 "$server" >>"$work/client/log" 2>&1 || true
  keep stun
}

do_dtls() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj '/CN=sensor.workshop.example' \
    -keyout "$work/dtls.key" -out "$work/dtls.crt" 2>/dev/null
  record dtls "DTLS 1.2: a certificate, and a key that both know"
  # Without anything to read it would hang up.
  # shellcheck disable=SC2016
  start server sh -c 'sleep 30 | exec openssl s_server "$@"' sh -quiet -dtls1_2 -accept "$server:5684" -cert "$work/dtls.crt" -key "$work/dtls.key" -psk 7365637265743134 -psk_identity lamp
  sleep 1
  (sleep 1; echo 'light on'; sleep 1) | at client openssl s_client -dtls1_2 -connect "$server:5684" -servername sensor.workshop.example >>"$work/client/log" 2>&1 || true
  (sleep 1; echo 'light off'; sleep 1) | at client openssl s_client -dtls1_2 -connect "$server:5684" -cipher PSK-AES128-CCM8:PSK-AES128-GCM-SHA256 -psk 7365637265743134 -psk_identity lamp >>"$work/client/log" 2>&1 || true
  keep dtls
}

do_nbns() {
  mkdir -p "$work/samba"/{lock,state,cache,private,pid} "$work"/{server,client}/run/samba
  cat >"$work/samba/smb.conf" <<EOT
[global]
netbios name = WORKSHOP
workgroup = BENCH
server string = Workshop files
interfaces = eth0
bind interfaces only = yes
lock directory = $work/samba/lock
state directory = $work/samba/state
cache directory = $work/samba/cache
private dir = $work/samba/private
pid directory = $work/samba/pid
wins support = no
EOT
  record nbns "NetBIOS: a name taken, asked for, and all names of a host"
  start server nmbd -D -s "$work/samba/smb.conf"
  sleep 5
  at client nmblookup -s "$work/samba/smb.conf" -B 192.168.87.255 WORKSHOP >>"$work/client/log" 2>&1 || true
  at client nmblookup -s "$work/samba/smb.conf" -B 192.168.87.255 NOBODY >>"$work/client/log" 2>&1 || true
  at client nbtscan "$server" >>"$work/client/log" 2>&1 || true
  keep nbns
}

do_wsd() {
  record wsd "WS-Discovery: a host says that it is there, and is looked for"
  start client wsdd -4 -i eth0 --discovery --listen "$work/wsdd.socket" -D -v
  sleep 1
  start server wsdd -4 -i eth0 -n WORKSHOP -w BENCH -U 00000000-0000-4000-8000-b827eb140040
  sleep 6
  stop server wsdd; stop server python3
  sleep 1
  keep wsd
}

do_dhcpv6() {
  for end in server client; do ip netns exec "lp-$end" sysctl -qw net.ipv6.conf.eth0.disable_ipv6=0; done
  ip -n lp-server addr add 2001:db8:86::1/64 dev eth0 nodad
  sleep 2
  record dhcpv6 "DHCPv6 and router advertisements, and who listens to which group"
  start server dnsmasq -k -C /dev/null --no-resolv --no-hosts --user=root --pid-file= --bind-interfaces --interface=eth0 --port=0 --enable-ra --dhcp-authoritative \
    --dhcp-range=2001:db8:86::100,2001:db8:86::1ff,64,1h --dhcp-option=option6:dns-server,[2001:db8:86::1] --dhcp-option=option6:domain-search,workshop.example \
    --dhcp-option=option6:ntp-server,[2001:db8:86::1] --dhcp-leasefile="$work/leases6" --domain=workshop.example
  sleep 2
  printf '#!/bin/sh\nexit 0\n' >"$work/dhclient-script"; chmod +x "$work/dhclient-script"
  echo 'send fqdn.fqdn "bench.workshop.example"; send fqdn.server-update on; also request dhcp6.sntp-servers, dhcp6.bootfile-url;' >"$work/dhclient.conf"
  local ask=(dhclient -6 -sf "$work/dhclient-script" -cf "$work/dhclient.conf" -lf "$work/client/leases6" -pf "$work/client/dhclient.pid" -D LL)
  at client "${ask[@]}" -1 eth0 >>"$work/client/log" 2>&1 || true
  at client "${ask[@]}" -r eth0 >>"$work/client/log" 2>&1 || true
  keep dhcpv6
  for end in server client; do ip netns exec "lp-$end" sysctl -qw net.ipv6.conf.eth0.disable_ipv6=1; done
}

do_coap() {
  record coap "CoAP: what is there, block by block, put, observed, deleted"
  start server coap-server-notls -A "$server" -d 10
  sleep 1
  local ask=(coap-client-notls -B 4)
  head -c 2600 /dev/zero | tr '\0' 's' >"$work/settings"
  at client "${ask[@]}" -m get "coap://$server/.well-known/core" >>"$work/client/log" 2>&1
  at client "${ask[@]}" -m get -b 0,64 "coap://$server/" >>"$work/client/log" 2>&1
  at client "${ask[@]}" -m put -b 0,512 -t text/plain -f "$work/settings" "coap://$server/settings" >>"$work/client/log" 2>&1
  at client "${ask[@]}" -m get -b 0,512 "coap://$server/settings" >>"$work/client/log" 2>&1
  at client "${ask[@]}" -s 3 -m get "coap://$server/time" >>"$work/client/log" 2>&1
  at client "${ask[@]}" -m get -N "coap://$server/async?1" >>"$work/client/log" 2>&1
  at client "${ask[@]}" -m delete "coap://$server/settings" >>"$work/client/log" 2>&1
  at client "${ask[@]}" -m get "coap://$server/missing" >>"$work/client/log" 2>&1
  keep coap
}

do_llmnr() {
  for end in server client; do ip netns exec "lp-$end" sysctl -qw net.ipv6.conf.eth0.disable_ipv6=0; done
  sleep 2
  record llmnr "LLMNR: a name asked for over IPv4 and IPv6, and one that nobody has"
  start server llmnrd -6 -i eth0 -H workshop
  sleep 0.5
  local ask=(llmnr-query -I eth0)
  for type in A AAAA ANY; do at client "${ask[@]}" -T "$type" -d 14 workshop >>"$work/client/log" 2>&1; done
  at client "${ask[@]}" -6 -T ANY -d 15 workshop >>"$work/client/log" 2>&1
  at client "${ask[@]}" -c 2 -i 100 -T A -d 16 nobody >>"$work/client/log" 2>&1 || true
  keep llmnr
  for end in server client; do ip netns exec "lp-$end" sysctl -qw net.ipv6.conf.eth0.disable_ipv6=1; done
}

do_http2() {
  local www=$work/h2; mkdir -p "$www/api"
  printf '<html><link rel=stylesheet href=/style.css><p>Workshop hub</html>\n' >"$www/index.html"
  echo 'p { color: #134 }' >"$www/style.css"
  echo '{"lights":[{"id":14,"on":true}]}' >"$www/lights.json"
  { echo '{"log":['; for n in {1..60}; do echo "{\"at\":$n,\"light\":14,\"on\":$([[ $((n % 3)) == 0 ]] && echo true || echo false)},"; done; echo '{}]}'; } >"$www/log.json"
  printf 'user=lamp&password=form-secret-14' >"$work/form"
  chmod -R a+rX "$work"
  record http2 "HTTP/2 in the clear: known before, several requests at once, pushed, padded, continued, and by upgrade"
  start server nghttpd --no-tls -d "$www" -p /index.html=/style.css --echo-upload -a "$server" 8080
  # shellcheck disable=SC2016
  start server sh -c 'cd "$1" && exec /usr/bin/python3 -m http.server -b 127.0.0.1 8000' sh "$www"
  start server nghttpx --conf=/dev/null --no-ocsp --workers=1 --no-server-push -f "$server,80;no-tls" -b 127.0.0.1,8000
  ready 8080; ready 8000; ready 80
  local ask=(curl -sS --max-time 8 -o /dev/null)
  at client "${ask[@]}" --http2-prior-knowledge -u lamp:h2-secret-14 -b 'session=c0ffee14; theme=dark' "http://$server:8080/lights.json?n=1" >>"$work/client/log" 2>&1
  at client nghttp -m 3 -n -a "http://$server:8080/index.html" "http://$server:8080/missing" >>"$work/client/log" 2>&1
  at client nghttp -b 200 -d "$work/form" -H 'content-type: application/x-www-form-urlencoded' "http://$server:8080/login" >>"$work/client/log" 2>&1
  at client nghttp --continuation -n "http://$server:8080/log.json" >>"$work/client/log" 2>&1
  at client "${ask[@]}" --http2 "http://$server/log.json" >>"$work/client/log" 2>&1
  keep http2

  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 -subj '/CN=hub.workshop.example' \
    -keyout "$work/h2.key" -out "$work/h2.crt" 2>/dev/null
  cat >"$work/nginx.conf" <<EOT
user root; worker_processes 1; daemon off; pid $work/nginx.pid; error_log $work/nginx.log;
events {}
http {
  access_log off; server_tokens off; default_type application/json; client_body_temp_path $work; proxy_temp_path $work; fastcgi_temp_path $work;
  uwsgi_temp_path $work; scgi_temp_path $work;
  gzip on; gzip_min_length 100; gzip_types application/json;
  server { listen 443 ssl http2; root $www;
    ssl_certificate $work/h2.crt; ssl_certificate_key $work/h2.key; ssl_protocols TLSv1.2 TLSv1.3;
    location = /login { add_header Set-Cookie 'session=c0ffee15; HttpOnly'; return 204; } }
}
EOT
  record http2-tls "HTTP/2 in TLS 1.3 and 1.2, with a key log"
  start server nginx -c "$work/nginx.conf"
  ready 443
  export SSLKEYLOGFILE=$work/h2.keys
  for most in 1.3 1.2; do
    local https=("${ask[@]}" -k --http2 --tls-max "$most" --connect-to "hub.workshop.example:443:$server:443")
    at client "${https[@]}" --compressed -u lamp:tls-secret-14 https://hub.workshop.example/log.json >>"$work/client/log" 2>&1
    at client "${https[@]}" -b 'session=c0ffee14' -d '{"username":"lamp","password":"json-secret-14"}' -H 'content-type: application/json' \
      https://hub.workshop.example/login >>"$work/client/log" 2>&1 || true  # answered before the body was read: the stream is reset
  done
  at client curl -sSkZ --http2 --max-time 8 --connect-to "hub.workshop.example:443:$server:443" \
    "https://hub.workshop.example/{index.html,style.css,missing}" -o "$work/client/#1" >>"$work/client/log" 2>&1
  unset SSLKEYLOGFILE
  keep http2-tls
  cp "$work/h2.keys" "$out/http2-tls.keys.txt"
}
