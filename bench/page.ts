/** page: the time until a report of 10,000 pairs is drawn in Chromium, and until a table of the same rows without a script is. */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser } from 'playwright-core';
import { findChromium, openChromium } from '../scripts/chromium.js';
import { renderPage } from '../transforms/stats/page/index.js';
import { contest } from './contest.js';
import type { Absent, Contestant } from './contestant.js';
import { medianOf, type Outcome, speedRatio } from './figures.js';
import { cacheFolder, type Options } from './options.js';
import { syntheticReport } from './synthetic-report.js';

const PAIRS = 10_000;
const ATTRIBUTES = ['female', 'older'];
const WINDOW = { width: 1600, height: 1000 };
/** Of the issue: seconds. */
const GOAL = 1;

/** Milliseconds since the page was asked for, in the second frame that is drawn after it is complete. */
const DRAWN =
  'new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now()))))';

/** Opens a file in a fresh window. */
async function reader(name: string, browser: Browser, file: string): Promise<Contestant> {
  return {
    name,
    async run() {
      const context = await browser.newContext({ viewport: WINDOW });
      const page = await context.newPage();
      await page.goto(pathToFileURL(file).href);
      const milliseconds = (await page.evaluate(DRAWN)) as number;
      const plots = await page.locator('.plot svg').count();
      await context.close();
      return { seconds: milliseconds / 1000, plots };
    },
    close: () => undefined,
  };
}

export async function page(options: Options): Promise<Outcome> {
  const report = syntheticReport({ pairs: PAIRS, attributes: ATTRIBUTES, label: (i) => `label ${i}` });
  const title = `report.html of ${PAIRS.toLocaleString('en-US')} pairs, from a file, in a browser that runs`;
  const executable = findChromium();
  if (executable === undefined)
    return { title, entries: [], ratios: [], notes: ['No Chromium: npm run test:page installs it.'] };
  const folder = cacheFolder(options, 'page');
  const [ours, plain] = ['report.html', 'table.html'].map((name) => join(folder, name));
  const rows = report.pairs.map(({ label, attribute, raw, balanced }) => {
    const cells = [label, attribute, ...Object.values(raw), ...Object.values(balanced!)];
    return `<tr>${cells.map((cell) => `<td>${typeof cell === 'object' ? JSON.stringify(cell) : cell}</td>`).join('')}</tr>`;
  });
  writeFileSync(ours!, renderPage(report));
  writeFileSync(plain!, `<!doctype html><meta charset="utf-8"><table>${rows.join('\n')}</table>`);
  const browser = await openChromium(executable);
  try {
    const starts: (() => Promise<Contestant | Absent>)[] = [
      () => reader('report.html', browser, ours!),
      () => reader('a plain table', browser, plain!),
    ];
    const { entries } = await contest(starts, options.runs);
    const [entry, peer] = entries;
    return {
      title,
      entries,
      ratios: [
        { what: 'seconds until it is drawn', value: medianOf(entry!, 'seconds'), most: GOAL },
        speedRatio(entry!, peer!),
      ],
      notes: [`Chromium ${browser.version()}.`],
    };
  } finally {
    await browser.close();
    rmSync(folder, { recursive: true });
  }
}
