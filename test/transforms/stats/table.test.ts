import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Certificate } from '../../../schemas/report.js';
import { columns, printable, wrap } from '../../../transforms/stats/layout.js';
import { buildReport } from '../../../transforms/stats/report.js';
import { renderReport } from '../../../transforms/stats/table.js';
import { CERTIFICATE, finishedRun, INFEASIBLE } from './run.js';

const text = (certificate?: Certificate) => renderReport(buildReport(finishedRun(certificate)), 120).join('\n');

test('a balanced run says so first, with its rate and the biases before and after', () => {
  assert.match(
    text(),
    /^Balanced within tolerance at rate 0\.5: RB 0\.1000 to 0\.\d{4}, AB 0\.\d{4} to 0\.\d{4}\. Of 603 rows/,
  );
});

test('an infeasible rate is said first, with the largest that is feasible and what is violated', () => {
  const said = text(INFEASIBLE).replaceAll('\n', ' ');
  assert.match(said, /^NOT balanced within tolerance: at rate 0\.5 not every constraint can be met\./);
  assert.match(
    said,
    /largest feasible rate is 0\.286142\. Violated: female by 0\.117478, female with nurse by 0\.05\./,
  );
});

test('a fit that misses a feasible rate is not called balanced', () => {
  assert.match(text({ ...INFEASIBLE, feasible: true }), /^NOT balanced within tolerance, although rate 0\.5 allows it/);
  assert.match(text({ ...CERTIFICATE, largestFeasibleRate: null, feasible: false, violation: 0.1 }), /in sum by 0\.1/);
});

test('a violation at a rate that may or may not be feasible is not blamed on the rate', () => {
  const said = text({ ...INFEASIBLE, largestFeasibleRate: null, feasible: null }).replaceAll('\n', ' ');
  assert.match(said, /^NOT balanced within tolerance at rate 0\.5; whether this rate allows it is not known/);
});

test('the table has rows by reason, every stage, the attributes, the worst pairs and the notes', () => {
  const said = text();
  for (const line of [
    /^dropped: unreadable +3 +0\.5 %$/m,
    /^kept +\d+ +\d+\.\d %$/m,
    /^raw +600 +600 +0\.\d{4} +0\.\d{4} +0\.\d{4} to 0\.\d{4} +0\.\d{4} +female, nurse$/m,
    /^words \(2\) +576 /m,
    /^balanced +576 /m,
    /^resampled +\d+ /m,
    /^random +\d+ /m,
    /^female +0\.5000 +0\.\d{4} +0\.\d{4} /m,
    /^female, nurse +\d+ +0\.\d{4} /m,
    /^Weights: mean 0\.\d{4}, \d+\.\d % at 0, \d+\.\d % at the maximum of 1; effective sample size \d+ of 576/m,
    /^Certificate \(exact fit, 12 steps\): primal 0\.0378553, dual 0\.0378553, relative gap 2\.0e-10/m,
    /^1 pair with a support under 30 in the raw data is listed/m,
    /^1 problem in the input: a\.parquet: row group 2 is truncated\.$/m,
  ]) {
    assert.match(said, line);
  }
});

test('a run that only counts says that nothing was balanced', () => {
  const { balance: _, ...counted } = finishedRun();
  const report = buildReport({ ...counted, dropped: { unreadable: 3, words: 12, 'words (2)': 12 } });
  assert.match(renderReport(report, 100)[0], /^Nothing was balanced/);
});

test('hostile names neither drive the terminal nor break the table, at any width', () => {
  const name = fc.string({ unit: 'binary', maxLength: 60 });
  fc.assert(
    fc.property(name, name, name, fc.integer({ min: 60, max: 200 }), (attribute, label, file, width) => {
      const run = finishedRun(INFEASIBLE);
      const lines = renderReport(
        buildReport({
          ...run,
          names: { attributes: [`\u001b[2J${attribute}`], labels: [`\u202e${label}`, 'person\r\n', 'rare'] },
          problems: { count: 1, list: [{ file, rows: null, message: `\u0007${file}` }] },
        }),
        width,
      );
      for (const line of lines) {
        assert.ok(Array.from(line).length <= width, line);
        assert.doesNotMatch(line, /[\p{C}\p{Zl}\p{Zp}]/u);
      }
    }),
  );
});

test('control, bidirectional and unpaired characters are shown by number, others as they are', () => {
  assert.equal(printable('a\u001b[31m\n\u202eb\u2028\ud800'), 'a\\u{1b}[31m\\u{a}\\u{202e}b\\u{2028}\\u{d800}');
  assert.equal(printable('Köchin 厨师 \u{1f469}'), 'Köchin 厨师 \u{1f469}');
});

test('columns align, and the widest names are cut first', () => {
  const rows = [
    ['name', 'n'],
    ['a long name that is cut', '1'],
    ['short', '1,000'],
  ];
  assert.deepEqual(columns(rows, 'lr', 80), [
    'name                         n',
    'a long name that is cut      1',
    'short                    1,000',
  ]);
  assert.deepEqual(columns(rows, 'lr', 17), ['name            n', 'a long na…      1', 'short       1,000']);
  assert.deepEqual(columns([['abcdefghijkl', '123456']], 'lr', 12), ['abcdefg…  1…']);
});

test('sentences break at spaces, and a word longer than the line is cut', () => {
  assert.deepEqual(wrap('one two three', 8), ['one two', 'three']);
  assert.deepEqual(wrap('incomprehensible', 8), ['incompr…']);
});
