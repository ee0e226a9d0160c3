import { expect, test } from 'vitest';
import { treeOf } from './tree';

const row = (id: number, parent?: number) => ({ _id: String(id), sha256: `hash ${id}`, path: `/e/${id}`, parent: parent ? `hash ${parent}` : null });
const say = (rows: ReturnType<typeof row>[], folded: string[] = []) =>
  treeOf(rows, new Set(folded)).map(({ row, level, open }) => `${level} ${row._id}${open === undefined ? '' : open ? ' open' : ' folded'}`);

test('members stand under their container, in order', () => {
  expect(say([row(1), row(2), row(3, 2), row(4, 3), row(5, 2), row(6)])).toEqual(['1 1', '1 2 open', '2 3 open', '3 4', '2 5', '1 6']);
});
test('what is folded is left out', () => {
  expect(say([row(2), row(3, 2), row(4, 3)], ['3'])).toEqual(['1 2 open', '2 3 folded']);
});
test('a member whose container is not there stands at the top', () => expect(say([row(3, 9)])).toEqual(['1 3']));
test('an item that claims to contain itself ends nothing', () => expect(say([row(3, 3)])).toEqual(['1 3']));
