/** Example captions on their way through the whole command: from Parquet to what a reader sees. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Bool, Field, List, Utf8 } from 'apache-arrow';
import type { AxeResults } from 'axe-core';
import type { Captions } from '../../schemas/page.js';
import { runReportSchema } from '../../schemas/report.js';
import { statsReportSchema } from '../../schemas/stats-report.js';
import { type State, stateSchema } from '../../schemas/stats-state.js';
import { run } from '../end-to-end/command.js';
import { batchOf, saveParquet } from '../end-to-end/inputs.js';
import { readJson } from '../end-to-end/outputs.js';
import { scratch } from '../end-to-end/scratch.js';
import { needsChromium, type Reader, startReader } from './browser.js';

const AXE = createRequire(import.meta.url).resolve('axe-core');
const ROWS = 120;
const WANTED = 10;

/** Captions as the web has them, by what a page is to show. */
const CAPTIONS: readonly (readonly [caption: string, shown: string])[] = [
  ['</script><img src=x onerror=alert(1)>', '</script><img src=x onerror=alert(1)>'],
  ['<!--<script>alert(2)</script>', '<!--<script>alert(2)</script>'],
  ['ممرضة في المستشفى', 'ممرضة في المستشفى'],
  ['אחות (1) \u202e desrever', 'אחות (1) \\u{202e} desrever'],
  ['\u0000\u001b[31m\n red', '\\u{0}\\u{1b}[31m\\u{a} red'],
  ['&lt;already&gt; &amp; "quoted\'', '&lt;already&gt; &amp; "quoted\''],
  ['😀'.repeat(400), `${'😀'.repeat(299)}…`],
];

/** Every caption occurs in rows of each kind, told apart by a number at its front. */
const rows = Array.from({ length: ROWS }, (_, i) => ({
  text: `${i}: ${CAPTIONS[i % CAPTIONS.length]![0]}`,
  s: i % 5 === 0 ? null : i % 2 === 0,
  y: i % 3 !== 0,
  seen: i % 4 === 0 ? null : '2026-11-25',
}));

/** Ways to a report with captions: a command with a section of its configuration. */
const WAYS = [
  { command: 'stats', more: {} },
  { command: 'balance', more: { balance: { rate: 0.5 } } },
  { command: 'balance', more: { balance: { rate: 0.5, fit: 'online' } } },
] as const;
type Way = (typeof WAYS)[number];
const titleOf = ({ command, more }: Way) => `${command} ${JSON.stringify(more)}`;

interface Told {
  readonly examples: Captions;
  readonly state: State;
  readonly html: string;
  readonly stdout: string;
}

async function countExamples(folder: string, { command, more }: Way): Promise<Told> {
  const column = (name: keyof (typeof rows)[number], type: Bool | Utf8) =>
    [name, { type, values: rows.map((row) => row[name]) }] as const;
  await saveParquet(
    join(folder, 'a.parquet'),
    batchOf([column('text', new Utf8()), column('s', new Bool()), column('y', new Bool()), column('seen', new Utf8())]),
    17,
  );
  const config = {
    input: { files: join(folder, 'a.parquet') },
    filters: [{ present: { columns: ['seen'] } }],
    attributes: { female: { column: 's' } },
    labels: [{ columns: ['y'] }],
    report: { minimumSupport: 1, examples: WANTED },
    ...more,
    output: { directory: join(folder, 'out') },
  };
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
  const { code, stdout, stderr } = await run([command, join(folder, 'config.json')]);
  assert.equal(code, 0, stderr);
  const out = join(folder, 'out');
  const json = readJson(out, 'report.json');
  const [pair] = command === 'stats' ? statsReportSchema.parse(json).sets[0]!.pairs : runReportSchema.parse(json).pairs;
  return {
    examples: pair!.examples!,
    state: stateSchema.parse(readJson(out, command === 'stats' ? 'state.json' : 'counts/state.json')),
    html: readFileSync(join(out, 'report.html'), 'utf8'),
    stdout,
  };
}

const shownOf = (caption: string): string => {
  const number = Number.parseInt(caption, 10);
  const prefix = `${number}: `;
  const shown = CAPTIONS[number % CAPTIONS.length]![1];
  // The number takes places of the 300, too.
  return shown.endsWith('…') ? `${prefix}${'😀'.repeat(299 - prefix.length)}…` : prefix + shown;
};

