/** An emulator of Cloud Storage for tests, and what is in it. Set up before anything of ours looks for gs://. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { after } from 'node:test';
import { ENDPOINT_VARIABLE, gcsStorage } from '../../storage/gcs/gcs.js';
import type { ObjectStorage } from '../../storage/storage.js';
import { findGcs, startGcs } from './runners.js';

const binary = await findGcs();
const found = binary !== undefined && existsSync(binary);

export const options = {
  skip: found ? false : 'no fake-gcs-server: node scripts/runners/install-gcs.mjs',
  timeout: 10 * 60_000,
};

export const BUCKET = 'data';

export interface Emulator {
  readonly endpoint: string;
  readonly storage: ObjectStorage;
  /** Every file of a local folder. */
  upload(folder: string, to: string): Promise<void>;
  /** Object, relative to the folder: sha256 of it. */
  digests(folder: string): Promise<Record<string, string>>;
}

/** Starts one for the test file; everything of this process, and of those that it starts, then uses it. */
export async function startEmulator(): Promise<Emulator> {
  const started = await startGcs([BUCKET]);
  if (started.absent !== undefined) throw new Error(started.absent);
  const { endpoint } = started;
  after(() => started.stop());
  process.env[ENDPOINT_VARIABLE] = endpoint;
  const storage = gcsStorage({ endpoint });
  return {
    endpoint,
    storage,
    async upload(folder, to) {
      for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
        if (!entry.isFile()) continue;
        const path = join(entry.parentPath ?? entry.path, entry.name);
        const sink = await storage.create(`${to}/${relative(folder, path)}`);
        await sink.write(readFileSync(path));
        await sink.close();
      }
    },
    async digests(folder) {
      const found: Record<string, string> = {};
      for (const { path } of await storage.listFiles(folder)) {
        const bytes = await storage.readAll(path);
        found[path.slice(folder.length + 1)] = createHash('sha256').update(bytes).digest('hex');
      }
      return found;
    },
  };
}
