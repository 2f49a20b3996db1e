/** Credentials by Google's default rules; what is secret of them is in no message. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { StorageError } from '../../schemas/errors.js';
import { gcsStorage } from '../../storage/gcs/gcs.js';
import { scratch } from '../end-to-end/scratch.js';

async function failure(file: string): Promise<unknown> {
  const before = process.env.GOOGLE_APPLICATION_CREDENTIALS;
  process.env.GOOGLE_APPLICATION_CREDENTIALS = file;
  try {
    const retries = { attempts: 1, firstDelayMs: 1, maximumDelayMs: 1 };
    return await gcsStorage({ retries })
      .open('gs://bucket/object')
      .catch((error: unknown) => error);
  } finally {
    if (before === undefined) delete process.env.GOOGLE_APPLICATION_CREDENTIALS;
    else process.env.GOOGLE_APPLICATION_CREDENTIALS = before;
  }
}

test('a key file that is absent, or of which nothing can be made, is told without anything of the key', async (t) => {
  const folder = scratch(t);
  const absent = await failure(join(folder, 'absent.json'));
  assert.ok(absent instanceof StorageError, String(absent));
  assert.match(
    absent.message,
    /credentials: expected those of Google Cloud, got .*gcloud auth application-default login/s,
  );

  // A key of which nothing can be made: what is wrong with it is told by what tries to.
  const secret = randomBytes(48).toString('base64');
  const key = `-----BEGIN PRIVATE KEY-----\n${secret}\n-----END PRIVATE KEY-----\n`;
  const file = join(folder, 'key.json');
  const account = { type: 'service_account', client_email: 'a@p.iam.gserviceaccount.com', private_key: key };
  writeFileSync(file, JSON.stringify(account));
  const refused = await failure(file);
  assert.ok(refused instanceof StorageError, String(refused));
  const told = inspect(refused, { depth: Number.POSITIVE_INFINITY, showHidden: true });
  assert.ok(!told.includes(secret) && !told.includes('PRIVATE KEY'), told);
});
