//! The real window, used as a person would: started with a case, its timeline looked at, a row and its bytes; the case
//! closed, and opened again by starting the program once more.
//!
//!     node window.mjs TAURI_DRIVER LINTEL_DESKTOP CASE PICTURES [NATIVE_DRIVER]
//!
//! NATIVE_DRIVER is the web view's own driver, where it is not found by its name. CASE is made from samples/. Pictures of
//! each station go to the folder PICTURES, also when something fails.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openWindow, until } from './webdriver.mjs';

const [driver, application, dir, pictures, native] = process.argv.slice(2);

// Nothing of a person's own settings is read, and nothing is left behind.
const home = await mkdtemp(join(tmpdir(), 'lintel-window-'));
const env = { XDG_CONFIG_HOME: home, XDG_DATA_HOME: home, XDG_CACHE_HOME: home, APPDATA: home, LOCALAPPDATA: home };
await mkdir(pictures, { recursive: true });

const { script, all, one, click, picture, end } = await openWindow({ driver, native, application, args: [dir], env });
const station = async (name) => writeFile(join(pictures, `${name}.png`), await picture());
const names = (text) => script('return document.body.innerText.includes(arguments[0])', text);
const CLOSE = `
  const button = [...document.querySelectorAll('main button')].find((button) => button.innerText.trim() === 'Close case');
  button?.click();
  return button !== undefined`;
try {
  await until('the window names the case', () => names('Hollis Street 14'));
  await station('1-start');

  await click(await one('nav a[href="#/timeline"]'));
  const rows = await until('the timeline has rows', async () => {
    const found = await all('main [role="row"][aria-selected]');
    return found.length > 5 && found;
  });
  await station('2-timeline');

  await click(rows[3]);
  await until('the inspector shows the bytes', async () => (await all('aside[aria-label="Inspector"] [data-hex]'))[0]);
  await station('3-bytes');

  await click(await one('nav a[href="#/cases"]'));
  await until('the case can be closed', () => script(CLOSE));
  await until('the case is closed', async () => (await all('nav a')).length === 1);
  await station('4-closed');

  const again = spawn(application, [dir], { env: { ...process.env, ...env }, stdio: 'inherit' });
  const code = await new Promise((resolve, reject) => again.once('exit', resolve).once('error', reject));
  assert.equal(code, 0, 'a second start hands its argument over and ends');
  await until('the first window has the case again', async () => (await all('nav a')).length > 1);
  await station('5-again');
  console.log(`The window did all that was asked of it; pictures are in ${pictures}`);
} catch (error) {
  await station('failed').catch(() => {});
  throw error;
} finally {
  await end();
  await rm(home, { recursive: true, force: true, maxRetries: 5 });
}
