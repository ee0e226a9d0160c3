import { describe, expect, it } from 'vitest';
import { axisOf, found, msAt, shareAt, xOf, type Answer } from './charts';

const picture = { svg: '', left: 100, right: 300, top: 10, bottom: 54 };
const device = (id: string, name = '') => ({ id, name, randomised: false });
const table = { columns: [], rows: [] };

const lanes: Answer = {
  kind: 'lanes',
  data: {
    picture,
    from_ms: 1000,
    to_ms: 3000,
    devices: 2,
    lane_height: 22,
    joined_s: 300,
    exact: false,
    table,
    lanes: [
      { device: device('a', 'Lamp'), first_ms: 1000, last_ms: 2000, total_s: 1, sightings: 3, bars: [{ from_ms: 1000, to_ms: 1400, sightings: 2 }, { from_ms: 2000, to_ms: 2000, sightings: 1 }] },
      { device: device('b'), first_ms: 1000, last_ms: 2000, total_s: 1, sightings: 1, bars: [] },
    ],
  },
};

describe('where the pointer is', () => {
  it('is a time and a share of the box', () => {
    expect(msAt(picture, { from: 1000, to: 3000 }, 200)).toBe(2000);
    expect(xOf(picture, { from: 1000, to: 3000 }, 2000)).toBe(200);
    expect(shareAt(picture, 100, 10)).toEqual({ across: 0, down: 0 });
    expect(shareAt(picture, 300, 20)).toBeUndefined();
    expect(axisOf(lanes)).toEqual({ from: 1000, to: 3000 });
  });

  it.each([
    [120, 12, 'Lamp', 1000], // in the first bar
    [142, 12, 'Lamp', 1000], // just beside it
    [202, 31, 'Lamp', 2000], // a moment has no width, and is found
    [160, 12, 'Lamp', undefined],
    [40, 12, 'Lamp', undefined], // its name
    [120, 33, '', undefined],
  ])('finds the lane and the bar at %i, %i', (x, y, name, from) => {
    const one = found(lanes, x, y);
    expect(one?.what === 'device' && [one.device.name, one.bar?.from_ms]).toEqual([name, from]);
  });

  it('finds nothing where nothing is', () => {
    expect(found(lanes, 120, 60)).toBeUndefined();
    expect(found(lanes, 320, 12)).toBeUndefined();
    expect(found({ ...lanes, data: { ...lanes.data, picture: null } } as Answer, 120, 12)).toBeUndefined();
  });

  it('finds hours, classes and steps of time', () => {
    const hours = Array.from({ length: 24 }, (_, n) => ({ average: n, hours: 1, devices: n }));
    const heat: Answer = { kind: 'heat', data: { picture, table, days: [{ name: 'Mon', hours }, { name: 'Tue', hours }] } };
    expect(found(heat, 299, 40)).toEqual({ what: 'hour', day: 'Tue', hour: 23, average: 23, hours: 1 });
    const unique: Answer = { kind: 'unique', data: { picture, table, from_ms: 1000, to_ms: 3000, step: 'hour', buckets: [{ from_ms: 0, to_ms: 2000, devices: 3, randomised: 1 }] } };
    expect(found(unique, 150, 20)).toMatchObject({ what: 'count', devices: 3 });
    expect(found(unique, 250, 20)).toBeUndefined();
  });
});
