import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { Binary, type RecordBatch, Utf8 } from 'apache-arrow';
import fc from 'fast-check';
import { forward } from '../../formats/forward.js';
import { settledType } from '../../formats/index.js';
import { jsonFields } from '../../formats/json-fields.js';
import { tarMembers } from '../../formats/tar.js';
import { partsOf, webdataset } from '../../formats/webdataset.js';
import { webdatasetWriter } from '../../formats/webdataset-writer.js';
import { InputError } from '../../schemas/errors.js';
import { batchOf } from '../end-to-end/inputs.js';
import { memorySource, readAll } from './memory.js';
import { archive, type Entry, entry, paxRecord } from './tar-bytes.js';

/** Rows as objects; bytes as latin1 text, null where a part is missing. */
function rowsOf(batches: readonly RecordBatch[]): Record<string, unknown>[] {
  return batches.flatMap((batch) =>
    Array.from({ length: batch.numRows }, (_, i) =>
      Object.fromEntries(
        batch.schema.fields.map((field, c) => {
          const value = batch.getChildAt(c)!.get(i);
          if (value instanceof Uint8Array) return [field.name, Buffer.from(value).toString('latin1')];
          return [field.name, value !== null && typeof value === 'object' ? value.toJSON() : value];
        }),
      ),
    ),
  );
}

const read = async (bytes: Uint8Array, columns?: string[]) =>
  rowsOf(await readAll(webdataset, memorySource(bytes, 'a.tar'), columns));

async function refused(bytes: Uint8Array, message: RegExp) {
  await assert.rejects(webdataset.plan(memorySource(bytes, 'a.tar')), (error) => {
    assert.ok(error instanceof InputError, String(error));
    assert.match(error.message, message);
    return true;
  });
}

const sample = (key: string, caption: string, json: object): Entry[] => [
  { name: `${key}.jpg`, body: `\xff\xd8${key}` },
  { name: `${key}.json`, body: JSON.stringify(json) },
  { name: `${key}.txt`, body: caption },
];

test('a shard of img2dataset: a row a sample, a column an extension and a field', async () => {
  const bytes = archive(
    ...sample('000000000', 'a nurse', { key: '000000000', width: 10, similarity: 0.25, tags: ['a'], exif: '{}' }),
    ...sample('000000001', 'été', { key: '000000001', width: null, similarity: 1, tags: [], nested: { a: [1] } }),
  );
  const source = memorySource(bytes, 'a.tar');
  const { columns, groups } = await webdataset.plan(source);
  assert.deepEqual(Object.fromEntries(columns.map((c) => [c.name, c.type])), {
    __key__: 'Utf8',
    jpg: 'Binary',
    txt: 'Utf8',
    key: 'Utf8',
    width: 'Int64',
    similarity: 'Float64',
    tags: 'List<Utf8>',
    exif: 'Utf8',
    nested: 'Utf8',
  });
  assert.deepEqual(
    groups.map((g) => g.rows),
    [2],
  );
  const [first, second] = await read(bytes);
  assert.deepEqual(
    { ...first, tags: undefined },
    {
      __key__: '000000000',
      jpg: Buffer.from('\xff\xd8000000000').toString('latin1'),
      txt: 'a nurse',
      key: '000000000',
      width: 10n,
      similarity: 0.25,
      tags: undefined,
      exif: '{}',
      nested: null,
    },
  );
  assert.deepEqual([second!.txt, second!.width, second!.similarity, second!.nested], ['été', null, 1, '{"a":[1]}']);
});

test('keys and extensions are parted as webdataset parts them', () => {
  assert.deepEqual(partsOf('a/b.c/key.Seg.PNG'), { key: 'a/b.c/key', extension: 'seg.png' });
  assert.deepEqual(partsOf('./key.jpg'), { key: './key', extension: 'jpg' });
  for (const stray of ['README', '.hidden.jpg', 'a/.DS_Store', '__info__', 'key.', 'dir.x/name']) {
    assert.equal(partsOf(stray), undefined, stray);
  }
  // As webdataset's own expression has it, by any names.
  const expression = /^((?:.*\/)?[^./][^/.]*)\.([^/]+)$/s;
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('a', '.', '/', 'B', '\n', 'é'), maxLength: 9 }), (name) => {
      const found = expression.exec(name);
      const expected = found === null ? undefined : { key: found[1], extension: found[2]!.toLowerCase() };
      assert.deepEqual(partsOf(name), expected, name);
    }),
    { numRuns: 2000 },
  );
});

