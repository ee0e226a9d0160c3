import { expect, test } from 'vitest';
import { contentOf } from './content';

const hex = (text: string) => [...new TextEncoder().encode(text)].map((byte) => byte.toString(16).padStart(2, '0')).join('');

test('only text and two kinds of images are shown', () => {
  expect(contentOf(hex('{"t":21.5}'), true)).toMatchObject({ kind: 'text', text: '{"t":21.5}', length: 10 });
  expect(contentOf(`${hex('caf')}c3`, false)).toMatchObject({ kind: 'text', text: 'caf' });
  expect(contentOf('89504e470d0a1a0a00', true)).toEqual({ kind: 'image', url: 'data:image/png;base64,iVBORw0KGgoA', length: 9, whole: true });
  expect(contentOf('ffd8ffe0', true)).toMatchObject({ kind: 'image' });
  expect(contentOf('ffd8ffe0', false)).toMatchObject({ kind: 'other' }); // half an image
  expect(contentOf(hex('<svg onload="x"/>'), true)).toMatchObject({ kind: 'text' });
  for (const nothing of ['', '00', 'ff', '1b5b']) expect(contentOf(nothing, true)).toMatchObject({ kind: 'other' });
});
