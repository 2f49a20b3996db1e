import '../../beam/node-util.js';
import 'apache-beam';
import assert from 'node:assert/strict';
import { after, beforeEach, test } from 'node:test';
import { DoFn, impulse, type ProcessContext, registerDoFn, runDirect } from '../../beam/index.js';
import * as fns from './fns.js';

const { anyCoder, collected, numberCoder, probe } = fns;
const unhandled: unknown[] = [];
process.on('unhandledRejection', (error) => unhandled.push(error));
beforeEach(fns.resetProbe);
after(async () => {
  await fns.sleep(10);
  assert.deepEqual(unhandled, [], 'no promise is left unhandled');
});

const upTo = (n: number) => Array.from({ length: n }, (_, i) => i);

class ThrowsText extends DoFn<unknown, never> {
  process(): void {
    throw 'text';
  }
}
const throwsText = registerDoFn('test:throwsText', (_: null) => new ThrowsText());

let abortAt: { controller: AbortController; element: number } | undefined;
class Aborts extends DoFn<number, number> {
  *process(x: number) {
    if (x === abortAt?.element) abortAt.controller.abort();
    yield x;
  }
}
const aborts = registerDoFn('test:aborts', (_: null) => new Aborts());

class CountsHalf extends DoFn<unknown, never> {
  process(_: unknown, ctx: ProcessContext) {
    ctx.counter('half', 0.5);
  }
}
const countsHalf = registerDoFn('test:countsHalf', (_: null) => new CountsHalf());

for (const where of ['setup', 'start', 'sync', 'async', 'generator', 'async generator', 'finish'] as const) {
  test(`an error in ${where} rejects the run with the original error, its stack and the transform`, async () => {
    const run = runDirect((root) => {
      impulse(root)
        .parDo('range', fns.range({ n: 3 }), { coder: numberCoder })
        .parDo('bad', fns.throwsAt({ where }), { coder: numberCoder })
        .parDo('slow', fns.slow({ ms: 0 }), { coder: numberCoder });
    });
    await assert.rejects(run, (error: Error) => {
      assert.equal(error.message, `boom ${where} [in transform "bad"]`);
      assert.match(error.stack!, /^Error: boom .* \[in transform "bad"\]\n +at .*fns\.(js|ts)/);
      return true;
    });
    assert.equal(probe.closed, probe.emitted > 0 ? 1 : 0, 'the generator before it is closed');
    assert.equal(probe.live, 0, 'nothing is in flight any more');
    assert.ok(probe.teardowns === probe.setups, 'what was set up is torn down');
  });
}

test('an error while more calls are in flight waits for them', async () => {
  const run = runDirect((root) => {
    impulse(root)
      .parDo('range', fns.range({ n: 50 }), { coder: numberCoder })
      .parDo('slow', fns.slow({ ms: 2, maxConcurrency: 8, failAt: 20 }), { coder: numberCoder });
  });
  await assert.rejects(run, /^Error: boom at 20 \[in transform "slow"\]$/);
  assert.equal(probe.live, 0);
  assert.equal(probe.closed, 1);
});

test('what is not an Error is rejected as it is', async () => {
  const run = runDirect((root) => {
    impulse(root).parDo('bad', throwsText(null), { coder: anyCoder });
  });
  await assert.rejects(run, (error) => error === 'text');
});

test('a signal stops the run between two elements, with its reason', async () => {
  const controller = new AbortController();
  const reason = new Error('enough');
  const run = runDirect(
    (root) => {
      impulse(root)
        .parDo('range', fns.range({ n: 1e9 }), { coder: numberCoder })
        .parDo('count', fns.countRows(null), { coder: numberCoder });
    },
    { signal: controller.signal, onProgress: () => controller.abort(reason) },
  );
  await assert.rejects(run, (error) => error === reason);
  assert.equal(reason.message, 'enough', 'the reason is not annotated');
  assert.equal(probe.closed, 1);
  const aborted = runDirect(() => assert.fail('it is not even built'), { signal: controller.signal });
  await assert.rejects(aborted, (error) => error === reason);
});

test('a signal that is raised by a step lets no further element through', async () => {
  const controller = new AbortController();
  abortAt = { controller, element: 5 };
  const run = runDirect(
    (root) => {
      impulse(root)
        .parDo('range', fns.range({ n: 100 }), { coder: numberCoder })
        .parDo('abort', aborts(null), { coder: numberCoder })
        .parDo('collect', fns.collect(null), { coder: anyCoder });
    },
    { signal: controller.signal },
  );
  await assert.rejects(run, { name: 'AbortError' });
  assert.deepEqual(collected, upTo(5));
});

test('metrics take integers only', async () => {
  const run = runDirect((root) => {
    impulse(root).parDo('half', countsHalf(null), { coder: anyCoder });
  });
  await assert.rejects(run, /metric "half" takes integers, got 0.5 \[in transform "half"\]/);
});
