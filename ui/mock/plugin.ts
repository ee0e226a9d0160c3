//! `/api` while developing: answers like `lintel serve`, from the made-up household.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Plugin } from 'vite';
import { answer, followers, wake } from './answers.ts';

export function mock(): Plugin {
  return {
    name: 'lintel-mock',
    apply: (_, { command, isPreview }) => command === 'serve' && !isPreview && !process.env.VITEST,
    configureServer(server) {
      server.middlewares.use('/api', (request, response) => void route(request, response));
    },
  };
}

async function route(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const name = (request.url ?? '/').slice(1);
  if (name === 'events') {
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    response.write(': hello\n\n');
    const tell = (text: string) => response.write(`data: ${text}\n\n`);
    followers.add(tell);
    response.on('close', () => followers.delete(tell));
    return wake();
  }
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  try {
    const body = await answer(name, JSON.parse(Buffer.concat(chunks).toString() || 'null'));
    if (body instanceof Uint8Array) return void response.end(body);
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(body ?? null));
  } catch (thrown) {
    response.statusCode = 400;
    response.end(JSON.stringify({ code: 'invalid', message: (thrown as Error).message }));
  }
}
