//! The bench: registering, being let in, what may be sent and what not, deleting and its undo. A case and a light of its own.

import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Light } from './light';
import { program } from './own';
import { accessible, expect, open as openAt, test, type Page } from './page';

test.skip(!program, 'needs the program (LINTEL): the bench runs in it');
test.describe.configure({ mode: 'serial' });

const folder = mkdtempSync(join(tmpdir(), 'bench-'));
let service: ChildProcess;
let address = '';
let light: Light | undefined;

test.beforeAll(async () => {
  const dir = join(folder, 'bench.lintel');
  execFileSync(program, ['case', 'new', dir, '--name', 'Bench', '--zone', 'Europe/Berlin']);
  service = spawn(program, ['--json', 'serve', dir, '--port', '0', '--allow-acts', ...(process.env.LINTEL_UI ? ['--ui', process.env.LINTEL_UI] : [])], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, XDG_CONFIG_HOME: join(folder, 'config') }, // its vault is not the tester's
  });
  address = await new Promise<string>((found, failed) => {
    service.stdout?.once('data', (line: Buffer) => found((JSON.parse(line.toString()) as { url: string }).url));
    service.once('exit', (code) => failed(new Error(`lintel serve ended with ${code}`)));
  });
});
test.afterAll(() => {
  light?.leave();
  service.kill();
  rmSync(folder, { recursive: true, force: true });
});

const open = (page: Page, place: string) => openAt(page, place, address);
const table = (page: Page) => page.getByRole('grid', { name: 'Things' });
const row = (page: Page, name: string) => table(page).getByRole('row').filter({ hasText: name });
const dialog = (page: Page) => page.getByRole('dialog');

/** Asks the workstation, as the page does. */
async function ask<T>(page: Page, command: string, request: unknown): Promise<T> {
  const url = new URL(address);
  const headers = { Authorization: `Bearer ${url.hash.replace('#token=', '')}` };
  const answer = await page.request.post(`${url.origin}/api/${command}`, { headers, data: request });
  expect(answer.status(), await answer.text()).toBe(200);
  return (await answer.json()) as T;
}

/** What was meant to be refused was; the browser says so, too. */
async function refused(complaints: string[]): Promise<void> {
  await expect.poll(() => complaints).toEqual([expect.stringContaining('400')]);
  complaints.length = 0;
}

