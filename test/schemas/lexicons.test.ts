import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { BUILT_IN_ATTRIBUTE_VALUES, BUILT_IN_LABEL_LEXICONS } from '../../schemas/config.js';

const file = (lexicon: string) => `transforms/tag/lexicons/${lexicon}.tsv`;

/** Distinct values of a lexicon's terms; `-` marks a term that says nothing of the attribute. */
function valuesIn(lexicon: string): string[] {
  const [, ...terms] = readFileSync(file(lexicon), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  return [...new Set(terms.map((line) => line.split('\t')[1]))].filter((value) => value !== '-').sort();
}

describe('the built-in lexicons', () => {
  for (const [lexicon, values] of Object.entries(BUILT_IN_ATTRIBUTE_VALUES)) {
    test(`${lexicon} has the values that the configuration knows`, () => {
      assert.deepEqual(valuesIn(lexicon), [...values].sort());
    });
  }
  for (const lexicon of BUILT_IN_LABEL_LEXICONS)
    test(`${lexicon} is there`, () => assert.ok(existsSync(file(lexicon))));
});
