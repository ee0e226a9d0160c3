import { expect, test } from 'vitest';
import { placeText } from './geo';

test('a place is told by what is known of it', () => {
  for (const [place, text] of [
    [{ code: 'DE', country: 'Germany', organisation: 'Example Net', as_number: 64500 }, 'Germany (DE) · Example Net (AS64500)'],
    [{ code: 'DE', country: '', organisation: '', as_number: null }, 'DE'],
    [{ code: '', country: 'Germany', organisation: 'Example Net', as_number: null }, 'Germany · Example Net'],
    [{ code: '', country: '', organisation: '', as_number: 0 }, 'AS0'],
    [null, ''],
  ] as const)
    expect(placeText(place)).toBe(text);
});
