/** Values that more than one section of the configuration has. */
import * as z from 'zod';

// `title` is how a message calls the value that it expected.
export const share = z.number().min(0).max(1);
export const positive = z.number().positive();
export const columnName = z.string().min(1).meta({ title: 'a column name' });
export const captionColumn = columnName.default('text').describe('The column that holds the caption');
export const path = z.string().min(1).meta({ title: 'a path' });
export const lexicon = z.string().min(1).meta({ title: 'the name of a built-in lexicon or the path of a TSV file' });
export const identifier = z
  .string()
  .regex(/^[A-Za-z][A-Za-z0-9_]*$/)
  .meta({ title: 'a name of letters, digits and underscores, a letter first' });
/** Example captions of an attribute, a label and a value at most; ours. */
export const MAXIMUM_EXAMPLES_OF_CELL = 10;
export const oneOrMany = z.union([path, z.array(path).min(1)]);
