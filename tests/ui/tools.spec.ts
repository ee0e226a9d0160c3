//! Filters, streams, packets for other tools.

import { readFileSync } from 'node:fs';
import { accessible, count, counted, expect, grid, inspector, open, rows, test, type Page } from './page';

const filter = (page: Page) => page.getByRole('combobox', { name: 'Filter' });

test('a filter is completed, applied, kept in the address and remembered', async ({ page }) => {
  await open(page, 'timeline');
  await expect(rows(page).first()).toBeVisible();
  const all = await counted(page);
  await filter(page).click();
  await page.keyboard.type('dns.qry.n');
  await expect(page.getByRole('option').first()).toContainText('dns.qry.name');
  await page.keyboard.press('Tab');
  await expect(filter(page)).toHaveValue('dns.qry.name ');
  await page.keyboard.type('contains "a"');
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/filter=dns\.qry\.name/);
  await expect.poll(() => count(page)).toBeLessThan(all);
  const some = await counted(page);
  for (const kind of await grid(page).locator('[aria-colindex="2"][role="gridcell"]').allTextContents()) expect(kind.trim()).toMatch(/dns|llmnr/);
  await page.reload();
  await expect(filter(page)).toHaveValue('dns.qry.name contains "a"');
  await expect.poll(() => count(page)).toBe(some);
  await page.getByRole('button', { name: 'Clear this filter' }).click();
  await expect.poll(() => count(page)).toBe(all);
  await filter(page).click();
  await page.keyboard.press('ArrowDown');
  await expect(page.getByRole('option').first()).toHaveText('dns.qry.name contains "a"');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await expect.poll(() => count(page)).toBe(some);
});

for (const theme of ['light', 'dark'] as const) {
  test.describe(theme, () => {
    test.use({ colorScheme: theme });
    test('a mistake is told where it is, and nothing is lost by it', async ({ page }) => {
      await open(page, 'network?tab=frames');
      await expect(rows(page).first()).toBeVisible();
      const all = await counted(page);
      await filter(page).fill('ip.addr == 10.0.0.1 && htpp.host');
      await page.keyboard.press('Enter');
      await expect(page.getByRole('alert')).toContainText("unknown field 'htpp.host' at 24; did you mean 'http.host'?");
      await expect(page.getByRole('alert').locator('.mark')).toHaveText('htpp.host');
      expect(await count(page)).toBe(all);
      await accessible(page);
    });

    test('both sides of a flow can be followed, searched and read as bytes', async ({ page }) => {
      await open(page, 'network?tab=flows&filter=http.request.method');
      await rows(page).first().click();
      await inspector(page).getByRole('button', { name: 'Follow stream' }).click();
      const stream = page.locator('[data-stream]');
      await expect(stream.locator('.orig').first()).toContainText(/(GET|POST|PUT|NOTIFY|SUBSCRIBE|HEAD) .*HTTP\/1/);
      await expect(stream.locator('.resp').first()).toContainText('HTTP/1');
      await accessible(page);
      await page.getByRole('radio', { name: 'Hex' }).click();
      await expect(stream.locator('.hex').first()).toContainText(/^[0-9a-f]{32}/);
      await page.getByLabel('Text, or 0x and hex').fill('http/1');
      await page.keyboard.press('Enter');
      await expect(stream.locator('.hex .marked').first()).toBeVisible();
      await page.getByLabel('Text, or 0x and hex').fill('no such words in it');
      await page.keyboard.press('Enter');
      await expect(page.getByRole('status').filter({ hasText: 'Not found' })).toBeVisible();
      await page.getByRole('radio', { name: 'Text' }).click();
    });
  });
}

test('coverage says what was understood, what is encrypted and what is not read', async ({ page }) => {
  await open(page, 'evidence');
  await page.getByRole('button', { name: 'Coverage' }).click();
  await expect(page).toHaveURL(/tab=coverage/);
  await expect(rows(page).filter({ hasText: 'mqtt' }).first()).toContainText('understood');
  await expect(rows(page).filter({ hasText: 'tls' }).first()).toContainText('encrypted');
  await accessible(page);
  await page.getByRole('button', { name: 'Items' }).click();
  await expect(page.getByRole('columnheader', { name: 'Status' })).toBeVisible();
});

test('the map leads from a device to its flows', async ({ page }) => {
  await open(page, 'network?tab=map');
  const router = page.getByRole('button', { name: /Router, probably/ });
  await expect(router).toBeVisible();
  await expect(page.locator('g.outside').first()).toBeVisible();
  await accessible(page);
  await router.focus();
  await page.keyboard.press('Enter');
  await expect(filter(page)).toHaveValue(/^eth\.addr == /);
  await expect(rows(page).first()).toBeVisible();
});

test('packets of a flow are downloaded as a capture', async ({ page }) => {
  await open(page, 'network?tab=flows&filter=mqtt');
  await rows(page).first().click();
  const waiting = page.waitForEvent('download');
  await inspector(page).getByRole('button', { name: 'Save packets' }).click();
  const saved = await waiting;
  expect(saved.suggestedFilename()).toMatch(/^packets-\d+\.pcapng$/);
  const bytes = readFileSync(await saved.path());
  expect(bytes.subarray(0, 4).toString('hex')).toBe('0a0d0d0a');
  expect(bytes.includes('evidence sha256 ')).toBe(true);
});
