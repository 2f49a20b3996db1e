import './sdk.js';
import { getRegisteredModules, requireForSerialization } from 'apache-beam/serialization';

/**
 * Has every worker import a module before it serves bundles: one that registers DoFns or defines coders. `specifier` is what the
 * worker can import: `my-package/my-module`, an absolute path or a `file:` URL.
 */
export function registerModule(specifier: string): void {
  requireForSerialization(specifier, {});
}

/** All modules that a worker needs. The SDK's own and ours are there before. */
export function registeredModules(): string[] {
  return getRegisteredModules().filter((name) => !/^(apache-beam|m4-balance\/beam)(\/|$)/.test(name));
}
