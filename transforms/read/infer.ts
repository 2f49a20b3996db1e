/** One type for each column that files infer by themselves, over all files of an input. */
import { joinTypes, settledType } from '../../formats/index.js';
import { InputError } from '../../schemas/errors.js';
import type { ColumnInfo } from '../../schemas/split.js';

export interface InferredFile {
  readonly file: string;
  readonly columns: readonly ColumnInfo[];
}

/**
 * The columns of all files that infer theirs, in the order in which they appear, each as wide as its values need. What cannot be joined (numbers here, bytes there) keeps the
 * type of the first file; the other file is in `refused`, with its reason.
 */
export function inferColumns(files: readonly InferredFile[]): {
  readonly columns: readonly ColumnInfo[];
  readonly refused: ReadonlyMap<string, InputError>;
} {
  const types = new Map<string, string>();
  const refused = new Map<string, InputError>();
  for (const { file, columns } of files) {
    const joined = columns.map(({ name, type }) => [name, joinTypes(types.get(name) ?? type, type)] as const);
    const wrong = joined.findIndex(([, type]) => type === undefined);
    if (wrong >= 0) {
      const { name, type } = columns[wrong]!;
      const expected = `${types.get(name)}, as in the files before`;
      refused.set(file, new InputError('columns', { file, place: `column ${name}`, expected, got: type }));
      continue;
    }
    for (const [name, type] of joined) types.set(name, type!);
  }
  const columns = [...types].map(([name, type]) => ({
    name,
    type: settledType(type),
    nullable: true,
    inferred: true as const,
  }));
  return { columns, refused };
}
