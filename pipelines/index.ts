export { renderReport } from '../transforms/stats/table.js';
export { type RunResult, runBalance } from './balance.js';
export type { Progress, RunHooks } from './hooks.js';
export { type PlanSummary, planBalance } from './plan.js';
