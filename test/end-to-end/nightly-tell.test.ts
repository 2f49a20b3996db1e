/** What `nightly` tells others: by the real command, to real HTTP servers. */
import assert from 'node:assert/strict';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { run } from './command.js';
import { afterNight, nightlyConfig, saveNight } from './nights.js';
import { scratch } from './scratch.js';

interface Received {
  readonly method: string | undefined;
  readonly path: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: any;
}

/** A server on a free port that answers every request with `status`, and what it was sent. */
async function listen(t: TestContext, status = 200) {
  const received: Received[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { method, url: path, headers } = request;
    received.push({ method, path, headers, body: JSON.parse(Buffer.concat(chunks).toString()) });
    response.writeHead(status, { 'content-type': 'application/json' }).end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return { received, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

const NIGHTS = ['2026-05-01', '2026-05-02', '2026-05-03', '2026-05-04'] as const;

/** Four nights of data, the last one garbage, and a configuration file. */
async function setUp(t: TestContext, nightly: object) {
  const folder = scratch(t);
  const [data, out, file] = [join(folder, 'data'), join(folder, 'out'), join(folder, 'job.yaml')];
  for (const [i, night] of NIGHTS.entries()) await saveNight(data, night, { seed: i + 1, garbage: i === 3 });
  // YAML holds JSON.
  writeFileSync(file, JSON.stringify(nightlyConfig(data, out, { window: '7d', ...nightly })));
  return { folder, out, file };
}

const command = (file: string, night: string, ...more: string[]) =>
  run(['nightly', file, '--json', '--now', afterNight(night).toISOString(), ...more]);

const eventsOf = (stdout: string) =>
  stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));

/** Name: value, of the gauges of an export request (ExportMetricsServiceRequest, opentelemetry-proto, as JSON). */
function gaugesOf({ body }: Received): Record<string, number> {
  const [{ scopeMetrics }] = body.resourceMetrics;
  assert.equal(scopeMetrics.length, 1);
  return Object.fromEntries(
    scopeMetrics[0].metrics.map(
      ({ name, gauge }: { name: string; gauge: { dataPoints: { asDouble?: number; asInt?: number }[] } }) => {
        assert.equal(gauge.dataPoints.length, 1, name);
        return [name, Number(gauge.dataPoints[0]!.asDouble ?? gauge.dataPoints[0]!.asInt)];
      },
    ),
  );
}

const attributesOf = ({ body }: Received): Record<string, string> =>
  Object.fromEntries(
    body.resourceMetrics[0].resource.attributes.map(
      ({ key, value }: { key: string; value: { stringValue: string } }) => [key, value.stringValue],
    ),
  );

describe('nightly tells', { timeout: 120_000 }, () => {
  test('events, the webhook of a failure, the text file and a collector what happened, each the same', async (t) => {
    const [hook, collector] = [await listen(t), await listen(t)];
    const folder = scratch(t);
    const textfile = join(folder, 'm4_balance.prom');
    const { out, file } = await setUp(t, {
      webhook: `${hook.url}/alarm?key=secret`,
      otlp: `${collector.url}/v1/metrics`,
      textfile,
    });
    const good = await command(file, NIGHTS[2]);
    assert.equal(good.code, 0, good.stderr);
    const events = eventsOf(good.stdout);
    const told = events.filter(({ event }) => event !== 'progress' && event !== 'log');
    for (const { at } of told) assert.ok(Math.abs(Date.parse(at) - Date.now()) < 60_000, at);
    const kinds = told.map(({ event }) => event);
    assert.deepEqual([kinds[0], kinds.at(-2)], ['start', 'publish'], kinds.join());
    assert.deepEqual(
      told.filter(({ event }) => event === 'found').map(({ night, kind, files }) => [night, kind, files]),
      NIGHTS.slice(0, 3).map((night) => [night, 'new', 1]),
    );
    const stages = told.filter(({ event }) => event === 'stage');
    assert.deepEqual(
      stages.map(({ stage }) => stage),
      [
        'found',
        ...['counted', 'counted', 'counted'],
        'fitted',
        ...['wrote', 'wrote', 'wrote'],
        ...['gated', 'committed', 'switched', 'retired'],
      ],
    );
    assert.ok(stages.every(({ seconds }) => seconds >= 0));
    assert.ok(told.filter(({ event }) => event === 'gate').every(({ passed }) => passed));
    assert.equal(hook.received.length, 0, 'nothing failed');

    const [sent] = collector.received;
    assert.equal(collector.received.length, 1);
    assert.deepEqual([sent!.method, sent!.path], ['POST', '/v1/metrics']);
    const { 'service.name': service, 'm4_balance.output': output } = attributesOf(sent!);
    assert.deepEqual([service, output], ['m4-balance', out]);
    const gauges = gaugesOf(sent!);
    assert.deepEqual(
      [gauges.m4_balance_last_run_success, gauges.m4_balance_rows, gauges.m4_balance_nights],
      [1, 900, 3],
    );
    const lines = readFileSync(textfile, 'utf8').split('\n');
    const samples = lines.filter((line) => line !== '' && !line.startsWith('#')).map((line) => line.split(' '));
    assert.deepEqual(Object.fromEntries(samples.map(([name, value]) => [name, Number(value)])), gauges);
    const { figures } = JSON.parse(readFileSync(join(out, 'runs', '2026-05-04T03-00Z', 'ledger.json'), 'utf8'));
    assert.deepEqual([gauges.m4_balance_ess, gauges.m4_balance_rb], [figures.ess, figures.rb]);

    const bad = await command(file, NIGHTS[3]);
    assert.equal(bad.code, 10, bad.stderr);
    const failure = eventsOf(bad.stdout).find(({ event }) => event === 'failure');
    assert.deepEqual([failure.name, failure.inUse], ['GateError', '2026-05-04T03-00Z']);
    assert.match(failure.message, /unknown/);
    const [alarm] = hook.received;
    assert.equal(hook.received.length, 1);
    assert.deepEqual(
      [alarm!.method, alarm!.path, alarm!.headers['content-type']],
      ['POST', '/alarm?key=secret', 'application/json'],
    );
    const { at: _at, ...event } = failure;
    assert.deepEqual(alarm!.body, { ...event, output: out, text: `m4-balance nightly, ${out}: ${failure.message}` });
    const after = gaugesOf(collector.received[1]!);
    assert.deepEqual(Object.keys(after), ['m4_balance_last_run_timestamp_seconds', 'm4_balance_last_run_success']);
    assert.deepEqual(Object.values(after), [afterNight(NIGHTS[3]).getTime() / 1000, 0]);
    assert.match(readFileSync(textfile, 'utf8'), /^m4_balance_last_run_success 0$/m);
  });

  test('where OpenTelemetry and the webhook are by their variables, what headers and names they want', async (t) => {
    const [hook, collector] = [await listen(t), await listen(t)];
    const { file } = await setUp(t, {});
    const variables = {
      M4_BALANCE_WEBHOOK: hook.url,
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      OTEL_EXPORTER_OTLP_HEADERS: 'x-key=abc',
      OTEL_SERVICE_NAME: 'pairs',
    };
    Object.assign(process.env, variables);
    t.after(() => {
      for (const name of Object.keys(variables)) delete process.env[name];
    });
    const { code } = await command(file, NIGHTS[2], '--nightly.gates.ess', '1');
    assert.equal(code, 10);
    assert.equal(hook.received.length, 1);
    const [sent] = collector.received;
    assert.deepEqual([sent!.path, sent!.headers['x-key']], ['/v1/metrics', 'abc']);
    assert.equal(attributesOf(sent!)['service.name'], 'pairs');
    assert.equal(gaugesOf(sent!).m4_balance_last_run_success, 0);
  });

  test('a webhook, a collector and a text file that fail change nothing but a warning, which names no secret', async (t) => {
    const [hook, collector] = [await listen(t, 500), await listen(t, 400)];
    const { folder, file } = await setUp(t, {
      webhook: `${hook.url}/key-7d1f`,
      otlp: `${collector.url}/key-7d1f`,
    });
    const blocked = join(folder, 'folder.prom');
    mkdirSync(join(blocked, 'in-the-way'), { recursive: true });
    const good = await command(file, NIGHTS[2], '--nightly.textfile', blocked);
    assert.equal(good.code, 0, good.stderr);
    const warnings = (stdout: string) =>
      eventsOf(stdout)
        .filter(({ event, level }) => event === 'log' && level === 'warn')
        .map(({ message }) => message as string);
    const told = warnings(good.stdout);
    assert.ok(
      told.some((message) => message.startsWith('nightly.textfile: ')),
      told.join('\n'),
    );
    assert.ok(
      told.some((message) => message.startsWith('nightly.otlp: ')),
      told.join('\n'),
    );
    const bad = await command(file, NIGHTS[3]);
    assert.equal(bad.code, 10, 'the gate, not the webhook');
    assert.ok(warnings(bad.stdout).includes('the webhook answered 500'));
    const gone = await command(file, NIGHTS[3], '--nightly.webhook', 'http://127.0.0.1:9/key-7d1f');
    assert.equal(gone.code, 10);
    assert.ok(warnings(gone.stdout).some((message) => message.startsWith('the webhook could not be reached')));
    for (const { stdout, stderr } of [good, bad, gone]) assert.ok(!`${stdout}${stderr}`.includes('key-7d1f'));
  });
});
