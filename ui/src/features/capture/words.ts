//! What each word of a capture filter means.

import { m } from '../../paraglide/messages';
import type { Word } from './bpf';

/** The commonest first. */
export const WORDS: readonly Word[] = [
  { text: 'host', about: m.bpf_host },
  { text: 'src host', about: m.bpf_src_host },
  { text: 'dst host', about: m.bpf_dst_host },
  { text: 'net', about: m.bpf_net },
  { text: 'port', about: m.bpf_port },
  { text: 'portrange', about: m.bpf_portrange },
  { text: 'tcp', about: m.bpf_tcp },
  { text: 'tcp port', about: m.bpf_tcp_port },
  { text: 'udp', about: m.bpf_udp },
  { text: 'udp port', about: m.bpf_udp_port },
  { text: 'icmp', about: m.bpf_icmp },
  { text: 'icmp6', about: m.bpf_icmp6 },
  { text: 'arp', about: m.bpf_arp },
  { text: 'ip', about: m.bpf_ip },
  { text: 'ip6', about: m.bpf_ip6 },
  { text: 'ether host', about: m.bpf_ether_host },
  { text: 'ether src', about: m.bpf_ether_src },
  { text: 'ether dst', about: m.bpf_ether_dst },
  { text: 'ether proto', about: m.bpf_ether_proto },
  { text: 'ether broadcast', about: m.bpf_broadcast },
  { text: 'ether multicast', about: m.bpf_multicast },
  { text: 'broadcast', about: m.bpf_broadcast },
  { text: 'multicast', about: m.bpf_multicast },
  { text: 'vlan', about: m.bpf_vlan },
  { text: 'less', about: m.bpf_less },
  { text: 'greater', about: m.bpf_greater },
  { text: 'wlan type mgt', about: m.bpf_wlan_mgt },
  { text: 'wlan type mgt subtype beacon', about: m.bpf_wlan_beacon },
  { text: 'wlan type mgt subtype probe-req', about: m.bpf_wlan_probe },
  { text: 'wlan type ctl', about: m.bpf_wlan_ctl },
  { text: 'wlan type data', about: m.bpf_wlan_data },
  { text: 'wlan addr1', about: m.bpf_wlan_addr1 },
  { text: 'wlan addr2', about: m.bpf_wlan_addr2 },
  { text: 'and', about: m.bpf_and },
  { text: 'or', about: m.bpf_or },
  { text: 'not', about: m.bpf_not },
];
