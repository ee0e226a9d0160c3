//! The words that pure code shares with the rest, without drawing in the bridge.

export type { Column, Filter, JsonValue, Op, Row, Select, Shape } from '../bridge/generated';
export type { Subject } from './place.svelte';
