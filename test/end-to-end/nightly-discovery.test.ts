/** Which nights `nightly` finds, on a disk: by markers and manifests, for a backfill, late, and what of it the commands tell. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { planNights, runNightly } from '../../pipelines/index.js';
import { nightsBetween } from '../../transforms/nightly/nights.js';
import { run } from './command.js';
import { afterNight, nightlyConfig, saveNight } from './nights.js';
import { scratch } from './scratch.js';

const NIGHTS = nightsBetween('2026-05-01', '2026-05-06');
const OPEN = { rows: 'off', drift: 'off', unknown: 'off', rb: 'off', ab: 'off' };

async function setUp(t: TestContext, nights: readonly string[]) {
  const folder = scratch(t);
  const [data, out] = [join(folder, 'data'), join(folder, 'out')];
  for (const night of nights) await saveNight(data, night, { seed: Number(night.slice(-2)) });
  const config = (nightly: object) => nightlyConfig(data, out, { window: '9d', gates: OPEN, ...nightly });
  return { folder, data, out, config };
}

const now = afterNight(NIGHTS.at(-1)!);
const namesOf = (list: readonly { readonly night: string }[]) => list.map(({ night }) => night);
const json = (path: string) => JSON.parse(readFileSync(path, 'utf8'));

describe('nightly finds', { timeout: 120_000 }, () => {
  test('a night by its marker: without one it waits, and a known one counts as it was', async (t) => {
    const { data, config } = await setUp(t, NIGHTS.slice(0, 3));
    const marked = config({ marker: join(data, '{yyyy}-{mm}-{dd}', '_SUCCESS') });
    const mark = (night: string) => writeFileSync(join(data, night, '_SUCCESS'), '');
    for (const night of [NIGHTS[0]!, NIGHTS[2]!]) mark(night);
    const first = await runNightly(marked, { now });
    assert.deepEqual(namesOf(first.ledger!.nights), [NIGHTS[0], NIGHTS[2]]);
    const plan = await planNights(marked, { now });
    assert.deepEqual(
      plan.compared.waiting.map(({ night, reason }) => [night, reason]),
      [[NIGHTS[1], `there is no ${join(data, NIGHTS[1]!, '_SUCCESS')} yet`]],
    );
    // Its delivery begins anew: the marker is gone, and half of other files there.
    rmSync(join(data, NIGHTS[2]!, '_SUCCESS'));
    await saveNight(data, NIGHTS[2]!, { seed: 50, rows: 10 });
    assert.deepEqual(await planNights(marked, { now }).then(({ take, leave }) => [take, leave]), [[], []]);
    mark(NIGHTS[1]!);
    mark(NIGHTS[2]!);
    const again = await planNights(marked, { now });
    assert.deepEqual(
      again.take.map(({ night, kind }) => [night, kind]),
      [
        [NIGHTS[1], 'new'],
        [NIGHTS[2], 'changed'],
      ],
    );
  });

  test('a night by its manifest: lines or JSON; what is not there yet, or half there, waits', async (t) => {
    const { data, config } = await setUp(t, NIGHTS.slice(0, 3));
    const listed = config({ manifest: join(data, '{date}', 'files.json') });
    const list = (night: string, text: string) => writeFileSync(join(data, night, 'files.json'), text);
    // Beside the file that the manifest lists: this one is not of the night.
    await saveNight(data, NIGHTS[0]!, { seed: 9, rows: 70 }, 'not-listed');
    list(NIGHTS[0]!, 'a.parquet\r\n');
    const whole = statSync(join(data, NIGHTS[1]!, 'a.parquet')).size;
    list(NIGHTS[1]!, JSON.stringify({ files: [{ path: 'a.parquet', bytes: whole + 1 }] }));
    list(NIGHTS[2]!, JSON.stringify(['a.parquet', join(data, NIGHTS[2]!, 'b.parquet')]));
    const first = await runNightly(listed, { now });
    assert.deepEqual([namesOf(first.ledger!.nights), first.ledger!.figures.rows], [[NIGHTS[0]], 300]);
    const reasons = (await planNights(listed, { now })).compared.waiting.map(({ reason }) => reason);
    assert.equal(reasons.length, 2);
    assert.match(reasons[0]!, new RegExp(`has ${whole} bytes of the ${whole + 1} that .*files.json tells`));
    assert.match(reasons[1]!, /b\.parquet, which .*files\.json lists, is not there yet/);
    list(NIGHTS[1]!, JSON.stringify({ files: [{ path: 'a.parquet', bytes: whole }] }));
    await saveNight(data, NIGHTS[2]!, { seed: 4, rows: 20 }, 'b');
    const second = await runNightly(listed, { now: new Date(now.getTime() + 60_000) });
    assert.deepEqual([second.ledger!.figures.newNights, second.ledger!.figures.rows], [2, 920]);
  });

  test('no manifest that is none, or leads out of its folder', async (t) => {
    const { data, config } = await setUp(t, NIGHTS.slice(0, 1));
    const listed = config({ manifest: join(data, '{date}', 'files.json') });
    const refused: [string, RegExp][] = [
      ['{"files": 3}', /files\.json.*expected a path a line.*got JSON without a list of files/s],
      ['[{"name": "a.parquet"}]', /got a file without a path/],
      ['{"files": [', /manifest of a night/],
      ['../../../etc/a.parquet', /\.\./],
      ['/etc/a.parquet', /etc/],
    ];
    for (const [text, message] of refused) {
      writeFileSync(join(data, NIGHTS[0]!, 'files.json'), text);
      await assert.rejects(planNights(listed, { now }), message, text);
    }
  });

  test('missed nights, the oldest first, as many as catchUp; a backfill takes its range, without the cap', async (t) => {
    const { out, config } = await setUp(
      t,
      NIGHTS.filter((night) => night !== NIGHTS[3]),
    );
    const two = config({ catchUp: 2 });
    const plan = await planNights(two, { now });
    assert.deepEqual(
      [namesOf(plan.take), namesOf(plan.left), plan.compared.missing],
      [NIGHTS.slice(0, 2), [NIGHTS[2], NIGHTS[4], NIGHTS[5]], [NIGHTS[3]]],
    );
    assert.ok(!existsSync(out), 'a plan makes nothing');
    const range = await runNightly(two, { now, from: NIGHTS[1], to: NIGHTS[4] });
    assert.deepEqual(namesOf(range.ledger!.nights), [NIGHTS[1], NIGHTS[2], NIGHTS[4]]);
    const rest = await runNightly(two, { now: new Date(now.getTime() + 60_000) });
    assert.deepEqual(namesOf(rest.ledger!.nights), [NIGHTS[0], NIGHTS[1], NIGHTS[2], NIGHTS[4], NIGHTS[5]]);
    assert.equal(rest.ledger!.figures.newNights, 2);
    const outside = await planNights(two, { now, from: '2025-01-01', to: '2025-02-01' });
    assert.deepEqual([outside.take, outside.leave], [[], []], 'of nights that are not in the window');
    await assert.rejects(runNightly(two, { now, from: '2026-02-30' }), /expected a day as 2026-11-23, got 2026-02-30/);
  });
});

describe('the commands', { timeout: 120_000 }, () => {
  test('nightly, history and rollback, as a person and as a program reads them', async (t) => {
    const { folder, out, config } = await setUp(t, NIGHTS.slice(0, 3));
    const file = join(folder, 'job.yaml');
    writeFileSync(file, JSON.stringify(config({ catchUp: 1 })));
    const nightly = (minutes: number, ...more: string[]) =>
      run(['nightly', file, '--now', new Date(now.getTime() + minutes * 60_000).toISOString(), ...more]);

    const dry = await nightly(0, '--dry-run');
    assert.equal(dry.code, 0, dry.stderr);
    assert.match(dry.stdout, /^to be counted: 2026-05-01$/m);
    assert.match(dry.stdout, /^for the next run: 2026-05-02, 2026-05-03$/m);
    const plan = await nightly(0, '--dry-run', '--json', '--from', NIGHTS[0]!, '--skip', NIGHTS[1]!);
    assert.deepEqual(namesOf(JSON.parse(plan.stdout).take), [NIGHTS[0], NIGHTS[2]]);
    assert.ok(!existsSync(out));

    const none = await run(['history', out]);
    assert.equal(none.code, 3);
    assert.match(none.stderr, /expected the output\.directory of nightly, got no latest\.json/);
    for (const minutes of [0, 1, 2]) {
      const { code, stdout, stderr } = await nightly(minutes);
      assert.equal(code, 0, stderr);
      assert.match(stdout, new RegExp(`^published 2026-05-07T03-0${minutes}Z: ${minutes + 1} nights`, 'm'));
    }
    const nothing = await nightly(3, '--nightly.gates.fresh', 'off');
    assert.match(nothing.stdout, /there is no new night/);
    const stale = await nightly(3, '--nightly.gates.fresh', '2');
    assert.equal(stale.code, 10, 'the newest night is three days old');
    assert.match(stale.stdout, /^gate fresh: FAILED/m);

    const shown = await run(['history', out]);
    assert.deepEqual(
      shown.stdout
        .trimEnd()
        .split('\n')
        .map((line) => line.replace(/, RB .*/, '')),
      [
        '* 2026-05-07T03-02Z  publish  3 nights, 900 rows',
        '  2026-05-07T03-01Z  publish  2 nights, 600 rows',
        '  2026-05-07T03-00Z  publish  1 nights, 300 rows',
      ],
    );
    const back = await run(['rollback', out, '2026-05-07T03-00Z']);
    assert.deepEqual([back.code, back.stdout], [0, '2026-05-07T03-00Z is in use, in place of 2026-05-07T03-02Z\n']);
    assert.equal(json(join(out, 'latest.json')).run, '2026-05-07T03-00Z');
    const lines = (await run(['history', out, '--json'])).stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    assert.deepEqual(
      lines.map(({ number, kind, inUse }) => [number, kind, inUse]),
      [
        [4, 'rollback', true],
        [3, 'publish', false],
        [2, 'publish', false],
        [1, 'publish', false],
      ],
    );
    // The next night goes on from there, and takes again what that run does not have.
    const next = await nightly(4);
    assert.match(next.stdout, /^published 2026-05-07T03-04Z: 2 nights, 600 rows$/m);

    const before = readFileSync(join(out, 'latest.json'));
    const wrong: [string[], number, RegExp][] = [
      [['rollback', out, '../../etc'], 3, /expected the name of a run as 2026-11-23T03-00Z, got \.\.\/\.\.\/etc/],
      [['rollback', out, '2020-01-01T00-00Z'], 3, /expected a finished run of nightly, got none/],
      [['rollback', out], 2, /expected the output\.directory of nightly and the name of a run/],
      [['history'], 2, /expected the output\.directory of nightly, got nothing/],
      [['nightly'], 2, /expected a configuration file or flags, got neither/],
      [['nightly', file, '--now', 'yesterday'], 2, /--now: expected a time with its zone/],
      [['nightly', file, '--to', NIGHTS[1]!], 2, /--from: expected a night beside --to/],
      [['nightly', file, '--accept', 'drif'], 2, /Did you mean drift\?/],
    ];
    for (const [args, code, message] of wrong) {
      const refused = await run(args);
      assert.equal(refused.code, code, args.join(' '));
      assert.match(refused.stderr, message);
    }
    assert.deepEqual(readFileSync(join(out, 'latest.json')), before);
  });

  test('rollback refuses a run of which retention has left half, by its own files or by those of others', async (t) => {
    const { out, config } = await setUp(t, NIGHTS.slice(0, 3));
    const each = config({ catchUp: 1 });
    for (const minutes of [0, 1, 2]) await runNightly(each, { now: new Date(now.getTime() + minutes * 60_000) });
    const [first, second] = ['2026-05-07T03-00Z', '2026-05-07T03-01Z'];
    const before = readFileSync(join(out, 'latest.json'));
    // What a kill within the removal of the first leaves: no manifest, and some of its files.
    rmSync(join(out, 'runs', first, 'manifest.json'));
    rmSync(join(out, 'runs', first, 'ledger.json'));
    const own = await run(['rollback', out, first]);
    assert.equal(own.code, 3, own.stderr);
    // The second is whole itself, and lists the first's files.
    assert.ok(existsSync(join(out, 'runs', second, 'manifest.json')));
    const others = await run(['rollback', out, second]);
    assert.equal(others.code, 3, others.stderr);
    assert.match(others.stderr, new RegExp(`got none of run ${first}, whose files it lists`));
    assert.deepEqual(readFileSync(join(out, 'latest.json')), before, 'the same run is in use');
  });
});
