import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { escapeControls, printJson, printLine } from '../../cli/terminal.js';

/** What a function prints. */
function printed(print: (stream: PassThrough) => void): string {
  const stream = new PassThrough();
  print(stream);
  return String(stream.read());
}

describe('a printed line', () => {
  test('shows what would steer a terminal', () => {
    assert.equal(escapeControls('\x1b]0;owned\x07'), '\\x1b]0;owned\\x07');
    assert.equal(escapeControls('a\rb\nc\td\x7f'), 'a\\x0db\\x0ac\\x09d\\x7f');
    assert.equal(escapeControls('\x9b31m'), '\\x9b31m');
    assert.equal(escapeControls('gpj\u202egnp.exe\u2066'), 'gpj\\u202egnp.exe\\u2066');
    assert.equal(escapeControls('a\u2028b'), 'a\\u2028b');
  });

  test('leaves captions of any language alone', () => {
    const captions = ['a café', '写真', 'фото', 'صورة', '👩🏽‍🔬 at work'];
    for (const caption of captions) assert.equal(escapeControls(caption), caption);
  });

  test('is one line, whatever it holds', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const line = printed((s) => printLine(s, text));
        assert.doesNotMatch(line.slice(0, -1), /[\p{Cc}\p{Bidi_Control}]/u);
        assert.equal(line.at(-1), '\n');
      }),
    );
  });
});

describe('a line of JSON', () => {
  test('steers no terminal and reads back the same', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const line = printed((s) => printJson(s, { text }));
        assert.doesNotMatch(line.slice(0, -1), /[\p{Cc}\p{Bidi_Control}]/u);
        assert.deepEqual(JSON.parse(line), { text });
      }),
    );
  });

  test('holds maps and large integers', () => {
    const value = { counters: new Map([['words', 3]]), rows: 12n, more: 2n ** 60n };
    assert.deepEqual(JSON.parse(printed((s) => printJson(s, value))), {
      counters: { words: 3 },
      rows: 12,
      more: '1152921504606846976',
    });
  });
});
