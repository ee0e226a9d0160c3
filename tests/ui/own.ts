//! A case that a test file makes for itself, and a service on it.

import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const program = process.env.LINTEL ?? '';

export class OwnCase {
  readonly folder = mkdtempSync(join(tmpdir(), 'own-'));
  private service: ChildProcess | undefined;
  address = '';

  /** Makes a case of these files, and serves it. */
  async serve(files: Record<string, string | Uint8Array>): Promise<void> {
    const dir = join(this.folder, 'own.lintel');
    // Away from the user's own settings.
    const env = { ...process.env, XDG_CONFIG_HOME: this.folder, APPDATA: this.folder, HOME: this.folder };
    execFileSync(program, ['case', 'new', dir, '--name', 'Own', '--zone', 'Europe/Berlin'], { env });
    for (const [name, content] of Object.entries(files)) writeFileSync(join(this.folder, name), content);
    execFileSync(program, ['import', dir, ...Object.keys(files).map((name) => join(this.folder, name))], { env });
    const service = spawn(program, ['serve', dir, '--port', '0'], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.service = service;
    this.address = await new Promise<string>((found, failed) => {
      let said = '';
      service.stdout.on('data', (chunk: Buffer) => {
        said += chunk.toString();
        const url = /http:\/\/\S+#token=\S+/.exec(said)?.[0];
        if (url) found(url);
      });
      service.once('exit', (code) => failed(new Error(`lintel serve ended with ${code}: ${said}`)));
    });
  }

  end(): void {
    this.service?.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
