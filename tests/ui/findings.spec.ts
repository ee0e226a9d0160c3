//! What people look for first: logins, files, certificates, names, who is who.

import { accessible, expect, grid, inspector, open, rows, test } from './page';

test('a password is masked until somebody says why', async ({ page }) => {
  await open(page, 'findings?tab=credentials');
  await rows(page).filter({ hasText: 'lamp' }).first().click();
  const pane = inspector(page);
  await expect(pane.getByText('Masked: password')).toBeVisible();
  await expect(page.locator('body')).not.toContainText('a-lamp-secret');
  await pane.getByRole('button', { name: 'Reveal' }).click();
  await pane.getByLabel(/^Why/).fill('warrant 12/4');
  await accessible(page);
  await pane.getByRole('button', { name: 'Reveal' }).click();
  await expect(pane.getByText('a-lamp-secret')).toBeVisible();
  await expect(grid(page)).not.toContainText('a-lamp-secret');
  await pane.getByRole('button', { name: 'Hide' }).click();
  await expect(pane.getByText('a-lamp-secret')).toBeHidden();
  // The reason is remembered, and each time is logged.
  await pane.getByRole('button', { name: 'Reveal' }).click();
  await expect(pane.getByText('a-lamp-secret')).toBeVisible();
  await open(page, 'cases?tab=custody');
  await expect(rows(page).first()).toBeVisible();
  await grid(page).focus();
  await page.keyboard.press('End');
  await expect(page.getByText('secrets_reveal').last()).toBeVisible();
  await expect(page.locator('body')).not.toContainText('a-lamp-secret');
});

test('a file is looked at and saved', async ({ page }) => {
  await open(page, 'findings?tab=files');
  await rows(page).filter({ hasText: 'description.xml' }).first().click();
  const pane = inspector(page);
  await expect(pane.getByLabel('Preview of the file').last()).toContainText('<?xml');
  const saved = page.waitForEvent('download');
  await pane.getByRole('button', { name: 'Save file' }).click();
  expect((await saved).suggestedFilename()).toMatch(/[0-9a-f]{16}-description\.xml$/);
  await rows(page).filter({ hasText: 'snapshot.jpg' }).first().click();
  await expect(pane.getByRole('button', { name: 'Save file' })).toBeVisible();
});

for (const theme of ['light', 'dark'] as const) {
  test.describe(theme, () => {
    test.use({ colorScheme: theme });
    for (const tab of ['credentials', 'files', 'dns', 'identities']) {
      test(tab, async ({ page }) => {
        await open(page, `findings?tab=${tab}`);
        await rows(page).first().click();
        await expect(inspector(page).getByRole('heading', { level: 2 })).toBeVisible();
        await accessible(page);
      });
    }
  });
}

test('kinds without a tab are in the menu', async ({ page }) => {
  await open(page, 'network?tab=flows');
  await expect(rows(page).first()).toBeVisible();
  await page.getByRole('button', { name: 'All tables' }).click();
  await page.getByRole('menu').getByText('credentials', { exact: true }).click();
  await expect(page.getByRole('tab', { name: /^credentials/ })).toHaveAttribute('aria-selected', 'true');
});
