//! The real window, used as a person would: a case is opened, its timeline looked at, a row and its bytes.
//!
//!     node window.mjs TAURI_DRIVER LINTEL_DESKTOP CASE PICTURES
//!
//! CASE is made from samples/. Pictures of each station go to the folder PICTURES, also when something fails.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openWindow, until } from './webdriver.mjs';

const [driver, application, dir, pictures] = process.argv.slice(2);

/** Opens the window with `args`, lets `journey` go through it, and closes it. Nothing is kept of its settings. */
async function through(name, args, journey) {
  const home = await mkdtemp(join(tmpdir(), 'lintel-window-'));
  const own = { XDG_CONFIG_HOME: home, XDG_DATA_HOME: home, XDG_CACHE_HOME: home, APPDATA: home, LOCALAPPDATA: home };
  const window = await openWindow({ driver, application, args, env: own });
  let station = 0;
  const picture = async () => writeFile(join(pictures, `${name}-${++station}.png`), await window.picture());
  try {
    await journey({ ...window, picture, env: own });
    console.log(`${name}: passed`);
  } catch (error) {
    await picture().catch(() => {});
    throw error;
  } finally {
    await window.end();
    await rm(home, { recursive: true, force: true, maxRetries: 5 });
  }
}

await mkdir(pictures, { recursive: true });

await through('case-given', [dir], async ({ script, one, all, text, click, picture }) => {
  const says = (words) => until(`the window says ${words}`, () => script(`return document.body.innerText.includes(arguments[0])`, words));
  await says('Hollis Street 14');
  await picture();

  await click(await one('nav a[href="#/timeline"]'));
  const rows = await until('the timeline has rows', async () => {
    const found = await all('[role="row"][aria-selected]');
    return found.length > 5 && found;
  });
  await picture();

  await click(rows[3]);
  await until('the inspector shows the bytes', async () => (await all('aside[aria-label="Inspector"] [data-hex]')).length > 0);
  await picture();
});

await through('second-start', [], async ({ script, one, picture, env }) => {
  await one('nav');
  const second = spawn(application, [dir], { env: { ...process.env, ...env }, stdio: 'inherit' });
  const code = await new Promise((resolve) => second.once('exit', resolve));
  assert.equal(code, 0, 'the second start hands its argument over and ends');
  await until('the first window shows the case', () =>
    script(`return document.body.innerText.includes('Hollis Street 14')`),
  );
  await picture();
});
