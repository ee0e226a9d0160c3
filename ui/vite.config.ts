import { svelte } from '@sveltejs/vite-plugin-svelte';
import { paraglideVitePlugin } from '@inlang/paraglide-js';
import { defineConfig } from 'vitest/config';

/** While developing, `LINTEL_URL=<what lintel serve says> npm run dev` asks that service; open the page with the same `#token=…`. */
const service = process.env.LINTEL_URL && new URL(process.env.LINTEL_URL).origin;

export default defineConfig({
  plugins: [
    svelte(),
    // Tests take the catalogue as `npm run words` compiled it: the plugin's watcher would keep them from ending.
    ...(process.env.VITEST ? [] : [paraglideVitePlugin({ project: './project.inlang', outdir: './src/paraglide', strategy: ['baseLocale'] })]),
  ],
  base: './',
  build: {
    target: 'es2022',
    assetsInlineLimit: 0, // data: URLs would need a wider content policy
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 800,
  },
  server: {
    host: '127.0.0.1',
    port: 5173,
    strictPort: true,
    // The service answers to its own name alone, and to pages that came from it.
    proxy: service ? { '/api': { target: service, changeOrigin: true, headers: { origin: service } } } : {},
  },
  test: { include: ['src/**/*.test.ts'], environment: 'node' },
});
