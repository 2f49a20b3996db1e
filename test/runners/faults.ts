/**
 * Runs of the command on a real runner that something is done to at a seeded moment, and what is promised then: the job recovers
 * with the same bytes, or ends with a sentence and a non-zero exit; the output is whole or absent; the same command finishes it.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { type Finished, start } from '../end-to-end/command.js';
import { readOutput } from '../end-to-end/outputs.js';
import { digests, filesBelow, scratch } from '../end-to-end/scratch.js';
import { saveCaptions } from './caption-files.js';
import { hasOpenBelow, isAlive, workersBelow } from './processes.js';

/** Small row groups: the work lies in their number, so that a phase takes long enough to be hit. */
const INPUT = { rows: 1_000, rowGroupRows: 5 };
const SHARD_ROWS = 40;
export const POLL_MS = 3;
/** Title of a phase, and the file of its result in the staging folder. */
export const PHASES = {
  count: { title: 'read, filter, tag, count', result: 'counts' },
  fit: { title: 'fit (stream)', result: 'streams' },
  write: { title: 'weight, resample, write', result: 'written' },
} as const;
export type PhaseName = keyof typeof PHASES;

export interface Faulty {
  readonly folder: string;
  readonly out: string;
  readonly config: string;
  /** Processes below which the runner has its workers, beside the command itself. */
  readonly roots: readonly number[];
  /** Writes another section `runner` into the configuration. */
  set(runner: object): void;
}

/** A job of some seconds in a folder of its own; `runner` is the configuration's section. */
export async function faultyJob(
  t: TestContext,
  runner: object,
  { roots = [], balance = {}, out }: { roots?: readonly number[]; balance?: object; out?: string } = {},
): Promise<Faulty> {
  const folder = scratch(t);
  const input = await saveCaptions(folder, INPUT);
  const directory = out ?? join(folder, 'results', 'out');
  mkdirSync(join(directory, '..'), { recursive: true });
  const config = join(folder, 'job.json');
  const value = {
    input: { files: input },
    filters: [{ words: { minimum: 5 } }],
    attributes: { female: { lexicon: 'gender', value: 'female' } },
    labels: [{ lexicon: 'occupations' }],
    balance: { fit: 'exact', rate: 0.6, ...balance },
    output: { directory, formats: ['parquet', 'tfrecord'], shardRows: SHARD_ROWS },
  };
  const set = (section: object) => writeFileSync(config, JSON.stringify({ ...value, runner: section }));
  set(runner);
  return { folder, out: directory, config, roots, set };
}

export interface RunEnd extends Finished {
  /** The last line that says something: the error's message where there is one. */
  readonly sentence: string;
}

/** The command on a job; `onPhase` is called with the title of each phase as it begins. */
export async function command(
  { config }: Faulty,
  onPhase: (title: string, pid: number) => void = () => undefined,
): Promise<RunEnd> {
  let last = '';
  const running = start(['balance', config, '--json'], (stdout) => {
    const title = [...stdout.matchAll(/"phase":"([^"]+)"/g)].at(-1)?.[1] ?? '';
    if (title !== last) onPhase(title, running.process.pid!);
    last = title;
  });
  const finished = await running.finished;
  const events = finished.stdout.trimEnd().split('\n').map(eventOf);
  return { ...finished, sentence: events.find(({ event }) => event === 'error')?.message ?? '' };
}

function eventOf(line: string): { event?: string; message?: string } {
  try {
    return JSON.parse(line);
  } catch {
    return {};
  }
}

/** Rows of the report and of the manifest's files add up to those that were read. */
export function assertConserved(out: string): void {
  const { report, manifest } = readOutput(out);
  const dropped = Object.values(report.rows.dropped).reduce((sum, rows) => sum + rows, 0);
  assert.equal(report.rows.read, 2 * INPUT.rows);
  assert.equal(report.rows.written + dropped, report.rows.read, 'no row lost or doubled');
  const rowsOf = (kind: string, format: string) =>
    manifest.files.filter((f) => f.kind === kind && f.format === format).reduce((sum, f) => sum + (f.rows ?? 0), 0);
  for (const format of ['parquet', 'tfrecord']) assert.equal(rowsOf('shard', format), report.rows.written);
  assert.equal(rowsOf('weights', 'parquet'), report.rows.read);
}

export function assertNothingLeft(out: string): void {
  assert.deepEqual(
    readdirSync(join(out, '..')).filter((name) => name !== 'lost+found'),
    ['out'],
    'nothing is left beside the output',
  );
  const listed = readOutput(out).manifest.files.map((f) => f.path);
  assert.deepEqual(filesBelow(out), [...listed, 'manifest.json'].sort(), 'the manifest lists every file');
}

/** The workers that have data open. */
export function workersAtWork({ folder, out, roots }: Faulty, pid: number): number[] {
  const folders = [join(folder, 'input'), `${out}.partial`];
  return workersBelow([pid, ...roots]).filter((worker) => hasOpenBelow(worker, folders));
}

