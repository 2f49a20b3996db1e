import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ownStaging, requireUnowned } from '../../pipelines/owner.js';
import { InputError } from '../../schemas/errors.js';

test('a staging folder in which a live process is at work is refused, that of a dead one is not', async (t) => {
  const staging = mkdtempSync(join(tmpdir(), 'm4-owner-'));
  t.after(() => rmSync(staging, { recursive: true }));
  await requireUnowned(staging);
  await ownStaging(staging);
  const path = join(staging, 'work', 'owner.json');
  assert.deepEqual(JSON.parse(readFileSync(path, 'utf8')), { pid: process.pid, host: hostname() });
  await requireUnowned(staging);

  const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  const ended = new Promise((resolve) => other.once('exit', resolve));
  writeFileSync(path, JSON.stringify({ pid: other.pid, host: hostname() }));
  await assert.rejects(requireUnowned(staging), (error) => {
    assert.ok(error instanceof InputError);
    assert.match(error.message, new RegExp(`process ${other.pid}, which is at work there`));
    return true;
  });
  other.kill('SIGKILL');
  await ended;
  await requireUnowned(staging);

  writeFileSync(path, JSON.stringify({ pid: process.ppid, host: 'another machine' }));
  await requireUnowned(staging);
});
