//! Scenes as they are typed, and kinds as they are added.

import type { KindRow, SceneStep } from '../../bridge/generated';

/** A row of a scene as it was typed. */
export interface Line {
  seconds: string;
  thing: string;
  command: string;
}

/** A day, as the workstation has it. */
const LONGEST = 86_400_000;

/** Seconds as milliseconds; undefined: it is no such number. */
export function millis(typed: string): number | undefined {
  const text = typed.trim().replace(',', '.');
  if (!/^\d+(\.\d{0,3})?$/.test(text)) return undefined;
  const value = Math.round(Number(text) * 1000);
  return value <= LONGEST ? value : undefined;
}

export const seconds = (millis: number): string => String(millis / 1000);

export const linesOf = (steps: readonly SceneStep[]): Line[] => steps.map(({ after, thing, command }) => ({ seconds: seconds(after), thing, command }));

/** The steps, in order of time; undefined where a line is not complete. */
export function stepsOf(lines: readonly Line[]): SceneStep[] | undefined {
  const steps = lines.map(({ seconds, thing, command }) => ({ after: millis(seconds), thing, command }));
  const whole = steps.filter((step): step is SceneStep => step.after !== undefined && step.thing !== '' && step.command !== '');
  return whole.length === lines.length && lines.length > 0 ? whole.sort((a, b) => a.after - b.after) : undefined;
}

/** The command that turns a thing of this kind the other way; one that has not said how it is, on. */
export function turning(kind: KindRow | undefined, on: boolean | null): string | undefined {
  const field = kind?.state;
  if (!kind || !field) return undefined;
  const says = (body: unknown) => (typeof body === 'object' && body !== null ? (body as Record<string, unknown>)[field] : undefined);
  return Object.entries(kind.commands).find(([, body]) => says(body) === !on)?.[0];
}

/** A kind to begin with. */
export const EXAMPLE = JSON.stringify(
  {
    name: 'plug',
    label: 'Plug',
    commands: { on: { relay: true }, off: { relay: false } },
    command: '{id}/command',
    qos: 1,
    publish: ['{id}/data'],
    subscribe: ['{id}/command'],
    shadow: false,
    state: 'relay',
  },
  null,
  2,
);
