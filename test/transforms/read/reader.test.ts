import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { Int32, Utf8 } from 'apache-arrow';
import fc from 'fast-check';
import { allowParquetThread, parquetThread } from '../../../formats/parquet-thread.js';
import { InputError } from '../../../schemas/errors.js';
import { lossesBySplit, type Unreadable } from '../../../transforms/read/losses.js';
import { planInput, splitsOf } from '../../../transforms/read/plan.js';
import { createReader, isUnreadable, type Piece, placed } from '../../../transforms/read/reader.js';
import { batchOf, saveArrow, saveParquet } from '../../end-to-end/inputs.js';
import { scratch } from '../../end-to-end/scratch.js';

const ROWS = 103;
const numbers = Array.from({ length: ROWS }, (_, i) => i);
const batch = batchOf([
  ['n', { type: new Int32(), values: numbers }],
  ['text', { type: new Utf8(), values: numbers.map((i) => `caption ${i}`) }],
]);

/** Rows 0..49 in row groups of 20, none, 50..102 in an Arrow file. */
async function plan(folder: string) {
  await saveParquet(join(folder, 'a.parquet'), batch.slice(0, 50), 20);
  await saveParquet(join(folder, 'b.parquet'), batch.slice(0, 0));
  await saveArrow(join(folder, 'c.arrow'), batch.slice(50, ROWS), 9);
  return planInput({ files: folder, columns: 'auto' });
}

/** The values of n, or of the row numbers that could not be read, as negative numbers. */
async function seen(pieces: AsyncIterable<Piece>): Promise<number[]> {
  const found: number[] = [];
  for await (const piece of pieces) {
    if (isUnreadable(piece)) for (let i = 0; i < piece.rows; i++) found.push(-(piece.firstRow + i));
    else {
      assert.equal(piece.batch.getChild('n')!.get(0), piece.firstRow);
      assert.deepEqual(
        piece.batch.schema.fields.map((f) => f.name),
        ['id', 'text', 'n'],
      );
      found.push(...(piece.batch.getChild('n')!.toArray() as Int32Array));
    }
  }
  return found;
}

test('any ranges give their rows, in order, whatever was read before', async (t) => {
  const planned = await plan(scratch(t));
  assert.equal(planned.rows, ROWS);
  assert.equal(planned.rowNumberIds, true);
  const range = fc
    .tuple(fc.nat(ROWS), fc.nat(ROWS))
    .map(([a, b]): [number, number] => [Math.min(a, b), Math.max(a, b)]);
  await fc.assert(
    fc.asyncProperty(fc.array(range, { minLength: 1, maxLength: 6 }), async (ranges) => {
      const reader = createReader(planned);
      for (const [from, to] of ranges) assert.deepEqual(await seen(reader.range(from, to)), numbers.slice(from, to));
    }),
    { numRuns: 30 },
  );
});

test('splits cover the rows once, and a split gives its own', async (t) => {
  const planned = await plan(scratch(t));
  const reader = createReader(planned);
  const all: number[] = [];
  for (const split of splitsOf(planned)) {
    const found = await seen(reader.split(split));
    assert.equal(found.length, split.rows);
    all.push(...found);
  }
  assert.deepEqual(all, numbers);
});

/** The rows in row groups of 10, which the thread decodes. */
async function inTens(t: TestContext) {
  allowParquetThread(true);
  const folder = scratch(t);
  await saveParquet(join(folder, 'a.parquet'), batch, 10);
  const planned = await planInput({ files: folder, columns: 'auto' });
  return { planned, splits: [...splitsOf(planned)] };
}

test('splits that were begun ahead give their own rows, whichever are asked for', async (t) => {
  const { planned, splits } = await inTens(t);
  await fc.assert(
    fc.asyncProperty(fc.nat(splits.length), fc.array(fc.nat(splits.length - 1)), async (first, then) => {
      const reader = createReader(planned);
      for (const split of [...splits.slice(0, first), ...then.map((i) => splits[i]!)])
        assert.deepEqual(await seen(reader.split(split)), numbers.slice(split.firstRow, split.firstRow + split.rows));
    }),
    { numRuns: 20 },
  );
});

