/**
 * Presets: the filtering baselines of DataComp (github.com/mlfoundations/datacomp, baselines/apply_filter.py, read in 2026), as
 * rules of ours. Where a rule there is strict on whole numbers, the inclusive bound here is the next number.
 *
 * datacomp-basic (`load_uids_with_basic_filter_helper`):
 * - English as fastText lid.176 says -> `language` en. Deviation: the input's own language column where there is one, else `eld`,
 *   whose model is another: it and fastText part on short and mixed captions.
 * - `len(text.split()) > 2` -> words >= 3; `len(text) > 5` -> characters >= 6.
 * - `min(w, h) >= 200` -> side >= 200; `max(w, h) / min(w, h) <= 3.0` -> aspect <= 3.
 *
 * datacomp-clip-score (`clip_score` with arch l14, fraction .3): the top 30 % of CLIP L/14 similarity over the whole pool, by
 * itself; name it after datacomp-basic for both. Deviations: the threshold is the score of rank ceil(.3 rows), there that of rank
 * floor(.3 rows) + 1 (one row more where .3 rows is whole).
 *
 * laion2b: English as gcld3 says and CLIP B/32 similarity >= 0.28. Deviation: the language identifier, as above. LAION's own
 * pipeline also dropped captions under 5 characters and images under 5 KB; DataComp's rendering, and so this one, does not.
 */
import type { FilterPreset, FilterRule } from '../../schemas/config.js';

const ENGLISH: FilterRule = { language: { keep: ['en'], column: 'language', detect: 'missing' } };
/** DataComp's pool has both scores under their own names; elsewhere there is one, the canonical similarity. */
const COMMONPOOL_B32 = 'clip_b32_similarity_score';
const COMMONPOOL_L14 = 'clip_l14_similarity_score';

function scoreOf(commonpool: string, available: readonly string[]): string {
  return available.includes(commonpool) ? commonpool : 'similarity';
}

/** The rules of a preset; `available` (the input's columns) tells which similarity is meant. */
export function presetRules(preset: FilterPreset, available: readonly string[]): FilterRule[] {
  switch (preset) {
    case 'datacomp-basic':
      return [
        ENGLISH,
        { words: { column: 'text', minimum: 3 } },
        { characters: { column: 'text', minimum: 6 } },
        { side: { minimum: 200 } },
        { aspect: { maximum: 3 } },
      ];
    case 'datacomp-clip-score':
      return [{ similarity: { column: scoreOf(COMMONPOOL_L14, available), fraction: 0.3 } }];
    case 'laion2b':
      return [ENGLISH, { similarity: { column: scoreOf(COMMONPOOL_B32, available), minimum: 0.28 } }];
  }
}
