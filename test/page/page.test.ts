import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, describe, test } from 'node:test';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';
import { syntheticReport } from '../../bench/synthetic-report.js';
import { runReportSchema } from '../../schemas/report.js';
import { statsReportSchema } from '../../schemas/stats-report.js';
import { renderPage } from '../../transforms/stats/page/index.js';
import { needsChromium, type Reader, startReader } from './browser.js';
import { statsReportOf } from './stats-report.js';

const AXE = createRequire(import.meta.url).resolve('axe-core');
const WIDTHS = [400, 1600];
const HEIGHT = 900;

/** Names as the open web has them. */
const HOSTILE = [
  '</script><img src=x onerror=alert(1)>',
  '<svg onload=alert(2)>',
  '"><b onmouseover=alert(3)>x</b>',
  '<!--<script>alert(4)</script>',
  'ممرضة',
  'אחות \u202e reversed',
  '\u0000\u0007 control \ud800',
  "' style='position:fixed;inset:0",
  `long ${'x'.repeat(500)}`,
  '&lt;already&gt; &amp;',
];

const plain = syntheticReport({ pairs: 300, attributes: ['female', 'older'], label: (i) => `label ${i}` });
const hostile = syntheticReport({
  pairs: 60,
  attributes: ['female', HOSTILE[0]!, HOSTILE[4]!],
  label: (i) => `${HOSTILE[i % HOSTILE.length]} ${i}`,
  filter: HOSTILE[1]!,
});
const stats = statsReportOf((i) => `${HOSTILE[i % HOSTILE.length]} ${i}`);
const html = renderPage(plain);

const overflow = (page: Page) => page.evaluate('document.documentElement.scrollWidth - window.innerWidth');

/** Texts of a column of the table of pairs, from the top. */
const column = (page: Page, number: number) =>
  page.locator(`[data-table="pairs"] tbody tr > :nth-child(${number})`).allTextContents();

const status = (page: Page) => page.locator('[data-table="pairs"] [role=status]').textContent();

