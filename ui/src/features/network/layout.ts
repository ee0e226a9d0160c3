//! Where the parts of a home stand in its drawing: the router in the middle, hubs around it, devices around them, what is outside on the right.

import type { MapNode, MapRole } from '../../bridge';

export interface Placed {
  node: MapNode;
  x: number;
  y: number;
  r: number;
  /** On which side of the point the name stands. */
  side: 'left' | 'right' | 'below';
}

/** A country, above its addresses. */
export interface Heading extends Country {
  x: number;
  y: number;
}

export interface Country {
  /** ISO 3166; empty: not known. */
  code: string;
  name: string;
  nodes: MapNode[];
}

export const WIDTH = 1200;
export const HEIGHT = 760;
const OUTSIDE = 960;
const CENTRE = { x: 470, y: HEIGHT / 2 };

/** Larger for more bytes, and never much: an area says little anyway. */
const radius = (bytes: number, role: MapRole): number => (role === 'router' ? 14 : Math.min(14, 5 + Math.log10(bytes + 1)));

/** Names of neighbours on a ring should not lie on each other: each other one stands further out. */
function ring(nodes: MapNode[], rx: number, ry: number, turn: number): Placed[] {
  return nodes.map((node, n) => {
    const angle = turn + (2 * Math.PI * n) / Math.max(1, nodes.length);
    const out = nodes.length > 14 && n % 2 === 1 ? 1.16 : 1;
    const [x, y] = [CENTRE.x + Math.cos(angle) * rx * out, CENTRE.y + Math.sin(angle) * ry * out];
    return { node, x, y, r: radius(node.bytes, node.role), side: Math.abs(Math.cos(angle)) < 0.25 ? 'below' : Math.cos(angle) < 0 ? 'left' : 'right' };
  });
}

/** What is outside, country by country: those with the most bytes first, what is nowhere last. */
export function countries(nodes: readonly MapNode[]): Country[] {
  const found = new Map<string, Country>();
  for (const node of nodes.filter(({ role }) => role === 'outside')) {
    const { code = '', country = '' } = node.place ?? {};
    const key = code || country;
    const group = found.get(key) ?? { code, name: country || code, nodes: [] };
    group.nodes.push(node);
    found.set(key, group);
  }
  const bytes = ({ nodes }: Country) => nodes.reduce((sum, node) => sum + node.bytes, 0);
  return [...found.values()].sort((a, b) => Number(!a.name) - Number(!b.name) || bytes(b) - bytes(a) || a.name.localeCompare(b.name));
}

/** Lines of the column outside: more than these are too narrow for countries to have lines of their own. */
const LINES = 46;
/** Height of a country's line, right above its first address. */
const LINE = 18;

/** The column of what is outside: addresses, and above them their countries where any is known and there is room. */
function column(nodes: readonly MapNode[]): { line: MapNode | Country; y: number }[] {
  const all = countries(nodes);
  const count = all.reduce((sum, country) => sum + country.nodes.length, 0);
  const named = all.some(({ name }) => name) && count + all.length <= LINES;
  const gap = (HEIGHT - 40 - (named ? all.length * LINE : 0)) / Math.max(1, count);
  let at = 20;
  return all.flatMap((country) => {
    if (named) at += LINE;
    const heading = named ? [{ line: country, y: at + gap / 2 - LINE }] : [];
    const below = country.nodes.map((line, n) => ({ line, y: at + gap * (n + 0.5) }));
    at += gap * country.nodes.length;
    return [...heading, ...below];
  });
}

export const headings = (nodes: readonly MapNode[]): Heading[] => column(nodes).flatMap(({ line, y }) => ('nodes' in line ? [{ ...line, x: OUTSIDE, y }] : []));

/** The same map is always drawn in the same way. */
export function layout(nodes: readonly MapNode[]): Placed[] {
  const of = (role: MapRole) => nodes.filter((node) => node.role === role).sort((a, b) => (a.name || a.id).localeCompare(b.name || b.id));
  const [router, hubs, leaves] = [of('router'), of('hub'), of('leaf')];
  return [
    ...router.map((node): Placed => ({ node, ...CENTRE, r: radius(node.bytes, node.role), side: 'below' })),
    ...ring(hubs, 150, 130, -Math.PI / 2),
    ...ring(leaves, 300, 290, -Math.PI / 2 + Math.PI / Math.max(2, leaves.length)),
    ...column(nodes).flatMap(({ line, y }): Placed[] => ('nodes' in line ? [] : [{ node: line, x: OUTSIDE, y, r: radius(line.bytes, line.role), side: 'right' }])),
  ];
}

/** Width of a link, by its bytes. */
export const width = (bytes: number): number => Math.max(0.75, Math.min(6, Math.log10(bytes + 1) - 1.5));
