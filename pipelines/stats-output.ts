/** The files that `stats` and `merge` publish, from a state. */
import type { Config } from '../schemas/config.js';
import type { StatsReport } from '../schemas/stats-report.js';
import type { State } from '../schemas/stats-state.js';
import { renderPage } from '../transforms/stats/page/index.js';
import { encodeState } from '../transforms/stats/state.js';
import { buildStatsReport } from '../transforms/stats/stats-report.js';
import type { Part } from '../transforms/write/commit-parts.js';

export const STATE_FILE = 'state.json';
export const PAGE_FILE = 'report.html';
const REPORT_FILE = 'report.json';

/** The options with which figures are computed from a state. */
export function optionsOf({ report, stats }: Pick<Config, 'report' | 'stats'>): State['options'] {
  const { minimumSupport, confidence, worst } = report;
  return { minimumSupport, confidence, worst, pairs: stats.pairs, values: stats.shownValues, words: stats.shownWords };
}

/** The report of a state, and what is published of both. */
export function statsParts(state: State): { report: StatsReport; parts: Part[] } {
  const report = buildStatsReport(state);
  return {
    report,
    parts: [
      { path: REPORT_FILE, kind: 'report', format: 'json', text: `${JSON.stringify(report, null, 2)}\n` },
      { path: PAGE_FILE, kind: 'page', format: 'html', text: renderPage(report) },
      { path: STATE_FILE, kind: 'state', format: 'json', text: encodeState(state) },
    ],
  };
}
