//! Where an address is, in words.

import type { GeoPlace } from './types';

/** `Germany (DE) · Example Net (AS64500)`; empty where nothing is known. */
export function placeText(place: Partial<GeoPlace> | null | undefined): string {
  const { code, country, organisation, as_number: as } = place ?? {};
  const named = (name: string | undefined, short: string | undefined) => (name && short ? `${name} (${short})` : name || short);
  return [named(country, code), named(organisation, typeof as === 'number' ? `AS${as}` : '')].filter(Boolean).join(' · ');
}
