//! Which served case the tests look at: `LINTEL_URL`, else `lintel serve` (program `LINTEL`) of the case `LINTEL_CASE`.

import { spawn } from 'node:child_process';

/** Starts the service if need be; returns what stops it. */
export default async function serve(): Promise<() => void> {
  if (process.env.LINTEL_URL) return () => {};
  const { LINTEL: program, LINTEL_CASE: dir } = process.env;
  if (!program || !dir) throw new Error('set LINTEL_URL, or LINTEL (the program) and LINTEL_CASE (a case made from samples/)');
  const service = spawn(program, ['serve', dir, '--port', '0'], { stdio: ['ignore', 'pipe', 'pipe'] });
  process.env.LINTEL_URL = await new Promise<string>((found, failed) => {
    let said = '';
    const listen = (chunk: Buffer) => {
      said += chunk.toString();
      const url = /http:\/\/\S+#token=\S+/.exec(said)?.[0];
      if (url) found(url);
    };
    service.stdout.on('data', listen);
    service.stderr.on('data', listen);
    service.once('exit', (code) => failed(new Error(`lintel serve ended with ${code}: ${said}`)));
    setTimeout(() => failed(new Error(`lintel serve does not say where it is: ${said}`)), 30_000).unref();
  });
  return () => void service.kill();
}
