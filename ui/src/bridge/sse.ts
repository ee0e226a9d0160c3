import type { Event } from './generated';

/** The events of a stream of server-sent events whose data is JSON. Lines may be cut anywhere between chunks. */
export async function* eventsIn(stream: ReadableStream<Uint8Array>): AsyncGenerator<Event> {
  const reader = stream.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  let data: string[] = [];
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const lines = (rest + decoder.decode(value, { stream: true })).split(/\r?\n/);
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line.startsWith('data:')) data.push(line.slice(5).trimStart());
      if (line !== '' || data.length === 0) continue;
      const text = data.join('\n');
      data = [];
      try {
        yield JSON.parse(text) as Event;
      } catch {
        // A comment or a keep-alive with data of its own: nothing for the page.
      }
    }
  }
}
