import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { describe, test } from 'node:test';
import type { Progress } from '../../cli/job.js';
import { formatDuration, progressDisplay, progressLine } from '../../cli/progress.js';

const at = (phase: string, rows: number, total = 2000): Progress => ({
  phase,
  rows,
  total,
  counters: new Map([['words', 7]]),
});

function recorded(options: { json: boolean; quiet: boolean; tty?: boolean }) {
  const [stdout, stderr] = [
    new PassThrough(),
    Object.assign(new PassThrough(), { isTTY: options.tty ?? false, columns: 100 }),
  ];
  const clock = { milliseconds: 0 };
  const display = progressDisplay({ stdout, stderr }, options, () => clock.milliseconds);
  const text = (stream: PassThrough) => String(stream.read() ?? '');
  return { clock, display, out: () => text(stdout), err: () => text(stderr) };
}

describe('a line of progress', () => {
  test('has rows, share, rate and time left', () => {
    assert.equal(progressLine(at('fit', 1500), 3000), 'fit: 1,500 of 2,000 rows (75 %), 500 rows/s, 1 s left');
  });
  test('has no rate in the first second of a phase', () => {
    assert.equal(progressLine(at('fit', 1500), 500), 'fit: 1,500 of 2,000 rows (75 %)');
  });
  test('has no share where the total is not known', () => {
    assert.equal(progressLine(at('fit', 1500, 0), 3000), 'fit: 1,500 rows, 500 rows/s');
  });
  test('tells hours and minutes', () => {
    assert.deepEqual([3, 63, 3723, -1].map(formatDuration), ['3 s', '1:03', '1:02:03', '0 s']);
  });
});

describe('in a log', () => {
  test('a phase gives a line at its start and end, and one every few seconds', () => {
    const { clock, display, out, err } = recorded({ json: false, quiet: false });
    for (let rows = 0; rows <= 2000; rows += 20) {
      display.update(at('fit', rows));
      clock.milliseconds += 100;
    }
    display.update(at('write', 0));
    const lines = err().trimEnd().split('\n');
    assert.deepEqual(lines, [
      'fit: 0 of 2,000 rows (0 %)',
      'fit: 1,000 of 2,000 rows (50 %), 200 rows/s, 5 s left',
      'fit: 2,000 of 2,000 rows (100 %), 200 rows/s, 0 s left',
      'write: 0 of 2,000 rows (0 %)',
    ]);
    assert.equal(out(), '');
  });

  test('a name from the data is escaped', () => {
    const { display, err } = recorded({ json: false, quiet: false });
    display.update(at('\x1b[2J', 0));
    display.log('warn', 'x\x1b[2Jy');
    assert.equal(err(), '\\x1b[2J: 0 of 2,000 rows (0 %)\nwarning: x\\x1b[2Jy\n');
  });
});

describe('for a program', () => {
  test('each line is an event', () => {
    const { display, out, err } = recorded({ json: true, quiet: false });
    display.update(at('fit', 5));
    display.log('info', 'patterns: 193');
    const events = out()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown);
    assert.deepEqual(events, [
      { event: 'progress', phase: 'fit', rows: 5, total: 2000, counters: { words: 7 } },
      { event: 'log', level: 'info', message: 'patterns: 193' },
    ]);
    assert.equal(err(), '');
  });
});

describe('when quiet', () => {
  test('only warnings are told', () => {
    const { display, out, err } = recorded({ json: false, quiet: true });
    display.update(at('fit', 5));
    display.log('info', 'patterns: 193');
    display.log('warn', '3 rows are unreadable');
    assert.equal(err(), 'warning: 3 rows are unreadable\n');
    assert.equal(out(), '');
  });
});

describe('on a terminal', () => {
  test('a bar is drawn, and a message does not leave half a bar behind', () => {
    const { clock, display, out, err } = recorded({ json: false, quiet: false, tty: true });
    display.update(at('fit', 0));
    clock.milliseconds = 2000;
    display.update(at('fit', 1000));
    display.log('warn', '3 rows are unreadable');
    display.update(at('fit', 1500));
    display.stop();
    const text = err();
    assert.match(text, /\[=*-+\] fit: 0 of 2,000 rows/);
    assert.match(text, /(^|\n|\p{Cc}\[[\d;]*[A-Za-z])warning: 3 rows are unreadable\n/u);
    assert.equal(out(), '');
  });
});
