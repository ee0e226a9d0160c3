//! What the charts are asked: in the address, so that it survives reload, and Back goes back.

import type { PresenceScope, PresenceStep, PresenceThresholds } from '../../bridge';
import { clock } from '../../lib/clock.svelte';
import { place } from '../../lib/place.svelte';
import { KINDS, USUAL, USUAL_OF_ONE, type Asked, type Kind } from './charts';

/** As the workstation has them where nobody says otherwise. */
export const THRESHOLDS: PresenceThresholds = {
  gap_s: 1800,
  traffic_frames: 20,
  associated: 0.9,
  traffic: 0.7,
  probes: 0.35,
  randomised: 0.5,
  near_dbm: -60,
  far_dbm: -80,
  near: 0.1,
  far: 0.2,
  probably: 0.7,
  perhaps: 0.4,
};

const STEPS: readonly PresenceStep[] = ['auto', 'quarter', 'hour', 'six_hours', 'day', 'week', 'month'];
const SORTS = ['total_time', 'first_seen', 'name'] as const;

class Asking {
  readonly devices: string[] = $derived(place.all('device'));
  /** Charts that are in view, in their own order. */
  readonly charts: readonly Kind[] = $derived.by(() => {
    const chosen = place.get('charts').split(',');
    const known = KINDS.filter((kind) => chosen.includes(kind));
    return known.length > 0 ? known : this.devices.length === 1 ? USUAL_OF_ONE : USUAL;
  });
  readonly nodes: string[] = $derived(place.all('node'));
  /** Seconds. */
  readonly gap: number = $derived(Math.max(0, Math.round(Number(place.get('gap')))) || 300);
  readonly step: PresenceStep = $derived(STEPS.find((step) => step === place.get('step')) ?? 'auto');
  readonly sort: Asked['sort'] = $derived(SORTS.find((sort) => sort === place.get('sort')) ?? 'total_time');
  /** Those of the conclusion that somebody changed: `probes:0.5,gap_s:3600`. */
  readonly thresholds: PresenceThresholds = $derived.by(() => {
    const changed = place.get('by').split(',').map((one) => one.split(':'));
    const said = changed.flatMap(([name, value]) => (name && name in THRESHOLDS && value && Number.isFinite(Number(value)) ? [[name, Number(value)]] : []));
    return { ...THRESHOLDS, ...(Object.fromEntries(said) as Partial<PresenceThresholds>) };
  });
  /** Made-up addresses are left out. */
  readonly staying: boolean = $derived(place.get('made') === 'no');
  readonly scope: PresenceScope = $derived({
    since: place.select.since,
    until: place.select.until,
    zone: clock.name,
    devices: this.devices,
    nodes: this.nodes,
    without_randomised: this.staying,
  });

  onlyDevices(devices: string[]): void {
    place.set({ device: [...new Set(devices)] }, true);
  }

  /** Shows a chart, or no more. */
  toggle(kind: Kind): void {
    const next = this.charts.includes(kind) ? this.charts.filter((one) => one !== kind) : KINDS.filter((one) => one === kind || this.charts.includes(one));
    if (next.length > 0) place.set({ charts: next.join(',') });
  }

  setThreshold(name: keyof PresenceThresholds, value: number): void {
    const next = { ...this.thresholds, [name]: value };
    const changed = (Object.keys(THRESHOLDS) as (keyof PresenceThresholds)[]).filter((one) => next[one] !== THRESHOLDS[one]);
    place.set({ by: changed.map((one) => `${one}:${next[one]}`).join(',') });
  }
}

export const asking = new Asking();
