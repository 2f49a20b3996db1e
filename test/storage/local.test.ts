import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { after, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { InputError } from '../../schemas/errors.js';
import { makeHandles } from '../../storage/handles.js';
import { outputPath, storageFor } from '../../storage/index.js';
import { localStorage as storage } from '../../storage/local.js';

const root = mkdtempSync(join(tmpdir(), 'storage-'));
after(() => rmSync(root, { recursive: true }));

function folder(name: string, files: Record<string, string>): string {
  const path = join(root, name);
  mkdirSync(path);
  for (const [file, text] of Object.entries(files)) {
    mkdirSync(join(path, file, '..'), { recursive: true });
    writeFileSync(join(path, file), text);
  }
  return path;
}

async function names(patterns: string[], suffixes?: string[]): Promise<string[]> {
  const found: string[] = [];
  for await (const { path } of storage.list(patterns, { suffixes })) found.push(relative(root, path));
  return found;
}

const inputError =
  (...parts: RegExp[]) =>
  (error: unknown) => {
    assert.ok(error instanceof InputError, String(error));
    for (const part of parts) assert.match(error.message, part);
    return true;
  };

test('a folder is walked to the bottom without hidden, underscored and other files, sorted by code unit', async () => {
  const path = folder('walk', {
    'b.parquet': '1',
    'B.parquet': '2',
    'a/z.parquet': '3',
    'é.parquet': '4',
    '.hidden.parquet': '',
    _SUCCESS: '',
    '_temporary/x.parquet': '',
    'a/_x/y.parquet': '',
    'a/.h/y.parquet': '',
    'readme.txt': '',
    'line\nbreak.parquet': '5',
    'U.PARQUET': '6',
  });
  assert.deepEqual(await names([path], ['.parquet']), [
    'walk/B.parquet',
    'walk/U.PARQUET',
    'walk/a/z.parquet',
    'walk/b.parquet',
    'walk/line\nbreak.parquet',
    'walk/é.parquet',
  ]);
  assert.equal((await names([path])).length, 7);
});

test('patterns keep their order and a file is listed once', async () => {
  const path = folder('order', { '1.a': '', '2.a': '', '3.b': '', 'sub/4.a': '' });
  assert.deepEqual(await names([join(path, '3.b'), join(path, '*.a'), path, join(path, 'sub/../sub/*')]), [
    'order/3.b',
    'order/1.a',
    'order/2.a',
    'order/sub/4.a',
  ]);
  assert.deepEqual(await names([join(path, '{1,3}.?'), join(path, '**/4.*')]), [
    'order/1.a',
    'order/3.b',
    'order/sub/4.a',
  ]);
});

test('a path that exists is taken as it is even where it looks like a glob', async () => {
  const path = folder('literal', { '[ab].x': '', 'a.x': '', 'b.x': '' });
  assert.deepEqual(await names([join(path, '[ab].x')]), ['literal/[ab].x']);
  rmSync(join(path, '[ab].x'));
  assert.deepEqual(await names([join(path, '[ab].x')]), ['literal/a.x', 'literal/b.x']);
});

test('a file: URL is a local path', async () => {
  const path = folder('url', { 'a b.x': 'hello' });
  const url = pathToFileURL(join(path, 'a b.x')).href;
  assert.equal(storageFor(url), storage);
  assert.equal(Buffer.from(await storage.readAll(url)).toString(), 'hello');
  assert.deepEqual(await names([url]), ['url/a b.x']);
});

test('a pattern without a file is refused with its name and the nearest folder', async () => {
  const path = folder('none', { 'a.txt': '' });
  await assert.rejects(
    names([join(path, 'no', 'such', '*.x')]),
    inputError(/no\/such\/\*\.x/, /nearest folder that exists is .*none\.$/),
  );
  await assert.rejects(names([join(path, 'b.txt')]), inputError(/none\/b\.txt/, /got none/));
  await assert.rejects(names([path], ['.parquet']), inputError(/files that end in \.parquet/));
  await assert.rejects(names([join(path, 'new\nline')]), inputError(/new\\u000aline/));
});

test('an unknown scheme is refused with a sentence', () => {
  assert.throws(() => storageFor('s3://bucket/x.parquet'), inputError(/s3:\/\/ is not supported in this version/));
  assert.throws(() => storageFor('constructor://x'), inputError(/not supported/));
});

test('ranges are read exactly, and a range outside of the file is refused', async () => {
  const path = join(folder('ranges', { x: '0123456789' }), 'x');
  const source = await storage.open(path);
  assert.equal(source.bytes, 10);
  assert.equal(Buffer.from(await source.read(2, 5)).toString(), '234');
  assert.equal((await source.read(10, 10)).length, 0);
  for (const [start, end] of [
    [-1, 2],
    [5, 4],
    [0, 11],
    [0.5, 2],
    [0, Number.NaN],
  ] as const) {
    await assert.rejects(source.read(start, end), inputError(/range within 10 bytes/));
  }
});

test('a file opened again is the same source until it changes', async () => {
  const path = join(folder('again', { x: '0123456789' }), 'x');
  const first = await storage.open(path);
  assert.equal(await storage.open(path), first);
  appendFileSync(path, '!');
  await assert.rejects(first.read(0, 3), inputError(/changed while it was read/, /10 bytes.*11 bytes/));
  const second = await storage.open(path);
  assert.equal(second.bytes, 11);
  truncateSync(path, 4);
  await assert.rejects(second.read(0, 3), inputError(/changed while it was read/, /got 4 bytes/));
});

test('what cannot be opened is refused by name', async () => {
  const path = folder('bad', {});
  await assert.rejects(storage.open(join(path, 'x')), inputError(/bad\/x/, /no such file/));
  await assert.rejects(storage.open(path), inputError(/expected a file, got a folder/));
  await assert.rejects(storage.open(`${path}/a\0b`), inputError(/zero byte/));
});

test('descriptors are bounded, and one in use outlives its eviction', async () => {
  const files = Object.fromEntries(Array.from({ length: 6 }, (_, i) => [`${i}`, `${i}`]));
  const path = folder('handles', files);
  const handles = makeHandles(2);
  const read = (i: number) =>
    handles.use(join(path, `${i}`), async (handle) => {
      await new Promise((resolve) => setTimeout(resolve, 5));
      const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, 0);
      return buffer.toString();
    });
  assert.deepEqual(await Promise.all([0, 1, 2, 3, 4, 5, 0, 3].map(read)), ['0', '1', '2', '3', '4', '5', '0', '3']);
  assert.equal(handles.size, 2);
  await assert.rejects(handles.use(join(path, 'absent'), async () => 1));
  assert.ok(handles.size <= 2);
});