for (const theme of ['light', 'dark'] as const) {
  test(`an empty bench says what to do, and axe objects to nothing: ${theme}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme: theme });
    await open(page, 'bench');
    await expect(page.getByText('No thing is registered yet.')).toBeVisible();
    await expect(page.getByRole('switch', { name: 'May change the scene' })).toBeDisabled();
    await accessible(page);
    for (const [tab, text] of [['Scenes', 'No scene yet.'], ['Kinds', 'May publish to'], ['Deletions', 'Nothing is being deleted']] as const) {
      await page.getByRole('tab', { name: tab }).click();
      await expect(page.getByText(text)).toBeVisible();
      await accessible(page);
    }
  });
}

test('a thing is registered, its key shown once, and it is let in', async ({ page, context, complaints }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await open(page, 'bench');
  await page.getByLabel('Address and port').fill('127.0.0.1:x');
  await page.getByRole('button', { name: 'Start bench' }).click();
  await expect(page.getByRole('alert')).toContainText('is no address and port');
  await refused(complaints);
  await page.getByLabel('Address and port').fill('127.0.0.1:0');
  await page.getByLabel('Authority').fill('Training, no case');
  await page.getByRole('button', { name: 'Start bench' }).click();
  await expect(page.getByText('listens at')).toBeVisible();
  await expect(page.getByText('Training, no case')).toBeVisible();

  await page.getByRole('button', { name: 'Register thing' }).first().click();
  await dialog(page).getByLabel('Name').fill('Desk lamp');
  await dialog(page).getByLabel('Exhibit').fill('E-7');
  await page.keyboard.press('Enter');
  await expect(dialog(page)).toContainText('The private key is shown this once');
  await accessible(page);
  const copied = async (name: string) => {
    await dialog(page).getByRole('button', { name: `Copy: ${name}` }).click();
    return page.evaluate(() => navigator.clipboard.readText());
  };
  const [id, key, certificate] = [await copied('Id'), await copied('Private key'), await copied('Certificate')];
  expect(key).toMatch(/^-----BEGIN (RSA )?PRIVATE KEY-----/);
  await page.keyboard.press('Escape'); // it goes by its button alone
  await expect(dialog(page)).toBeVisible();
  await dialog(page).getByRole('button', { name: 'I have it' }).click();
  await expect(page.getByRole('heading', { name: 'Desk lamp' })).toBeVisible();
  await expect(page.locator('body')).not.toContainText('BEGIN RSA');
  await expect(row(page, 'Desk lamp')).toContainText('never came');

  const { listen, ca } = await ask<{ listen: string; ca: { certificate: string } }>(page, 'bench_state', null);
  light = await Light.shine(listen, id, certificate, key, ca.certificate);
  await expect(row(page, 'Desk lamp')).toContainText('connected');
  await expect(row(page, 'Desk lamp').getByText('off', { exact: true }).first()).toBeVisible();
  await expect(page.getByText('1 thing connected')).toBeVisible();
});

test('nothing is sent before somebody has said why; then it is shown before it goes', async ({ page }) => {
  await open(page, 'bench');
  const on = row(page, 'Desk lamp').getByRole('button', { name: 'on: Desk lamp' });
  await expect(on).toBeDisabled();
  await expect(on).toHaveAttribute('title', /allow changes/);
  await expect(page.getByText('Looking only: allow changes above to use this.')).toBeVisible();

  await page.getByRole('switch').click();
  await expect(dialog(page)).toContainText('ACPO principle 2');
  await expect(dialog(page).getByRole('button', { name: 'Allow changes' })).toBeDisabled();
  await accessible(page);
  await dialog(page).getByRole('textbox').fill('Reproduce the switching');
  await dialog(page).getByRole('button', { name: 'Allow changes' }).click();
  await expect(page.getByRole('switch')).toBeChecked();
  await expect(page.getByText('Reproduce the switching')).toBeVisible();

  await on.click();
  await expect(dialog(page)).toContainText('{"power": true}');
  await expect(dialog(page)).toContainText('7b 22 70 6f 77 65 72 22 3a 20 74 72 75 65 7d');
  await expect(dialog(page)).toContainText('/command');
  await expect(row(page, 'Desk lamp').getByText('off', { exact: true }).first()).toBeVisible(); // shown, not sent
  await accessible(page);
  await dialog(page).getByRole('button', { name: 'Send' }).click();
  await expect(dialog(page)).toHaveCount(0);
  await expect(row(page, 'Desk lamp').locator('.lamp.on')).toBeVisible(); // as it says itself
  await expect(row(page, 'Desk lamp').getByRole('img', { name: 'level 42' })).toBeVisible();

  // The switch by key, and once it was agreed, at once.
  await row(page, 'Desk lamp').getByText('Desk lamp', { exact: true }).click();
  await page.keyboard.press(' ');
  await expect(dialog(page)).toContainText('{"power": false}');
  await dialog(page).getByRole('checkbox').check();
  await dialog(page).getByRole('button', { name: 'Send' }).click();
  await expect(row(page, 'Desk lamp').locator('.lamp.on')).toHaveCount(0);
  await table(page).focus();
  await page.keyboard.press(' ');
  await expect(row(page, 'Desk lamp').locator('.lamp.on')).toBeVisible();
  await expect(dialog(page)).toHaveCount(0);

  await page.getByRole('button', { name: 'Forbid again' }).click();
  await expect(on).toBeDisabled();
  await table(page).focus();
  await page.keyboard.press(' ');
  await expect(page.getByRole('status').filter({ hasText: 'Looking only' })).toBeVisible();
  await expect(row(page, 'Desk lamp').locator('.lamp.on')).toBeVisible();
});

for (const theme of ['light', 'dark'] as const) {
  test(`messages, charts and shadows of a thing: ${theme}`, async ({ page }) => {
    await page.emulateMedia({ colorScheme: theme });
    await ask(page, 'bench_allow', { reason: 'Reproduce the switching' });
    await open(page, 'bench');
    await row(page, 'Desk lamp').getByText('Desk lamp', { exact: true }).click();
    const sheet = page.getByRole('complementary', { name: 'Thing' });
    await expect(sheet).toContainText('the case\'s own authority');
    await accessible(page);
    await sheet.getByRole('tab', { name: 'Messages' }).click();
    await sheet.locator('summary').filter({ hasText: 'command' }).first().click();
    await expect(sheet.locator('pre').first()).toContainText('"power": true');
    await accessible(page);
    await sheet.getByRole('tab', { name: 'Charts' }).click();
    await expect(sheet.getByRole('application', { name: /^level: / })).toBeVisible();
    await accessible(page);
    await sheet.getByRole('tab', { name: 'Shadows' }).click();
    await expect(sheet.getByRole('region', { name: 'Reported' })).toContainText('"level": 42');
    const editor = sheet.getByRole('textbox', { name: 'Change what is desired' });
    await editor.fill('{"colour": ');
    await expect(editor).toHaveAttribute('aria-invalid', 'true');
    await editor.fill(`{"colour": "${theme}"}`);
    light?.say({ power: true, level: 42 }); // what comes in does not touch what is being typed
    await page.waitForTimeout(900);
    await expect(editor).toHaveValue(`{"colour": "${theme}"}`);
    await sheet.getByRole('button', { name: 'Send change…' }).click();
    await expect(dialog(page)).toContainText(`{"state":{"desired":{"colour":"${theme}"}}}`);
    await dialog(page).getByRole('button', { name: 'Send' }).click();
    await expect(sheet.getByRole('region', { name: 'Delta' })).toContainText(`"colour": "${theme}"`);
    await sheet.getByRole('slider', { name: 'Versions' }).focus();
    await page.keyboard.press('Home');
    await expect(sheet).toContainText('Version 1');
    await expect(sheet.getByRole('region', { name: 'Delta' })).not.toContainText(theme);
    await accessible(page);
    await ask(page, 'bench_allow', { reason: '' });
  });
}

test('a scene is written, saved and played', async ({ page }) => {
  await ask(page, 'bench_allow', { reason: 'Reproduce the evening' });
  await open(page, 'bench?tab=scenes');
  await page.getByRole('button', { name: 'New scene' }).click();
  await page.getByLabel('Name').fill('Evening');
  await page.getByLabel('Thing').selectOption({ index: 1 });
  await page.getByLabel('Command').selectOption('off');
  await page.getByLabel('After (s)').fill('soon');
  await expect(page.getByRole('button', { name: 'Save scene' })).toBeDisabled();
  await page.getByLabel('After (s)').fill('0.2');
  await accessible(page);
  await page.getByRole('button', { name: 'Save scene' }).click();
  await page.getByRole('button', { name: 'Play Evening' }).click();
  await expect(dialog(page)).toContainText('1 command is sent within 200');
  await dialog(page).getByRole('button', { name: 'Play' }).click();
  await expect(page.getByText('1 commands of the scene Evening sent').first()).toBeVisible();
  await page.getByRole('tab', { name: 'Things' }).click();
  await expect(row(page, 'Desk lamp').locator('.lamp.on')).toHaveCount(0);
  await ask(page, 'bench_allow', { reason: '' });
});

test('a kind is added, and what is wrong stands at the field', async ({ page, complaints }) => {
  await open(page, 'bench?tab=kinds');
  await page.getByRole('button', { name: 'Add kind' }).click();
  const field = page.getByRole('textbox', { name: 'One kind, or a list' });
  await field.fill('{"name": "Plug"}');
  await page.getByRole('button', { name: 'Add kind' }).click();
  await expect(page.getByRole('alert')).toContainText('missing field');
  await refused(complaints);
  await field.fill('');
  await page.getByRole('button', { name: 'Begin with the example' }).click();
  await page.getByRole('button', { name: 'Add kind' }).click();
  await expect(page.getByRole('cell', { name: 'Plug' })).toBeVisible();
});

test('a deleted thing can be brought back while it is on its way out', async ({ page }) => {
  const spare = await ask<{ id: string }>(page, 'thing_register', { name: 'Spare lamp' });
  await open(page, `bench?thing=${spare.id}`);
  await page.getByRole('complementary', { name: 'Thing' }).getByRole('button', { name: 'More' }).click();
  await page.getByRole('menuitem', { name: 'Delete thing' }).click();
  await expect(row(page, 'Spare lamp')).toHaveCount(0);
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(row(page, 'Spare lamp')).toHaveCount(1);
  await expect(page.getByRole('button', { name: 'Undo' })).toHaveCount(0);
});

test('the bench is stopped and what was recorded is sealed', async ({ page }) => {
  await open(page, 'bench');
  await page.getByRole('button', { name: 'Stop and seal' }).click();
  await expect(page.getByRole('button', { name: 'Start bench' })).toBeVisible();
  await expect(row(page, 'Desk lamp')).toContainText('gone');
  await expect(page.getByText('Sealed', { exact: true })).toBeVisible({ timeout: 20_000 });
  await accessible(page);
});
