//! Presence: charts of who was near, over a case of its own, made of an access point's reports on both sides of a change of the clock.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { accessible, expect, open as openAt, test, type Locator, type Page } from './page';
import { OwnCase, program } from './own';

const PHONE = '18:b4:30:00:00:07'; // every night from 17:00 to 06:00 UTC
const PLUG = '18:b4:30:00:00:01'; // always there
const DAY = 86_400;
const START = Date.parse('2026-03-22T00:00:00Z') / 1000; // Berlin's clocks were changed on the 29th
const DAYS = 14;

function reports(): string {
  const lines: string[] = [];
  const probe = (mac: string, first: number, last: number, dbm: number, count: number, associated: boolean) => ({
    mac, count, min_signal: dbm - 3, avg_signal: dbm, max_signal: dbm + 3, first_seen: first, last_seen: last, associated,
  });
  for (let at = START; at < START + DAYS * DAY; at += 240) {
    const hour = (at % DAY) / 3600;
    const probe_requests = [probe(PLUG, at, at + 200, -55, 30, true)];
    if (hour < 6 || hour >= 17) probe_requests.push(probe(PHONE, at, at + 200, -48, 40, true));
    // Another made-up address each day at noon.
    if (hour === 12) probe_requests.push(probe(`da:a1:19:00:00:${((at - START) / DAY | 0).toString(16).padStart(2, '0')}`, at, at + 5, -85, 2, false));
    lines.push(JSON.stringify({ network_id: 700123, node_mac: 'AC:86:74:00:10:20', version: 1, probe_requests }));
  }
  return `${lines.join('\n')}\n`;
}

test.skip(!program, 'needs the program (LINTEL): the case is made by it');

const own = new OwnCase();
const open = (page: Page, place: string) => openAt(page, place, own.address);

test.beforeAll(() => own.serve({ 'reports.jsonl': reports() }));
test.afterAll(() => own.end());

const chart = (page: Page, name: string): Locator => page.locator('figure').filter({ has: page.getByRole('heading', { name, exact: true }) });
const picture = (page: Page, name: string): Locator => chart(page, name).getByRole('application');

/** Asks the workstation, as the page does. */
async function ask(page: Page, command: string, request: unknown) {
  const url = new URL(own.address);
  const headers = { Authorization: `Bearer ${url.hash.replace('#token=', '')}` };
  const answer = await page.request.post(`${url.origin}/api/${command}`, { headers, data: request });
  expect(answer.status(), await answer.text()).toBe(200);
}

