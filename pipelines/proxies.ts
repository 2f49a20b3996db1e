/** Proxies of a finished output: words and labels that go with an attribute, beside those from which it is inferred. */
import { configSchema } from '../schemas/config.js';
import { InputError } from '../schemas/errors.js';
import type { Proxies } from '../schemas/proxies.js';
import type { State } from '../schemas/stats-state.js';
import { proxiesOf } from '../transforms/stats/proxies.js';
import { ownWords } from '../transforms/tag/own-words.js';
import { readLexicons } from '../transforms/tag/read-lexicon.js';
import type { RunHooks } from './hooks.js';
import { readState } from './outputs.js';

export interface ProxiesOptions {
  /** Of each kind and side of an attribute. */
  readonly shown: number;
  /** Words and labels in fewer rows are not tested; left out: that of the output. */
  readonly minimumSupport?: number;
}

/** The words of the lexicons that an output was counted with; none, with a warning, where a lexicon of the user's is not there. */
function ownWordsOf({ config }: State, { onLog }: Pick<RunHooks, 'onLog'>): Map<string, Set<string>> {
  const attributes = configSchema.shape.attributes.parse(config.attributes);
  const languages = configSchema.shape.languages.parse(config.languages);
  try {
    return ownWords(attributes, readLexicons(attributes, [], languages), languages);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    onLog?.('warn', `${error.message}; the words from which attributes are inferred are listed with the others`);
    return new Map();
  }
}

/**
 * The words and labels that go with each attribute in the output of `stats`, `merge` or `balance` at `path`; words only where they were counted.
 * Throws InputError where there is no state.
 */
export async function findProxies(
  path: string,
  { shown, minimumSupport }: ProxiesOptions,
  hooks: Pick<RunHooks, 'onLog'> = {},
): Promise<Proxies> {
  const { state } = await readState(path);
  const { confidence } = state.options;
  const options = { confidence, minimumSupport: minimumSupport ?? state.options.minimumSupport, shown };
  return proxiesOf(state, ownWordsOf(state, hooks), options);
}
