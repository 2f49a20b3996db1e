/** A file system in memory of a size that a test sets, so that it fills. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

export interface SmallDisk {
  readonly folder: string;
  usedBytes(): number;
  resize(bytes: number): void;
}

/** Mounts one for the test. A text, the reason, where that may not be done. */
export function mountSmallDisk(t: Pick<TestContext, 'after'>, bytes: number): SmallDisk | string {
  const folder = mkdtempSync(join(tmpdir(), 'm4-balance-disk-'));
  const mount = (...options: string[]) =>
    spawnSync('mount', ['-t', 'tmpfs', '-o', options.join(), 'tmpfs', folder], { encoding: 'utf8' });
  const mounted = mount(`size=${bytes}`);
  if (mounted.status !== 0) {
    rmSync(folder, { recursive: true });
    return `no tmpfs can be mounted: ${mounted.error?.message ?? mounted.stderr.trim()}`;
  }
  t.after(() => {
    spawnSync('umount', ['-l', folder]);
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    folder,
    usedBytes() {
      const { bsize, blocks, bfree } = statfsSync(folder);
      return bsize * (blocks - bfree);
    },
    resize(to) {
      const { status, stderr } = mount('remount', `size=${to}`);
      if (status !== 0) throw new Error(`tmpfs of ${to} bytes: ${stderr}`);
    },
  };
}
