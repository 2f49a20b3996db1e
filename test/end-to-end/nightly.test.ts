/** Sixty nights, as a scheduler would run them: the promises of `m4-balance nightly`, asserted night by night. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { nightlyHistory, rollback, runBalance, runNightly } from '../../pipelines/index.js';
import { GateError } from '../../schemas/errors.js';
import { type Latest, latestSchema, type SetFile, setSchema } from '../../schemas/nightly.js';
import { nightsBetween } from '../../transforms/nightly/nights.js';
import { afterNight, nightlyConfig, saveNight } from './nights.js';
import { readArrowFile } from './outputs.js';
import { scratch } from './scratch.js';

const json = (path: string) => JSON.parse(readFileSync(path, 'utf8'));
const latestOf = (out: string): Latest => latestSchema.parse(json(join(out, 'latest.json')));
const setOf = (out: string): readonly SetFile[] => setSchema.parse(json(join(out, latestOf(out).set))).files;
const gateNames = (error: unknown) =>
  error instanceof GateError ? error.gates.map(({ gate }) => gate) : [String(error)];

/** Every file of the set is there, once. */
function requireWhole(out: string): void {
  const files = setOf(out);
  assert.equal(new Set(files.map(({ path }) => path)).size, files.length);
  for (const { path } of files) assert.ok(existsSync(join(out, path)), path);
}

/** Runs the night after `night`. Resolves to the names of the gates that did not pass. */
async function nightly(
  config: Parameters<typeof runNightly>[0],
  night: string,
  options: object = {},
): Promise<string[]> {
  try {
    await runNightly(config, { now: afterNight(night), ...options });
    return [];
  } catch (error) {
    if (!(error instanceof GateError)) throw error;
    return gateNames(error);
  }
}

test('sixty nights: drift, garbage, a source that vanishes, a missed and a doubled night', {
  timeout: 180_000,
}, async (t) => {
  const folder = scratch(t);
  const [data, out] = [join(folder, 'data'), join(folder, 'out')];
  const config = nightlyConfig(data, out, { window: '7d', scope: 'window', keep: 3 });
  const nights = nightsBetween('2026-01-01', '2026-03-01');
  assert.equal(nights.length, 60);
  const [GARBAGE, MISSED, VANISHES, DOUBLED, REPEATED] = [nights[19], nights[26], nights[35], nights[43], nights[47]];
  let skip: string[] = [];
  for (const [i, night] of nights.entries()) {
    const association = i / (nights.length - 1);
    const usual = { seed: i + 1, association, agency: night < VANISHES };
    await saveNight(data, night, { ...usual, garbage: night === GARBAGE });
    if (night === MISSED) continue;
    const before = i === 0 ? undefined : latestOf(out).run;
    if (night === REPEATED) {
      // The file of the night before, under tonight's name.
      const again = { seed: i, association: (i - 1) / (nights.length - 1), agency: false };
      await saveNight(data, night, again);
      assert.deepEqual(await nightly(config, night), ['repeated']);
      assert.equal(latestOf(out).run, before);
      await saveNight(data, night, usual);
    }
    let failed = await nightly(config, night, { skip });
    if (night === GARBAGE) {
      assert.deepEqual(failed, ['unknown']);
      assert.equal(latestOf(out).run, before, 'yesterday stays in use');
      skip = [GARBAGE];
      continue;
    }
    skip = [];
    if (night === VANISHES) assert.deepEqual(failed, ['drift']);
    // A person has looked, and lets it; the nights before forget the source within the window.
    if (failed.length > 0) {
      assert.ok(night >= VANISHES && night <= nights[41]!, night);
      assert.deepEqual(failed, ['drift']);
      failed = await nightly(config, night, { accept: ['drift'] });
    }
    assert.deepEqual(failed, [], night);
    const { ledger, manifest, run } = latestOf(out);
    assert.notEqual(run, before);
    const { figures, nights: inSet, skipped } = json(join(out, ledger));
    assert.ok(figures.rb <= 0.011 && figures.ab <= 0.021, `${night}: RB ${figures.rb}, AB ${figures.ab}`);
    assert.ok(figures.gap <= 1e-6, `${figures.gap}`);
    const window = nights.slice(Math.max(0, i - 6), i + 1).filter((n) => n !== GARBAGE);
    assert.deepEqual(
      inSet.map((entry: { night: string }) => entry.night),
      window,
    );
    assert.equal(figures.rows, 300 * window.length, 'no row is counted twice, none is lost');
    assert.equal(json(join(out, manifest)).rows.read, figures.rows);
    assert.deepEqual(
      skipped.map((entry: { night: string }) => entry.night),
      window[0]! < GARBAGE && night > GARBAGE ? [GARBAGE] : skipped.length > 0 ? [GARBAGE] : [],
    );
    if (night === DOUBLED) {
      const again = await runNightly(config, { now: afterNight(night) });
      assert.equal(again.outcome, 'nothing new');
      assert.equal(latestOf(out).history.at(-1)!.run, run, 'published once');
    }
  }
  requireWhole(out);
  const runs = readdirSync(join(out, 'runs'));
  assert.equal(runs.length, 3, 'retention');
  assert.ok(!existsSync(join(out, 'work')));

  await t.test('the total is that of one run over the same files', async () => {
    const window = nights.slice(-7);
    const big = await runBalance({
      ...config,
      input: { ...config.input, files: window.map((night) => join(data, night, 'a.parquet')) },
      output: { ...config.output, directory: join(folder, 'big') },
    });
    const { manifest } = latestOf(out);
    const run = join(out, manifest, '..');
    const states = [join(run, 'state.json'), join(folder, 'big', 'counts', 'state.json')];
    const [mine, theirs] = states.map((file) => json(file).sets[0]);
    assert.deepEqual(mine.exits, theirs.exits);
    assert.equal(mine.read, theirs.read);
    const [a, b] = [run, join(folder, 'big')].map((place) => json(join(place, 'duals.json')));
    assert.ok(Math.abs(a.rate - b.rate) <= 1e-6);
    a.w.forEach((dual: number, j: number) => {
      assert.ok(Math.abs(dual - b.w[j]) <= 1e-5, `dual ${j}: ${dual} and ${b.w[j]}`);
    });
    const certificate = json(join(run, 'report.json')).certificate;
    const optimum = big.report.certificate!.primal;
    assert.ok(
      Math.abs(certificate.primal - optimum) <= 1e-6 * Math.max(1, optimum),
      `${certificate.primal} and ${optimum}`,
    );
  });

  await t.test('history tells of every switch, and a rollback puts an earlier run in use', async () => {
    const history = await nightlyHistory(out);
    assert.equal(history.length, 58, 'sixty nights without the missed one and the garbage');
    assert.deepEqual(history.map(({ inUse }) => inUse).indexOf(true), 0);
    const earlier = history[1]!;
    await rollback(out, earlier.run);
    assert.equal(latestOf(out).run, earlier.run);
    requireWhole(out);
    await assert.rejects(rollback(out, history.at(-1)!.run), /expected a finished run of nightly/);
    const again = await runNightly(config, { now: new Date(afterNight(nights.at(-1)!).getTime() + 60_000) });
    assert.equal(again.outcome, 'published', 'the night that the earlier run does not have is new');
    assert.equal(again.ledger!.nights.at(-1)!.night, nights.at(-1));
  });
});