for (const way of WAYS) {
  test(`${titleOf(way)}: a pair has captions of rows that pass, have the label, and tell the attribute; the terminal has none`, async (t) => {
    const { examples, stdout } = await countExamples(scratch(t), way);
    for (const [captions, value] of [
      [examples.present, true],
      [examples.absent, false],
    ] as const) {
      assert.equal(new Set(captions).size, WANTED);
      for (const caption of captions) {
        const { text, s, y, seen } = rows[Number.parseInt(caption, 10)]!;
        assert.deepEqual({ s, y, passes: seen !== null }, { s: value, y: true, passes: true });
        assert.equal(caption, text.length > 300 ? `${Array.from(text).slice(0, 299).join('')}…` : text);
      }
    }
    const kinds = new Set(
      [...examples.present, ...examples.absent].map((one) => Number.parseInt(one, 10) % CAPTIONS.length),
    );
    assert.equal(kinds.size, CAPTIONS.length, 'every kind of hostile caption is among them');
    assert.doesNotMatch(stdout, /onerror|ممرضة|😀/);
  });
}

test('one pass of statistics, two passes and one pass of balancing keep the same captions', async (t) => {
  const [stats, ...balanced] = await Promise.all(WAYS.map((way) => countExamples(scratch(t), way)));
  for (const { examples, state } of balanced) {
    assert.deepEqual(examples, stats!.examples);
    assert.deepEqual(state.sets[0]!.examples, stats!.state.sets[0]!.examples);
  }
});

test('more captions than are kept are refused by the plan and by the run', async (t) => {
  const folder = scratch(t);
  const names = Array.from({ length: 6000 }, (_, i) => `label ${i}`);
  const labels = new List(new Field('item', new Utf8()));
  const column = ['labels', { type: labels, values: rows.map(() => [names[0]!]) }] as const;
  const text = ['text', { type: new Utf8(), values: rows.map((row) => row.text) }] as const;
  const s = ['s', { type: new Bool(), values: rows.map((row) => row.s) }] as const;
  await saveParquet(join(folder, 'a.parquet'), batchOf([text, s, column]));
  const config = {
    input: { files: join(folder, 'a.parquet') },
    attributes: { female: { column: 's' } },
    labels: [{ list: 'labels', names }],
    report: { examples: WANTED },
    output: { directory: join(folder, 'out') },
  };
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
  for (const more of [[], ['--dry-run']]) {
    const { code, stderr } = await run(['balance', join(folder, 'config.json'), ...more]);
    assert.notEqual(code, 0);
    assert.match(stderr, /report.examples: expected at most 100000 captions in all, got 1 attributes x 6000 labels/);
  }
});

describe('example captions in Chromium', needsChromium, () => {
  let reader: Reader;
  before(async () => {
    reader = await startReader();
  });
  after(() => reader.close());

  for (const way of WAYS.slice(0, 2))
    test(`${way.command}: are text, each in its own direction, folded until a reader opens them; axe-core finds nothing`, async (t) => {
      const { examples, html } = await countExamples(scratch(t), way);
      const expected = [...examples.present, ...examples.absent].map(shownOf);
      for (const javaScriptEnabled of [true, false]) {
        for (const width of [400, 1600]) {
          const { page, trouble } = await reader.open(html, { viewport: { width, height: 900 }, javaScriptEnabled });
          const captions = page.locator('[data-table="pairs"] details.captions');
          const first = captions.locator('li').first();
          assert.equal(await first.isVisible(), false);
          await captions.locator('summary').focus();
          await page.keyboard.press('Enter');
          assert.equal(await first.isVisible(), true);
          assert.deepEqual(await captions.locator('li').allTextContents(), expected);
          assert.equal(await captions.locator('img, script').count(), 0);
          const directions = await page.evaluate(
            "Array.from(document.querySelectorAll('.captions li'), (li) => li.dir + ' ' + getComputedStyle(li).unicodeBidi)",
          );
          assert.deepEqual(new Set(directions as string[]), new Set(['auto isolate']));
          assert.equal(await page.evaluate('document.documentElement.scrollWidth - window.innerWidth'), 0);
          assert.deepEqual(trouble, []);
          if (javaScriptEnabled) {
            await page.evaluate(readFileSync(AXE, 'utf8'));
            const { violations } = (await page.evaluate('axe.run()')) as AxeResults;
            assert.deepEqual(
              violations.map(({ id, nodes }) => `${id}: ${nodes[0]!.html}`),
              [],
            );
          }
          await page.context().close();
        }
      }
    });
});
