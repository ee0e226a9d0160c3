//! The little of WebDriver (W3C) that a journey through the window takes.

import { spawn } from 'node:child_process';
import { connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

const ELEMENT = 'element-6066-11e4-a52e-4f735466cecf'; // the standard's name for a reference to an element

/**
 * Starts the driver and, through it, the program with its arguments. `end` closes both.
 * @param {{ driver: string, native?: string, application: string, args: string[], env?: Record<string, string> }} what
 */
export async function openWindow({ driver, native, application, args, env = {} }) {
  const [port, nativePort] = [await freePort(), await freePort()];
  const own = native ? ['--native-driver', native] : [];
  const program = spawn(driver, ['--port', String(port), '--native-port', String(nativePort), ...own], {
    stdio: 'inherit',
    env: { ...process.env, ...env },
  });
  const ended = new Promise((resolve) => program.once('exit', resolve));
  const ask = caller(`http://127.0.0.1:${port}`);
  try {
    // The driver hands requests to the web view's own one, which it has only just started.
    for (const one of [nativePort, port]) await until('the driver is ready', () => listens(one));
    const capabilities = { alwaysMatch: { 'tauri:options': { application, args } } };
    const { sessionId } = await ask('POST', '/session', { capabilities });
    const window = within((method, path, body) => ask(method, `/session/${sessionId}${path}`, body));
    return {
      ...window,
      end: async () => {
        await ask('DELETE', `/session/${sessionId}`).catch(() => {});
        program.kill();
        await ended;
      },
    };
  } catch (error) {
    program.kill();
    throw error;
  }
}

/** Waits at most `seconds` for `holds` to give something true, and gives that. */
export async function until(what, holds, seconds = 30) {
  const end = Date.now() + seconds * 1000;
  for (let last; ; await sleep(100)) {
    try {
      const found = await holds();
      if (found) return found;
    } catch (error) {
      last = error;
    }
    if (Date.now() > end) throw new Error(`waiting ${seconds} s until ${what}`, { cause: last });
  }
}

function within(ask) {
  const ids = (found) => found.map((element) => element[ELEMENT]);
  const script = (code, ...args) => ask('POST', '/execute/sync', { script: code, args });
  const all = async (css) => ids(await ask('POST', '/elements', { using: 'css selector', value: css }));
  return {
    script,
    /** Ids of the elements that match, now. */
    all,
    /** The id of the first element that matches, as soon as there is one. */
    one: (css) => until(`there is ${css}`, async () => (await all(css))[0]),
    text: (id) => ask('GET', `/element/${id}/text`),
    click: (id) => ask('POST', `/element/${id}/click`, {}),
    type: (id, text) => ask('POST', `/element/${id}/value`, { text }),
    press: (key) =>
      ask('POST', '/actions', {
        actions: [{ type: 'key', id: 'keyboard', actions: [{ type: 'keyDown', value: key }, { type: 'keyUp', value: key }] }],
      }),
    title: () => ask('GET', '/title'),
    /** A PNG of what the window shows, once it has painted what it last did. */
    picture: async () => {
      await ask('POST', '/execute/async', {
        script: 'const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 100)))',
        args: [],
      });
      return Buffer.from(await ask('GET', '/screenshot'), 'base64');
    },
  };
}

function caller(base) {
  return async (method, path, body) => {
    const answer = await fetch(base + path, {
      method,
      headers: { 'content-type': 'application/json' },
      body: body && JSON.stringify(body),
      signal: AbortSignal.timeout(120_000),
    });
    const { value } = await answer.json();
    if (!answer.ok) throw new Error(`${method} ${path}: ${value?.error}: ${value?.message}`);
    return value;
  };
}

function listens(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true));
    socket.once('error', () => resolve(false)).once('connect', () => socket.destroy());
  });
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}
