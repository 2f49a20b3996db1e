/** What Google's servers answer, given by a server of this machine to the real client, and what a person reads. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { openBigQuery } from '../../../storage/bigquery/client.js';
import { asking, bigQueryError, isTransient } from '../../../storage/bigquery/errors.js';
import { ensureDataset } from '../../../storage/bigquery/tables.js';

const ASKED = { place: 'p.d.t', expected: 'a table that can be read', role: 'bigquery.dataViewer' };

/** The client of a server that answers every request like this. */
async function clientOf(t: TestContext, status: number, reason: string, message: string) {
  const server = createServer((_, response) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ error: { code: status, message, errors: [{ domain: 'global', reason, message }] } }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => server.close());
  return openBigQuery({ project: 'p', endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
}

// Statuses, reasons and messages of https://cloud.google.com/bigquery/docs/error-messages.
const ANSWERS: readonly [status: number, reason: string, message: string, name: string, sentence: RegExp][] = [
  [
    403,
    'accessDenied',
    'Access Denied: Table p:d.t: User does not have permission to query table p:d.t.',
    'ServiceError',
    /^BigQuery: p\.d\.t: expected a table that can be read, got Access Denied: .*p:d\.t\. The account needs the role bigquery\.dataViewer there/,
  ],
  [
    403,
    'quotaExceeded',
    'Quota exceeded: Your project exceeded quota for free query bytes scanned.',
    'ServiceError',
    /got Quota exceeded: .* A quota or limit of the project is used up: try again later/,
  ],
  [
    403,
    'rateLimitExceeded',
    'Exceeded rate limits: too many table update operations',
    'ServiceError',
    /is used up: try/,
  ],
  [403, 'billingNotEnabled', 'Billing has not been enabled for this project', 'ServiceError', /Turn on billing/],
  [
    503,
    'backendError',
    'Error encountered during execution. Retrying may solve the problem.',
    'ServiceError',
    /at fault/,
  ],
  [
    401,
    'authError',
    'Request had invalid authentication credentials.',
    'ServiceError',
    /gcloud auth application-default login/,
  ],
  [404, 'notFound', 'Not found: Table p:d.t', 'InputError', /got Not found: Table p:d\.t\.$/],
  [
    400,
    'invalidQuery',
    'Syntax error: Unexpected "\n\u001b[2Jx"',
    'InputError',
    /got Syntax error: Unexpected " \\u001b\[2Jx"\.$/,
  ],
];

describe('an answer of BigQuery', () => {
  for (const [status, reason, message, name, sentence] of ANSWERS) {
    test(`${status} ${reason} is a sentence`, async (t) => {
      const bigquery = await clientOf(t, status, reason, message);
      const asked = asking(ASKED, () => bigquery.dataset('d').table('t').getMetadata());
      await assert.rejects(asked, { name, message: sentence });
    });
  }

  test('is bounded, however long', async (t) => {
    const bigquery = await clientOf(t, 400, 'invalid', 'x'.repeat(100_000));
    const asked = asking(ASKED, () => bigquery.dataset('d').table('t').getMetadata());
    await assert.rejects(asked, (error: Error) => error.message.length < 1000);
  });

  test('that forbids the dataset names it and the role that is needed', async (t) => {
    const bigquery = await clientOf(t, 403, 'accessDenied', 'Access Denied: Dataset p:d: Permission denied');
    await assert.rejects(ensureDataset(bigquery, 'd', 'EU'), {
      name: 'ServiceError',
      message:
        /^BigQuery: p\.d: expected a dataset that can be written to, got Access Denied.* role bigquery\.dataEditor/,
    });
  });
});

test('what gRPC and google-auth-library say is told as well', () => {
  const grpc = (code: number, details: string) => Object.assign(new Error(`${code}: ${details}`), { code, details });
  const said = (error: Error) => String((bigQueryError(error, ASKED) as Error).message);
  assert.match(said(grpc(7, 'request failed: the user does not have bigquery.readsessions.create')), /needs the role/);
  assert.match(said(grpc(8, 'Quota exceeded: concurrent streams')), /used up/);
  assert.match(said(grpc(5, 'Not found: Table')), /got Not found: Table\.$/);
  assert.match(said(new Error('Could not load the default credentials. Browse to https://…')), /gcloud auth/);
});

test('the error that is told carries neither the request nor what was thrown', () => {
  const thrown = Object.assign(new Error('boom'), {
    code: 503,
    config: { headers: { Authorization: 'Bearer secret' } },
  });
  const told = bigQueryError(thrown, ASKED) as Error;
  assert.equal(told.cause, undefined);
  assert.ok(!JSON.stringify({ ...told, stack: told.stack }).includes('secret'));
});

test('what is no failure of the service stays what it is', () => {
  const bug = new TypeError('x is not a function');
  assert.equal(bigQueryError(bug, ASKED), bug);
});

test('only what passes is tried again', () => {
  const failed = (code: number, reason?: string) =>
    Object.assign(new Error('x'), { code, ...(reason && { errors: [{ reason }] }) });
  assert.deepEqual(
    [failed(503), failed(403, 'rateLimitExceeded'), failed(403, 'quotaExceeded'), failed(403), failed(404)].map(
      isTransient,
    ),
    [true, true, false, false, false],
  );
});