/** What axe-core finds; it is put into the page as a debugger would, past the page's policy. */
async function axe(page: Page): Promise<string[]> {
  await page.evaluate(readFileSync(AXE, 'utf8'));
  const { violations } = (await page.evaluate('axe.run()')) as AxeResults;
  return violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html).join(' ')}`);
}

describe('a report in Chromium', needsChromium, () => {
  let reader: Reader;
  before(async () => {
    reader = await startReader();
  });
  after(() => reader.close());

  test('the reports of these tests are reports', () => {
    assert.deepEqual(runReportSchema.parse(plain), plain);
    runReportSchema.parse(hostile);
    assert.deepEqual(statsReportSchema.parse(stats), stats);
  });

  for (const width of WIDTHS) {
    for (const colorScheme of ['light', 'dark'] as const) {
      test(`opens from disk at ${width} px, ${colorScheme}: quiet, whole, and axe-core finds nothing`, async () => {
        for (const [name, content] of [
          ['plain', html],
          ['hostile', renderPage(hostile)],
          ['stats', renderPage(stats)],
        ] as const) {
          const { page, trouble } = await reader.open(content, { viewport: { width, height: HEIGHT }, colorScheme });
          await page.locator('[data-figure$="pairs-intervals"] svg').first().waitFor();
          assert.equal(await overflow(page), 0, `${name}: wider than the window`);
          await page.evaluate("for (const details of document.querySelectorAll('details')) details.open = true");
          assert.equal(await overflow(page), 0, `${name}: wider than the window once opened`);
          assert.deepEqual(trouble, [], name);
          assert.deepEqual(await axe(page), [], name);
          await page.context().close();
        }
      });
    }
  }

  test('every plot is a picture with a name and a description', async () => {
    const { page } = await reader.open(html);
    for (const title of [
      'Rate against bias',
      'How much commoner a label is with the attribute than without',
      'Labels by attributes',
      'Shares of the attributes',
      'Rows, and where they went',
      'RB from stage to stage',
      'AB from stage to stage',
      'How the weights spread',
    ]) {
      const picture = page.getByRole('img', { name: title, exact: true });
      await picture.waitFor();
      const described = await picture.getAttribute('aria-describedby');
      assert.match((await page.locator(`#${described}`).textContent())!, /\w/);
      assert.ok((await picture.locator('path, rect, line, circle').count()) > 3, title);
    }
    await page.context().close();
  });

  test('sorts by a heading, by mouse and by keyboard: figures the largest first, then turned; the plot follows', async () => {
    const { page, trouble } = await reader.open(html);
    const table = page.locator('[data-table="pairs"]');
    const plot = page.locator('[data-figure="pairs-intervals"]');
    await plot.locator('svg').waitFor();
    const before = await plot.innerHTML();
    const support = table.getByRole('button', { name: 'support' }).first();
    await support.click();
    const heading = table.locator('th[aria-sort]');
    assert.equal(await heading.getAttribute('aria-sort'), 'descending');
    const numbers = (await column(page, 3)).map((text) => Number(text.replaceAll(',', '')));
    const all = plain.pairs.map(({ raw }) => raw.support).sort((a, b) => b - a);
    assert.deepEqual(numbers, all.slice(0, numbers.length));
    assert.notEqual(await plot.innerHTML(), before);

    await support.focus();
    await page.keyboard.press('Enter');
    assert.equal(await heading.getAttribute('aria-sort'), 'ascending');
    assert.equal(Number((await column(page, 3))[0]), all.at(-1));

    // A ratio that cannot be told comes last in both orders.
    const ratio = table.getByRole('button', { name: 'ratio' }).first();
    for (const order of ['descending', 'ascending']) {
      await ratio.click();
      assert.equal(await heading.getAttribute('aria-sort'), order);
      assert.ok(
        (await column(page, 6)).every((text) => text !== '–'),
        order,
      );
    }
    // By size: a strong association with the absence of the attribute is as bad as one with it.
    await table.getByRole('button', { name: 'difference' }).first().click();
    const sizes = (await column(page, 4)).map((text) => Number(text.slice(1)));
    assert.deepEqual(
      sizes,
      [...sizes].sort((a, b) => b - a),
    );
    assert.deepEqual(trouble, []);
    await page.context().close();
  });

  test('filters by words and by attribute, says how many there are, and shows more when asked', async () => {
    const { page, trouble } = await reader.open(html);
    const table = page.locator('[data-table="pairs"]');
    assert.equal(await status(page), '300 rows, 25 shown');
    await table.getByLabel('Filter').fill('LABEL 12');
    // 12, 112 and 120 to 129, of two attributes each.
    assert.equal(await status(page), '24 of 300 rows');
    await table.getByLabel('attribute').selectOption({ label: 'older' });
    assert.equal(await status(page), '12 of 300 rows');
    assert.deepEqual(new Set(await column(page, 2)), new Set(['older']));
    await page.getByRole('img', { name: 'How much commoner' }).getByText('label 12 · older').waitFor();
    await table.getByLabel('Filter').fill('no such label');
    assert.equal(await status(page), '0 of 300 rows');
    await page.getByText('No rows match.').waitFor();

    await table.getByLabel('Filter').fill('');
    await table.getByLabel('attribute').selectOption({ label: 'all' });
    await table.getByRole('button', { name: 'Show 100 more' }).click();
    assert.equal((await column(page, 1)).length, 125);
    assert.equal(await page.evaluate("document.activeElement.closest('tr').rowIndex - 1"), 26);
    await table.getByRole('button', { name: 'Show all 300' }).click();
    assert.equal((await column(page, 1)).length, 300);
    assert.equal(await status(page), '300 rows');
    assert.deepEqual(trouble, []);
    await page.context().close();
  });

  test('shows hostile names as the text that they are, and runs none of it', async () => {
    const { page, trouble } = await reader.open(renderPage(hostile));
    const table = page.locator('[data-table="pairs"]');
    await table
      .getByRole('button', { name: /Show all|Show 35 more/ })
      .first()
      .click();
    const labels = await column(page, 1);
    assert.equal(labels.length, 60);
    for (const name of [HOSTILE[0], HOSTILE[1], HOSTILE[3], HOSTILE[4], HOSTILE[9]]) {
      assert.ok(
        labels.some((label) => label.startsWith(name!)),
        name,
      );
    }
    assert.ok(labels.some((label) => label.includes('\\u{202e}')));
    assert.ok(labels.some((label) => label.includes('\\u{0}\\u{7}')));
    await table.getByLabel('Filter').fill('onerror');
    assert.ok((await column(page, 1)).length > 0);
    for (const heading of await table.locator('thead button').all()) await heading.click();
    for (const cell of await page.locator('bdi').all())
      if (await cell.isVisible()) await cell.hover({ timeout: 1000, force: true });
    assert.equal(await page.locator('img, b, iframe, [onload], [onerror], [onmouseover]').count(), 0);
    assert.equal(await page.locator('script').count(), 2);
    assert.equal(await page.locator('[style*="position:fixed"]').count(), 0);
    assert.deepEqual(trouble, []);
    await page.context().close();
  });

  test('keeps the direction of a right-to-left name to itself', async () => {
    const { page } = await reader.open(renderPage(hostile));
    assert.equal((await page.locator('td bdi', { hasText: HOSTILE[4]! }).count()) > 0, true);
    const kinds = "Array.from(document.querySelectorAll('bdi'), (bdi) => getComputedStyle(bdi).unicodeBidi)";
    assert.deepEqual(new Set((await page.evaluate(kinds)) as string[]), new Set(['isolate']));
    await page.context().close();
  });

  test('says it all without its script: the answer, the worst pairs, the certificate', async () => {
    const { page, trouble } = await reader.open(html, { javaScriptEnabled: false });
    const text = await page.locator('main').innerText();
    for (const said of [
      /Balanced within tolerance at rate 0\.5: RB 0\.1000 to 0\.0100, AB 0\.3000 to 0\.0300\./,
      /Where\?/,
      /label 0 is 30\.0 points commoner with female than without/,
      /largest feasible rate\s+0\.6/,
      /The first 25 of 300; report\.json has all\./,
    ]) {
      assert.match(text, said);
    }
    assert.equal((await column(page, 1)).length, 25);
    assert.deepEqual(trouble, []);
    await page.context().close();
  });

  test('prints its plots at the width of paper, without controls, and light', async () => {
    const { page } = await reader.open(html, { viewport: { width: 1600, height: HEIGHT }, colorScheme: 'dark' });
    await page.locator('[data-figure="pairs-intervals"] svg').waitFor();
    await page.evaluate("dispatchEvent(new Event('beforeprint'))");
    await page.emulateMedia({ media: 'print' });
    const widths = await page.evaluate(
      "Array.from(document.querySelectorAll('.plot svg'), (svg) => svg.width.baseVal.value)",
    );
    assert.ok((widths as number[]).length >= 8 && (widths as number[]).every((width) => width <= 700), String(widths));
    assert.equal(await page.getByLabel('Filter').first().isVisible(), false);
    assert.equal(await page.evaluate('getComputedStyle(document.body).backgroundColor'), 'rgb(255, 255, 255)');
    assert.ok((await page.pdf({ format: 'A4' })).length > 20_000);
    await page.context().close();
  });

  test('holds 10,000 pairs, and finds the last of them', async () => {
    const many = syntheticReport({ pairs: 10_000, attributes: ['female', 'older'], label: (i) => `label ${i}` });
    const { page, trouble } = await reader.open(renderPage(many));
    await page.locator('[data-table="pairs"]').getByLabel('Filter').fill('label 4999');
    assert.equal(await status(page), '2 of 10,000 rows');
    await page.locator('[data-table="pairs"]').getByLabel('Filter').fill('');
    await page.getByRole('button', { name: 'Show all 10,000' }).click();
    assert.equal((await column(page, 1)).length, 10_000);
    assert.deepEqual(trouble, []);
    await page.context().close();
  });
});
