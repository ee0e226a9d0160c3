//! One made-up frame, taken apart: Ethernet, IPv4, UDP, DNS.

import type { ByteSource, TreeNode } from '../src/bridge/generated.ts';

const bytes = (text: string) => [...text].map((char) => char.charCodeAt(0));

export function dnsFrame(query: string, number: number): { sources: ByteSource[]; nodes: TreeNode[]; start: number; length: number } {
  const name = query.split('.').flatMap((label) => [label.length, ...bytes(label)]);
  const dns = [0x1a, 0x2b, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, ...name, 0, 0, 1, 0, 1];
  const udp = [0xd4, 0x31, 0, 53, 0, dns.length + 8, 0x5a, 0x11];
  const ip = [0x45, 0, 0, dns.length + 28, 0x1c, 0x46, 0x40, 0, 64, 17, 0xb1, 0xe6, 192, 168, 86, 21, 192, 168, 86, 1];
  const eth = [0x70, 0x3a, 0xcb, 0, 0, 1, 0x84, 0xd8, 0x1b, 0, 0x10, 2, 8, 0];
  const all = [...eth, ...ip, ...udp, ...dns];
  const hex = all.map((byte) => byte.toString(16).padStart(2, '0')).join('');
  const nodes: TreeNode[] = [];
  const add = (depth: number, start: number, end: number, field: string, label: string, text: string, level: string | null = null) =>
    nodes.push({ name: field, label, text, start, end, source: 0, depth, level });
  add(0, 0, all.length, 'frame', 'Frame', `Frame ${number}, ${all.length} bytes`);
  add(0, 0, 14, 'eth', 'Ethernet II', '84:d8:1b:00:10:02 → 70:3a:cb:00:00:01');
  add(1, 0, 6, 'eth.dst', 'Destination', '70:3a:cb:00:00:01');
  add(1, 6, 12, 'eth.src', 'Source', '84:d8:1b:00:10:02');
  add(1, 12, 14, 'eth.type', 'Type', '0x0800 (IPv4)');
  add(0, 14, 34, 'ip', 'Internet Protocol', '192.168.86.21 → 192.168.86.1');
  add(1, 14, 15, 'ip.version', 'Version', '4');
  add(1, 14, 15, 'ip.hdr_len', 'Header length', '20 bytes');
  add(1, 16, 18, 'ip.len', 'Total length', String(dns.length + 28));
  add(1, 22, 23, 'ip.ttl', 'Time to live', '64');
  add(1, 23, 24, 'ip.proto', 'Protocol', '17 (UDP)');
  add(1, 24, 26, 'ip.checksum', 'Header checksum', '0xb1e6');
  add(2, 24, 26, '_ws.expert', 'Note', 'header checksum is wrong: 0xb1e6, should be 0x0f2c', 'warn');
  add(1, 26, 30, 'ip.src', 'Source', '192.168.86.21');
  add(1, 30, 34, 'ip.dst', 'Destination', '192.168.86.1');
  add(0, 34, 42, 'udp', 'User Datagram Protocol', '54321 → 53');
  add(1, 34, 36, 'udp.srcport', 'Source port', '54321');
  add(1, 36, 38, 'udp.dstport', 'Destination port', '53');
  add(0, 42, all.length, 'dns', 'Domain Name System', `query 0x1a2b A ${query}`);
  add(1, 42, 44, 'dns.id', 'Transaction id', '0x1a2b');
  add(1, 44, 46, 'dns.flags', 'Flags', '0x0100 (standard query, recursion desired)');
  add(1, 46, 48, 'dns.count.queries', 'Questions', '1');
  add(1, 54, all.length, 'dns.qry', 'Question', `${query}: A`);
  add(2, 54, 55 + name.length, 'dns.qry.name', 'Name', query);
  add(2, 55 + name.length, 57 + name.length, 'dns.qry.type', 'Type', '1 (A)');
  add(2, 57 + name.length, 59 + name.length, 'dns.qry.class', 'Class', '1 (IN)');
  return { sources: [{ name: `Frame (${all.length} bytes)`, hex }], nodes, start: 42, length: dns.length };
}
