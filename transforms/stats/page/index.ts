/** report.html from a report. */
import type { Report } from '../../../schemas/report.js';
import { readAssets } from './assets.js';
import { balancePage } from './balance-page.js';
import { renderHtml } from './render.js';

/**
 * The page of a report, as one file of HTML that needs no network. All that comes from the data is text in it, never mark-up.
 * Throws InvariantError where the build's script and style are missing.
 */
export function renderPage(report: Report): string {
  return renderHtml(balancePage(report), readAssets());
}
