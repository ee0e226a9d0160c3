import { expect, test } from 'vitest';
import { parentsOf, visible } from './fields';

const nodes = ['0 eth', '1 dst', '1 type', '0 dns', '1 qry', '2 name', '2 type', '1 note'].map((text) => ({ depth: Number(text[0]), name: text.slice(2) }));
const say = (closed: string[]) =>
  visible(nodes, ({ name }) => !closed.includes(name)).map(({ node, open }) => `${node.name}${open === undefined ? '' : open ? '-' : '+'}`);

test('all open', () => expect(say([])).toEqual(['eth-', 'dst', 'type', 'dns-', 'qry-', 'name', 'type', 'note']));
test('what is folded hides all below it, and nothing after', () => {
  expect(say(['eth', 'qry'])).toEqual(['eth+', 'dns-', 'qry+', 'note']);
  expect(say(['dns'])).toEqual(['eth-', 'dst', 'type', 'dns+']);
});
test('parents, nearest first', () => {
  expect(parentsOf(nodes, 5)).toEqual([4, 3]);
  expect(parentsOf(nodes, 0)).toEqual([]);
});
