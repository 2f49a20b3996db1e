/** Contestant: the stream update, in the stateful step on the direct runner, or its kernel alone. Arguments: `beam` or `kernel`, ROWS. */
import { bytesCoder, DoFn, impulse, joinPieces, type KV, kvCoder, registerDoFn, runDirect } from '../beam/index.js';
import { BATCH_ROWS } from '../formats/format.js';
import { m4, tagsCoder } from '../transforms/balance/m4.js';
import {
  createStream,
  decodeStream,
  finishStream,
  type StreamState,
  updateStream,
} from '../transforms/balance/stream.js';
import type { TagsBatch } from '../transforms/balance/tags-bytes.js';
import { calibratedPrimal } from './calibrated.js';
import { serve, timed } from './serve.js';
import { ATTRIBUTES, LABELS, problemOf, synthesise } from './synth.js';

const [how, argument] = process.argv.slice(2) as ['beam' | 'kernel', string];
const rows = Number(argument);
const problem = problemOf(ATTRIBUTES, LABELS, { rate: 0.5, tolerance: 0.001 });
const { tags, utility } = synthesise(rows);
const batches: TagsBatch[] = [];
for (let from = 0; from < rows; from += BATCH_ROWS) {
  const to = Math.min(rows, from + BATCH_ROWS);
  const attributes = tags.attributes.subarray(from * ATTRIBUTES, to * ATTRIBUTES);
  const part = { rows: to - from, attributes, offsets: tags.offsets.subarray(from, to + 1), labels: tags.labels };
  batches.push({ tags: part, utility: utility.subarray(from, to) });
}
const received: Uint8Array[] = [];

class Prepared extends DoFn<Uint8Array, KV<string, TagsBatch>> {
  *process() {
    for (const value of batches) yield { key: '0', value };
  }
}

class Receive extends DoFn<KV<string, Uint8Array>, never> {
  process({ value }: KV<string, Uint8Array>) {
    received.push(value);
  }
}

const prepared = registerDoFn('bench.prepared', (_: null) => new Prepared());
const receive = registerDoFn('bench.receive', (_: null) => new Receive());

async function inBeam(): Promise<StreamState> {
  received.length = 0;
  await runDirect((root) => {
    impulse(root)
      .parDo('prepared tags', prepared(null), { coder: kvCoder(tagsCoder) })
      .parDo('m4', m4({ value: { problem } }), { coder: kvCoder(bytesCoder) })
      .parDo('receive', receive(null), { coder: bytesCoder as never });
  });
  const [state] = joinPieces(received);
  return decodeStream(problem, state!);
}

function alone(): StreamState {
  const stream = createStream(problem);
  for (const batch of batches) updateStream(stream, batch.tags, batch.utility);
  return stream;
}

await serve(async () => {
  const { seconds, result } = await timed(how === 'beam' ? inBeam : alone);
  const primal = calibratedPrimal(problem, tags, utility, finishStream(result).w);
  return { seconds, examples_per_second: rows / seconds, primal };
});
