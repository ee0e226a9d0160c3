import { beforeEach, expect, test, vi } from 'vitest';
import { Cache } from './cache';
import { CallError } from './host';

let asked: string[];
let next: () => Promise<unknown>;
let cache: Cache;

beforeEach(() => {
  vi.useFakeTimers();
  asked = [];
  next = async () => asked.length;
  const reads = { rows: ['Facts', 'Evidence'], custody: ['Custody'], case_info: ['Facts', 'Case'] } as const;
  cache = new Cache((name, request) => (asked.push(`${name} ${JSON.stringify(request)}`), next()), reads, { case_info: 1000 });
});

const settle = () => vi.advanceTimersByTimeAsync(200);

test('the same question is asked once', async () => {
  cache.read('rows', { view: 'dns' });
  cache.read('rows', { view: 'dns' });
  cache.read('rows', { view: 'tls' });
  await settle();
  expect(asked).toEqual(['rows {"view":"dns"}', 'rows {"view":"tls"}']);
  expect(cache.read('rows', { view: 'dns' })).toEqual({ data: 1, error: undefined, busy: false });
});

test('a change asks again what is watched and reads its topic, and nothing else', async () => {
  const told = vi.fn();
  cache.watch('rows', null, told);
  cache.read('rows', null);
  cache.read('custody', null);
  await settle();
  cache.changed(['Facts']);
  cache.changed(['Evidence']); // gathered into one question
  await settle();
  expect(asked).toEqual(['rows null', 'custody null', 'rows null']);
  expect(told).toHaveBeenCalledTimes(2);
});

test('what nobody watches is asked again when it is next read', async () => {
  cache.read('custody', null);
  await settle();
  cache.changed(['Custody']);
  await settle();
  expect(asked).toHaveLength(1);
  expect(cache.read('custody', null).data).toBe(1); // the old answer stands meanwhile
  await settle();
  expect(cache.read('custody', null).data).toBe(2);
});

test('a change while the answer is on its way asks once more', async () => {
  cache.watch('rows', null, () => {});
  next = () => new Promise((done) => setTimeout(() => done('late'), 50));
  cache.read('rows', null);
  cache.changed(['Facts']);
  await settle();
  await settle();
  expect(asked).toHaveLength(2);
});

test('an error keeps the old answer beside it', async () => {
  cache.watch('rows', null, () => {});
  cache.read('rows', null);
  await settle();
  next = async () => Promise.reject({ code: 'not_found', message: 'no such view' });
  cache.changed('all');
  await settle();
  const { data, error } = cache.read('rows', null);
  expect(data).toBe(1);
  expect(error).toBeInstanceOf(CallError);
  expect(error?.code).toBe('not_found');
  await settle();
  expect(asked).toHaveLength(2); // and is not asked in a loop
});

test('what has a pace is asked so often and no more, and in the end says what is', async () => {
  cache.watch('case_info', null, () => cache.read('case_info', null));
  cache.watch('rows', null, () => {});
  let facts = 0;
  next = async () => facts;
  cache.read('case_info', null);
  cache.read('rows', null);
  await settle();
  for (let n = 0; n < 50; n++) {
    facts++;
    cache.changed(['Facts']); // five times a second, as while something is recorded
    await settle();
    cache.read('case_info', null);
  }
  const count = (name: string) => asked.filter((one) => one.startsWith(name)).length;
  expect(count('rows')).toBe(51);
  expect(count('case_info')).toBeGreaterThan(8);
  expect(count('case_info')).toBeLessThanOrEqual(12); // in ten seconds, and at the beginning
  await vi.advanceTimersByTimeAsync(1000);
  expect(cache.read('case_info', null).data).toBe(50);
  const before = count('case_info');
  await vi.advanceTimersByTimeAsync(5000);
  expect(count('case_info')).toBe(before); // and is left alone

  // What the analyst changed is asked at once, and so is a first change after a while.
  cache.changed(['Facts']);
  await vi.advanceTimersByTimeAsync(100);
  expect(count('case_info')).toBe(before + 1);
  cache.changed(['Case'], true);
  await vi.advanceTimersByTimeAsync(100);
  expect(count('case_info')).toBe(before + 2);
});
