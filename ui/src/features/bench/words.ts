//! How things stand, in words.

import type { ThingConnectivity } from '../../bridge';
import { m } from '../../paraglide/messages';

const REASONS: Record<string, () => string> = {
  AUTH_ERROR: m.bench_gone_auth,
  CLIENT_ERROR: m.bench_gone_client_error,
  CLIENT_INITIATED_DISCONNECT: m.bench_gone_client,
  CONNECTION_LOST: m.bench_gone_lost,
  DUPLICATE_CLIENTID: m.bench_gone_duplicate,
  FORBIDDEN_ACCESS: m.bench_gone_forbidden,
  MQTT_KEEP_ALIVE_TIMEOUT: m.bench_gone_silent,
  SERVER_ERROR: m.bench_gone_server_error,
  SERVER_INITIATED_DISCONNECT: m.bench_gone_server,
};

/** Why it went; a word that we do not know stands as it is. */
export const reason = (code: string | null): string => (code ? (REASONS[code]?.() ?? code) : '');

export const connection = (now: ThingConnectivity | null): string => (!now ? m.bench_never() : now.connected ? m.bench_connected() : m.bench_gone());

export const onOff = (on: boolean | null): string => (on === null ? m.bench_unsaid() : on ? m.bench_on() : m.bench_off());

/** A topic without the thing's own id, which all of its topics have. */
export const short = (topic: string, id: string): string => topic.replace(`$aws/things/${id}/`, '').replace(`${id}/`, '') || topic;
