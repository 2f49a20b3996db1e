import { InputError } from '../schemas/errors.js';

/** Longest file name that common file systems take (NAME_MAX of Linux), in bytes of UTF-8. */
const MAXIMUM_NAME_BYTES = 255;

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/;

/** A path as it may be shown in a message: control characters escaped, so that a file name cannot forge lines. */
export function printable(path: string): string {
  return path.replace(new RegExp(CONTROL, 'g'), (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Whether a name ends in one of these (small letters), a shard's number behind it (`.tfrecord-00000-of-00004`) left out. */
export function hasSuffix(path: string, suffixes: readonly string[]): boolean {
  const name = path.toLowerCase().replace(/-\d+-of-\d+$/, '');
  return suffixes.some((s) => name.endsWith(s));
}

/** Throws an InputError where a path to be written has control characters, or ends in no file name. */
export function checkOutputPath(path: string): void {
  const name = path.split('/').at(-1) ?? '';
  const wrong = CONTROL.test(path)
    ? 'a control character'
    : name === '' || name === '.' || name === '..'
      ? 'no file name'
      : Buffer.byteLength(name) > MAXIMUM_NAME_BYTES
        ? `a name of ${Buffer.byteLength(name)} bytes`
        : undefined;
  if (wrong === undefined) return;
  throw new InputError('output path', {
    file: printable(path),
    expected: `a path without control characters that ends in a name of at most ${MAXIMUM_NAME_BYTES} bytes`,
    got: wrong,
  });
}

/**
 * `name` below `directory`, for names that come from data or configuration: a name is one or more segments parted by `/`, none of them
 * empty, `.` or `..`, without backslashes or control characters. Throws an InputError otherwise.
 */
export function outputPath(directory: string, name: string): string {
  const segments = name.split('/');
  if (name.includes('\\') || segments.some((s) => s === '' || s === '.' || s === '..')) {
    throw new InputError('output name', {
      file: printable(name),
      expected: 'a relative name that stays below the output directory',
      got: 'an empty, . or .. segment, or a backslash',
    });
  }
  const path = directory.endsWith('/') ? `${directory}${name}` : `${directory}/${name}`;
  checkOutputPath(path);
  return path;
}
