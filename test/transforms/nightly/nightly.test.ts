import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { InputError } from '../../../schemas/errors.js';
import { gatesSchema, nightlySchema } from '../../../schemas/nightly-config.js';
import { encodePatterns } from '../../../transforms/balance/pattern-bytes.js';
import { addPatterns, createPatterns } from '../../../transforms/balance/patterns.js';
import { compareNights } from '../../../transforms/nightly/compare.js';
import { createGates, type NewNight } from '../../../transforms/nightly/gates.js';
import { metricsOf, prometheusText } from '../../../transforms/nightly/metrics.js';
import {
  factorOf,
  forNight,
  namesNight,
  nightsBetween,
  nightsDue,
  parseNight,
  runNameOf,
} from '../../../transforms/nightly/nights.js';
import { totalPatterns } from '../../../transforms/nightly/total.js';

const now = new Date('2026-03-02T03:00:00Z');
const file = (path: string, stamp = '1') => ({ path, bytes: 10, stamp });

describe('nights', () => {
  test('are days of the calendar, over the ends of months and leap days', () => {
    assert.deepEqual(nightsBetween('2028-02-28', '2028-03-01'), ['2028-02-28', '2028-02-29', '2028-03-01']);
    assert.deepEqual(nightsBetween('2026-03-02', '2026-03-01'), []);
    assert.throws(() => parseNight('2026-02-30', 'night'), InputError);
    assert.throws(() => parseNight('yesterday', 'night'), InputError);
  });

  test('due are those of the window, up to the lag', () => {
    assert.deepEqual(nightsDue(now, nightlySchema.parse({ window: '2d' })), ['2026-02-28', '2026-03-01']);
    assert.equal(nightsDue(now, nightlySchema.parse({})).length, 30);
    assert.equal(nightsDue(now, nightlySchema.parse({ halfLife: '3d' })).length, 30);
    assert.equal(factorOf('2026-02-26', '2026-03-01', { halfLife: '3d' }), 0.5);
    assert.equal(factorOf('2026-02-26', '2026-03-01', {}), 1);
  });

  test('have their paths, and runs their names', () => {
    assert.equal(forNight('a/{date}/{yyyy}/{mm}-{dd}', '2026-11-23'), 'a/2026-11-23/2026/11-23');
    assert.deepEqual(['{date}', '{yyyy}{mm}{dd}', '{yyyy}', 'x'].map(namesNight), [true, true, false, false]);
    assert.equal(runNameOf(new Date('2026-11-23T03:00:59Z')), '2026-11-23T03-00Z');
  });
});

describe('what is new', () => {
  const ledger = {
    nights: ['2026-01-01', '2026-01-02', '2026-01-03'].map((night) => ({ night, inputs: [file(`${night}/a`)] })),
    skipped: [{ night: '2026-01-05', inputs: [file('2026-01-05/a')] }],
  } as never;

  test('is told file by file', () => {
    const compared = compareNights(
      [
        { night: '2026-01-01', inputs: [file('2026-01-01/a')] },
        { night: '2026-01-02', inputs: [file('2026-01-02/a', '2'), file('2026-01-02/b')] },
        { night: '2026-01-03', inputs: [] },
        { night: '2026-01-04', inputs: [] },
        { night: '2026-01-05', inputs: [file('2026-01-05/a')] },
        { night: '2026-01-06', inputs: [file('2026-01-06/a')] },
        { night: '2026-01-07', inputs: [], waiting: 'no marker' },
      ],
      ledger,
    );
    assert.deepEqual(compared.same, ['2026-01-01']);
    assert.deepEqual(compared.missing, ['2026-01-04']);
    assert.deepEqual(compared.waiting, [{ night: '2026-01-07', reason: 'no marker' }]);
    assert.deepEqual(
      compared.changes.map(({ night, kind, added, replaced, removed }) => [night, kind, added, replaced, removed]),
      [
        ['2026-01-02', 'changed', ['2026-01-02/b'], ['2026-01-02/a'], []],
        ['2026-01-03', 'removed', [], [], ['2026-01-03/a']],
        ['2026-01-06', 'new', ['2026-01-06/a'], [], []],
      ],
    );
  });

  test('is a skipped night once its files are others', () => {
    const { changes } = compareNights([{ night: '2026-01-05', inputs: [file('2026-01-05/a', '2')] }], ledger);
    assert.deepEqual(
      changes.map(({ night, kind }) => [night, kind]),
      [['2026-01-05', 'new']],
    );
  });
});

