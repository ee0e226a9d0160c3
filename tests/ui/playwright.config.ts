import { existsSync } from 'node:fs';
import { defineConfig } from '@playwright/test';

const chromium = '/usr/bin/chromium'; // Debian's; elsewhere the browser that Playwright finds

export default defineConfig({
  testDir: '.',
  outputDir: 'test-results',
  globalSetup: './serve.ts',
  timeout: 30_000,
  expect: { timeout: 8_000 },
  workers: 1, // one service, one case
  reporter: [['list']],
  use: {
    viewport: { width: 1440, height: 900 },
    colorScheme: 'light',
    screenshot: 'only-on-failure',
    trace: 'retain-on-failure',
    launchOptions: existsSync(chromium) ? { executablePath: chromium, args: ['--no-sandbox'] } : {},
    ...(existsSync(chromium) ? {} : { channel: 'chrome' }),
  },
});
