import assert from 'node:assert/strict';
import { test } from 'node:test';
import { coreIsLeft, coresOfProcess, takeCore } from '../../schemas/cores.js';

test('one core is the main thread, and each that is taken is one less', () => {
  const cores = coresOfProcess();
  for (let busy = 1; busy <= cores + 1; busy++) {
    assert.equal(coreIsLeft(), busy < cores, `${busy} busy of ${cores}`);
    takeCore();
  }
});
