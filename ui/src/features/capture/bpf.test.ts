import { expect, test } from 'vitest';
import { complete, taken } from './bpf';

const words = ['host', 'tcp', 'tcp port', 'ether host', 'ether broadcast', 'wlan type mgt', 'and'].map((text) => ({ text, about: () => '' }));
const texts = (text: string, caret = text.length) => complete(text, caret, words).words.map((word) => word.text);

test('a word is completed from its beginning, wherever it stands', () => {
  expect(texts('t')).toEqual(['tcp', 'tcp port']);
  expect(texts('udp or (ho')).toEqual(['host']);
  expect(texts('!eth')).toEqual(['ether host', 'ether broadcast']);
  expect(texts('ho 10.0.0.1', 2)).toEqual(['host']);
  expect(complete('not ho', 6, words).start).toBe(4);
});

test('words that belong together are completed together', () => {
  expect(texts('udp and ether b')).toEqual(['ether broadcast']);
  expect(texts('wlan ty')).toEqual(['wlan type mgt']);
  expect(texts('tcp')).toEqual(['tcp port']);
});

test('nothing is offered where nothing was begun', () => {
  for (const text of ['', 'host ', 'host 10.0.0.1', 'xyz', 'port 5']) expect(texts(text)).toEqual([]);
});

test('what is taken has its place and a space after it', () => {
  expect(taken('udp or ho', 9, 7, 'host')).toEqual({ text: 'udp or host ', caret: 12 });
  expect(taken('ho 10.0.0.1', 2, 0, 'host')).toEqual({ text: 'host 10.0.0.1', caret: 5 });
});
