/** A tagger over batches in memory, and what it counts: what the peers of `tag` and `languages` are compared with. */

import { PRESENT, UNKNOWN } from '../schemas/tags.js';
import type { Tagger } from '../transforms/tag/tagger.js';
import type { InMemory } from './in-memory.js';
import { serve, timed } from './serve.js';

export async function serveTagger(tagger: Tagger, { batches, rows }: InMemory): Promise<void> {
  await tagger.prepare();
  await serve(async () => {
    const { seconds, result } = await timed(() => batches.map((batch) => tagger.tag(batch)));
    let female = 0;
    let known = 0;
    let labels = 0;
    for (const tags of result) {
      labels += tags.offsets[tags.rows]!;
      for (const value of tags.attributes) {
        if (value === PRESENT) female++;
        if (value !== UNKNOWN) known++;
      }
    }
    return { seconds, captions_per_second: rows / seconds, female, known, labels };
  });
}
