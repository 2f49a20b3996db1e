/** What a night tells while it is at work: one event a step, as plain data. */
import type { GateResult } from '../../schemas/nightly.js';
import type { RunHooks } from '../hooks.js';

/** `stage` comes when the step of that name is finished; a run that is killed after it goes on behind it. */
export type NightEvent =
  | { readonly event: 'start'; readonly now: string; readonly output: string; readonly inUse: string | null }
  | {
      readonly event: 'found';
      readonly night: string;
      readonly kind: string;
      readonly files: number;
      readonly message: string;
    }
  | {
      readonly event: 'stage';
      readonly stage: string;
      readonly night?: string;
      readonly seconds: number;
      readonly message: string;
    }
  | ({ readonly event: 'gate' } & GateResult)
  | { readonly event: 'publish'; readonly run: string; readonly nights: number; readonly rows: number }
  | { readonly event: 'nothing'; readonly message: string }
  | { readonly event: 'failure'; readonly name: string; readonly message: string; readonly inUse: string | null };

export interface NightlyHooks extends RunHooks {
  onEvent?(event: NightEvent): void | Promise<void>;
}
