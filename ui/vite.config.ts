import { svelte } from '@sveltejs/vite-plugin-svelte';
import { paraglideVitePlugin } from '@inlang/paraglide-js';
import { defineConfig } from 'vitest/config';
import { mock } from './mock/plugin.ts';

export default defineConfig({
  // `mock` answers /api while developing (`vite`) only; no line of it is in the build.
  plugins: [
    svelte(),
    // Tests take the catalogue as `npm run words` compiled it: the plugin's watcher would keep them from ending.
    ...(process.env.VITEST ? [] : [paraglideVitePlugin({ project: './project.inlang', outdir: './src/paraglide', strategy: ['baseLocale'] })]),
    mock(),
  ],
  base: './',
  build: {
    target: 'es2022',
    assetsInlineLimit: 0, // data: URLs would need a wider content policy
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 800,
  },
  server: { host: '127.0.0.1', port: 5173, strictPort: true },
  preview: { host: '127.0.0.1', port: 4173, strictPort: true },
  test: { include: ['src/**/*.test.ts'], environment: 'node' },
});