test('a sink shows nothing under the final name before it is closed, and counts and hashes what it wrote', async () => {
  const path = join(root, 'sink', 'deep', 'out.bin');
  const sink = await storage.create(path);
  const chunks = [Buffer.from('hello '), Buffer.alloc(0), Buffer.from('world')];
  await Promise.all(chunks.map((chunk) => sink.write(chunk)));
  assert.equal(await storage.exists(path), false);
  const { bytes, sha256 } = await sink.close();
  assert.equal(bytes, 11);
  assert.equal(sha256, createHash('sha256').update('hello world').digest('hex'));
  assert.equal(readFileSync(path, 'utf8'), 'hello world');
  assert.deepEqual(readdirSync(join(root, 'sink', 'deep')), ['out.bin']);
  await sink.abort();
  assert.equal(readFileSync(path, 'utf8'), 'hello world');
  await assert.rejects(sink.write(Buffer.from('x')), inputError(/closed/));
});

test('an aborted sink leaves nothing, and the file that was there before', async () => {
  const path = join(folder('abort', { x: 'old' }), 'x');
  const sink = await storage.create(path);
  await sink.write(Buffer.from('new'));
  await sink.abort();
  await sink.abort();
  assert.equal(readFileSync(path, 'utf8'), 'old');
  assert.deepEqual(readdirSync(join(root, 'abort')), ['x']);
});

test('output names from data cannot leave the directory or forge a line', async () => {
  assert.equal(outputPath('/out', 'a/b.parquet'), '/out/a/b.parquet');
  assert.equal(outputPath('/out/', 'b'), '/out/b');
  for (const name of [
    '',
    '..',
    '../x',
    'a//b',
    '/x',
    'a/./b',
    'a\\b',
    'a\nb',
    'a\u0000b',
    'a\u2028b',
    'x'.repeat(256),
    'é'.repeat(128),
  ]) {
    assert.throws(() => outputPath('/out', name), InputError, JSON.stringify(name));
  }
  await assert.rejects(storage.create(join(root, 'a\rb')), inputError(/control character/));
  await assert.rejects(storage.create(`${root}/`), inputError(/no file name/));
});

test('publish moves a folder at once and refuses a target with files in it', async () => {
  const from = folder('parts', { 'a/b': '1', c: '2' });
  const taken = folder('taken', { x: '' });
  await assert.rejects(storage.publish(from, taken), inputError(/taken/, /files in it/));
  await assert.rejects(storage.publish(join(root, 'absent'), join(root, 'y')), inputError(/no such file/));
  await assert.rejects(storage.publish(join(from, 'c'), join(root, 'y')), inputError(/expected a folder/));
  const empty = folder('empty', {});
  await storage.publish(from, empty);
  assert.deepEqual(
    (await storage.listFiles(empty)).map((e) => [relative(empty, e.path), e.bytes]),
    [
      ['a/b', 1],
      ['c', 1],
    ],
  );
  assert.equal(await storage.exists(from), false);
  await storage.publish(empty, join(root, 'new', 'place/'));
  assert.equal(readFileSync(join(root, 'new/place/c'), 'utf8'), '2');
});

test('listFiles shows hidden files and is empty for a folder that is absent', async () => {
  const path = folder('hidden', { '.x': '', _y: '', 'z/w': '' });
  assert.deepEqual(
    (await storage.listFiles(path)).map((e) => relative(path, e.path)),
    ['.x', '_y', 'z/w'],
  );
  assert.deepEqual(await storage.listFiles(join(path, 'absent')), []);
});

test('remove takes a folder with all in it and minds neither absence nor links', async () => {
  const path = folder('gone', { 'a/b': '' });
  const kept = folder('kept', { x: 'x' });
  symlinkSync(kept, join(path, 'link'));
  await storage.remove(path);
  await storage.remove(path);
  assert.equal(await storage.exists(path), false);
  assert.equal(readFileSync(join(kept, 'x'), 'utf8'), 'x');
  await assert.rejects(storage.remove('/'), inputError(/root/));
  await assert.rejects(storage.remove('.'), inputError(/working directory/));
});

test('rename replaces a file', async () => {
  const path = folder('rename', { a: 'new', b: 'old' });
  await storage.rename(join(path, 'a'), join(path, 'b'));
  assert.equal(readFileSync(join(path, 'b'), 'utf8'), 'new');
  await assert.rejects(storage.rename(join(path, 'a'), join(path, 'c')), inputError(/no such file/));
});
