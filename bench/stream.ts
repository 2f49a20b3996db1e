/** stream: one pass of the stream fit inside the stateful step on the direct runner, its kernel alone, and the same update in Numba. */
import { contest } from './contest.js';
import { startNode, startPython } from './contestant.js';
import { exportRows } from './export-problem.js';
import { medianOf, type Outcome, speedRatio } from './figures.js';
import { cacheFolder, type Options } from './options.js';
import { ATTRIBUTES, LABELS, problemOf, synthesise } from './synth.js';

const ROWS = 2_000_000;
const GOAL = 0.25;

export async function stream(options: Options): Promise<Outcome> {
  const folder = cacheFolder(options, 'synthetic-stream');
  const problem = problemOf(ATTRIBUTES, LABELS, { rate: 0.5, tolerance: 0.001 });
  const { tags, utility } = synthesise(ROWS);
  exportRows(folder, problem, tags, utility);
  const { entries, absent } = await contest(
    [
      () => startNode('m4-balance, in Beam', 'fit-stream.js', 'beam', String(ROWS)),
      () => startNode('m4-balance, kernel', 'fit-stream.js', 'kernel', String(ROWS)),
      () => startPython('Numba', 'adagrad.py', folder),
    ],
    options.runs,
  );
  const [beam, kernel, peer] = entries;
  const share = 1 - medianOf(kernel!, 'seconds') / medianOf(beam!, 'seconds');
  return {
    title: `synthetic: ${ROWS} rows, ${ATTRIBUTES} attributes, ${LABELS} labels; one pass; the optimum is 0.096642`,
    entries,
    ratios: [
      ...(peer === undefined ? [] : [speedRatio(beam!, peer, GOAL), speedRatio(kernel!, peer)]),
      { what: "Beam's share of the time", value: share, most: 0.05 },
    ],
    notes: absent,
  };
}