test('the split that is asked for is decoded before the one after it', async (t) => {
  const { planned, splits } = await inTens(t);
  const thread = parquetThread()!;
  const { decode } = thread;
  const decoded: number[] = [];
  t.mock.method(thread, 'decode', async (task: Parameters<typeof decode>[0]) => {
    const batches = await decode(task);
    const { values } = batches[0]!.columns.find(({ offsets }) => offsets === undefined)!;
    decoded.push(Buffer.from(values!).readInt32LE());
    return batches;
  });
  const reader = createReader(planned);
  for (const split of splits.slice(0, 3)) await seen(reader.split(split));
  assert.deepEqual(decoded.slice(0, 3), [0, 10, 20]);
});

test('what another pass could not read is not read, and told as it was', async (t) => {
  const planned = await plan(scratch(t));
  const file = planned.files[0]!.path;
  const losses: Unreadable[] = [
    { firstRow: 75, rows: 10, file: 'c', reason: 'a bad batch' },
    { firstRow: 85, rows: 18, file: 'c', reason: 'the same, of the next shard' },
    { firstRow: 20, rows: 20, file, reason: 'a bad page' },
  ];
  assert.deepEqual(
    [...lossesBySplit(planned, losses).values()],
    [
      { firstRow: 20, rows: 20, file, reason: 'a bad page' },
      { firstRow: 75, rows: 28, file: 'c', reason: 'a bad batch' },
    ],
  );
  const expected = numbers.map((i) => ((i >= 20 && i < 40) || i >= 75 ? -i : i));
  const reader = createReader(planned, { losses });
  assert.deepEqual(await seen(reader.range(0, ROWS)), expected);
  assert.deepEqual(await seen(reader.range(30, 80)), expected.slice(30, 80));
});

test('an error about rows is given their file and group; one with a file stays', async (t) => {
  const planned = await plan(scratch(t));
  const reader = createReader(planned);
  const bare = placed(new InputError('bad value', { place: 'column n', expected: '0', got: '1' }), reader, 45) as Error;
  assert.match(bare.message, /a\.parquet, group 2: bad value: column n: expected 0, got 1\.$/);
  const named = new InputError('bad value', { file: 'x', expected: '0', got: '1' });
  assert.equal((placed(named, reader, 45) as Error).message, 'bad value: x: expected 0, got 1.');
  const other = new TypeError('a bug');
  assert.equal(placed(other, reader, 45), other);
});

test('splits give their rows in any order, and when they are left in the middle', async (t) => {
  const planned = await plan(scratch(t));
  const splits = [...splitsOf(planned)].filter(({ rows }) => rows > 0);
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(fc.nat(splits.length - 1), fc.boolean())), async (visits) => {
      const reader = createReader(planned);
      for (const [i, whole] of visits) {
        const { firstRow, rows } = splits[i]!;
        const pieces = reader.split(splits[i]!);
        if (whole) assert.deepEqual(await seen(pieces), numbers.slice(firstRow, firstRow + rows));
        else {
          await pieces.next();
          await pieces.return(undefined);
        }
      }
    }),
    { numRuns: 30 },
  );
});

test('what is wrong with the next split is told when it is read, not before', async (t) => {
  const folder = scratch(t);
  await saveParquet(join(folder, 'a.parquet'), batch.slice(0, 20));
  const second = join(folder, 'b.parquet');
  await saveParquet(second, batch.slice(20, 40));
  const planned = await planInput({ files: folder, columns: 'auto' });
  writeFileSync(second, 'not what was planned');
  const reader = createReader(planned);
  const [first, next] = [...splitsOf(planned)];
  assert.deepEqual(await seen(reader.split(first!)), numbers.slice(0, 20));
  const pieces: Piece[] = [];
  for await (const piece of reader.split(next!)) pieces.push(piece);
  assert.equal(pieces.length, 1);
  assert.ok(isUnreadable(pieces[0]!) && pieces[0].rows === 20);
  assert.match((pieces[0] as Unreadable).reason, /b\.parquet.*changed|changed.*b\.parquet/s);
});

test('the time in which another thread decodes is given away, before the first rows of a split', async (t) => {
  allowParquetThread(true);
  const folder = scratch(t);
  await saveParquet(join(folder, 'a.parquet'), batch, 50);
  const planned = await planInput({ files: folder, columns: 'auto' });
  let meanwhile = 0;
  const reader = createReader(planned, {
    meanwhile: () => {
      meanwhile++;
    },
  });
  const [first] = [...splitsOf(planned)];
  const pieces = reader.split(first!);
  await pieces.next();
  assert.ok(meanwhile > 0);
  await pieces.return(undefined);
});
