//! Changing addresses: hypotheses with their reasons, and the act that makes one device of two addresses, and takes it back.

import { accessible, expect, open as openAt, rows, test, type Page } from './page';
import { OwnCase, program } from './own';

test.skip(!program, 'needs the program (LINTEL): the case is made by it');

/** Seconds, sequence number, last byte of the address: one phone changes its address at 40 s; another of the same make is louder. */
const HEARD: [number, number, number][] = [
  [0, 100, 1], [1, 101, 1], [40, 112, 2], [41, 113, 2],
  [5, 3000, 9], [300, 900, 9],
];

/** A capture (pcap, radiotap) of probe requests. */
function radio(): Uint8Array {
  const words = (...all: number[]) => all.flatMap((word) => [word & 255, (word >> 8) & 255, (word >> 16) & 255, (word >>> 24) & 255]);
  const bytes = [...words(0xa1b2c3d4), 2, 0, 4, 0, ...words(0, 0, 65_535, 127)];
  for (const [second, sequence, last] of [...HEARD].sort((a, b) => a[0] - b[0])) {
    const signal = last === 9 ? 256 - 40 : 256 - 66;
    const frame = [0, 0, 13, 0, 0x28, 0, 0, 0, 0x85, 0x09, 0xa0, 0, signal, 0x40, 0, 0, 0, 255, 255, 255, 255, 255, 255, 0xda, 0xa1, 0x19, 0, 0, last, 255, 255, 255, 255, 255, 255, (sequence << 4) & 255, sequence >> 4, 0, 0, 1, 4, 2, 4, 11, 22];
    bytes.push(...words(1_790_000_000 + second, 0, frame.length, frame.length), ...frame);
  }
  return Uint8Array.from(bytes);
}

const own = new OwnCase();
const open = (page: Page, place: string) => openAt(page, place, own.address);

test.beforeAll(() => own.serve({ 'radio.pcap': radio() }));
test.afterAll(() => own.end());

test('two addresses are perhaps one device, and become one for a reason only', async ({ page }) => {
  await open(page, 'presence');
  await page.getByRole('button', { name: 'Changing addresses' }).click();
  const hypotheses = page.getByRole('region', { name: 'Changing addresses' }).locator('section');
  await expect(hypotheses).toHaveCount(1);
  await expect(hypotheses).toContainText('da:a1:19:00:00:01');
  await expect(hypotheses).toContainText('da:a1:19:00:00:02');
  await expect(hypotheses).toContainText('sequence number 101, then 112 after 39.0 s: it may go on');
  await accessible(page);
  // The proof is one click away.
  await hypotheses.getByRole('button', { name: 'first' }).first().click();
  await expect(page.getByRole('complementary', { name: 'Inspector' })).toContainText('probe_request');

  await hypotheses.getByRole('button', { name: 'Take for one device' }).click();
  await expect(hypotheses.getByRole('button', { name: 'Take for one device' })).toBeDisabled();
  await page.keyboard.type('the same jacket on the camera');
  await page.keyboard.press('Enter');
  await expect(hypotheses).toContainText('joined by you');
  await page.goto(page.url().replace(/#.*/, '#/devices'));
  await expect(rows(page)).toHaveCount(2);

  await page.goBack();
  await hypotheses.getByRole('button', { name: 'Take apart again' }).click();
  await page.keyboard.type('two people after all');
  await page.keyboard.press('Enter');
  await expect(hypotheses.getByRole('button', { name: 'Take for one device' })).toBeVisible();
});

test('what counts how much is in view, and changes what is found', async ({ page }) => {
  await open(page, 'presence?tab=identities');
  await page.getByText('What counts how much').click();
  await page.getByLabel('Shown from a probability of').fill('1');
  await page.keyboard.press('Tab');
  await expect(page.locator('main')).toContainText('Nothing links any two made-up addresses well enough.');
});
