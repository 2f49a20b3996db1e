/** Old runs go; those in use, and those whose files a kept run lists, stay. Also goes what killed runs have left. */
import { type Latest, type Ledger, RUN_NAME } from '../../schemas/nightly.js';
import { below, nameBelow, storageFor } from '../../storage/index.js';
import { manifestPath } from '../../transforms/write/finished.js';
import { RUNS, readLedger, runFolder } from './latest.js';
import { workFolder } from './night.js';

/** Names of the folders, or files, right below one. */
async function namesIn(folder: string): Promise<string[]> {
  const files = await storageFor(folder).listFiles(folder);
  return [...new Set(files.map(({ path }) => nameBelow(folder, path).split('/')[0]!))];
}

export interface Retired {
  readonly runs: readonly string[];
}

/** Removes what is not kept. Called under the lock, after the switch; safe to repeat. */
export async function retire(root: string, { run, history }: Latest, keep: number): Promise<Retired> {
  const storage = storageFor(root);
  const there = (await namesIn(below(root, RUNS))).filter((name) => RUN_NAME.test(name));
  const recent = [...new Set([run, ...history.map((entry) => entry.run).reverse()])].filter((name) =>
    there.includes(name),
  );
  const kept = new Set<string>(recent.slice(0, keep));
  const ledgers: Ledger[] = [];
  for (const name of kept) ledgers.push(await readLedger(root, name));
  const used = new Set([...kept, ...ledgers.flatMap(({ nights }) => nights.map((night) => night.run))]);
  const runs = there.filter((name) => !used.has(name));
  for (const name of runs) {
    // First: a run that is removed in part is none, and nobody goes back to it.
    await storage.remove(manifestPath(runFolder(root, name)));
    await storage.remove(runFolder(root, name));
  }
  const counts = new Set(ledgers.flatMap(({ nights }) => nights.map((night) => night.counts.split('/').at(-1))));
  for (const name of await namesIn(below(root, 'nights'))) {
    if (!counts.has(name)) await storage.remove(below(root, 'nights', name));
  }
  await storage.remove(workFolder(root));
  return { runs };
}
