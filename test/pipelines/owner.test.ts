import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ownPartial, requireUnowned } from '../../pipelines/owner.js';
import { InputError } from '../../schemas/errors.js';

test('a folder in which a live process is at work is refused, that of a dead one is not', async (t) => {
  const partial = mkdtempSync(join(tmpdir(), 'm4-owner-'));
  t.after(() => rmSync(partial, { recursive: true }));
  await requireUnowned(partial);
  await ownPartial(partial);
  const path = join(partial, 'owner.json');
  assert.deepEqual(JSON.parse(readFileSync(path, 'utf8')), { pid: process.pid, host: hostname() });
  await requireUnowned(partial);

  const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  const ended = new Promise((resolve) => other.once('exit', resolve));
  writeFileSync(path, JSON.stringify({ pid: other.pid, host: hostname() }));
  await assert.rejects(requireUnowned(partial), (error) => {
    assert.ok(error instanceof InputError);
    assert.match(error.message, new RegExp(`process ${other.pid}, which is at work there`));
    return true;
  });
  other.kill('SIGKILL');
  await ended;
  await requireUnowned(partial);

  writeFileSync(path, JSON.stringify({ pid: process.ppid, host: 'another machine' }));
  await requireUnowned(partial);
});
