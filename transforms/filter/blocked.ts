/** Blocked terms in captions. */
import { ConfigError } from '../../schemas/errors.js';
import { utf8Column } from '../tag/column.js';
import { splitTerm } from '../tag/lexicon.js';
import { readListFile } from '../tag/read-lexicon.js';
import { compileScanner } from '../tag/scanner.js';
import { type Filter, filterName } from './filter.js';

/**
 * Terms of a file, one a line; empty lines and lines that start with # are left out.
 * @throws InputError where it cannot be read.
 */
export function readTerms(path: string): string[] {
  return readListFile(path)
    .replace(/^\ufeff/, '')
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
}

/**
 * Drops captions with any of the terms, as whole words in any case (`compileScanner` says what that is); no plurals are added.
 * @throws ConfigError for terms of other characters than words, spaces, hyphens and apostrophes.
 */
export function blockedFilter({
  column,
  terms,
  file,
}: {
  readonly column: string;
  readonly terms?: readonly string[] | undefined;
  readonly file?: string | undefined;
}): Filter {
  const all = [...(terms ?? []), ...(file === undefined ? [] : readTerms(file))];
  const bad = all.filter((term) => splitTerm(term) === undefined);
  if (bad.length > 0) {
    throw new ConfigError(
      bad
        .slice(0, 10)
        .map((term) => `blocked: expected words, spaces, hyphens and apostrophes, got ${JSON.stringify(term)}`),
    );
  }
  const name = filterName('blocked', column, 'text');
  const scanner = compileScanner([
    { name, plurals: false, entries: all.map((term, i) => ({ term, value: 'blocked', line: i + 1 })) },
  ]);
  return {
    name,
    reasons: [`${name}: term`, `${name}: null`],
    columns: [column],
    select(batch, drop, firstCode) {
      const { rows, offsets, values, valid } = utf8Column(batch, column);
      for (let i = 0; i < rows; i++) {
        if (drop[i] !== 0) continue;
        if (valid !== undefined && valid[i] === 0) drop[i] = firstCode + 1;
        else if (scanner.scan(values, offsets[i]!, offsets[i + 1]!) > 0) drop[i] = firstCode;
      }
    },
  };
}
