//! In the program's window: the only file that knows Tauri.

import { invoke } from '@tauri-apps/api/core';
import { listen } from '@tauri-apps/api/event';
import { getCurrentWebview } from '@tauri-apps/api/webview';
import { open } from '@tauri-apps/plugin-dialog';
import type { Event } from './generated';
import type { Host } from './host';

export const inWindow = (): boolean => '__TAURI_INTERNALS__' in window;

export function tauriHost(): Host {
  return {
    native: true,
    call: (name, request) => invoke('call', { name, request }),
    bytes: async (request) => new Uint8Array(await invoke<ArrayBuffer>('bytes', { request })),
    listen: (tell) => void listen<Event>('lintel', ({ payload }) => tell(payload)),
    choose: async ({ folder, several, title }) => {
      const chosen = await open({ directory: folder, multiple: several ?? false, title });
      return chosen === null ? [] : [chosen].flat();
    },
    drops: (tell) =>
      void getCurrentWebview().onDragDropEvent(({ payload }) => {
        if (payload.type === 'enter') tell({ at: 'over', count: payload.paths.length });
        if (payload.type === 'leave') tell({ at: 'out' });
        if (payload.type === 'drop') tell({ at: 'dropped', paths: payload.paths, names: [] });
      }),
  };
}
