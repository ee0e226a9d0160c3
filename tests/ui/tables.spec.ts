//! Tables: keys, columns, far rows, copying, export; and the palette.

import { expect, grid, open, rows, test } from './page';

test('keys go to the last row of a long table and back', async ({ page }) => {
  await open(page, 'network?tab=frames');
  await expect(rows(page).first()).toBeVisible();
  await grid(page).focus();
  const total = Number(await grid(page).getAttribute('aria-rowcount'));
  expect(total).toBeGreaterThan(100);
  await page.keyboard.press('End');
  await expect(page.locator(`[role="row"][aria-rowindex="${total}"][aria-selected="true"]`)).toBeVisible();
  await page.keyboard.press('PageUp');
  await page.keyboard.press('Home');
  await expect(page.locator('[role="row"][aria-rowindex="2"][aria-selected="true"]')).toBeVisible();
});

test('the wheel and the scroll bar show rows, not gaps', async ({ page }) => {
  await open(page, 'network?tab=frames');
  await expect(rows(page).first()).toBeVisible();
  const seen = async () => (await rows(page).nth(4).textContent())?.trim();
  const first = await seen();
  await grid(page).hover();
  await page.mouse.wheel(0, 4000);
  await expect.poll(seen).not.toBe(first);
  await grid(page).evaluate((element) => (element.scrollTop = element.scrollHeight / 2));
  await expect.poll(async () => (await rows(page).allTextContents()).filter((text) => text.trim() === '…').length).toBe(0);
  expect(await rows(page).count()).toBeGreaterThan(5);
});

test('columns are hidden, widened and moved, and stay so', async ({ page }) => {
  await open(page, 'network?tab=flows');
  const heads = () => grid(page).getByRole('columnheader').allInnerTexts();
  await expect.poll(async () => (await heads()).some((head) => head.startsWith('history'))).toBe(true);
  await page.getByRole('button', { name: 'Columns' }).click();
  await page.getByRole('menuitemcheckbox', { name: 'history' }).click();
  await page.keyboard.press('Escape');
  await expect.poll(async () => (await heads()).some((head) => head.startsWith('history'))).toBe(false);
  const second = grid(page).getByRole('columnheader').nth(1);
  const name = await second.innerText();
  const before = (await second.boundingBox())?.width ?? 0;
  await second.getByRole('button').focus();
  await page.keyboard.press('Shift+ArrowRight');
  await expect.poll(async () => (await second.boundingBox())?.width ?? 0).toBeGreaterThan(before);
  await page.keyboard.press('Alt+ArrowRight');
  await expect(grid(page).getByRole('columnheader').nth(2)).toHaveText(name);
  await page.reload();
  await expect(grid(page).getByRole('columnheader').nth(2)).toHaveText(name);
});

test('a click on a head sorts, and on it again the other way round', async ({ page }) => {
  await open(page, 'devices');
  await expect(rows(page).first()).toBeVisible();
  const head = grid(page).getByRole('columnheader', { name: /^mac/ });
  await head.getByRole('button').click();
  await expect(head).toHaveAttribute('aria-sort', 'ascending');
  const at = (await head.getAttribute('aria-colindex')) ?? '1';
  const macs = () => rows(page).locator(`[aria-colindex="${at}"]`).allTextContents();
  await expect.poll(async () => { const list = await macs(); return list.join() === [...list].sort().join(); }).toBe(true);
  await head.getByRole('button').click();
  await expect(head).toHaveAttribute('aria-sort', 'descending');
  await expect(page).toHaveURL(/sort=-mac/);
});

test('marked rows are copied with a head', async ({ page, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await open(page, 'network?tab=dns');
  await expect(rows(page).first()).toBeVisible();
  await grid(page).focus();
  await page.keyboard.press('Space');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Space');
  await page.keyboard.press('Control+c');
  await expect(page.getByText('Copied 2 rows')).toBeVisible();
  const lines = (await page.evaluate(() => navigator.clipboard.readText())).split('\n');
  expect(lines).toHaveLength(3);
  expect(lines[0]).toContain('ts\t');
  expect(lines[1]).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z\t/);
});

test('what is shown can be exported', async ({ page }) => {
  await open(page, 'network?tab=dns');
  await expect(rows(page).first()).toBeVisible();
  await page.getByRole('button', { name: 'Export' }).click();
  await page.getByRole('menuitem', { name: /CSV/ }).click();
  await expect(page.locator('footer')).toContainText('export');
  await expect(page.locator('footer')).toContainText(/done|exports/);
});

test('the palette goes to a device by its name', async ({ page }) => {
  await open(page, 'devices');
  await expect(rows(page).first()).toBeVisible();
  const mac = (await rows(page).first().getByText(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/).textContent()) ?? '';
  await open(page, 'timeline');
  await page.keyboard.press('Control+k');
  await page.keyboard.type(mac);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'Activity by hour' }).or(page.getByRole('heading', { name: 'Identities' })).first()).toBeVisible();
  await expect(page).toHaveURL(new RegExp(`mac=${encodeURIComponent(mac)}`));
});

test('a table whose question fails says why, and nothing else, until it is asked again', async ({ page, complaints }) => {
  let failing = true;
  await page.route('**/api/rows', (route) =>
    failing ? route.fulfill({ status: 500, json: { code: 'failed', message: 'reading the flows: the disk is gone' } }) : route.continue(),
  );
  await open(page, 'network?tab=flows');
  const alert = page.locator('main').getByRole('alert');
  await expect(alert).toContainText('reading the flows: the disk is gone');
  await expect(page.locator('main')).not.toContainText('Reading…');
  await expect(page.locator('main').getByRole('grid')).toHaveCount(0);
  complaints.length = 0; // the browser's own, about the refusal
  failing = false;
  await alert.getByRole('button', { name: 'Try again' }).click();
  await expect(rows(page).first()).toBeVisible();
  await expect(alert).toHaveCount(0);

  // Rows that are there stay, whatever becomes of counting them.
  await page.route('**/api/rows', (route) =>
    (route.request().postDataJSON() as { count: boolean }).count ? route.fulfill({ status: 500, json: { code: 'failed', message: 'counting: the disk is gone' } }) : route.fallback(),
  );
  await open(page, 'network?tab=frames');
  await expect(alert).toContainText('counting: the disk is gone');
  await expect(page.locator('.tools .count')).toHaveText('');
  await expect(rows(page).first()).toBeVisible();
  complaints.length = 0;
});