test('long names of pax, GNU and ustar, nested and stray files, folders, missing parts, a shard without its end', async () => {
  const long = `${'d'.repeat(120)}/${'k'.repeat(130)}`;
  const gnu = (name: string) => entry({ name: '././@LongLink', type: 'L', body: `${name}\0` });
  const pax = (name: string) =>
    entry({ name: 'PaxHeaders/x', type: 'x', body: paxRecord('mtime', '1.5') + paxRecord('path', name) });
  const global = entry({ name: 'pax_global_header', type: 'g', body: paxRecord('comment', 'abc') });
  const parts: (Entry | Uint8Array)[] = [
    global,
    { name: 'README', body: 'stray' },
    { name: 'nested/', type: '5' },
    { name: 'a.txt', prefix: 'nested/deep', body: 'in a folder' },
    gnu(`${long}.txt`),
    { name: 'short', body: 'gnu' },
    pax(`${long}é.txt`),
    { name: 'short', body: 'pax' },
    { name: 'b.jpg', body: 'x' },
    { name: 'c.txt', body: 'no image' },
    { name: 'b.txt', body: 'again, apart' },
  ];
  const whole = archive(...parts);
  const expected = [
    { __key__: 'nested/deep/a', txt: 'in a folder', jpg: null },
    { __key__: long, txt: 'gnu', jpg: null },
    { __key__: `${long}é`, txt: 'pax', jpg: null },
    { __key__: 'b', txt: null, jpg: 'x' },
    { __key__: 'c', txt: 'no image', jpg: null },
    { __key__: 'b', txt: 'again, apart', jpg: null },
  ];
  assert.deepEqual(await read(whole), expected);
  assert.deepEqual(await read(whole.subarray(0, whole.length - 1024)), expected);
  assert.deepEqual(await read(gzipSync(whole)), expected);
  assert.deepEqual(
    await read(whole, ['txt']),
    expected.map(({ txt }) => ({ txt })),
  );
});

test('a sample whose image is null or has no bytes is written without one, with its caption', async () => {
  const batch = batchOf([
    ['key', { type: new Utf8(), values: ['a', 'b', 'c', 'd'] }],
    [
      'image',
      {
        type: new Binary(),
        values: [null, new Uint8Array(), Buffer.from('\xff\xd8\xffc', 'latin1'), Uint8Array.of(7)],
      },
    ],
    ['text', { type: new Utf8(), values: ['1', '2', '3', null] }],
  ]);
  const writer = webdatasetWriter(batch.schema);
  const bytes = Buffer.concat([...(await writer.write(batch)), ...(await writer.close())]);
  const names: string[] = [];
  for await (const run of tarMembers(forward(memorySource(bytes, 'a.tar')))) names.push(...run.map(({ name }) => name));
  assert.deepEqual(names, [
    'a.txt',
    'a.json',
    'b.txt',
    'b.json',
    'c.jpg',
    'c.txt',
    'c.json',
    'd.bin',
    'd.txt',
    'd.json',
  ]);
});

test('a column that this shard has not, of a type that another needs, is read', async () => {
  const source = memorySource(archive({ name: 'a.json', body: '{"x": 1}' }), 'a.tar');
  const batches: RecordBatch[] = [];
  for await (const b of webdataset.read(source, 0, ['x', 'png', 'list'], 10, {
    x: 'Float64',
    png: 'Binary',
    list: 'List<Int64>',
  }))
    batches.push(b);
  assert.deepEqual(rowsOf(batches), [{ x: 1, png: null, list: null }]);
});

test('integers of 64 bits are exact; NaN, which Python writes, is null; quotes and backslashes in strings stay', () => {
  const fields = jsonFields(
    '{"a": 9223372036854775807, "b": [-1234567890123456789], "c": NaN, "d": -Infinity, "e": "\\"NaN 12345678901234567890\\\\", "f": 1e400, "g": 12345678901234567890}',
  );
  assert.deepEqual([...fields.values()].slice(0, 5), [
    9223372036854775807n,
    [-1234567890123456789n],
    null,
    null,
    '"NaN 12345678901234567890\\',
  ]);
  assert.equal(fields.get('g'), Number('12345678901234567890'));
});

test('images are passed over where only the captions are wanted, and planning reads none of a large one', async () => {
  const body = Buffer.alloc(8 << 20, 1);
  const source = memorySource(
    archive(
      { name: 'a.jpg', body },
      { name: 'a.txt', body: 'x' },
      { name: 'b.jpg', body },
      { name: 'b.txt', body: 'y' },
    ),
    'a.tar',
  );
  await webdataset.plan(source);
  const bytes = () => source.ranges.reduce((sum, [start, end]) => sum + end - start, 0);
  assert.ok(bytes() < 6 << 20, `${bytes()} bytes were read of ${source.bytes}`);
});

