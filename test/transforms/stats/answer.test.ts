import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { StageReport } from '../../../schemas/report.js';
import { balanceAnswer, biased, howSure, where } from '../../../transforms/stats/answer.js';
import { sentence } from '../../../transforms/stats/page/cells.js';
import { buildReport } from '../../../transforms/stats/report.js';
import { CERTIFICATE, finishedRun, INFEASIBLE } from './run.js';

interface Parts {
  /** Share and its interval; the target is 0.5. null: not known in any row. */
  readonly share?: readonly [number, number, number] | null;
  /** Largest AB and its interval. null: no pair is ranked. */
  readonly ab?: readonly [number, number, number] | null;
}

function stage({ share = [0.5, 0.4, 0.6], ab = [0.01, 0, 0.05] }: Parts): StageReport {
  const attribute =
    share === null
      ? { share: null, interval: { low: 0, high: 1 }, support: 0, rb: null }
      : { share: share[0], interval: { low: share[1], high: share[2] }, support: 40, rb: Math.abs(0.5 - share[0]) };
  return {
    stage: 'raw',
    rows: 100,
    weight: 100,
    rb: attribute.rb,
    ab: ab?.[0] ?? null,
    ess: 100,
    designEffect: 1,
    attributes: [{ attribute: 'female', target: 0.5, unknown: 0.6, ...attribute }],
    association: {
      value: ab?.[0] ?? null,
      attribute: ab === null ? null : 'female',
      label: ab === null ? null : 'nurse',
      interval: ab === null ? { low: 0, high: 1 } : { low: ab[1], high: ab[2] },
      mean: ab?.[0] ?? null,
      ranked: ab === null ? 0 : 3,
      unranked: 2,
    },
  };
}

test('bias is what chance does not explain: a target outside its interval, an AB whose interval is above 0', () => {
  const off = [0.3, 0.2, 0.4] as const;
  const bound = [0.2, 0.1, 0.3] as const;
  const cases: [Parts, string, RegExp][] = [
    [{ share: off, ab: bound }, 'bad', /^Yes, in representation and in association\.$/],
    [{ share: off }, 'bad', /^Yes, in representation\. No association stands out from chance\.$/],
    [{ share: off, ab: null }, 'bad', /^Yes, in representation\. No pair has enough support to judge association\.$/],
    [{ ab: bound }, 'bad', /^Yes, in association\. No share differs from its target by more than chance\.$/],
    [{}, 'good', /^No bias stands out from chance\.$/],
    [{ ab: null }, 'open', /^No bias stands out from chance\. No pair has enough support to judge association\.$/],
    [{ share: null, ab: null }, 'open', /^This cannot be told: no attribute is known in any row\.$/],
  ];
  for (const [parts, tone, said] of cases) {
    const { tone: got, text } = biased(stage(parts));
    assert.equal(got, tone, JSON.stringify(parts));
    assert.match(sentence(text), said);
  }
});

test('where: the share furthest from its target, and the largest association with its direction', () => {
  const raw = stage({ share: [0.3, 0.2, 0.4], ab: [0.2, 0.1, 0.3] });
  assert.equal(
    sentence(where(raw, { difference: 0.2, ratio: 3 })),
    'female is the case in 30.0 % of the 40 rows in which it is known; the target is 50.0 %. nurse is 20.0 points commoner with female than without, 3.00 times as often: the largest association.',
  );
  assert.match(
    sentence(where(raw, { difference: -0.2, ratio: null })),
    /nurse is 20\.0 points rarer with female than without: the/,
  );
  assert.match(sentence(where(raw, undefined)), /nurse goes most with female\.$/);
  assert.equal(sentence(where(stage({ share: null, ab: null }), undefined)), '');
});

test('how sure: both intervals, for how many pairs, and how many were not judged', () => {
  assert.equal(
    sentence(howSure(stage({ share: [0.3, 0.2, 0.4], ab: [0.2, 0.1, 0.3] }), 0.95, 30)),
    'With 95 % confidence the share of female lies from 20.0 to 40.0 %, and the largest AB from 0.1000 to 0.3000, which holds for all 3 ranked pairs at once. 2 pairs with a support under 30 are not ranked.',
  );
});

test('the answer of a run is good only where every constraint is met', () => {
  const of = (certificate = CERTIFICATE) => balanceAnswer(buildReport(finishedRun(certificate)));
  assert.equal(of().tone, 'good');
  assert.equal(of(INFEASIBLE).tone, 'bad');
  assert.equal(of({ ...INFEASIBLE, feasible: true }).tone, 'bad');
  assert.equal(of({ ...INFEASIBLE, feasible: null }).tone, 'bad');
  const said = of().findings.map(({ question, answer }) => `${question} ${sentence(answer)}`);
  assert.deepEqual(
    said.map((s) => s.split('?')[0]),
    ['Were the data biased', 'Where', 'How sure is that', 'What did M4 change'],
  );
  assert.match(
    said[3]!,
    /RB went from 0\.1000 to 0\.\d{4} and AB .* A random sample of the same rate has RB 0\.\d{4} and AB 0\.\d{4}\.$/,
  );
});

test('a run that only counts answers what the data are, not what M4 did', () => {
  const { balance: _, ...counted } = finishedRun();
  const { tone, findings } = balanceAnswer(
    buildReport({ ...counted, dropped: { unreadable: 3, words: 12, 'words (2)': 12 } }),
  );
  assert.equal(tone, 'bad');
  assert.equal(findings.length, 3);
});
