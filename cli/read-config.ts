/** YAML (or JSON, which is YAML) from a file or a flag to a plain value. */
import { readFile, stat } from 'node:fs/promises';
import { parseDocument } from 'yaml';
import { ConfigError } from '../schemas/errors.js';

/** A configuration of a thousand filters is a tenth of this. */
const MAXIMUM_BYTES = 1 << 20;
/** Aliases may not multiply what was written by more than this: a YAML bomb grows by powers. */
const MAXIMUM_ALIASES = 100;

/**
 * The value of a YAML text. Duplicate keys, unknown tags, several documents and alias bombs are refused.
 * @param name what to call the text in messages
 * @throws ConfigError naming line and column
 */
export function parseYaml(text: string, name: string): unknown {
  if (text.length > MAXIMUM_BYTES) {
    throw new ConfigError([`expected at most ${MAXIMUM_BYTES} bytes, got ${text.length}.`], name);
  }
  try {
    const document = parseDocument(text, { uniqueKeys: true, prettyErrors: true, stringKeys: true });
    const problems = [...document.errors, ...document.warnings];
    if (problems.length > 0) {
      throw new ConfigError(
        problems.map((problem) => {
          const [at] = problem.linePos ?? [];
          // prettyErrors puts the place and an excerpt of the text after the sentence.
          const sentence = problem.message.split(/ at line \d+|\n/)[0]!.replace(/[.:]$/, '');
          return at === undefined ? `${sentence}.` : `line ${at.line}, column ${at.col}: ${sentence}.`;
        }),
        name,
      );
    }
    return document.toJS({ maxAliasCount: MAXIMUM_ALIASES });
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    // The library's own limits: too many aliases is a ReferenceError, nesting without end a RangeError.
    if (error instanceof RangeError) throw new ConfigError(['expected a few levels of nesting, got thousands.'], name);
    throw new ConfigError([(error as Error).message], name);
  }
}

/** The value of a configuration file. @throws ConfigError also where the file cannot be read */
export async function readConfigFile(path: string): Promise<unknown> {
  let bytes: Uint8Array;
  try {
    const { size } = await stat(path);
    if (size > MAXIMUM_BYTES) throw new ConfigError([`expected at most ${MAXIMUM_BYTES} bytes, got ${size}.`], path);
    bytes = await readFile(path);
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    const code = (error as NodeJS.ErrnoException).code;
    const found = code === 'ENOENT' ? 'no such file' : code === 'EISDIR' ? 'a folder' : (error as Error).message;
    throw new ConfigError([`expected a YAML file, got ${found}. m4-balance init writes one.`], path);
  }
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw new ConfigError(['expected text in UTF-8, got other bytes.'], path);
  }
  return parseYaml(text, path);
}
