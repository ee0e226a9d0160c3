//! Recording: what can be recorded, a recording from its start to its seal, what is in the way.

import { resolve } from 'node:path';
import { accessible, expect, inspector, open, test, type Page } from './page';

const SAMPLE = resolve(__dirname, '../../samples/hollis-street/router.pcapng');

const filter = (page: Page) => page.getByRole('combobox', { name: 'Capture filter' });
const start = (page: Page) => page.getByRole('button', { name: 'Start recording' });
const recordings = (page: Page) => page.getByRole('article');

/** The capture program lies beside the service; without it there is one thing to test, and it is tested. */
async function canRecord(page: Page): Promise<boolean> {
  const url = new URL(process.env.LINTEL_URL ?? '');
  const token = decodeURIComponent(/token=([^&]+)/.exec(url.hash)?.[1] ?? '');
  const answer = await page.request.post(`${url.origin}/api/capture_interfaces`, { data: 'null', headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', origin: url.origin } });
  return ((await answer.json()) as { program: string | null }).program !== null;
}

for (const theme of ['light', 'dark'] as const) {
  test.describe(theme, () => {
    test.use({ colorScheme: theme });

    test('what can be recorded is listed, or what is in the way is said', async ({ page }) => {
      await open(page, 'capture');
      await expect(page.getByRole('heading', { name: 'New recording' })).toBeVisible();
      await expect(page.getByRole('columnheader', { name: 'Interface' }).or(page.locator('[role="alert"]')).first()).toBeVisible();
      await expect(start(page)).toBeDisabled();
      await page.locator('summary').click();
      await expect(page.getByLabel('Authority')).toBeVisible();
      await accessible(page);
    });

    test('a recording runs, is marked, and is sealed as evidence', async ({ page, context }) => {
      test.slow();
      test.skip(!(await canRecord(page)), 'lintel-capture is not beside lintel');
      await context.grantPermissions(['clipboard-read', 'clipboard-write']);
      await open(page, 'capture');
      await page.getByRole('checkbox', { name: 'Play a capture file instead' }).check();
      await page.getByRole('textbox', { name: 'Path of the capture file' }).fill(SAMPLE);
      await page.getByLabel('Speed').fill('0.1'); // minutes, however slow the machine
      await page.locator('summary').click();
      await page.getByLabel('Authority').fill('Training, no case');
      await start(page).click();

      const card = recordings(page).first();
      await expect(card).toContainText('Recording');
      await expect(card).toContainText('Training, no case');
      const chart = card.getByRole('img', { name: /^Packets over time/ });
      await expect(chart).toBeVisible();
      expect(await chart.getAttribute('src')).toMatch(/^data:image\/svg\+xml/);
      expect(await chart.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBeGreaterThan(0); // it could be drawn
      expect(await card.locator('svg text').count()).toBe(0);
      await card.getByRole('button', { name: 'Table: Packets' }).click();
      await expect(card.getByRole('columnheader', { name: 'packets/s' })).toBeVisible();
      await accessible(page);

      await page.keyboard.press('m');
      await expect(card.getByRole('textbox', { name: 'Bookmark' })).toBeFocused();
      await page.keyboard.type('<b>door</b> opened');
      await page.keyboard.press('Enter');
      await expect(card.getByRole('textbox', { name: 'Bookmark' })).toHaveValue('');

      await card.getByRole('button', { name: 'Seal capture' }).click();
      await expect(card).toContainText('Sealed', { timeout: 20_000 });
      await expect(card.getByText(/^[0-9a-f]{64}$/).first()).toBeVisible();
      await expect(card.getByText('<b>door</b> opened')).toBeVisible();
      await accessible(page);
      const hash = await card.getByText(/^[0-9a-f]{64}$/).first().textContent();
      await card.getByRole('button', { name: /^Copy the SHA-256/ }).first().click();
      expect(await page.evaluate(() => navigator.clipboard.readText())).toBe(hash);
      await card.getByTitle('Show the evidence').first().click();
      await expect(page).toHaveURL(/evidence\?sel=/);
      await expect(inspector(page).getByText(hash ?? '')).toBeVisible();
    });
  });
}

test('several can be recorded at once, and the palette seals them', async ({ page }) => {
  test.skip(!(await canRecord(page)), 'lintel-capture is not beside lintel');
  await open(page, 'capture');
  for (const _ of [1, 2]) {
    const more = page.getByRole('button', { name: 'New recording' });
    if (await more.isVisible()) await more.click();
    await page.getByRole('checkbox', { name: 'Play a capture file instead' }).check();
    await page.getByRole('textbox', { name: 'Path of the capture file' }).fill(SAMPLE);
    await page.getByLabel('Speed').fill('0.1');
    await start(page).click();
    await expect(start(page)).toBeHidden();
  }
  await expect(page.getByText('2 recordings')).toBeVisible();
  for (const _ of [1, 2]) {
    const running = await recordings(page).filter({ hasText: 'Seal capture' }).count();
    await page.keyboard.press('Control+k');
    await page.keyboard.type('seal capture of');
    await page.keyboard.press('Enter');
    await expect.poll(() => recordings(page).filter({ hasText: 'Seal capture' }).count()).toBeLessThan(running);
  }
  await expect(page.getByRole('heading', { name: 'New recording' })).toBeVisible();
});

test('a filter is completed, and told when it makes no sense', async ({ page }) => {
  test.skip(!(await canRecord(page)), 'lintel-capture is not beside lintel');
  await open(page, 'capture');
  await filter(page).click();
  await page.keyboard.type('not ho');
  await expect(page.getByRole('option').first()).toContainText('host');
  await page.keyboard.press('Tab');
  await expect(filter(page)).toHaveValue('not host ');
  await page.keyboard.type('10.0.0.1');
  await expect(page.getByText('The filter makes sense here.')).toBeVisible();
  await filter(page).fill('host and and');
  await expect(filter(page)).toHaveAttribute('aria-invalid', 'true');
  await expect(start(page)).toBeDisabled();
});

test('R leads to recording from anywhere', async ({ page }) => {
  await open(page, 'timeline');
  await expect(page.getByRole('heading', { name: 'Timeline' })).toBeVisible();
  await page.getByRole('heading', { name: 'Timeline' }).click();
  await page.keyboard.press('r');
  await expect(page).toHaveURL(/#\/capture/);
  await expect(page.getByRole('heading', { name: 'New recording' })).toBeVisible();
});
