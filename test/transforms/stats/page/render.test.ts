import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Block, Page, Table } from '../../../../schemas/page.js';
import { readAssets } from '../../../../transforms/stats/page/assets.js';
import { balancePage } from '../../../../transforms/stats/page/balance-page.js';
import { sentence } from '../../../../transforms/stats/page/cells.js';
import { renderPage } from '../../../../transforms/stats/page/index.js';
import { renderHtml } from '../../../../transforms/stats/page/render.js';
import { statsPage } from '../../../../transforms/stats/page/stats-page.js';
import { buildReport } from '../../../../transforms/stats/report.js';
import { statsReportOf } from '../../../page/stats-report.js';
import { CERTIFICATE, finishedRun, INFEASIBLE } from '../run.js';

const report = buildReport(finishedRun());
const stats = statsReportOf((i) => `name ${i}`);

function tablesOf(blocks: readonly Block[]): Table[] {
  return blocks.flatMap((block): Table[] => {
    if (block.kind === 'table') return [block];
    if (block.kind === 'details') return tablesOf(block.blocks);
    return block.kind === 'figure' && block.data !== undefined ? [block.data] : [];
  });
}

const tables = (page: Page) => page.sections.flatMap(({ blocks }) => tablesOf(blocks));

/** Plots of a page by type, each with its figure's id. */
const plots = (page: Page) =>
  page.sections.flatMap(({ blocks }) =>
    blocks.flatMap((b) => (b.kind === 'figure' ? [`${b.id}: ${b.plot.type}`] : [])),
  );

test('the page of a balanced run has the answer, then rate, pairs, attributes, filters, weights', () => {
  const page = balancePage({ ...report, rates: [{ rate: 0.5, rb: 0.1, ab: null, violation: 0, ess: 100 }] });
  assert.deepEqual(
    page.sections.map(({ title }) => title),
    [
      'Rate and certificate',
      'Worst pairs',
      'Attributes',
      'Filters',
      'Weights',
      'Problems in the input',
      'How to read this',
    ],
  );
  assert.deepEqual(plots(page), [
    'rates: curves',
    'pairs-intervals: forest',
    'pairs-map: heatmap',
    'attributes-shares: intervals',
    'rows: waterfall',
    'rb: waterfall',
    'ab: waterfall',
    'weights: histogram',
  ]);
});

test('ids are unique, every row has a cell for each column, and a plot that follows a table finds it', () => {
  for (const certificate of [CERTIFICATE, INFEASIBLE]) {
    const page = balancePage(buildReport(finishedRun(certificate)));
    const ids = [...page.sections.map(({ id }) => id), ...tables(page).map(({ id }) => id)];
    assert.equal(new Set(ids).size, ids.length, ids.join());
    for (const { id, columns, rows } of tables(page)) {
      for (const row of rows) assert.equal(row.length, columns.length, id);
    }
    for (const { blocks } of page.sections) {
      for (const block of blocks) {
        if (block.kind !== 'figure' || block.plot.type !== 'forest') continue;
        const { table, series } = block.plot;
        const { columns } = tables(page).find(({ id }) => id === table)!;
        for (const { name, value, interval } of series) {
          assert.deepEqual([columns[value]!.kind, columns[value]!.group], ['signed', name]);
          assert.deepEqual([columns[interval]!.kind, columns[interval]!.group], ['range', name]);
        }
      }
    }
  }
});

test('the page of stats has the sets and models side by side, then all that there is of each', () => {
  const page = statsPage(stats);
  const titles = page.sections.map(({ title }) => title);
  const each = (set: string) =>
    [
      'Worst pairs',
      'Attributes',
      'Labels',
      'Filters',
      'By domain',
      'Distributions',
      'Words',
      'Weights',
      'Problems in the input',
    ].map((title) => `${set}: ${title}`);
  assert.deepEqual(titles, [
    'Side by side',
    ...each('data'),
    ...each('other'),
    'model: Worst pairs of its predictions',
    'model: What it predicts of people',
    'How to read this',
  ]);
  assert.deepEqual(
    page.answers.map(({ of, tone }) => [of, tone]),
    [
      ['data', 'bad'],
      ['other', 'bad'],
      ['model', 'bad'],
    ],
  );
  const weights = page.answers[0]!.findings.find(({ question }) => question === 'What do the weights change?');
  assert.match(
    sentence(weights!.answer),
    /^RB went from 0\.1000 to 0\.0100 .* A random sample of the same rate has RB 0\.1050/,
  );
  const ids = [...page.sections.map(({ id }) => id), ...tables(page).map(({ id }) => id)];
  assert.equal(new Set(ids).size, ids.length, ids.join());
  for (const { id, columns, rows } of tables(page))
    for (const row of rows) assert.equal(row.length, columns.length, id);
});

