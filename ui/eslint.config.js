import svelte from 'eslint-plugin-svelte';
import globals from 'globals';
import ts from 'typescript-eslint';
import svelteConfig from './svelte.config.js';

/** Every word that a person reads stands in messages/en.json: no letters between tags or in the attributes that are read out. */
const wordsInCatalogue = {
  meta: { type: 'problem', schema: [] },
  create(context) {
    const spoken = new Set(['title', 'placeholder', 'aria-label', 'aria-description', 'aria-roledescription', 'alt', 'label']);
    const say = (node) => context.report({ node, message: 'put this text into messages/en.json' });
    const letters = /\p{L}{2}/u;
    return {
      SvelteText(node) {
        const inCode = node.parent.type === 'SvelteStyleElement' || node.parent.type === 'SvelteScriptElement';
        if (!inCode && letters.test(node.value)) say(node);
      },
      SvelteAttribute(node) {
        if (!spoken.has(node.key.name)) return;
        for (const value of node.value) if (value.type === 'SvelteLiteral' && letters.test(value.value)) say(value);
      },
    };
  },
};

/** The content policy forbids style attributes in markup; `style:name={value}` goes through the object model and is fine. */
const noStyleAttribute = {
  meta: { type: 'problem', schema: [] },
  create: (context) => ({
    SvelteAttribute(node) {
      if (node.key.name === 'style') context.report({ node, message: 'use a class, or style:name={value}' });
    },
  }),
};

/** The page has one door (bridge), and features do not reach into each other. */
const no = (patterns) => ({ 'no-restricted-imports': ['error', { patterns }] });
const tauri = { group: ['@tauri-apps/*'], message: 'only bridge/ knows the window' };
const features = { group: ['**/features/**'], message: 'only App.svelte puts features together' };
const sibling = {
  regex: '^\\.\\./(?!\\.\\./)', // out of the feature's folder, but not up to src
  message: 'features do not reach into each other',
};

export default ts.config(
  { ignores: ['dist', 'src/paraglide', 'node_modules', 'test-results', 'src/bridge/generated.ts'] },
  ...ts.configs.recommended,
  ...svelte.configs.recommended,
  { languageOptions: { globals: { ...globals.browser, ...globals.node } } },
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: { parserOptions: { parser: ts.parser, extraFileExtensions: ['.svelte'], svelteConfig } },
  },
  {
    plugins: { lintel: { rules: { 'words-in-catalogue': wordsInCatalogue, 'no-style-attribute': noStyleAttribute } } },
    rules: {
      'no-undef': 'off', // TypeScript knows better
      'svelte/no-at-html-tags': 'error', // evidence is hostile: text nodes only
      'svelte/prefer-svelte-reactivity': 'off', // plain maps are meant where nothing watches them
      'lintel/words-in-catalogue': 'error',
      'lintel/no-style-attribute': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
    },
  },
  { files: ['src/**'], ignores: ['src/bridge/**'], rules: no([tauri]) },
  { files: ['src/{bridge,parts,lib}/**'], ignores: ['src/bridge/**'], rules: no([tauri, features]) },
  { files: ['src/features/**'], rules: no([tauri, features, sibling]) },
);
