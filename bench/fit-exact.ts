/** Contestant: our exact fit. Arguments: `adult FILE` or `synthetic ROWS`. */
import { fitExact } from '../transforms/balance/exact.js';
import { adultExact, syntheticExact } from './instances.js';
import { serve, timed } from './serve.js';

const [set, argument] = process.argv.slice(2) as [string, string];
const { instance, problem } = set === 'adult' ? await adultExact(argument) : syntheticExact(Number(argument));

await serve(async () => {
  const { seconds, result } = await timed(() => fitExact(instance, problem));
  const { primal, gap, iterations } = result;
  return { seconds, optimum: primal, gap, iterations };
});
