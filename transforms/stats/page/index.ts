/** report.html from a report. */

import type { Report } from '../../../schemas/report.js';
import type { StatsReport } from '../../../schemas/stats-report.js';
import { readAssets } from './assets.js';
import { balancePage } from './balance-page.js';
import { renderHtml } from './render.js';
import { statsPage } from './stats-page.js';

/**
 * The page of a report of `balance` or of `stats`, as one file of HTML that needs no network. All that comes from the data is text in it, never mark-up.
 * Throws InvariantError where the build's script and style are missing.
 */
export function renderPage(report: Report | StatsReport): string {
  return renderHtml('kind' in report ? statsPage(report) : balancePage(report), readAssets());
}
