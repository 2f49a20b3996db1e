/** A report's page in a real browser, opened from a file as a reader would. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { findChromium, openChromium } from '../../scripts/chromium.js';

const executable = findChromium();

/** Options for `describe`: skips, and says how the browser is had, where there is none. */
export const needsChromium = {
  skip:
    executable === undefined
      ? 'no Chromium ($CHROMIUM or on $PATH); to install it: npm run test:page'
      : (false as const),
};

export interface Opened {
  readonly page: Page;
  /** What a reader should never see: messages of the console, errors, dialogs, and requests for anything but the file. */
  readonly trouble: string[];
}

export interface Reader {
  /** Writes the page to a file and opens that. */
  open(html: string, options?: BrowserContextOptions): Promise<Opened>;
  close(): Promise<void>;
}

export async function startReader(): Promise<Reader> {
  const browser: Browser = await openChromium(executable!);
  const folder = mkdtempSync(join(tmpdir(), 'm4-page-'));
  let files = 0;
  return {
    async open(html, options) {
      const file = join(folder, `report-${files++}.html`);
      writeFileSync(file, html);
      const url = pathToFileURL(file).href;
      const context = await browser.newContext(options);
      const page = await context.newPage();
      const trouble: string[] = [];
      page.on('console', (message) => trouble.push(`${message.type()}: ${message.text()}`));
      page.on('pageerror', (error) => trouble.push(`error: ${error.message}`));
      page.on('dialog', (dialog) => {
        trouble.push(`dialog: ${dialog.message()}`);
        void dialog.dismiss();
      });
      page.on('request', (request) => {
        if (request.url().split('#')[0] !== url) trouble.push(`request: ${request.url()}`);
      });
      await page.goto(url);
      return { page, trouble };
    },
    async close() {
      await browser.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
