//! Cases and evidence: what is stated, adding, verifying, custody.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { accessible, expect, open, rows, test, type Page } from './page';

/** Goes to an item of evidence by typing how its name begins. */
async function toItem(page: Page, name: string): Promise<void> {
  await open(page, 'evidence');
  await expect(rows(page).first()).toBeVisible();
  await page.getByRole('treegrid').focus();
  await page.keyboard.type(name);
  await expect(rows(page).filter({ hasText: name })).toHaveAttribute('aria-selected', 'true');
}

test('the custody chain is checked', async ({ page }) => {
  await open(page, 'cases?tab=custody');
  await expect(rows(page).first()).toBeVisible();
  await page.getByRole('button', { name: 'Verify chain' }).click();
  await expect(page.getByText(/The chain holds/).first()).toBeVisible();
  await rows(page).nth(1).click();
  await expect(page.locator('pre.line')).toContainText('"hash"');
});

test('an item of evidence says what it is and why, and is verified', async ({ page }) => {
  await toItem(page, 'router.pcapng');
  const pane = page.getByRole('complementary', { name: 'Inspector' });
  await expect(pane.getByText('Facts by kind')).toBeVisible();
  await expect(pane.getByText(/^[0-9a-f]{64}$/)).toBeVisible();
  await pane.getByRole('button', { name: 'Verify' }).click();
  await expect(page.locator('footer')).toContainText('verify');
  await expect(pane.getByText('match')).toBeVisible();
});

test('a container is folded by key', async ({ page }) => {
  await open(page, 'evidence');
  const tree = page.getByRole('treegrid');
  const container = tree.locator('[role="row"][aria-expanded]').first();
  await container.click();
  const id = await container.getAttribute('id');
  const before = Number(await tree.getAttribute('aria-rowcount'));
  await page.keyboard.press('ArrowLeft');
  await expect(page.locator(`[id="${id}"]`)).toHaveAttribute('aria-expanded', 'false');
  expect(Number(await tree.getAttribute('aria-rowcount'))).toBeLessThan(before);
  await page.keyboard.press('ArrowRight');
  await expect(page.locator(`[id="${id}"]`)).toHaveAttribute('aria-expanded', 'true');
});

test('adding asks for paths, says what they are, and lets one choose to refer or copy', async ({ page, complaints }) => {
  await open(page, 'evidence');
  await page.getByRole('button', { name: 'Add evidence' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('textbox').fill('/no/such/file.pcap');
  await expect(dialog.locator('.found li, .bad').first()).toBeVisible();
  complaints.length = 0; // the browser's own, about a path that is not there
  await dialog.getByRole('radio').nth(1).check();
  await page.keyboard.press('Escape');
  await expect(dialog).toBeHidden();
});

test('a folder is watched and no longer watched, and one that is not there is refused at its field', async ({ page, complaints }) => {
  await open(page, 'evidence');
  const panel = page.getByRole('group', { name: 'Watch folder' });
  await page.getByRole('button', { name: 'Watch folder' }).click();
  const path = panel.getByRole('textbox', { name: 'Watch folder' });
  await path.fill('/no/such/folder');
  await panel.getByRole('button', { name: 'Watch', exact: true }).click();
  await expect(panel.getByRole('alert')).toContainText('/no/such/folder');
  complaints.length = 0; // the browser's own, about the refusal
  const folder = mkdtempSync(join(tmpdir(), 'lintel-watched-'));
  await path.fill(folder);
  await panel.getByRole('button', { name: 'Watch', exact: true }).click();
  await expect(panel.locator('.line').first()).toContainText(folder);
  await expect(panel.getByRole('alert')).toBeHidden();
  await accessible(page);
  await panel.getByRole('button', { name: 'Stop watching' }).click();
  await expect(panel).not.toContainText(folder);
  await page.keyboard.press('Escape');
  await expect(panel).toBeHidden();
  rmSync(folder, { recursive: true });
});

test('what is dropped says first what will happen', async ({ page }) => {
  await open(page, 'timeline');
  await expect(rows(page).first()).toBeVisible();
  const transfer = await page.evaluateHandle(() => {
    const transfer = new DataTransfer();
    transfer.items.add(new File(['x'], 'router.pcapng'));
    return transfer;
  });
  await page.dispatchEvent('body', 'dragenter', { dataTransfer: transfer });
  await expect(page.getByText('Drop to add 1 item as evidence')).toBeVisible();
  await page.dispatchEvent('body', 'drop', { dataTransfer: transfer });
  await expect(page.getByRole('dialog')).toContainText('router.pcapng');
});

test('a case without a name cannot be made', async ({ page }) => {
  await open(page, 'cases?tab=new');
  const make = page.getByRole('button', { name: 'Make case' });
  await expect(make).toBeDisabled();
  await page.getByRole('textbox', { name: 'Name' }).fill('Harbour Lofts');
  await page.getByRole('textbox', { name: 'Folder' }).fill('/no/such/place/harbour.lintel');
  await page.getByRole('combobox', { name: 'Zone' }).fill('Europe/Atlantis');
  await expect(page.getByText('There is no zone Europe/Atlantis')).toBeVisible();
  await expect(make).toBeDisabled();
  await page.getByRole('combobox', { name: 'Zone' }).fill('UTC');
  await expect(make).toBeEnabled();
});
