//! From a statement to the bytes that prove it, by mouse and by keys.

import { expect, grid, inspector, marked, open, rows, test } from './page';

test('a DNS row leads to its marked bytes and on to the packet', async ({ page }) => {
  await open(page, 'network?tab=dns');
  const row = rows(page).nth(3);
  await row.click();
  const pane = inspector(page);
  await expect(pane.getByText('Proof')).toBeVisible();
  await expect(pane.locator('.hash')).toHaveText(/^[0-9a-f]{64}$/);

  // The marked bytes hold the name that the row states, as DNS writes it.
  const name = (await pane.getByRole('heading', { level: 2 }).textContent()) ?? '';
  const bytes = pane.locator('[data-hex]');
  await expect(bytes.locator('.marked').first()).toBeVisible();
  const label = name.split('.')[0] ?? '';
  const hex = Buffer.from(label, 'latin1').toString('hex');
  expect(label.length).toBeGreaterThan(0);
  await expect.poll(() => marked(bytes)).toContain(hex);

  // The frame, taken apart; the field's bytes are marked, and a byte finds its field.
  const frame = await pane.getByRole('button', { name: /^[\d\u202f]+$/ }).first().textContent();
  await pane.getByRole('button', { name: frame ?? '', exact: true }).first().click();
  const tree = page.getByRole('tree');
  await expect(tree).toBeVisible();
  await expect(page.getByRole('heading', { name: `Frame ${frame}` }).first()).toBeVisible();
  const field = tree.getByRole('treeitem').filter({ hasText: name }).last();
  await field.click();
  const packet = page.locator('main [data-hex]');
  await expect.poll(() => marked(packet)).toContain(hex);
  await packet.locator('.bytes [data-at="0"]').click();
  await expect(tree.locator('[aria-selected="true"]')).not.toHaveText((await field.textContent()) ?? '');
  await expect.poll(async () => (await marked(packet)).length).toBeGreaterThan(0);
});

test('the same by keys alone', async ({ page }) => {
  await open(page, 'network?tab=dns');
  await expect(rows(page).first()).toBeVisible();
  await grid(page).focus();
  for (let n = 0; n < 4; n++) await page.keyboard.press('ArrowDown');
  await expect(rows(page).nth(4)).toHaveAttribute('aria-selected', 'true');
  await expect(inspector(page).locator('[data-hex] .marked').first()).toBeVisible();
  await page.keyboard.press('Enter');
  const tree = page.getByRole('tree');
  await expect(tree).toBeVisible();
  await tree.focus();
  await page.keyboard.press('End');
  await expect(tree.locator('[aria-selected="true"]')).toBeVisible();
  await page.goBack();
  await expect(tree).toBeHidden();
  await expect(rows(page).first()).toBeVisible();
});

test('where one was survives a reload', async ({ page }) => {
  await open(page, 'network?tab=dns');
  await rows(page).nth(3).click();
  await expect(inspector(page).getByText('Proof')).toBeVisible();
  const subject = (await inspector(page).getByRole('heading', { level: 2 }).textContent()) ?? '';
  await page.reload();
  await expect(inspector(page).getByRole('heading', { level: 2 })).toHaveText(subject);
  await expect(page.getByRole('tab', { name: /^dns/ })).toHaveAttribute('aria-selected', 'true');
});
