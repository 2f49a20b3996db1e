import './sdk.js';
import { PaneInfoCoder } from 'apache-beam/coders/standard_coders';
import { GlobalWindow, type WindowedValue } from 'apache-beam/values';
import Long from 'long';

/** The first instant, in milliseconds since 1970 (beam_runner_api.proto, `MIN_TIMESTAMP_MILLIS`). */
const MIN_TIMESTAMP = Long.fromString('-9223372036854775');
const WINDOWS = [new GlobalWindow()];

/** An element of the global window, where all of ours live. */
export function inGlobalWindow<T>(value: T): WindowedValue<T> {
  return { value, windows: WINDOWS, pane: PaneInfoCoder.ONE_AND_ONLY_FIRING, timestamp: MIN_TIMESTAMP };
}
