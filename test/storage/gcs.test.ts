/** Cloud Storage when it fails: what is tried again, what is told, and what never happens. */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { test } from 'node:test';
import { ChangedError, InputError, StorageError, UnavailableError } from '../../schemas/errors.js';
import { faultyGcs } from './faulty-gcs.js';

const OBJECT = 'gs://bucket/folder/a b?.bin';
const NAME = 'folder/a b?.bin';
const BYTES = 1_000_000;
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const isMedia = ({ url }: { url: string }) => url.includes('alt=media');

async function all<T>(values: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const value of values) found.push(value);
  return found;
}

const failed =
  (Kind: new (...args: never[]) => Error, ...parts: RegExp[]) =>
  (error: unknown) => {
    assert.ok(error instanceof Kind, String(error));
    for (const part of parts) assert.match((error as Error).message, part);
    return true;
  };

for (const status of [408, 429, 500, 502, 503, 504]) {
  test(`${status}: asked again until it is answered, and not for ever`, async (t) => {
    const gcs = await faultyGcs(t);
    const bytes = randomBytes(BYTES);
    gcs.put(NAME, bytes);
    gcs.fault = (_, number) => (number % 4 === 0 ? undefined : { status });
    const source = await gcs.storage.open(OBJECT);
    assert.deepEqual(Buffer.from(await source.read(5, 77_777)), bytes.subarray(5, 77_777));
    assert.equal(gcs.seen.length, 8, 'one of four tries went well, for the look and for the range');

    gcs.fault = () => ({ status });
    await assert.rejects(
      source.read(0, 10),
      failed(UnavailableError, /a b\?\.bin/, new RegExp(`within 4 tries, got ${status} told to say ${status}`)),
    );
    assert.equal(gcs.seen.length, 12);
  });
}

test('400, 401, 403: refused at once, in words', async (t) => {
  const gcs = await faultyGcs(t);
  for (const [status, words] of [
    [400, /expected an answer of success, got 400 told to say 400/],
    [401, /expected permission, got 401/],
    [403, /expected permission, got 403/],
  ] as const) {
    gcs.seen.length = 0;
    gcs.fault = () => ({ status });
    await assert.rejects(gcs.storage.open(OBJECT), failed(StorageError, words));
    assert.equal(gcs.seen.length, 1);
  }
});

test('what the server asks to wait is waited, within bounds', async (t) => {
  const gcs = await faultyGcs(t, { retries: { attempts: 2, firstDelayMs: 1, maximumDelayMs: 300 } });
  gcs.put(NAME, randomBytes(10));
  gcs.fault = (_, number) => (number === 1 ? { status: 429, retryAfter: '3600' } : undefined);
  const began = performance.now();
  await gcs.storage.open(OBJECT);
  const waited = performance.now() - began;
  assert.ok(waited >= 290 && waited < 60_000, `${waited} ms`);
});

test('an answer that is cut off is gone on with where it ended, however often', async (t) => {
  const gcs = await faultyGcs(t);
  const bytes = randomBytes(BYTES);
  gcs.put(NAME, bytes);
  gcs.fault = (request) => (isMedia(request) ? { cutAfter: 90_000 } : undefined);
  const source = await gcs.storage.open(OBJECT);
  assert.deepEqual(
    Buffer.from(await source.read(0, BYTES)),
    bytes,
    'progress was made with each of more tries than are allowed without',
  );
  const starts = gcs.seen.filter(isMedia).map(({ range }) => Number(/bytes=(\d+)-/.exec(range!)![1]));
  assert.ok(starts.length > 8 && starts.every((start, i) => i === 0 || start > starts[i - 1]!), starts.join());

  gcs.fault = (request) => (isMedia(request) ? { cutAfter: 0 } : undefined);
  await assert.rejects(source.read(0, BYTES), UnavailableError);
});

