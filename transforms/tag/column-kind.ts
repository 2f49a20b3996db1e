/** What an Arrow type, as apache-arrow prints it, can be tagged as. */
import type { ColumnInfo } from '../../schemas/split.js';

export type ColumnKind = 'boolean' | 'number' | 'string' | 'strings' | 'other';

/** boolean, number, string (also dictionary-encoded), strings (a list of them), or other. */
export function kindOf({ type }: ColumnInfo): ColumnKind {
  if (type === 'Bool') return 'boolean';
  if (/^(?:Ui|I)nt(?:8|16|32|64)$|^Float(?:16|32|64)$/.test(type)) return 'number';
  const string = /^(?:Large)?Utf8$|^Dictionary<[^,]+, (?:Large)?Utf8>$/;
  if (string.test(type)) return 'string';
  const list = /^(?:Large)?List<(.*)>$/.exec(type);
  return list !== null && string.test(list[1]!) ? 'strings' : 'other';
}
