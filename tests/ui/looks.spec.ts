//! Every view in both themes: there, readable, and nothing that axe objects to.

import { accessible, expect, open, rows, test } from './page';

const PLACES: [place: string, there: string][] = [
  ['cases', 'Recent cases'],
  ['cases?tab=new', 'Make case'],
  ['cases?tab=custody', 'Verify chain'],
  ['evidence', 'Add evidence'],
  ['timeline', 'Export'],
  ['devices', 'Export'],
  ['network?tab=flows', 'Export'],
  ['network?tab=frames', 'Export'],
  ['network?tab=dns', 'Export'],
  ['presence', 'Presence'],
  ['findings', 'Export'],
  ['capture', 'Start recording'],
  ['bench', 'Register thing'],
];

for (const theme of ['light', 'dark'] as const) {
  test.describe(theme, () => {
    test.use({ colorScheme: theme });
    for (const [place, there] of PLACES) {
      test(place, async ({ page }) => {
        await open(page, place);
        await expect(page.getByText(there).first()).toBeVisible();
        if (!/cases$|tab=new|capture$|presence$|bench$/.test(place)) await expect(rows(page).first()).toBeVisible();
        await expect(page.locator('html')).toHaveAttribute('data-theme', theme);
        await accessible(page);
      });
    }

    test('a fact in the inspector, a packet, a device, the palette and the keys', async ({ page }) => {
      await open(page, 'network?tab=dns');
      await rows(page).nth(2).click();
      await expect(page.locator('aside [data-hex]')).toBeVisible();
      await page.keyboard.press('Enter');
      await expect(page.getByRole('tree')).toBeVisible();
      await accessible(page);
      await open(page, 'devices');
      await rows(page).first().dblclick();
      await expect(page.getByRole('heading', { name: 'Identities' }).first()).toBeVisible();
      await accessible(page);
      await page.keyboard.press('Control+k');
      await expect(page.getByRole('combobox')).toBeFocused();
      await accessible(page);
      await page.keyboard.press('Escape');
      await page.keyboard.press('?');
      await expect(page.getByRole('heading', { name: 'Keys' })).toBeVisible();
      await accessible(page);
    });
  });
}

test('the theme can be chosen and is remembered', async ({ page }) => {
  await open(page, 'timeline');
  const button = page.getByRole('button', { name: /^Theme/ });
  await button.click();
  await button.click();
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
  await page.reload();
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
});

test('no request leaves for another place, and the token does not stay in the address', async ({ page }) => {
  const origin = new URL(process.env.LINTEL_URL ?? '').origin;
  const strangers: string[] = [];
  page.on('request', (request) => {
    if (!request.url().startsWith(origin)) strangers.push(request.url());
  });
  await open(page, 'timeline');
  await expect(rows(page).first()).toBeVisible();
  expect(page.url()).not.toContain('token');
  expect(strangers).toEqual([]);
});