test('an object that is replaced or removed after it was listed is an error that says so, not other bytes', async (t) => {
  const gcs = await faultyGcs(t);
  gcs.put(NAME, randomBytes(1000));
  const [entry] = await all(gcs.storage.list([OBJECT]));
  const pin = { bytes: entry!.bytes, version: entry!.version! };
  const source = await gcs.storage.open(OBJECT, pin);
  await source.read(0, 10);
  gcs.put(NAME, randomBytes(1000));
  await assert.rejects(
    source.read(100, 110),
    failed(ChangedError, /file changed/, /replaced since/, /Start the run again/),
  );
  await assert.rejects((await gcs.storage.open(OBJECT, pin)).read(0, 1), failed(ChangedError, /generation 1/));
  await gcs.storage.open(OBJECT).then((now) => now.read(0, 1000));

  // A server that minds no preconditions gives the new bytes, and says of which generation they are.
  const [{ version } = { version: '' }] = await all(gcs.storage.list([OBJECT]));
  gcs.mediaHeaders = { 'x-goog-generation': '77' };
  const heedless = await gcs.storage.open(OBJECT, { bytes: 1000, version: version! });
  await assert.rejects(heedless.read(1, 2), failed(ChangedError, /replaced since/));

  const gone = await gcs.storage.open('gs://bucket/gone', { bytes: 5, version: '3' });
  await assert.rejects(gone.read(0, 5), failed(ChangedError, /none: it was removed/));
});

test('an object that is read as a whole, at once or range after range, is checked against its crc32c', async (t) => {
  const gcs = await faultyGcs(t);
  const bytes = randomBytes(BYTES);
  gcs.put(NAME, bytes);
  gcs.mediaHeaders = { 'x-goog-hash': 'crc32c=AAAAAA==' };
  const source = await gcs.storage.open(OBJECT);
  assert.deepEqual(Buffer.from(await source.read(10, BYTES)), bytes.subarray(10), 'a part cannot be checked');
  await assert.rejects(source.read(0, BYTES), failed(StorageError, /expected the crc32c AAAAAA==/));
  for (let at = 0; at + 100_000 < BYTES; at += 100_000) await source.read(at, at + 100_000);
  await assert.rejects(source.read(BYTES - 100_000, BYTES), failed(StorageError, /crc32c AAAAAA==/));
});

test('an object that is stored compressed is refused, as no range of it can be had', async (t) => {
  const gcs = await faultyGcs(t);
  gcs.put(NAME, randomBytes(100));
  gcs.mediaHeaders = { 'x-goog-stored-content-encoding': 'gzip' };
  const source = await gcs.storage.open(OBJECT);
  await assert.rejects(source.read(0, 100), failed(InputError, /Content-Encoding gzip/));
});

test('ranges that follow one another cost a request a block', async (t) => {
  const gcs = await faultyGcs(t);
  const bytes = randomBytes(BYTES);
  gcs.put(NAME, bytes);
  const source = await gcs.storage.open(OBJECT);
  const parts: Uint8Array[] = [];
  for (let at = 0; at < BYTES; at += 1000) parts.push(await source.read(at, at + 1000));
  assert.deepEqual(Buffer.concat(parts), bytes);
  const requests = gcs.seen.filter(isMedia).length;
  assert.ok(requests <= Math.ceil(BYTES / (1 << 16)) + 2, `${requests} requests`);
});

for (const bytes of [0, 1, (1 << 18) - 1, 1 << 18, (1 << 18) + 1, BYTES]) {
  test(`${bytes} bytes are written whole through 503s, cut connections and parts that were kept in part`, async (t) => {
    const gcs = await faultyGcs(t);
    const content = randomBytes(bytes);
    const kinds = [{ status: 503 }, { lost: true }, { keeps: 100_000 }, undefined, undefined] as const;
    gcs.fault = ({ method, url }, number) => {
      const fault = kinds[number % kinds.length];
      if (fault !== undefined && 'keeps' in fault && !(method === 'PUT' && url.startsWith('/session')))
        return undefined;
      return fault;
    };
    const sink = await gcs.storage.create(OBJECT);
    for (let at = 0; at < bytes; at += 70_001) await sink.write(content.subarray(at, at + 70_001));
    assert.equal(gcs.get(NAME), undefined, 'nothing is to be seen before the end');
    assert.deepEqual(await sink.close(), { bytes, sha256: sha256(content) });
    assert.deepEqual(gcs.get(NAME), content);
  });
}

