/** Proxies: the words and labels that go with an attribute, for a person to choose from. A pure function of a state. */
import { columnOf } from '../../schemas/moments.js';
import { PROXIES_VERSION, type Proxies, type ProxyFigure } from '../../schemas/proxies.js';
import type { State, StateSet } from '../../schemas/stats-state.js';
import { ABSENT, PRESENT } from '../../schemas/tags.js';
import { cellOf } from './moments.js';
import { decodeMoments } from './moments-codec.js';
import { twoSidedZ } from './normal.js';
import { rounded } from './report.js';
import { fromBase64, tallyOf } from './state.js';
import { samplingOf } from './stats-sections.js';
import { countedWords, type SideCounts, wordFigure } from './word-figures.js';

type Side = Proxies['sets'][number]['attributes'][number]['labels'];

/** Those of some names that go with one side of an attribute or the other, beyond what chance gives for all of them at once. */
function tellingOf(
  counted: readonly (SideCounts & { readonly name: string })[],
  { confidence, minimumSupport, shown }: Proxies['options'],
  own: ReadonlySet<string>,
): Side {
  const totals = { present: 0, absent: 0 };
  for (const { present, absent } of counted) {
    totals.present += present;
    totals.absent += absent;
  }
  const none = totals.present === 0 || totals.absent === 0;
  const tested = counted.filter(
    ({ name, present, absent }) =>
      !none && present + absent > 0 && present + absent >= minimumSupport && !own.has(name),
  );
  const zAll = twoSidedZ(confidence, Math.max(1, tested.length));
  const telling = tested
    .map(({ name, ...counts }) => ({ name, ...wordFigure(name, counts, totals) }))
    .filter(({ z }) => Math.abs(z) > zAll)
    .map(({ name, logOdds, z, present, absent }): ProxyFigure => {
      const half = (zAll * logOdds) / z;
      return { name, logOdds, interval: { low: logOdds - half, high: logOdds + half }, z, present, absent };
    });
  // Ties keep the order of the names' bytes, or of the labels.
  telling.sort((a, b) => b.z - a.z);
  return {
    tested: tested.length,
    telling: telling.length,
    present: telling.filter(({ z }) => z > 0).slice(0, shown),
    absent: telling
      .filter(({ z }) => z < 0)
      .reverse()
      .slice(0, shown),
  };
}

function ofSet(
  set: StateSet,
  own: ReadonlyMap<string, ReadonlySet<string>>,
  options: Proxies['options'],
): Proxies['sets'][number] {
  const { words } = tallyOf(set);
  const counted = words === null ? null : countedWords(words);
  const passed = decodeMoments(fromBase64(set.exits.at(-1)!));
  return {
    name: set.name,
    sampling: words === null || counted === null ? null : samplingOf(words, counted),
    attributes: set.attributes.map(({ name: attribute }, k) => {
      const ownWords = own.get(attribute) ?? new Set<string>();
      const labels = set.labels.map((name, r) => ({
        name,
        present: cellOf(passed, columnOf(k, PRESENT), r + 1).support,
        absent: cellOf(passed, columnOf(k, ABSENT), r + 1).support,
      }));
      const found = counted?.words.map(({ word, sides }) => ({ name: word, ...sides(k) }));
      return {
        attribute,
        own: found?.filter(({ name }) => ownWords.has(name)).length ?? 0,
        words: found === undefined ? null : tellingOf(found, options, ownWords),
        labels: tellingOf(labels, options, new Set()),
      };
    }),
  };
}

/**
 * Words of captions, and labels, of the rows that passed all filters, by attribute.
 * @param own by attribute: words from which it is inferred, which go with it by definition
 * Throws InputError where the tables of the state are not of the shape that it tells.
 */
export function proxiesOf(
  state: State,
  own: ReadonlyMap<string, ReadonlySet<string>>,
  options: Proxies['options'],
): Proxies {
  const sets = rounded(state.sets.map((set) => ofSet(set, own, options)));
  return { version: PROXIES_VERSION, runs: state.runs, sets, options };
}
