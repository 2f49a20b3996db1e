/** The name that someone who wrote another one probably meant. */
import { distance } from 'fastest-levenshtein';

/** A name with more typing errors than a third of its length is another name. */
const TOLERATED_SHARE = 1 / 3;

/** The valid name nearest to `name` by edit distance, case aside; undefined where none is near. */
export function nearestName(name: string, valid: readonly string[]): string | undefined {
  let best: string | undefined;
  let least = Number.POSITIVE_INFINITY;
  // A name of the open web may be of any length; edit distance is quadratic.
  const written = name.slice(0, 100).toLowerCase();
  for (const candidate of valid) {
    const d = distance(written, candidate.toLowerCase());
    if (d < least) [best, least] = [candidate, d];
  }
  const tolerated = Math.max(2, Math.ceil(Math.max(written.length, best?.length ?? 0) * TOLERATED_SHARE));
  return least <= tolerated && least < written.length ? best : undefined;
}

/** ` Did you mean x?`, or nothing: to be put after a sentence. */
export function didYouMean(name: string, valid: readonly string[]): string {
  const near = nearestName(name, valid);
  return near === undefined ? '' : ` Did you mean ${near}?`;
}
