//! The timeline: histogram, brush, facets, filters, zone.

import { count, counted, expect, grid, open, rows, test } from './page';

test('a brush limits the rows to its span, and is in the address', async ({ page }) => {
  await open(page, 'timeline');
  await expect(rows(page).first()).toBeVisible();
  const all = await counted(page);
  const plot = page.getByRole('application');
  const box = (await plot.boundingBox()) ?? { x: 0, y: 0, width: 0, height: 0 };
  await page.mouse.move(box.x + box.width * 0.4, box.y + 40);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.6, box.y + 50, { steps: 5 });
  await page.mouse.up();
  await expect(page).toHaveURL(/since=.*until=/);
  await expect.poll(() => count(page)).toBeLessThan(all);

  await plot.focus();
  await page.keyboard.press('Escape');
  await expect.poll(() => count(page)).toBe(all);
  await page.keyboard.press('ArrowRight');
  await expect(page).toHaveURL(/since=.*until=/);
  await page.keyboard.press('Enter');
  await expect(page).toHaveURL(/z=\d+_\d+/);
  await page.keyboard.press('Home');
  await expect(page).not.toHaveURL(/z=\d+_\d+/);
});

test('the wheel zooms', async ({ page }) => {
  await open(page, 'timeline');
  const plot = page.getByRole('application');
  await expect(plot.locator('rect').first()).toBeVisible();
  await plot.hover();
  await page.mouse.wheel(0, -300);
  await expect(page).toHaveURL(/z=\d+_\d+/);
});

test('facets filter, words search, and Back undoes it', async ({ page }) => {
  await open(page, 'timeline');
  await expect(rows(page).first()).toBeVisible();
  const all = await counted(page);
  const dns = page.getByRole('complementary', { name: 'Facets' }).getByRole('button', { name: /^dns \d/ });
  await dns.click();
  await expect(dns).toHaveAttribute('aria-pressed', 'true');
  await expect.poll(() => count(page)).toBeLessThan(all);
  const some = await counted(page);
  for (const kind of await grid(page).locator('[aria-colindex="2"][role="gridcell"]').allTextContents()) expect(kind.trim()).toBe('dns');

  await page.keyboard.press('/');
  await page.keyboard.type('xyzzy no such words');
  await page.keyboard.press('Enter');
  await expect(page.getByText('No row matches these filters.')).toBeVisible();
  await page.goBack();
  await expect.poll(() => count(page)).toBe(some);
});

test('a cell can be filtered for and out by its menu', async ({ page }) => {
  await open(page, 'timeline?f=kind%3Ddns');
  await expect(rows(page).first()).toBeVisible();
  const cell = rows(page).first().locator('[role="gridcell"]').nth(4);
  await cell.click({ button: 'right' });
  await page.getByRole('menuitem', { name: /^Filter for/ }).click();
  await expect(page).toHaveURL(/f=subject/);
  await page.keyboard.press('Escape');
  await grid(page).focus();
  await page.keyboard.press('.');
  await expect(page.getByRole('menu')).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(page.getByRole('menu')).toBeHidden();
  await expect(grid(page)).toBeFocused();
});

test('the zone changes rows, axis and head at once', async ({ page }) => {
  await open(page, 'timeline?f=kind%3Ddns');
  await expect(rows(page).first()).toBeVisible();
  const time = rows(page).first().locator('[role="gridcell"]').first();
  const zone = async (name: string) => {
    await page.locator('header').getByRole('button', { expanded: false }).first().click();
    await page.getByRole('combobox', { name: 'Find a zone' }).fill(name);
    await page.keyboard.press('Enter');
  };
  await zone('UTC');
  await expect(grid(page).getByRole('columnheader').first()).toContainText('UTC');
  const utc = (await time.textContent()) ?? '';
  const axis = await page.getByRole('application').locator('text').allTextContents();
  await zone('Asia/Kabul');
  await expect(grid(page).getByRole('columnheader').first()).toContainText('+04:30');
  const there = (await time.textContent()) ?? '';
  const ms = (text: string) => Date.parse(`${text.trim().slice(0, 23).replace(' ', 'T')}Z`);
  expect(ms(there) - ms(utc)).toBe((4 * 60 + 30) * 60_000);
  expect(await page.getByRole('application').locator('text').allTextContents()).not.toEqual(axis);
  await page.reload();
  await expect(grid(page).getByRole('columnheader').first()).toContainText('+04:30');
});
