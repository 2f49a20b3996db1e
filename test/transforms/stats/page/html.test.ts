import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { cellText, sentence, visible } from '../../../../transforms/stats/page/cells.js';
import { html, scriptJson } from '../../../../transforms/stats/page/html.js';

test('what is inserted into HTML is text, in order, however nested; HTML of ours stays', () => {
  const inner = html`<b>${'<&>'}</b>`;
  const quotes = '"\'';
  assert.equal(
    html`<p title="${quotes}">${[1, [inner, 'x']]}</p>`.text,
    '<p title="&quot;&#39;">1<b>&lt;&amp;&gt;</b>x</p>',
  );
});

test('no text inserted into HTML opens a tag or ends an attribute', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const made = html`${text}`.text;
      assert.doesNotMatch(made, /[<>"']/);
      assert.equal(
        made
          .replaceAll('&lt;', '<')
          .replaceAll('&gt;', '>')
          .replaceAll('&quot;', '"')
          .replaceAll('&#39;', "'")
          .replaceAll('&amp;', '&'),
        text,
      );
    }),
  );
});

test('JSON in a script element holds no <, and is the same value', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom('</script>', '<!--', ''), (value, text) => {
      const made = scriptJson({ value, text }).text;
      assert.ok(!made.includes('<'));
      assert.deepEqual(JSON.parse(made), JSON.parse(JSON.stringify({ value, text })));
    }),
  );
});

test('a name is bounded and shows what would steer its reader; joiners stay', () => {
  assert.equal(visible('a\u0000b\u202ec\ud800d\u2028'), 'a\\u{0}b\\u{202e}c\\u{d800}d\\u{2028}');
  assert.equal(visible('👩‍🚒 می‌خواهم'), '👩‍🚒 می‌خواهم');
  assert.equal(Array.from(visible('😀'.repeat(1000))).length, 200);
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (name) => {
      assert.doesNotMatch(visible(name), /[\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069]/u);
    }),
  );
});

test('cells are shown as the terminal shows them, signed figures with their sign, nothing as a dash', () => {
  assert.equal(cellText('count', 1234567), '1,234,567');
  assert.equal(cellText('figure', 0.12345), '0.1235');
  assert.equal(cellText('signed', -0.06), '−0.0600');
  assert.equal(cellText('signed', 0.06), '+0.0600');
  assert.equal(cellText('percent', 0.5), '50.0 %');
  assert.equal(cellText('range', [0.1, 0.2]), '0.1000 to 0.2000');
  assert.equal(cellText('range', [-0.1, 0.2]), '−0.1000 to +0.2000');
  assert.equal(cellText('percents', [0.1, 0.2]), '10.0 to 20.0 %');
  assert.equal(cellText('ratio', null), '–');
  assert.equal(sentence(['a ', { name: 'b\u0007' }, '.']), 'a b\\u{7}.');
});
