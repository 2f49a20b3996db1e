import '../sdk.js';
import { runDirect } from '../direct-runner.js';
import type { Runner } from './runner.js';

/** The runner of this process. */
export function openDirect(): Runner {
  return { name: 'direct', run: runDirect, close: async () => undefined };
}
