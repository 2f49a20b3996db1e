import { randomUUID } from 'node:crypto';
import { link, mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { guarded } from './guarded.js';

/**
 * Writes a small file where there is none of its name: under a name of its own, flushed, and then by a second name, which is the one step
 * that fails where the name is taken, on NFS too. Resolves to false where it is.
 */
export async function createNew(path: string, bytes: Uint8Array): Promise<boolean> {
  const temporary = join(dirname(path), `.${randomUUID()}.tmp`);
  return guarded('create', path, 'a file that can be written', async () => {
    await mkdir(dirname(path), { recursive: true });
    try {
      await writeFile(temporary, bytes, { flag: 'wx', flush: true });
      await link(temporary, path);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
      throw error;
    } finally {
      await rm(temporary, { force: true });
    }
  });
}
