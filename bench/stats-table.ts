/** Contestant: the statistics job over a Parquet file, all of it: planned, counted in Beam, published. Arguments: list|wide FILE. */
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runStats } from '../pipelines/index.js';
import { parseConfig } from '../schemas/parse-config.js';
import { serve, timed } from './serve.js';

const [form, file] = process.argv.slice(2) as [string, string];
const LABELS = 100;
const directory = join(tmpdir(), `m4-balance-bench-${process.pid}`);
const names = Array.from({ length: LABELS }, (_, r) => `label ${r}`);
const config = parseConfig({
  input: { files: file },
  attributes: { s0: { column: 's0' }, s1: { column: 's1' } },
  labels: [form === 'list' ? { list: 'labels', names } : { columns: ['y*'] }],
  output: { directory },
});
const DIGITS = 9;

await serve(async () => {
  rmSync(directory, { recursive: true, force: true });
  const before = process.cpuUsage();
  let counted = 0;
  const start = performance.now();
  const onProgress = () => {
    counted = performance.now();
  };
  const { seconds, result } = await timed(() => runStats(config, { onProgress }));
  const { user, system } = process.cpuUsage(before);
  const [{ rows, bias }] = result.report.sets;
  rmSync(directory, { recursive: true, force: true });
  return {
    seconds,
    // What comes behind the last news of the counting pass is the report, its page, the state and their publication.
    counted_seconds: (counted - start) / 1000,
    // Of all threads: what is left of the clock on a machine that has other things to do.
    cpu_seconds: (user + system) / 1e6,
    rows_per_second: rows.read / seconds,
    RB: Number(bias[0]!.rb!.toFixed(DIGITS)),
    AB: Number(bias[0]!.ab!.toFixed(DIGITS)),
  };
});