test('what is hostile is refused, and named', async () => {
  const one = (e: Entry) => archive({ name: 'ok.txt', body: 'x' }, e);
  await refused(
    one({ name: '/etc/passwd.txt' }),
    /a\.tar, member 1 "\/etc\/passwd\.txt": expected a relative name, got an absolute name/,
  );
  await refused(one({ name: 'C:\\x.txt' }), /an absolute name/);
  await refused(one({ name: '../up.txt' }), /member 1 "\.\.\/up\.txt": expected a relative name, got a name with \.\./);
  await refused(one({ name: 'a/../../up.txt' }), /a name with \.\./);
  await refused(one({ name: 'l.txt', type: '2' }), /got a symbolic link/);
  await refused(one({ name: 'l.txt', type: '1' }), /got a hard link/);
  await refused(one({ name: 'l.txt', type: '3' }), /got a character device/);
  await refused(one({ name: 'l.txt', type: '4' }), /got a block device/);
  await refused(one({ name: 'l.txt', type: '6' }), /got a pipe/);
  await refused(one({ name: 'l.txt', type: 'S' }), /got a sparse file/);
  await refused(one({ name: 'l.txt', type: '\u009b' }), /a member of the kind "\\u009b"/);
  await refused(
    one({ name: 'x.jpg', size: 10 * 2 ** 30 }),
    /member 1 "x\.jpg": expected at most 1024 bytes, which the file has left, got a claim of 10737418240/,
  );
  await refused(one({ name: 'x.jpg', size: 'zzzz' }), /expected a size, got no number/);
  await refused(one({ name: 'x.jpg', size: '-0000001' }), /expected a size, got no number/);
  await refused(one({ name: 'x.jpg', checksum: 1 }), /a header with its checksum, got another checksum/);
  await refused(
    archive(entry({ name: 'l', type: 'L', size: 2 ** 21, body: Buffer.alloc(2 ** 21, 0x61) })),
    /a header of at most 1048576 bytes/,
  );
  await refused(
    archive(entry({ name: 'p', type: 'x', body: '99999999999 path=x\n' }), { name: 'x.txt' }),
    /a pax record with a wrong length/,
  );
  await refused(
    archive(entry({ name: 'p', type: 'x', body: paxRecord('size', '-1') }), { name: 'x.txt' }),
    /a pax record with a wrong size/,
  );
  await refused(
    archive(entry({ name: 'p', type: 'x', body: paxRecord('path', '/abs.txt') }), { name: 'x.txt' }),
    /an absolute name/,
  );
  await refused(one({ name: 'x.json', body: '{"a": ' }), /member 1 "x\.json": expected a JSON object/);
  await refused(one({ name: 'x.json', body: `{"a": ${'['.repeat(100_000)}` }), /expected a JSON object/);
  await refused(archive({ name: 'a.txt' }, { name: 'a.TXT' }), /each extension once in a sample, got "txt" again/);
  await refused(archive({ name: 'README' }), /files that are called key\.extension, got none/);
  await refused(Buffer.from('not a tar'.repeat(100)), /no tar archive/);
  await refused(
    new Uint8Array(Buffer.concat([archive({ name: 'a.txt' }), archive({ name: 'b.txt' })])),
    /nothing but zeros after the end/,
  );
  const cut = archive({ name: 'a.txt', body: 'x'.repeat(5000) });
  await refused(cut.subarray(0, 2000), /claim of 5000/);
  await refused(gzipSync(cut.subarray(0, 2000)), /cut off/);
  await refused(gzipSync(cut).subarray(0, 40), /gzip data/);
});

