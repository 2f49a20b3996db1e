/** exact-adult and exact-synthetic: our exact fit against a general solver, each on the same patterns, setting up included. */
import { fitExact } from '../transforms/balance/exact.js';
import { contest } from './contest.js';
import { startNode, startPython } from './contestant.js';
import { exportInstance } from './export-problem.js';
import { medianOf, type Outcome, speedRatio } from './figures.js';
import { adultExact, type Exact, syntheticExact } from './instances.js';
import { cacheFolder, needFile, type Options } from './options.js';

const SYNTHETIC_ROWS = 200_000;
const ADULT_GOAL = 50;
/** The optima were computed with it. */
const CLARABEL_TOLERANCE = '1e-10';

function title(name: string, { instance, problem }: Exact): string {
  return `${name}: ${instance.share.length} patterns, ${problem.m} attributes, ${problem.c} labels, rate ${problem.rate}`;
}

export async function exactAdult(options: Options): Promise<Outcome> {
  const file = needFile(options.adult, 'adult');
  const exact = await adultExact(file);
  const folder = cacheFolder(options, 'adult');
  exportInstance(folder, exact.problem, exact.instance);
  const { entries, absent } = await contest(
    [
      () => startNode('m4-balance', 'fit-exact.js', 'adult', file),
      () => startPython('Clarabel, direct', 'clarabel_qp.py', folder, CLARABEL_TOLERANCE, 'direct'),
      () => startPython('Clarabel, moments', 'clarabel_qp.py', folder, CLARABEL_TOLERANCE, 'moments'),
    ],
    options.runs,
  );
  const [ours, ...peers] = entries;
  const ratios = peers.map((peer) => speedRatio(ours!, peer, ADULT_GOAL));
  return { title: title('UCI Adult, set C', exact), entries, ratios, notes: absent };
}

export async function exactSynthetic(options: Options): Promise<Outcome> {
  const exact = syntheticExact(SYNTHETIC_ROWS);
  const folder = cacheFolder(options, 'synthetic-exact');
  exportInstance(folder, exact.problem, exact.instance);
  const { dual } = fitExact(exact.instance, exact.problem);
  const { entries, absent } = await contest(
    [
      () => startNode('m4-balance', 'fit-exact.js', 'synthetic', String(SYNTHETIC_ROWS)),
      () => startPython('SciPy L-BFGS-B', 'lbfgsb_dual.py', folder, String(dual)),
    ],
    options.runs,
  );
  const [ours, peer] = entries;
  if (peer === undefined) return { title: title('synthetic', exact), entries, ratios: [], notes: absent };
  const gaps = [ours!, peer].map((entry) => medianOf(entry, 'gap').toExponential(1));
  const note = `Relative duality gap where each ended: ${gaps[0]} and ${gaps[1]}. L-BFGS-B never reaches ours, so its whole time is what it is given.`;
  return { title: title('synthetic', exact), entries, ratios: [speedRatio(ours!, peer, 1)], notes: [note] };
}
