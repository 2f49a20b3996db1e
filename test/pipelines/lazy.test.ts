import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';

/** Paths of the CommonJS modules that a process has loaded after these lines; ours import the client's, which is one. */
function loadedBy(lines: string): string[] {
  const program = `${lines}
    const { createRequire } = await import('node:module');
    console.log(JSON.stringify(Object.keys(createRequire(process.cwd() + '/x.js').cache)));`;
  return JSON.parse(execFileSync(process.execPath, ['--input-type=module', '-e', program], { encoding: 'utf8' }));
}

const isClient = (path: string) => /@google-cloud[\\/]bigquery[\\/]/.test(path);
const isTelemetry = (path: string) => /@opentelemetry[\\/]/.test(path);
const module = (path: string) => JSON.stringify(new URL(`../../${path}`, import.meta.url).href);

test('workers, and runs on files, do without the client of BigQuery and without OpenTelemetry', () => {
  const loaded = loadedBy(`await import(${module('pipelines/index.js')});`);
  assert.ok(loaded.length > 0);
  assert.deepEqual(
    loaded.filter((path) => isClient(path) || isTelemetry(path)),
    [],
  );
});

test('what opens the client loads it', () => {
  const loaded = loadedBy(
    `const { openBigQuery } = await import(${module('storage/bigquery/client.js')});
     await openBigQuery({ project: 'p', endpoint: 'http://127.0.0.1:9' });`,
  );
  assert.ok(loaded.some(isClient));
});

test('what sends metrics loads OpenTelemetry', () => {
  const loaded = loadedBy(
    `const { sendMetrics } = await import(${module('pipelines/nightly/otlp.js')});
     await sendMetrics('http://127.0.0.1:9/v1/metrics', [], 'out').catch(() => undefined);`,
  );
  assert.ok(loaded.some(isTelemetry));
});
