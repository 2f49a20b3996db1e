import './sdk.js';
import type { Coder } from 'apache-beam/coders/coders';

/**
 * One value for each key. Every access goes through the state's coder: `read` returns a fresh copy, and a change to that
 * copy is kept only by `write`.
 */
export interface ValueState<T> {
  /** The value of the current key, undefined if it was never written or was cleared. */
  read(): T | undefined;
  write(value: T): void;
  clear(): void;
}

/** A growing list of values for each key, in the order of the appends. */
export interface BagState<T> {
  read(): T[];
  append(value: T): void;
  clear(): void;
}

export interface ValueStateSpec<T> {
  readonly kind: 'value';
  readonly coder: Coder<T>;
}

export interface BagStateSpec<T> {
  readonly kind: 'bag';
  readonly coder: Coder<T>;
}

export type StateSpec = ValueStateSpec<any> | BagStateSpec<any>;

/** The states that a DoFn declares, by name. */
export type StateSpecs = Readonly<Record<string, StateSpec>>;

/** What `ctx.state` holds for the declared specs. */
export type StateHandles<S extends StateSpecs> = {
  readonly [K in keyof S]: S[K] extends ValueStateSpec<infer T>
    ? ValueState<T>
    : S[K] extends BagStateSpec<infer T>
      ? BagState<T>
      : never;
};

/** Declares a single value for each key. */
export function valueState<T>(coder: Coder<T>): ValueStateSpec<T> {
  return { kind: 'value', coder };
}

/** Declares a list of values for each key. */
export function bagState<T>(coder: Coder<T>): BagStateSpec<T> {
  return { kind: 'bag', coder };
}
