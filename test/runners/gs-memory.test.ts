/** Memory does not grow with the size of an object that is written and read: peaks of processes that do nothing else. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { BUCKET, options, startEmulator } from './gcs.js';

const MEBIBYTE = 2 ** 20;
const [SMALL, LARGE] = [64, 256] as const;
/** Of the bytes by which the two differ, at most: the garbage collector takes its time. */
const SHARE = 0.4;

const emulator = options.skip ? undefined! : await startEmulator();
const gcs = new URL('../../storage/gcs/gcs.js', import.meta.url).href;

/** Peak of a process that writes and reads an object of so many MiB, a MiB at a time; in bytes. */
async function peakOf(mebibytes: number): Promise<number> {
  const program = `
    import { gcsStorage } from ${JSON.stringify(gcs)};
    const storage = gcsStorage({ endpoint: ${JSON.stringify(emulator.endpoint)} });
    const [path, piece, count] = ['gs://${BUCKET}/${mebibytes}', new Uint8Array(${MEBIBYTE}), ${mebibytes}];
    const sink = await storage.create(path);
    for (let i = 0; i < count; i++) await sink.write(piece);
    await sink.close();
    const source = await storage.open(path);
    for (let i = 0; i < count; i++) await source.read(i * piece.length, (i + 1) * piece.length);
    console.log(source.bytes, process.resourceUsage().maxRSS);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  child.stdout.on('data', (chunk) => {
    text += chunk;
  });
  await once(child, 'close');
  const [bytes, kibibytes] = text.split(' ').map(Number);
  assert.equal(bytes, mebibytes * MEBIBYTE);
  return kibibytes! * 1024;
}

test('an object four times as large takes no more memory', options, async (t) => {
  const [small, large] = [await peakOf(SMALL), await peakOf(LARGE)];
  t.diagnostic(`${SMALL} MiB: ${Math.round(small / MEBIBYTE)} MiB, ${LARGE} MiB: ${Math.round(large / MEBIBYTE)} MiB`);
  assert.ok(large - small < SHARE * (LARGE - SMALL) * MEBIBYTE);
});
