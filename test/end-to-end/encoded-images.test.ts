/** `output.images` as the command tells of it: what would be done, and what is asked for where sharp is not installed. */
import assert from 'node:assert/strict';
import { readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import sharp from 'sharp';
import { demoBatch } from '../../scripts/demo-data.js';
import { start } from './command.js';
import { saveParquet } from './inputs.js';
import { scratch } from './scratch.js';

/** Refuses `sharp` as Node does where it is not installed. */
const HOOKS = `export async function resolve(name, context, next) {
  if (name !== 'sharp') return next(name, context);
  throw Object.assign(new Error("Cannot find package 'sharp'"), { code: 'ERR_MODULE_NOT_FOUND' });
}`;
const dataUrl = (source: string) => `data:text/javascript,${encodeURIComponent(source)}`;
const WITHOUT_SHARP = dataUrl(`import { register } from 'node:module'; register(${JSON.stringify(dataUrl(HOOKS))});`);

function job(folder: string): string {
  const path = join(folder, 'job.yaml');
  const text = [
    `input: {files: ${join(folder, '*.parquet')}}`,
    'attributes: {female: {lexicon: gender, value: female}}',
    'labels: [{lexicon: occupations}]',
    'balance: {rate: 0.5}',
    `output: {directory: ${join(folder, 'out')}, images: {resize: 1024}}`,
  ];
  writeFileSync(path, text.join('\n'));
  return path;
}

test('a dry run tells how images are encoded again, and by what', async (t) => {
  const folder = scratch(t);
  await saveParquet(join(folder, 'a.parquet'), demoBatch(1, 0, 100));
  const { code, stdout, stderr } = await start(['balance', job(folder), '--dry-run']).finished;
  assert.equal(code, 0, stderr);
  const { sharp: own, vips } = sharp.versions;
  const how = 'decoded and encoded again as jpeg of quality 95, the shorter side at most 1,024 pixels';
  assert.ok(stdout.includes(`\nimages: ${how}; sharp ${own}, libvips ${vips}\n`), stdout);
  const json = await start(['balance', job(folder), '--dry-run', '--json']).finished;
  const { images } = JSON.parse(json.stdout.trim().split('\n').at(-1)!);
  assert.deepEqual(images, { resize: 1024, format: 'jpeg', encoder: { sharp: own, libvips: vips } });
});

test('without sharp the run and the dry run say what to install, before anything is read', async (t) => {
  const folder = scratch(t);
  for (const flags of [[], ['--dry-run']]) {
    const { code, stderr } = await start(['balance', job(folder), ...flags], undefined, ['--import', WITHOUT_SHARP])
      .finished;
    assert.notEqual(code, 0);
    const wanted = 'output.images needs the package sharp, which cannot be loaded';
    assert.ok(stderr.includes(`${wanted} (Cannot find package 'sharp'). npm install sharp`), stderr);
  }
  assert.deepEqual(readdirSync(folder), ['job.yaml']);
});

test('an input without images is told so', async (t) => {
  const folder = scratch(t);
  await saveParquet(join(folder, 'a.parquet'), demoBatch(1, 0, 100).select(['uid', 'text']));
  const { code, stderr } = await start(['balance', job(folder)]).finished;
  assert.notEqual(code, 0);
  assert.match(stderr, /output\.images: expected a column image of encoded images \(Binary\), got none\./);
});