for (const theme of ['light', 'dark'] as const) {
  test(`every chart is there, and axe objects to none: ${theme}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme: theme });
    await open(page, `presence?device=${PHONE}&charts=unique,lanes,home,heat,dwell,moves,signal`);
    await expect(page.locator('figure img')).toHaveCount(7);
    for (const source of await page.locator('figure img').evaluateAll((all) => all.map((one) => (one as HTMLImageElement).naturalWidth))) expect(source).toBeGreaterThan(200);
    await accessible(page);
  });
}

test('figures stand beside each chart, on the clock of the zone', async ({ page }) => {
  await open(page, 'presence');
  await chart(page, 'Lanes').getByRole('button', { name: 'Table: Lanes' }).click();
  const rows = chart(page, 'Lanes').getByRole('row');
  await expect(rows.filter({ hasText: PHONE })).toHaveCount(DAYS + 1);
  // 17:00 UTC: before and after the clocks were changed.
  await expect(rows.filter({ hasText: '2026-03-27 18:00:00 +01:00' })).toHaveCount(1);
  await expect(rows.filter({ hasText: '2026-03-29 19:00:00 +02:00' })).toHaveCount(1);
  await expect(rows.filter({ hasText: PLUG })).toHaveCount(1);
});

test('a lane says whose it is and when, and a click is about that device alone', async ({ page }) => {
  await open(page, 'presence');
  const lanes = picture(page, 'Lanes');
  await expect(lanes.locator('img')).toBeVisible();
  const { width } = (await lanes.boundingBox()) ?? { width: 0 };
  await lanes.hover({ position: { x: width * 0.6, y: 33 } });
  await expect(lanes).toContainText(PLUG);
  await expect(lanes).toContainText('14\u202fd · 5\u202f040 sightings');
  await lanes.click({ position: { x: width * 0.6, y: 55 } });
  await expect(page).toHaveURL(new RegExp(`device=${encodeURIComponent(PHONE)}`));
  await expect(picture(page, 'Signal').locator('img')).toBeVisible();
  await chart(page, 'Signal').getByRole('button', { name: 'Table: Signal' }).click();
  await expect(chart(page, 'Signal').getByRole('row').nth(1)).toContainText('-48');
  await page.goBack();
  await expect(chart(page, 'Signal')).toHaveCount(0);
});

test('a drag chooses a time, keys move and drop it', async ({ page }) => {
  await open(page, 'presence?charts=unique,moves');
  const unique = picture(page, 'Devices over time');
  await expect(unique.locator('img')).toBeVisible();
  const box = (await unique.boundingBox()) ?? { x: 0, y: 0, width: 0, height: 0 };
  await page.mouse.move(box.x + box.width * 0.4, box.y + 60);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width * 0.6, box.y + 70, { steps: 5 });
  await page.mouse.up();
  await expect(page).toHaveURL(/since=2026-03-2.*until=2026-0/);
  const chosen = page.url();
  await unique.focus();
  await page.keyboard.press('ArrowRight');
  await expect(page).not.toHaveURL(chosen);
  await page.keyboard.press('Escape');
  await expect(page).not.toHaveURL(/since=/);
  await page.keyboard.press('+');
  await expect(page).toHaveURL(/since=/);
});

test('the conclusion is worded as one, with reasons and thresholds that can be changed', async ({ page }) => {
  await open(page, 'presence?charts=home');
  await chart(page, 'Probably at home').getByRole('button', { name: /^Table/ }).click();
  const rows = chart(page, 'Probably at home').getByRole('row');
  await expect(rows.filter({ hasText: PHONE }).first()).toContainText('probably at home');
  await expect(rows.filter({ hasText: PHONE }).first()).toContainText('joined the network; strong signal: -48 dBm');
  await expect(rows.filter({ hasText: 'da:a1:19:00:00:00' })).toContainText('heard nearby, perhaps only passing');
  await page.getByText('What this is concluded by').click();
  await page.getByLabel('Joined the network').fill('0.5');
  await page.getByLabel('Joined the network').press('Enter');
  await expect(rows.filter({ hasText: PHONE }).first()).toContainText('perhaps at home');
  await expect(page).toHaveURL(/by=associated%3A0.5/);
  await page.getByRole('button', { name: 'Back to the usual values' }).click();
  await expect(rows.filter({ hasText: PHONE }).first()).toContainText('probably at home');
});

test('made-up addresses can be left out, gaps and steps chosen', async ({ page }) => {
  await open(page, 'presence?charts=lanes,dwell');
  await expect(chart(page, 'Lanes')).toContainText(`${DAYS + 2} devices`);
  await page.getByLabel('made-up addresses').uncheck();
  await expect(chart(page, 'Lanes')).toContainText('2 devices');
  await chart(page, 'Length of stays').getByRole('button', { name: /^Table/ }).click();
  const nights = chart(page, 'Length of stays').getByRole('row').filter({ hasText: '8–24 h' });
  await expect(nights).toContainText(String(DAYS - 1)); // whole ones: the first and the last are cut
  await page.getByLabel('Gap').selectOption('3 h');
  await expect(page).toHaveURL(/gap=10800/);
  await expect(nights).toContainText(String(DAYS - 1));
});

test('picture and figures leave as files', async ({ page }) => {
  await open(page, 'presence?charts=heat');
  await expect(picture(page, 'Hours of the week').locator('img')).toBeVisible();
  const saved = async (item: string): Promise<string> => {
    await page.getByRole('button', { name: 'Export: Hours of the week' }).click();
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('menuitem', { name: item }).click()]);
    return readFileSync(await download.path(), 'utf8');
  };
  const svg = await saved('Picture (SVG)');
  expect(svg).toContain('<title>Devices near, by hour and weekday</title>');
  expect(svg).not.toContain('<script');
  const csv = await saved('Figures (CSV)');
  expect(csv.split('\r\n')[0]).toBe('weekday,hour,devices on average,such hours');
  expect(csv.split('\r\n').length).toBe(7 * 24 + 2);
  // The hour that the clock left out on Sunday the 29th was there once, on the 22nd.
  expect(csv).toContain('Sun,02:00,2.00,1');
});

test('without sightings it says what to do', async ({ page }) => {
  const about = { number: '', examiner: '', agency: '', zone: '', notes: '' };
  await open(page, 'presence');
  await ask(page, 'case_new', { dir: join(own.folder, 'empty.lintel'), name: 'Empty', ...about });
  await open(page, 'presence');
  await expect(page.getByText('Nobody has been sighted yet.')).toBeVisible();
  await accessible(page);
  await ask(page, 'case_open', { dir: join(own.folder, 'own.lintel') });
  await expect(picture(page, 'Lanes').locator('img')).toBeVisible();
});
