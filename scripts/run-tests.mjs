/**
 * Runs the compiled tests under the Node that runs this script.
 * Arguments: parts of paths; only test files whose path holds one of them are run. Those of test/runners need servers, and
 * are run only where an argument names that folder.
 * M4_SEED: where generated cases come from, a number or `random`. The same every time unless it is asked for, so that a run tells of the
 * change that it tests and not of luck.
 */
import { spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT } from './build.mjs';

/** A file of tests that hangs must not hold up everything behind it; the longest takes some minutes, with many faults most of an hour. */
const TIMEOUT_MILLISECONDS = (process.env.M4_FAULTS === undefined ? 20 : 90) * 60 * 1000;
/** More would share a machine's memory among more processes than the memory tests allow for. */
const CONCURRENCY = 2;
/** Their servers have the machine to themselves. */
const RUNNER_TESTS = join('test', 'runners');

const wanted = process.argv.slice(2).map((part) => part.split('/').join(sep));
const withRunners = wanted.some((part) => part.includes(RUNNER_TESTS));
/** Tests that kill workers at random moments are run by themselves: M4_FAULTS says how often. */
const FAULT_TESTS = join(RUNNER_TESTS, 'faults-');
const withFaults = wanted.some((part) => part.includes(FAULT_TESTS));
// An explicit list: Node 20 takes no globs, and a folder means different files in each version.
const files = readdirSync(join(ROOT, 'dist', 'test'), { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith('.test.js'))
  .map((entry) => relative(ROOT, join(entry.parentPath ?? entry.path, entry.name)))
  .filter((file) => withRunners || !file.includes(RUNNER_TESTS))
  .filter((file) => withFaults || !file.includes(FAULT_TESTS))
  .filter((file) => wanted.length === 0 || wanted.some((part) => file.includes(part)))
  .sort();
if (files.length === 0) {
  console.error(
    `expected test files${wanted.length === 0 ? '' : ` with ${wanted.join(' or ')} in their path`}, found none`,
  );
  process.exit(1);
}
const { M4_SEED: asked = '1' } = process.env;
const seed = asked === 'random' ? randomInt(2 ** 31) : Number(asked);
if (!Number.isSafeInteger(seed) || Math.abs(seed) >= 2 ** 31) {
  console.error(`M4_SEED: expected a whole number of 32 bits or random, got ${asked}`);
  process.exit(1);
}
console.log(`${files.length} test files, Node ${process.version}, M4_SEED=${seed}`);
const { status } = spawnSync(
  process.execPath,
  [
    '--test',
    '--test-reporter=spec',
    `--test-concurrency=${withRunners ? 1 : CONCURRENCY}`,
    `--test-timeout=${TIMEOUT_MILLISECONDS}`,
    `--import=${pathToFileURL(join(ROOT, 'dist', 'test', 'seed.js'))}`,
    ...files,
  ],
  { cwd: ROOT, stdio: 'inherit', env: { ...process.env, M4_SEED: `${seed}` } },
);
process.exit(status ?? 1);