describe('nightly', () => {
  test('scope new: older nights keep their files, bit for bit; changed and removed files count as they are', async (t) => {
    const folder = scratch(t);
    const [data, out] = [join(folder, 'data'), join(folder, 'out')];
    const config = nightlyConfig(data, out, { window: '5d', keep: 1, gates: { rows: 'off', drift: 'off' } });
    const nights = nightsBetween('2026-05-01', '2026-05-04');
    for (const [i, night] of nights.entries()) await saveNight(data, night, { seed: i + 1, association: 0.5 });
    const first = await runNightly(config, { now: afterNight(nights[2]!) });
    assert.equal(first.ledger!.figures.nights, 3);
    const old = setOf(out).filter(({ night }) => night < nights[3]!);
    const second = await runNightly(config, { now: afterNight(nights[3]!) });
    assert.deepEqual(
      [second.ledger!.figures.newNights, second.ledger!.figures.newRows, second.ledger!.figures.rows],
      [1, 300, 1200],
    );
    assert.deepEqual(
      setOf(out).filter(({ night }) => night < nights[3]!),
      old,
    );
    requireWhole(out);
    assert.equal(readdirSync(join(out, 'runs')).length, 2, 'a run whose files are in use is kept');

    await saveNight(data, nights[1]!, { seed: 99, rows: 250, association: 0.5 }, 'b');
    const third = await runNightly(config, { now: new Date(afterNight(nights[3]!).getTime() + 3_600_000) });
    assert.equal(third.ledger!.figures.rows, 1450, 'a late file');
    rmSync(join(data, nights[0]!), { recursive: true });
    const fourth = await runNightly(config, { now: new Date(afterNight(nights[3]!).getTime() + 7_200_000) });
    assert.equal(fourth.ledger!.figures.rows, 1150, 'a night that is gone');
    requireWhole(out);
  });

  test('a half-life: older nights count less, in the fit and in the set', async (t) => {
    const folder = scratch(t);
    const [data, out] = [join(folder, 'data'), join(folder, 'out')];
    const config = nightlyConfig(data, out, { halfLife: '1d', scope: 'window' });
    for (const [i, night] of nightsBetween('2026-05-01', '2026-05-03').entries())
      await saveNight(data, night, { seed: i, association: i / 2 });
    const { ledger } = await runNightly(config, { now: afterNight('2026-05-03') });
    assert.deepEqual(
      ledger!.nights.map(({ factor }) => factor),
      [0.25, 0.5, 1],
    );
    assert.ok(ledger!.figures.rb! <= 0.0101 && ledger!.figures.ab! <= 0.0201, JSON.stringify(ledger!.figures));
    assert.deepEqual([...new Set(setOf(out).map(({ share }) => share))], [0.25, 0.5, 1]);
  });
});

test('a night is shuffled like any run: the same rows in another order', async (t) => {
  const folder = scratch(t);
  const [night] = nightsBetween('2026-01-01', '2026-01-01');
  const data = join(folder, 'data');
  await saveNight(data, night!, {});
  const idsOf = async (shuffle: 'none' | 'global') => {
    const out = join(folder, shuffle);
    const config = nightlyConfig(data, out);
    assert.deepEqual(await nightly({ ...config, output: { ...config.output, shuffle } }, night!), []);
    return setOf(out).flatMap(({ path }) =>
      [...readArrowFile(join(out, path)).getChild('id')!].map((id) => String(id)),
    );
  };
  const inOrder = await idsOf('none');
  const shuffled = await idsOf('global');
  assert.ok(inOrder.length > 100);
  assert.notDeepEqual(shuffled, inOrder);
  assert.deepEqual(shuffled.sort(), inOrder.sort());
});
