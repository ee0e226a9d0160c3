//! Countries of outside addresses, by a table that the analyst loads.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { OwnCase } from './own';
import { accessible, expect, inspector, open, rows, test } from './page';

const own = new OwnCase();
test.beforeAll(() => own.serve({ 'router.pcapng': readFileSync(join(__dirname, '../../samples/hollis-street/router.pcapng')) }));
test.afterAll(() => own.end());

test('the map tells countries when a table is loaded, and how old it is', async ({ page, complaints }) => {
  await open(page, 'network?tab=map', own.address);
  await expect(page.locator('main')).toContainText("No countries: load a table in MaxMind's format");
  await expect(page.locator('g.outside').first()).toBeVisible();
  const countries = page.getByRole('button', { name: 'Countries', exact: true });
  const panel = page.getByRole('group', { name: 'Countries' });
  await countries.click();
  const path = panel.getByRole('textbox', { name: 'Path of a table' });
  await path.fill(join(own.folder, 'router.pcapng'));
  await panel.getByRole('button', { name: 'Load' }).click();
  await expect(panel.getByRole('alert')).toContainText("no table in MaxMind's format");
  complaints.length = 0; // the browser's own, about the refusal
  await path.fill(join(__dirname, 'countries.mmdb'));
  await panel.getByRole('button', { name: 'Load' }).click();
  await expect(panel).toContainText('Test-Country-ASN · 2026-11-03');
  await expect(panel.getByRole('alert')).toBeHidden();
  await expect(page.getByRole('button', { name: /203\.0\.113\.20 · Outside · The Netherlands \(NL\) · Example Net 64501 \(AS64501\)/ })).toBeVisible();
  await expect(page.getByRole('button', { name: /^203\.0\.113\.30 · Outside · \d/ })).toBeVisible();
  await expect(page.locator('g.country text')).toHaveText(['Germany (DE)', 'The Netherlands (NL)', 'Country not known']);
  await accessible(page);
  await page.keyboard.press('Escape');
  await expect(panel).toBeHidden();
  await expect(page.locator('main')).toContainText('Countries by Test-Country-ASN 2026-11-03');

  // A country leads to its flows, and a flow says where it went, and by whom that is said.
  await page.getByRole('button', { name: /^Germany \(DE\): its flows/ }).press('Enter');
  await expect(page.getByRole('combobox', { name: 'Filter' })).toHaveValue('ip.addr == 203.0.113.10');
  await expect(rows(page).first()).toContainText('203.0.113.10DE');
  await rows(page).first().click();
  const where = inspector(page).locator('dl[aria-label="Where"]');
  await expect(where).toContainText('Germany (DE) · Example Net 64500 (AS64500)');
  await expect(where).toContainText('by countries.mmdb (Test-Country-ASN, 2026-11-03)');
  await expect(where.locator('dt')).toHaveText(['203.0.113.10']); // the address at home is nowhere

  await open(page, 'network?tab=map', own.address);
  await countries.click();
  await panel.getByRole('button', { name: 'Remove countries.mmdb' }).click();
  await expect(page.locator('main')).toContainText('No countries: load a table');
  await expect(page.locator('g.country')).toHaveCount(0);
});