describe('the total', () => {
  test('of nights is what one table of all their rows is, in any cut', () => {
    const row = fc.record({ s: fc.integer({ min: 0, max: 2 }), y: fc.subarray([0, 1, 2]), night: fc.nat(3) });
    fc.assert(
      fc.property(fc.array(row, { minLength: 1, maxLength: 60 }), (rows) => {
        const tableOf = (some: typeof rows) => {
          const table = createPatterns(1, 3, 1000);
          for (const { s, y } of some) {
            const tags = {
              rows: 1,
              attributes: Uint8Array.of(s),
              offsets: Uint32Array.of(0, y.length),
              labels: Uint16Array.from(y),
            };
            addPatterns(table, tags);
          }
          return table;
        };
        const nights = [0, 1, 2, 3].map((n) => encodePatterns(tableOf(rows.filter(({ night }) => night === n))));
        const shape = { m: 1, c: 3, limit: 1000 };
        const total = totalPatterns(
          nights.map((patterns) => ({ patterns, factor: 1 })),
          shape,
        );
        assert.deepEqual(encodePatterns(total), encodePatterns(tableOf(rows)));
        const half = totalPatterns(
          nights.map((patterns) => ({ patterns, factor: 0.5 })),
          shape,
        );
        assert.equal(half.rows, rows.length / 2);
      }),
    );
  });
});

describe('gates', () => {
  const night: NewNight = {
    night: '2026-01-09',
    rows: 100,
    dropped: { words: 0.1 },
    unknown: { female: 0.2 },
    drifts: [],
    sameAs: undefined,
  };
  const before = { rows: [100, 110, 90], shares: { rows: 300, dropped: { words: 0.1 }, unknown: { female: 0.2 } } };
  const failedBy = (given: Partial<NewNight>, past = before, accepted: string[] = []) => {
    const gates = createGates(gatesSchema.parse({}), accepted);
    gates.night({ ...night, ...given }, past);
    return gates.failed().map(({ gate }) => gate);
  };

  test('let a usual night pass', () => assert.deepEqual(failedBy({}), []));
  test('each stop what it is for, alone', () => {
    assert.deepEqual(failedBy({ rows: 49 }), ['rows']);
    assert.deepEqual(failedBy({ rows: 201 }), ['rows']);
    assert.deepEqual(failedBy({ dropped: { words: 0.3 } }), ['dropped']);
    assert.deepEqual(failedBy({ dropped: { words: 0.1, side: 0.2 } }), ['dropped']);
    assert.deepEqual(failedBy({ unknown: { female: 0.9 } }), ['unknown']);
    assert.deepEqual(failedBy({ sameAs: '2026-01-08' }), ['repeated']);
    const drift = { label: 'x', before: 0.1, after: 0.3 };
    assert.deepEqual(failedBy({ drifts: [{ ...drift, drifted: true }] }), ['drift']);
    assert.deepEqual(failedBy({ drifts: [{ ...drift, drifted: false }] }), [], 'no more than chance');
  });
  test('compare with no fewer than three nights', () => {
    assert.deepEqual(failedBy({ rows: 1 }, { ...before, rows: [100, 100] }), []);
  });
  test('are passed where a person lets them', () => assert.deepEqual(failedBy({ rows: 1 }, before, ['rows']), []));
  test('say nothing where they are off', () => {
    const gates = createGates(gatesSchema.parse({ rows: 'off' }), []);
    gates.night({ ...night, rows: 1 }, before);
    assert.ok(gates.results.every(({ gate }) => gate !== 'rows') && gates.results.length === 4);
  });
  test('of the fit and of the set stop at their thresholds', () => {
    const gates = createGates(gatesSchema.parse({}), []);
    gates.version('a', 'b');
    gates.fresh('2026-01-01', 4);
    gates.fit({ largestRate: 0.7, gap: 2e-6, previous: { largestRate: 1 } });
    gates.set({ rb: 0.021, ab: 0.11, ess: 9, kept: 100 });
    assert.deepEqual(
      gates.failed().map(({ gate }) => gate),
      ['version', 'fresh', 'rate', 'gap', 'ess', 'rb', 'ab'],
    );
    gates.results.length = 0;
    gates.version(undefined, 'b');
    gates.fresh('2026-01-01', 3);
    gates.fit({ largestRate: 0.8, gap: 1e-6, previous: { largestRate: 1 } });
    gates.set({ rb: 0.02, ab: 0.1, ess: 10, kept: 100 });
    assert.deepEqual(gates.failed(), []);
  });
});

test('figures for Prometheus have a name, a type and a value, each once', () => {
  const figures = {
    ...{ nights: 3, newNights: 1, rows: 30, newRows: 10, kept: 28, written: 20, rb: 0.01, ab: null, ess: 20 },
    ...{ rate: 0.7, largestRate: 0.7, gap: 1e-9, steps: 4, warm: true },
  };
  const text = prometheusText(metricsOf({ at: 1.5, succeeded: true, figures }));
  const samples = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  assert.ok(
    samples.every((line) => /^m4_balance_[a-z_]+ -?[\d.e+-]+$/.test(line)),
    text,
  );
  assert.ok(samples.includes('m4_balance_largest_rate 0.7') && !text.includes('m4_balance_ab'));
  assert.equal(new Set(samples.map((line) => line.split(' ')[0])).size, samples.length);
});
