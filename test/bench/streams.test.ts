import assert from 'node:assert/strict';
import { test } from 'node:test';
import { primalOf, sampleDuals, streamDuals } from '../../bench/streams.js';
import { synthesise } from '../../bench/synth.js';

const rows = synthesise(40_000);
const optimum = primalOf(rows, sampleDuals(rows, rows.tags.rows));

test('more streams, each with fewer rows, end further from the optimum, and none below it', () => {
  const primals = [1, 4, 16].map((streams) => primalOf(rows, streamDuals(rows, streams)));
  for (const primal of primals) assert.ok(primal >= optimum * (1 - 1e-9), `${primal}, optimum ${optimum}`);
  for (let i = 1; i < primals.length; i++) assert.ok(primals[i]! > primals[i - 1]!, `primals ${primals}`);
});

test('a larger sample of the patterns ends nearer to the optimum, and none below it', () => {
  const primals = [2_000, 8_000, 30_000].map((size) => primalOf(rows, sampleDuals(rows, size)));
  for (const primal of primals) assert.ok(primal >= optimum * (1 - 1e-9), `${primal}, optimum ${optimum}`);
  for (let i = 1; i < primals.length; i++) assert.ok(primals[i]! < primals[i - 1]!, `primals ${primals}`);
});
