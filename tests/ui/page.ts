//! What the tests share: the page opened on the served case, and words for its parts.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { expect, test as base, type Locator, type Page } from '@playwright/test';

export { expect, type Locator, type Page };

const axe = readFileSync(createRequire(__filename).resolve('../../ui/node_modules/axe-core/axe.min.js'), 'utf8');

/** Fails with every test in which the page complains. */
export const test = base.extend<{ complaints: string[] }>({
  complaints: [
    async ({ page }, use) => {
      const complaints: string[] = [];
      page.on('pageerror', (error) => complaints.push(error.message));
      page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
      await use(complaints);
      expect(complaints, 'the page complains of nothing').toEqual([]);
    },
    { auto: true },
  ],
});

/** Opens a place of the page: `timeline?q=lamp`. The token is given once, as a person would. `service`: another one than the served case's. */
export async function open(page: Page, place: string, service = process.env.LINTEL_URL): Promise<void> {
  const url = new URL(service ?? '');
  if (page.url() === 'about:blank') {
    await page.goto(url.href);
    await expect(page.locator('nav a').nth(1)).toBeVisible(); // a case is open
  }
  await page.goto(`${url.origin}/#/${place}`);
}

/** Rows of the table that is in view, as a person sees them. */
export const rows = (page: Page): Locator => page.locator('main [role="rowgroup"] [role="row"][aria-selected]');
export const inspector = (page: Page): Locator => page.getByRole('complementary', { name: 'Inspector' });
export const grid = (page: Page): Locator => page.locator('main').getByRole('grid').first();

/** The bytes that are marked in a view of bytes, as hex digits. */
export const marked = async (bytes: Locator): Promise<string> => (await bytes.locator('.bytes .marked').allTextContents()).join('');

/** What axe has to say against the page as it stands: nothing, it is hoped. */
export async function accessible(page: Page): Promise<void> {
  await page.evaluate(axe);
  const found = await page.evaluate(async () => {
    const { axe } = window as unknown as { axe: { run(): Promise<{ violations: { id: string; nodes: { html: string; failureSummary: string }[] }[] }> } };
    const { violations } = await axe.run();
    return violations.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 4).map((node) => `${node.html.slice(0, 160)} (${node.failureSummary.split('\n')[1] ?? ''})`).join(' | ')}`);
  });
  expect(found).toEqual([]);
}

/** Rows that the table says it shows; NaN until it does. */
export async function count(page: Page): Promise<number> {
  const text = (await page.locator('.tools .count').textContent()) ?? '';
  return Number((/[\d\u202f]+/.exec(text)?.[0] ?? '').replaceAll('\u202f', '') || NaN);
}

/** The same, once it is said. */
export async function counted(page: Page): Promise<number> {
  await expect.poll(() => count(page)).toBeGreaterThan(0);
  return count(page);
}