/** Whether the phase has left its result. */
export const isFinished = ({ out }: Faulty, phase: PhaseName) =>
  !existsSync(`${out}.partial`) ||
  filesBelow(`${out}.partial`).some((file) => file.endsWith(join('work', PHASES[phase].result)));

/** Resolves when workers are at work in the phase that has begun; to false where it ended before any was seen. */
async function atWork(job: Faulty, phase: PhaseName, pid: number): Promise<boolean> {
  while (isAlive(pid) && !isFinished(job, phase)) {
    if (workersAtWork(job, pid).length > 0) return true;
    await delay(POLL_MS);
  }
  return false;
}

export interface Undisturbed {
  /** undefined: what a stream has learned depends on the order of arrival, so that rows are promised, and no bytes. */
  readonly expected: Record<string, string> | undefined;
  /** Milliseconds from the first worker at work to the phase's result. */
  readonly duration: Readonly<Record<string, number>>;
}

export const USUAL_PHASES: readonly PhaseName[] = ['count', 'write'];

/** Runs the job once without a fault, and removes its output. Workers must be seen at work in the phases that are to be struck. */
export async function undisturbed(job: Faulty, phases = USUAL_PHASES): Promise<Undisturbed> {
  const duration: Record<string, number> = {};
  const watches: Promise<void>[] = [];
  const watch = async (phase: PhaseName, pid: number) => {
    if (!(await atWork(job, phase, pid))) return;
    const began = performance.now();
    while (isAlive(pid) && !isFinished(job, phase)) await delay(POLL_MS);
    duration[phase] = performance.now() - began;
  };
  const { code, stdout, stderr } = await command(job, (title, pid) => {
    const phase = phaseOf(title);
    if (phase !== undefined) watches.push(watch(phase, pid));
  });
  assert.equal(code, 0, stdout + stderr);
  await Promise.all(watches);
  assertConserved(job.out);
  assertNothingLeft(job.out);
  const expected = phases.includes('fit') ? undefined : digests(job.out);
  rmSync(job.out, { recursive: true });
  for (const phase of phases) assert.ok(duration[phase] !== undefined, `workers were seen at work in ${phase}`);
  return { expected, duration };
}

const phaseOf = (title: string) => (Object.keys(PHASES) as PhaseName[]).find((phase) => PHASES[phase].title === title);

export interface Fault {
  readonly phase: PhaseName;
  /** Milliseconds after the first worker of the phase is at work. */
  readonly after: number;
  /** Does it, to the workers that are at work; says to whom. */
  inject(workers: readonly number[]): string;
}

export interface Disturbed extends RunEnd {
  /** What was hit, while a worker was at work and the phase had no result; empty where the phase was over before. */
  readonly hit: string;
}

/** Runs the job with the fault. */
export async function disturbed(job: Faulty, fault: Fault): Promise<Disturbed> {
  let hit = '';
  let strike: Promise<void> | undefined;
  const end = await command(job, (title, pid) => {
    if (phaseOf(title) !== fault.phase || strike !== undefined) return;
    strike = (async () => {
      if (!(await atWork(job, fault.phase, pid))) return;
      await delay(fault.after);
      const workers = workersAtWork(job, pid);
      if (workers.length > 0 && !isFinished(job, fault.phase)) hit = fault.inject(workers);
    })();
  });
  await strike;
  return { ...end, hit };
}

/** What was seen over some moments. */
export interface Tally {
  landed: number;
  recovered: number;
  /** Sentence: how often a run failed with it. */
  readonly failed: Map<string, number>;
}

/** After a fault: whole and equal, or a sentence and no output; then the same command finishes. */
export async function settle(
  job: Faulty,
  end: Disturbed,
  expected: Undisturbed['expected'],
  tally: Tally,
): Promise<void> {
  const what = `${end.hit || 'missed'}; exit ${end.code}: ${end.sentence}`;
  if (end.hit !== '') tally.landed++;
  if (end.code === 0) {
    if (end.hit !== '') tally.recovered++;
    if (expected !== undefined) assert.deepEqual(digests(job.out), expected, what);
  } else {
    assert.notEqual(end.hit, '', `a run that nothing was done to failed: ${what}\n${end.stdout}${end.stderr}`);
    assert.ok(end.code !== null && end.code > 0, what);
    assert.match(end.sentence, /\w+ .*\w/, what);
    assert.ok(!end.stderr.includes('    at '), `no stack where a sentence is due: ${end.stderr}`);
    assert.ok(!existsSync(job.out), `a run that failed left an output: ${what}`);
    const kind = end.sentence.replaceAll(/[0-9a-f]{16}|\d+/g, '#').slice(0, 300);
    tally.failed.set(kind, (tally.failed.get(kind) ?? 0) + 1);
    const again = await command(job);
    assert.equal(again.code, 0, `the same command again, after ${what}: ${again.stdout}${again.stderr}`);
    if (expected !== undefined) assert.deepEqual(digests(job.out), expected, `the same command again, after ${what}`);
  }
  assertConserved(job.out);
  assertNothingLeft(job.out);
  rmSync(job.out, { recursive: true });
}
