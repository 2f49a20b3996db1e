/** What each pass begins with: the splits of the input, or the units of the output, spread over the workers. */
import { type Flow, impulse, type Root, reshuffle } from '../beam/index.js';
import type { Split } from '../schemas/split.js';
import { splitCoder, splits } from '../transforms/read/splits.js';
import type { Unit } from '../transforms/write/shards.js';
import { type UnitsConfig, unitCoder, units } from '../transforms/write/write.js';

/** All splits. Without the reshuffle an engine would fuse what follows to the impulse, and one worker would do all of it. */
export function spreadSplits(root: Root, name: string, staging: string): Flow<Split> {
  const all = impulse(root).parDo(`${name}: splits`, splits(staging), { coder: splitCoder });
  return reshuffle(`${name}: spread`, all, splitCoder);
}

/** All units, likewise. */
export function spreadUnits(root: Root, name: string, config: UnitsConfig): Flow<Unit> {
  const all = impulse(root).parDo(`${name}: units`, units(config), { coder: unitCoder });
  return reshuffle(`${name}: spread`, all, unitCoder);
}
