/** Example captions on their way through the whole command: from Parquet to what a reader sees. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Bool, Utf8 } from 'apache-arrow';
import type { AxeResults } from 'axe-core';
import { type StatsReport, statsReportSchema } from '../../schemas/stats-report.js';
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

async function countExamples(folder: string): Promise<{ report: StatsReport; html: string; stdout: string }> {
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
    output: { directory: join(folder, 'out') },
  };
  writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
  const { code, stdout, stderr } = await run(['stats', join(folder, 'config.json')]);
  assert.equal(code, 0, stderr);
  return {
    report: statsReportSchema.parse(readJson(join(folder, 'out'), 'report.json')),
    html: readFileSync(join(folder, 'out', 'report.html'), 'utf8'),
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

test('a pair has captions of rows that pass, have the label, and tell the attribute; the terminal has none', async (t) => {
  const { report, stdout } = await countExamples(scratch(t));
  const { examples } = report.sets[0]!.pairs[0]!;
  for (const [captions, value] of [
    [examples!.present, true],
    [examples!.absent, false],
  ] as const) {
    assert.equal(new Set(captions).size, WANTED);
    for (const caption of captions) {
      const { text, s, y, seen } = rows[Number.parseInt(caption, 10)]!;
      assert.deepEqual({ s, y, passes: seen !== null }, { s: value, y: true, passes: true });
      assert.equal(caption, text.length > 300 ? `${Array.from(text).slice(0, 299).join('')}…` : text);
    }
  }
  const kinds = new Set(
    [...examples!.present, ...examples!.absent].map((one) => Number.parseInt(one, 10) % CAPTIONS.length),
  );
  assert.equal(kinds.size, CAPTIONS.length, 'every kind of hostile caption is among them');
  assert.doesNotMatch(stdout, /onerror|ممرضة|😀/);
});

describe('example captions in Chromium', needsChromium, () => {
  let reader: Reader;
  before(async () => {
    reader = await startReader();
  });
  after(() => reader.close());

  test('are text, each in its own direction, folded until a reader opens them; axe-core finds nothing', async (t) => {
    const { report, html } = await countExamples(scratch(t));
    const { examples } = report.sets[0]!.pairs[0]!;
    const expected = [...examples!.present, ...examples!.absent].map(shownOf);
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
