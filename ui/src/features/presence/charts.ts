//! The charts of presence: how each is asked for, and what it says where the pointer is.

import type { Commands, PresenceDevice, PresenceHome, PresenceLanes, PresencePicture, PresenceScope, PresenceStep, PresenceTable, PresenceThresholds } from '../../bridge';
import type { Span } from '../../lib/bars';

export const KINDS = ['unique', 'lanes', 'home', 'signal', 'heat', 'dwell', 'moves'] as const;
export type Kind = (typeof KINDS)[number];

/** What is shown before anybody has chosen. */
export const USUAL: readonly Kind[] = ['unique', 'lanes', 'heat', 'dwell', 'moves'];
export const USUAL_OF_ONE: readonly Kind[] = ['lanes', 'signal', 'heat', 'dwell', 'moves'];

export type AnswerOf<K extends Kind> = Commands[`presence_${K}`][1];
export type Answer = { [K in Kind]: { kind: K; data: AnswerOf<K> } }[Kind];

/** What all charts share, and what some are asked besides. */
export interface Asked {
  scope: PresenceScope;
  look: { width: number; height: number; theme: 'light' | 'dark' };
  gap_s: number;
  step: PresenceStep;
  sort: 'first_seen' | 'total_time' | 'name';
  skip: number;
  limit: number;
  thresholds: PresenceThresholds;
}

/** The request for a chart: it names no more than the chart depends on, so that nothing is asked twice. */
export function request<K extends Kind>(kind: K, { scope, look, gap_s, step, sort, skip, limit, thresholds }: Asked): Commands[`presence_${K}`][0] {
  const of: { [K in Kind]: Commands[`presence_${K}`][0] } = {
    lanes: { scope, look, gap_s, sort, descending: sort === 'total_time', skip, limit },
    home: { scope, look, thresholds, skip, limit },
    unique: { scope, look, step },
    signal: { scope, look, step },
    heat: { scope, look },
    dwell: { scope, look, gap_s },
    moves: { scope, look, gap_s, step },
  };
  return of[kind];
}

/** The span of its time axis; undefined: it has none, or nothing is on it. */
export function axisOf({ data }: Answer): Span | undefined {
  return 'from_ms' in data && data.to_ms > data.from_ms ? { from: data.from_ms, to: data.to_ms } : undefined;
}

export const tableOf = ({ data }: Answer): PresenceTable => data.table;
export const pictureOf = ({ data }: Answer): PresencePicture | null => data.picture;

/** Name before address. */
export const label = ({ name, id }: PresenceDevice): string => name || id;

/** Where the pointer is in a picture's box, from 0 to 1; undefined outside. */
export function shareAt({ left, right, top, bottom }: PresencePicture, x: number, y: number): { across: number; down: number } | undefined {
  const across = (x - left) / (right - left);
  const down = (y - top) / (bottom - top);
  return across >= 0 && across < 1 && down >= 0 && down < 1 ? { across, down } : undefined;
}

export const msAt = ({ left, right }: PresencePicture, { from, to }: Span, x: number): number => from + ((x - left) / (right - left)) * (to - from);
export const xOf = ({ left, right }: PresencePicture, { from, to }: Span, ms: number): number => left + ((ms - from) / (to - from)) * (right - left);

/** What is where the pointer is. */
export type Found =
  | { what: 'device'; device: PresenceDevice; bar: PresenceLanes['lanes'][number]['bars'][number] | undefined; total_s: number; sightings: number; joined_s: number; exact: boolean }
  | { what: 'conclusion'; device: PresenceDevice; stay: PresenceHome['lanes'][number]['stays'][number] | undefined }
  | { what: 'count'; from_ms: number; to_ms: number; devices: number; randomised: number }
  | { what: 'move'; from_ms: number; to_ms: number; arrivals: number; departures: number }
  | { what: 'signal'; from_ms: number; to_ms: number; nodes: { name: string; min: number; average: number; max: number; values: number }[] }
  | { what: 'hour'; day: string; hour: number; average: number | null; hours: number }
  | { what: 'class'; name: string; devices: number; randomised: number };

/** Bars are a little wider to the pointer than to the eye. */
const REACH = 3;

const among = <T>(list: readonly T[], share: number): T | undefined => list[Math.min(list.length - 1, Math.floor(share * list.length))];
const during = <T extends { from_ms: number; to_ms: number }>(list: readonly T[], ms: number): T | undefined => list.find(({ from_ms, to_ms }) => from_ms <= ms && ms < to_ms);

/** The bar at a time, or the nearest within reach. */
function nearest<T extends { from_ms: number; to_ms: number }>(list: readonly T[], ms: number, reach: number): T | undefined {
  const away = ({ from_ms, to_ms }: T) => Math.max(from_ms - ms, ms - to_ms, 0);
  return list.filter((one) => away(one) <= reach).sort((a, b) => away(a) - away(b))[0];
}

export function found(answer: Answer, x: number, y: number): Found | undefined {
  const picture = pictureOf(answer);
  if (!picture) return undefined;
  const axis = axisOf(answer);
  const row = <T>(lanes: readonly T[], height: number): T | undefined => (y >= picture.top && x <= picture.right ? lanes[Math.floor((y - picture.top) / height)] : undefined);
  const ms = axis ? msAt(picture, axis, x) : 0;
  const reach = axis ? (REACH * (axis.to - axis.from)) / (picture.right - picture.left) : 0;
  // The names of lanes stand beside the box.
  if (answer.kind === 'lanes') {
    const { lanes, lane_height, joined_s, exact } = answer.data;
    const lane = row(lanes, lane_height);
    return lane && { what: 'device', device: lane.device, bar: x >= picture.left ? nearest(lane.bars, ms, reach) : undefined, total_s: lane.total_s, sightings: lane.sightings, joined_s, exact };
  }
  if (answer.kind === 'home') {
    const lane = row(answer.data.lanes, answer.data.lane_height);
    return lane && { what: 'conclusion', device: lane.device, stay: x >= picture.left ? nearest(lane.stays, ms, reach) : undefined };
  }
  const share = shareAt(picture, x, y);
  if (!share) return undefined;
  switch (answer.kind) {
    case 'unique': {
      const one = during(answer.data.buckets, ms);
      return one && { what: 'count', ...one };
    }
    case 'moves': {
      const one = during(answer.data.buckets, ms);
      return one && { what: 'move', ...one };
    }
    case 'signal': {
      const nodes = answer.data.nodes.flatMap(({ node, points }) => {
        const point = during(points, ms);
        return point ? [{ name: label(node), point }] : [];
      });
      const [first] = nodes;
      return first && { what: 'signal', from_ms: first.point.from_ms, to_ms: first.point.to_ms, nodes: nodes.map(({ name, point }) => ({ name, ...point })) };
    }
    case 'heat': {
      const day = among(answer.data.days, share.down);
      const hour = Math.floor(share.across * 24);
      const one = day?.hours[hour];
      return day && one && { what: 'hour', day: day.name, hour, average: one.average, hours: one.hours };
    }
    case 'dwell': {
      const one = among(answer.data.classes, share.across);
      return one && { what: 'class', name: one.name, devices: one.devices, randomised: one.randomised };
    }
  }
}
