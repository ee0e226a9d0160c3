//! The words that pure code shares with the rest, without drawing in the bridge.

export type { Column, Filter, GeoPlace, JsonValue, Op, Select, Shape } from '../bridge/generated';
export type { Row } from '../bridge/row';
export type { Subject } from './place.svelte';
