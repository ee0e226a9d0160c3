import { expect, test } from 'vitest';
import { imageOf } from './image';

test('an image cannot end its own address', () => {
  const url = imageOf('<svg>"#%é</svg>');
  expect(url).toBe('data:image/svg+xml;charset=utf-8,%3Csvg%3E%22%23%25%C3%A9%3C%2Fsvg%3E');
});
