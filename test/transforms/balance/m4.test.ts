import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  bytesCoder,
  DoFn,
  impulse,
  joinPieces,
  type KV,
  kvCoder,
  registerDoFn,
  runDirect,
  setVerifyCoders,
} from '../../../beam/index.js';
import { InputError } from '../../../schemas/errors.js';
import { m4, tagsCoder } from '../../../transforms/balance/m4.js';
import {
  createStream,
  decodeStream,
  encodeStream,
  latestStream,
  updateStream,
} from '../../../transforms/balance/stream.js';
import { decodeTags, encodeTags, type TagsBatch } from '../../../transforms/balance/tags-bytes.js';
import { anyCase, caseOf, slice } from './arbitrary.js';

class Batches extends DoFn<Uint8Array, KV<string, TagsBatch>> {
  override *process(): Iterable<KV<string, TagsBatch>> {
    const one = caseOf(4, 300, false);
    for (let i = 0; i < 6; i++) yield { key: String(i % 2), value: slice(one, i * 50, (i + 1) * 50) };
  }
}
const batches = registerDoFn('test:m4:batches', () => new Batches());

const snapshots = new Map<string, Uint8Array>();
class Keep extends DoFn<KV<string, Uint8Array>, Uint8Array> {
  override process({ key, value: piece }: KV<string, Uint8Array>): void {
    const known = snapshots.get(key);
    const [value] = joinPieces([piece]);
    snapshots.set(key, known === undefined ? value : latestStream(known, value));
  }
}
const keep = registerDoFn('test:m4:keep', () => new Keep());

test('the M4 step keeps one stream a key, equal to the kernel run on that key alone', async () => {
  const one = caseOf(4, 300, false);
  setVerifyCoders(true);
  try {
    await runDirect((root) => {
      impulse(root)
        .parDo('batches', batches(null), { coder: kvCoder(tagsCoder) })
        .parDo('fit', m4({ value: { problem: one.problem } }), { coder: kvCoder(bytesCoder) })
        .parDo('keep', keep(null), { coder: bytesCoder });
    });
  } finally {
    setVerifyCoders(false);
  }
  assert.deepEqual([...snapshots.keys()].sort(), ['0', '1']);
  for (const key of [0, 1]) {
    const stream = createStream(one.problem);
    for (let i = key; i < 6; i += 2) {
      const part = slice(one, i * 50, (i + 1) * 50);
      updateStream(stream, part.tags, part.utility);
    }
    const bytes = snapshots.get(String(key))!;
    assert.deepEqual(new Uint8Array(bytes), encodeStream(stream));
    assert.deepEqual(decodeStream(one.problem, bytes).w, stream.w);
  }
});

test('tags come back from bytes at any alignment, with and without utility', () => {
  fc.assert(
    fc.property(anyCase(40), fc.boolean(), fc.nat(7), ({ example }, withUtility, shift) => {
      const batch = withUtility ? { tags: example.tags, utility: example.utility } : { tags: example.tags };
      const bytes = encodeTags(batch);
      const shifted = new Uint8Array(bytes.length + shift);
      shifted.set(bytes, shift);
      assert.deepEqual(decodeTags(shifted.subarray(shift)), batch);
    }),
  );
});

test('labels of a slice whose offsets do not begin at 0 are kept', () => {
  const { tags } = caseOf(4, 20, false).example;
  const part = {
    rows: 5,
    attributes: tags.attributes.subarray(10),
    offsets: tags.offsets.subarray(5, 11),
    labels: tags.labels,
  };
  const got = decodeTags(encodeTags({ tags: { ...part, attributes: part.attributes.subarray(0, 10) } })).tags;
  assert.equal(got.offsets[0], 0);
  assert.deepEqual([...got.labels], [...tags.labels.subarray(tags.offsets[5], tags.offsets[10])]);
});

test('bytes of tags with lengths that lie are refused', () => {
  const bytes = encodeTags(caseOf(4, 20, false).example);
  for (let length = 0; length < bytes.length; length++)
    assert.throws(() => decodeTags(bytes.subarray(0, length)), InputError);
  const huge = bytes.slice();
  huge.fill(0xff, 0, 12);
  assert.throws(() => decodeTags(huge), InputError);
});
