//! In a browser: HTTP to `lintel serve`.

import { CallError, type Drop, type Host } from './host';
import type { Event } from './generated';
import { eventsIn } from './sse';

const KEPT = 'lintel.token';

export function browserHost(): Host {
  const token = takeToken();
  const post = async (name: string, body: unknown) => {
    const answer = await fetch(`/api/${name}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify(body),
    }).catch(() => {
      throw new CallError('unreachable', `${name}: the Lintel service does not answer`);
    });
    if (answer.ok) return answer;
    const text = await answer.text();
    throw errorIn(text) ?? new CallError(`http ${answer.status}`, text || `${name}: HTTP ${answer.status}`);
  };
  return {
    native: false,
    call: async (name, request) => (await post(name, request)).json(),
    bytes: async (request) => new Uint8Array(await (await post('bytes', request)).arrayBuffer()),
    listen: (tell, lost) => void follow(token, tell, lost),
    choose: async () => [],
    drops: watchDrops,
  };
}

/** The token comes in the address once (`#token=…`); from then on only this tab keeps it. */
function takeToken(): string {
  const given = /^#token=([^&]+)&?(.*)$/.exec(location.hash);
  if (given?.[1]) {
    sessionStorage.setItem(KEPT, decodeURIComponent(given[1]));
    history.replaceState(null, '', `${location.pathname}${location.search}${given[2] ? `#${given[2]}` : ''}`);
  }
  return sessionStorage.getItem(KEPT) ?? '';
}

function errorIn(text: string): CallError | undefined {
  try {
    const { code, message } = JSON.parse(text) as { code?: unknown; message?: unknown };
    if (typeof message === 'string') return new CallError(String(code ?? 'error'), message);
  } catch {
    return undefined; // not ours: a proxy's page, say
  }
}

async function follow(token: string, tell: (event: Event) => void, lost: () => void): Promise<never> {
  for (let wait = 500; ; wait = Math.min(wait * 2, 10_000)) {
    try {
      const answer = await fetch('/api/events', { headers: { authorization: `Bearer ${token}` } });
      if (answer.ok && answer.body) {
        wait = 500;
        for await (const event of eventsIn(answer.body)) tell(event);
      }
    } catch {
      // The service has gone away; it is asked again below, and `lost` makes the page ask anew for what it shows.
    }
    await new Promise((done) => setTimeout(done, wait));
    lost();
  }
}

function watchDrops(tell: (drop: Drop) => void): void {
  let depth = 0; // enter and leave also come from every element inside
  const files = (event: DragEvent) => event.dataTransfer?.types.includes('Files') ?? false;
  addEventListener('dragenter', (event) => {
    if (files(event) && depth++ === 0) tell({ at: 'over', count: event.dataTransfer?.items.length ?? 0 });
  });
  addEventListener('dragleave', (event) => {
    if (files(event) && --depth <= 0) {
      depth = 0;
      tell({ at: 'out' });
    }
  });
  addEventListener('dragover', (event) => files(event) && event.preventDefault());
  addEventListener('drop', (event) => {
    if (!files(event)) return;
    event.preventDefault();
    depth = 0;
    tell({ at: 'dropped', paths: [], names: [...(event.dataTransfer?.files ?? [])].map((file) => file.name) });
  });
}
