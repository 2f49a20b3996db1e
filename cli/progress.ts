/** Progress as a bar on a terminal, as lines in a log, or as JSON for a program. */
import { Presets, SingleBar } from 'cli-progress';
import type { Progress } from './job.js';
import { escapeControls, printJson, printLine, type Terminal } from './terminal.js';

export interface ProgressDisplay {
  update(progress: Progress): void;
  log(level: 'info' | 'warn', message: string): void;
  stop(): void;
}

/** A log line of progress at most this often. */
const LINE_MILLISECONDS = 5000;
/** JSON events may come more often: a program reads them. */
const EVENT_MILLISECONDS = 1000;
/** The first rates of a phase are of compilation, not of reading. */
const WARM_UP_MILLISECONDS = 1000;

const count = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** `1:02:03`, `2:03` or `3 s`. */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const two = (n: number) => String(n).padStart(2, '0');
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : m > 0 ? `${m}:${two(s)}` : `${s} s`;
}

/** Rates are of the phase: passes differ in speed. */
function pace(progress: Progress, milliseconds: number): { rate?: number; left?: number } {
  if (milliseconds < WARM_UP_MILLISECONDS || progress.rows === 0) return {};
  const rate = (progress.rows / milliseconds) * 1000;
  return { rate, ...(progress.total > 0 && { left: Math.max(0, progress.total - progress.rows) / rate }) };
}

/** `fit: 1,200 of 2,000 rows (60 %), 400 rows/s, 2 s left`; `milliseconds` since the phase began. */
export function progressLine(progress: Progress, milliseconds: number): string {
  const { rate, left } = pace(progress, milliseconds);
  const share = Math.floor((100 * progress.rows) / progress.total);
  return [
    progress.total > 0
      ? `${progress.phase}: ${count.format(progress.rows)} of ${count.format(progress.total)} rows (${share} %)`
      : `${progress.phase}: ${count.format(progress.rows)} rows`,
    ...(rate === undefined ? [] : [`${count.format(rate)} rows/s`]),
    ...(left === undefined ? [] : [`${formatDuration(left)} left`]),
  ].join(', ');
}

/** Milliseconds since the phase of the last progress began. */
function phaseClock(now: () => number): (phase: string) => number {
  let current: string | undefined;
  let since = 0;
  return (phase) => {
    if (phase !== current) [current, since] = [phase, now()];
    return now() - since;
  };
}

/** Lets through the first progress of a phase, its end, and one in every interval. */
function limiter(interval: number, now: () => number): (progress: Progress) => boolean {
  let phase: string | undefined;
  let last = Number.NEGATIVE_INFINITY;
  return (progress) => {
    const ended = progress.total > 0 && progress.rows >= progress.total;
    if (progress.phase === phase && !ended && now() - last < interval) return false;
    [phase, last] = [progress.phase, now()];
    return true;
  };
}

function bar({ stderr }: Terminal, now: () => number): ProgressDisplay {
  const clock = phaseClock(now);
  // Signals are ours to handle, so no gracefulExit.
  const single = new SingleBar(
    {
      stream: stderr,
      format: '[{bar}] {line}',
      hideCursor: true,
      clearOnComplete: true,
      gracefulExit: false,
      barsize: 24,
    },
    Presets.legacy,
  );
  let running = false;
  const stop = () => {
    if (running) single.stop();
    running = false;
  };
  return {
    update(progress) {
      const payload = { line: escapeControls(progressLine(progress, clock(progress.phase))) };
      const total = Math.max(1, progress.total);
      if (running) {
        single.setTotal(total);
        single.update(Math.min(progress.rows, total), payload);
      } else single.start(total, Math.min(progress.rows, total), payload);
      running = true;
    },
    log(level, message) {
      stop();
      printLine(stderr, level === 'warn' ? `warning: ${message}` : message);
    },
    stop,
  };
}

function lines({ stderr }: Terminal, now: () => number): ProgressDisplay {
  const clock = phaseClock(now);
  const due = limiter(LINE_MILLISECONDS, now);
  return {
    update(progress) {
      const elapsed = clock(progress.phase);
      if (due(progress)) printLine(stderr, progressLine(progress, elapsed));
    },
    log: (level, message) => printLine(stderr, level === 'warn' ? `warning: ${message}` : message),
    stop() {},
  };
}

function events({ stdout }: Terminal, now: () => number): ProgressDisplay {
  const due = limiter(EVENT_MILLISECONDS, now);
  return {
    update(progress) {
      if (due(progress)) printJson(stdout, { event: 'progress', ...progress });
    },
    log: (level, message) => printJson(stdout, { event: 'log', level, message }),
    stop() {},
  };
}

/** Warnings are not silenced: a quiet run must still say that it dropped rows. */
function warnings({ stderr }: Terminal): ProgressDisplay {
  return {
    update() {},
    log(level, message) {
      if (level === 'warn') printLine(stderr, `warning: ${message}`);
    },
    stop() {},
  };
}

export function progressDisplay(
  terminal: Terminal,
  options: { readonly json: boolean; readonly quiet: boolean },
  now: () => number = () => performance.now(),
): ProgressDisplay {
  if (options.json) return events(terminal, now);
  if (options.quiet) return warnings(terminal);
  return terminal.stderr.isTTY ? bar(terminal, now) : lines(terminal, now);
}