test('an upload that the service has forgotten, or that it never acknowledges, is an error, and an aborted one leaves nothing', async (t) => {
  const gcs = await faultyGcs(t);
  const big = randomBytes(BYTES);
  for (const [status, kind, words] of [
    [410, StorageError, /given up \(410\)/],
    [503, UnavailableError, /within 4 tries/],
  ] as const) {
    gcs.fault = ({ method }) => (method === 'PUT' ? { status } : undefined);
    const sink = await gcs.storage.create(OBJECT);
    await assert.rejects(
      async () => {
        await sink.write(big);
        await sink.close();
      },
      failed(kind, words),
    );
    await sink.abort();
    await assert.rejects(sink.write(big), /one that is aborted/);
    assert.equal(gcs.get(NAME), undefined);
  }
  gcs.fault = () => undefined;
  const sink = await gcs.storage.create(OBJECT);
  await sink.write(big);
  await sink.abort();
  assert.equal(gcs.get(NAME), undefined);
});

test('a file is replaced only where it is what it was, and a write whose answer was lost is known again', async (t) => {
  const { storage, ...gcs } = await faultyGcs(t);
  const text = (value: string) => new TextEncoder().encode(value);
  const first = await storage.replace(OBJECT, text('1'), undefined);
  await assert.rejects(storage.replace(OBJECT, text('2'), undefined), ChangedError);
  const second = await storage.replace(OBJECT, text('2'), first);
  await assert.rejects(storage.replace(OBJECT, text('3'), first), ChangedError);
  assert.equal(await storage.versionOf(OBJECT), second);
  assert.equal(Buffer.from(gcs.get(NAME)!).toString(), '2');
});

test('a conditional write whose answer was lost is not taken for that of another', async (t) => {
  const gcs = await faultyGcs(t);
  gcs.fault = (_, number) => (number === 1 ? { lost: true } : undefined);
  const version = await gcs.storage.replace(OBJECT, Buffer.from('mine'), undefined);
  assert.equal(version, await gcs.storage.versionOf(OBJECT));

  gcs.seen.length = 0;
  gcs.fault = (_, number) => {
    if (number === 1) gcs.put(NAME, Buffer.from("another's"));
    return number === 1 ? { status: 503 } : undefined;
  };
  await assert.rejects(gcs.storage.replace(OBJECT, Buffer.from('mine'), version), ChangedError);
});

test('lists are read page by page; globs, folders and names are as on a disk', async (t) => {
  const gcs = await faultyGcs(t);
  for (const name of [
    'd/b.parquet',
    'd/a.parquet',
    'd/e/c.PARQUET',
    'd/_x/y.parquet',
    'd/.h.parquet',
    'd/n.txt',
    'd/[1].parquet',
    'd/',
  ]) {
    gcs.put(name, Buffer.from(name));
  }
  const names = async (patterns: string[], suffixes?: string[]) =>
    (await all(gcs.storage.list(patterns, suffixes === undefined ? {} : { suffixes }))).map(({ path }) =>
      path.slice('gs://bucket/'.length),
    );
  assert.deepEqual(await names(['gs://bucket/d'], ['.parquet']), [
    'd/[1].parquet',
    'd/a.parquet',
    'd/b.parquet',
    'd/e/c.PARQUET',
  ]);
  assert.deepEqual(await names(['gs://bucket/d/*.parquet']), ['d/[1].parquet', 'd/a.parquet', 'd/b.parquet']);
  assert.deepEqual(await names(['gs://bucket/d/**/*.PARQUET']), ['d/e/c.PARQUET']);
  assert.deepEqual(await names(['gs://bucket/d/{b,a}.parquet', 'gs://bucket/d/n.txt', 'gs://bucket/d/a.parquet']), [
    'd/a.parquet',
    'd/b.parquet',
    'd/n.txt',
  ]);
  assert.deepEqual(await names(['gs://bucket/d/[1].parquet']), ['d/[1].parquet'], 'a name that exists is no pattern');
  await assert.rejects(
    names(['gs://bucket/e/*.parquet']),
    failed(InputError, /gs:\/\/bucket\/e\/\*\.parquet/, /got none/),
  );
  assert.deepEqual((await gcs.storage.listFiles('gs://bucket/d')).length, 7);
});

test('credentials are sent to no other server', async (t) => {
  const gcs = await faultyGcs(t);
  gcs.put(NAME, randomBytes(10));
  await (await gcs.storage.open(OBJECT)).read(0, 10);
  assert.ok(gcs.seen.length === 2 && gcs.seen.every(({ headers }) => headers.authorization === undefined));
});