test('one data set alone needs no name and no comparison', () => {
  const page = statsPage({ ...stats, sets: stats.sets.slice(0, 1), models: [] });
  assert.deepEqual([page.sections[0]!.title, page.answers[0]!.of], ['Worst pairs', null]);
});

test('the waterfall of rows ends at the rows kept, each step where the one before ended', () => {
  const page = balancePage(report);
  const rows = page.sections.flatMap(({ blocks }) => blocks).find((b) => b.kind === 'figure' && b.id === 'rows');
  assert.ok(rows?.kind === 'figure' && rows.plot.type === 'waterfall');
  const { steps } = rows.plot;
  assert.deepEqual([steps[0]!.to, steps.at(-1)!.to], [report.rows.read, report.rows.kept]);
  for (let i = 1; i < steps.length - 1; i++) assert.equal(steps[i]!.from, steps[i - 1]!.to);
  assert.equal(steps.at(-2)!.to, report.rows.kept);
});

test('what is not in the report is said, not drawn: no rates, no ranked pairs, nothing balanced', () => {
  assert.match(
    JSON.stringify(balancePage(report).sections[0]),
    /Bias at other rates is not in this report: report\.rates is 0/,
  );
  const none = balancePage({ ...report, pairs: [] });
  assert.match(JSON.stringify(none.sections), /No pair of attribute and label has enough support to be ranked\./);
  const { balance: _, ...counted } = finishedRun();
  const page = balancePage(buildReport({ ...counted, dropped: { unreadable: 3, words: 12, 'words (2)': 12 } }));
  assert.equal(page.sections[0]!.title, 'Worst pairs');
  assert.ok(!page.sections.some(({ title }) => title === 'Weights'));
});

test('rates of a sample are called an estimate, those of all patterns are not', () => {
  const rates = [{ rate: 0.5, rb: 0.1, ab: null, violation: 0, ess: 100 }];
  const told = (more: { ratesSample?: number }) =>
    JSON.stringify(balancePage({ ...report, rates, ...more }).sections[0]);
  assert.match(
    told({ ratesSample: 20_000 }),
    /exact fit of a sample of 20,000 of the patterns that were counted: an estimate\./,
  );
  assert.match(told({}), /exact fit of the patterns that were counted\./);
  assert.doesNotMatch(told({}), /estimate/);
});

test('the policy of a page lets its own script run, by its hash, and nothing else', () => {
  const made = renderPage(report);
  const scripts = [...made.matchAll(/<script>([\s\S]*?)<\/script>/g)].map(([, script]) => script!);
  assert.equal(scripts.length, 1);
  const hash = createHash('sha256').update(scripts[0]!).digest('base64');
  assert.match(
    made,
    /content="default-src &#39;none&#39;; script-src &#39;sha256-|content="default-src 'none'; script-src 'sha256-/,
  );
  assert.ok(made.includes(`sha256-${hash}`));
  assert.doesNotMatch(made.replace(scripts[0]!, ''), /(?:src|href)="(?!#)|url\(|@import/);
});

test('whatever the names, the page has the elements that it has with harmless ones, and its data come back', () => {
  const name = fc.string({ unit: 'binary', maxLength: 40 });
  const assets = { script: 'run()', style: 'p{}' };
  const elements = (text: string) => text.match(/<[a-zA-Z!/][^\s>]*/g);
  const of = (attribute: string, label: string, file: string) => {
    const run = finishedRun(INFEASIBLE);
    return balancePage(
      buildReport({
        ...run,
        names: { attributes: [attribute], labels: [label, `${label}x`, `${label}y`] },
        problems: { count: 1, list: [{ file, rows: null, message: file }] },
      }),
    );
  };
  const expected = elements(renderHtml(of('a', 'b', 'c'), assets));
  fc.assert(
    fc.property(
      name,
      name,
      name,
      fc.constantFrom('</script><script>alert(1)</script>', '<!--', '"><img src=x>'),
      (a, b, c, bad) => {
        const page = of(`${bad}${a}`, `${b}${bad}`, `${bad}${c}`);
        const made = renderHtml(page, assets);
        assert.deepEqual(elements(made), expected);
        const json = /<script type="application\/json" id="page">(.*?)<\/script>/s.exec(made)![1]!;
        assert.deepEqual(JSON.parse(json), JSON.parse(JSON.stringify(page)));
      },
    ),
    { numRuns: 50 },
  );
});

test('the script and the style of the build can stand in a page', () => {
  const { script, style } = readAssets();
  assert.ok(script.length > 100_000 && style.length > 1000);
  assert.match(script, /Observable, Inc\./);
});