test('two hundred thousand empty files, and a bomb of zeros, take no memory to speak of', async () => {
  const block = Buffer.from(entry({ name: 'k0000000.txt' }));
  const zeros = Number.parseInt(block.toString('latin1', 148, 154), 8);
  const many = Buffer.alloc(512 * 200_000);
  for (let i = 0; i < 200_000; i++) {
    const digits = String(i).padStart(7, '0');
    block.write(digits, 1);
    let sum = zeros;
    for (let d = 0; d < 7; d++) sum += digits.charCodeAt(d) - 0x30;
    block.write(sum.toString(8).padStart(6, '0'), 148);
    block.copy(many, i * 512);
  }
  const before = process.memoryUsage().rss;
  const source = {
    name: 'a.tar',
    bytes: many.length,
    read: async (s: number, e: number) => new Uint8Array(many.subarray(s, e)),
  };
  const { groups } = await webdataset.plan(source);
  assert.equal(groups[0]!.rows, 200_000);
  let rows = 0;
  for await (const batch of webdataset.read(source, 0)) {
    assert.ok(batch.numRows <= 8192);
    rows += batch.numRows;
  }
  assert.equal(rows, 200_000);
  const grown = process.memoryUsage().rss - before;
  assert.ok(grown < 200 << 20, `${grown >> 20} MiB more`);
  await refused(
    gzipSync(Buffer.concat([archive({ name: 'a.txt' }), Buffer.alloc(64 << 20)])),
    /nothing but zeros after the end of the archive, got more than/,
  );
});

test('any bytes changed in a shard are read or refused, never a crash', async () => {
  const whole = archive(...sample('a', 'x', { a: 1 }), ...sample('b', 'y', { a: 2.5 }));
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }),
      async (changes) => {
        const bytes = whole.slice();
        for (const [at, byte] of changes) bytes[at] = byte;
        try {
          const { columns } = await webdataset.plan(memorySource(bytes));
          for (const { type } of columns) settledType(type);
          await read(bytes);
        } catch (error) {
          assert.ok(error instanceof InputError, String((error as Error).stack));
        }
      },
    ),
    { numRuns: 300 },
  );
});

test('bytes that may pass are those of the file as long as they hold, also of files that are read in turn', async () => {
  const shards = [3, 5].map((seed) =>
    archive(
      ...Array.from({ length: 200 }, (_, i) => {
        const body = Uint8Array.from({ length: 20_000 + ((i * seed * 7919) % 30_000) }, (_, j) => i * seed + j * 3);
        return [
          { name: `${i}.jpg`, body },
          { name: `${i}.txt`, body: `caption ${i}` },
        ];
      }).flat(),
    ),
  );
  const types = { jpg: 'Binary', txt: 'Utf8' };
  const read = (bytes: Uint8Array, passing: boolean) =>
    webdataset
      .read(memorySource(bytes, 'a.tar'), 0, ['jpg', 'txt'], undefined, types, { passing })
      [Symbol.asyncIterator]();
  for (let again = 0; again < 2; again++) {
    const kept = shards.map((bytes) => read(bytes, false));
    const passing = shards.map((bytes) => read(bytes, true));
    let batches = 0;
    for (let running = true; running; ) {
      running = false;
      // Both are asked before either is looked at.
      const [expected, got] = await Promise.all(
        [kept, passing].map((all) => Promise.all(all.map((one) => one.next()))),
      );
      for (const [i, { value, done }] of got!.entries()) {
        assert.equal(done, expected![i]!.done);
        if (done) continue;
        running = true;
        batches++;
        assert.deepEqual(rowsOf([value]), rowsOf([expected![i]!.value]));
      }
    }
    assert.ok(batches > 6, `${batches}`);
  }
});

test('sizes in all the forms that tar programs write are read, and nothing that is no number', async () => {
  const body = 'x'.repeat(0o123);
  const sizeOf = async (size: string, checksum?: number) => {
    const run = tarMembers(forward(memorySource(archive({ name: 'a.txt', body, size, checksum }), 'a.tar')));
    return (await run.next()).value![0].size;
  };
  for (const size of [
    '00000000123\0',
    '        123 ',
    '     123 \0  ',
    '123\0garbage',
    '123 ',
    '\t123\n',
    '000000000123',
  ])
    assert.equal(await sizeOf(size), 0o123, JSON.stringify(size));
  for (const size of ['1238\0', '12 3\0', '-123\0', '0x53\0', '１２３\0', 'abc'])
    await assert.rejects(sizeOf(size), /expected a size, got no number/, JSON.stringify(size));
  assert.equal(await sizeOf('  \0'), 0);
  // Signed bytes, as some old programs add them up.
  const named = entry({ name: 'é.txt', body });
  const signed = named
    .subarray(0, 512)
    .reduce((sum, byte, i) => sum + (i >= 148 && i < 156 ? 0x20 : (byte << 24) >> 24), 0);
  const [member] = (
    await tarMembers(forward(memorySource(archive({ name: 'é.txt', body, checksum: signed }), 'a.tar'))).next()
  ).value!;
  assert.equal(member.name, 'é.txt');
});
