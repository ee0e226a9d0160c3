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

export const WIDTH = 1200;
export const HEIGHT = 760;
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

/** The same map is always drawn in the same way. */
export function layout(nodes: readonly MapNode[]): Placed[] {
  const of = (role: MapRole) => nodes.filter((node) => node.role === role).sort((a, b) => (a.name || a.id).localeCompare(b.name || b.id));
  const [router, hubs, leaves] = [of('router'), of('hub'), of('leaf')];
  const outside = nodes.filter((node) => node.role === 'outside');
  const gap = (HEIGHT - 40) / Math.max(1, outside.length);
  return [
    ...router.map((node): Placed => ({ node, ...CENTRE, r: radius(node.bytes, node.role), side: 'below' })),
    ...ring(hubs, 150, 130, -Math.PI / 2),
    ...ring(leaves, 300, 290, -Math.PI / 2 + Math.PI / Math.max(2, leaves.length)),
    ...outside.map((node, n): Placed => ({ node, x: 960, y: 20 + gap * (n + 0.5), r: radius(node.bytes, node.role), side: 'right' })),
  ];
}

/** Width of a link, by its bytes. */
export const width = (bytes: number): number => Math.max(0.75, Math.min(6, Math.log10(bytes + 1) - 1.5));
