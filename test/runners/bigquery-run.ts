/** A finished output of a small balance run, as `publish` finds it: manifest, state and weights of the moments of test/transforms/stats/run.ts. */

import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Bool, Field, Float64, List, Uint8, Utf8 } from 'apache-arrow';
import type { Manifest } from '../../schemas/manifest.js';
import type { Moments } from '../../schemas/moments.js';
import type { State } from '../../schemas/stats-state.js';
import { encodeMoments } from '../../transforms/stats/moments-codec.js';
import { buildReport, stageNames } from '../../transforms/stats/report.js';
import { batchOf, saveParquet } from '../end-to-end/inputs.js';
import { finishedRun } from '../transforms/stats/run.js';

const base64 = (moments: Moments) => Buffer.from(encodeMoments(moments)).toString('base64');

/** Names as the open web has them. */
export const LABELS = ['nurse', 'per"son\n', "ra're`"];

export function stateOf(run: string): State {
  const { balance, exits, filters, read, dropped, names, targets, options, config } = finishedRun();
  return {
    version: 1,
    kind: 'm4-balance state',
    source: 'balance',
    runs: [run],
    m4Balance: '0.1.0',
    sets: [
      {
        name: 'data',
        identity: {},
        whole: [],
        attributes: names.attributes.map((name, k) => ({ name, target: targets[k]! })),
        labels: LABELS,
        filters: stageNames(filters),
        files: { count: 1, list: ['a.parquet'] },
        read,
        // Of the filters alone: what balancing drops is in the manifest.
        dropped: stageNames(filters).map((reason) => ({ reason, rows: dropped[reason] ?? 0 })),
        unreadable: 3,
        exits: exits.map(base64),
        stages: [
          { stage: 'balanced', moments: base64(balance.balanced) },
          { stage: 'resampled', moments: base64(balance.resampled) },
          { stage: 'random', moments: base64(balance.random) },
        ],
        control: null,
        coOccurrence: [],
        distributions: [],
        weights: null,
        words: null,
        slicings: [],
        problems: { count: 0, list: [] },
      },
    ],
    models: [],
    options: { ...options, pairs: 100, values: 10, words: 10 },
    config,
  };
}

/** Rows of weights: shard i has ids i-0, i-1, … */
async function saveWeights(path: string, shard: number, rows: number): Promise<void> {
  const values = <T>(of: (i: number) => T) => Array.from({ length: rows }, (_, i) => of(i));
  await saveParquet(
    path,
    batchOf([
      ['id', { type: new Utf8(), values: values((i) => `${shard}-${i}`) }],
      ['weight', { type: new Float64(), values: values((i) => i / rows) }],
      ['copies', { type: new Uint8(), values: values((i) => i % 2) }],
      ['s_female', { type: new Bool(), values: values((i) => (i % 3 === 0 ? null : i % 3 === 1)) }],
      [
        'labels',
        { type: new List(new Field('item', new Utf8(), false)), values: values((i) => LABELS.slice(0, i % 3)) },
      ],
      ['reason', { type: new Utf8(), values: values((i) => (i % 2 === 0 ? 'sampled out' : null)) }],
    ]),
  );
}

export const WEIGHT_ROWS = [40, 7] as const;

/** Writes the output and gives its folder. */
export async function saveRun(folder: string, run = 'abcdef0123456789'): Promise<string> {
  const directory = join(folder, run);
  mkdirSync(directory);
  writeFileSync(join(directory, 'state.json'), JSON.stringify(stateOf(run)));
  const files = [];
  for (const [i, rows] of WEIGHT_ROWS.entries()) {
    const path = `weights-${i}.parquet`;
    await saveWeights(join(directory, path), i, rows);
    const bytes = readFileSync(join(directory, path));
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    files.push({ path, kind: 'weights' as const, format: 'parquet', rows, bytes: bytes.length, sha256 });
  }
  const { balance } = finishedRun();
  const { rows } = buildReport(finishedRun());
  const manifest: Manifest = {
    version: 1,
    run,
    m4Balance: '0.1.0',
    rows,
    certificate: { ...balance.certificate },
    config: {},
    files,
  };
  writeFileSync(join(directory, 'manifest.json'), JSON.stringify(manifest));
  return directory;
}
