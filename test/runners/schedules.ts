/** The files of scripts/schedule, and the programs that look at them. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { scratch } from '../end-to-end/scratch.js';

export const SCHEDULES = fileURLToPath(new URL('../../../scripts/schedule/', import.meta.url));
export const INSTALL = 'node scripts/runners/install-schedules.mjs';
const TIMEOUT_MS = 60_000;

export const read = (name: string) => readFileSync(join(SCHEDULES, name), 'utf8');

export interface Said {
  readonly code: number | null;
  readonly text: string;
}

export function said(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}, cwd?: string): Said {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    encoding: 'utf8',
    timeout: TIMEOUT_MS,
    env: { ...process.env, ...env },
    ...(cwd === undefined ? {} : { cwd }),
  });
  if (error !== undefined) throw error;
  return { code: status, text: `${stdout}${stderr}` };
}

/** Whether the machine has the command. */
export const runs = (command: string, ...args: string[]) => spawnSync(command, args).status === 0;

/** A copy with one passage replaced, under the same name in a folder of its own. */
export function altered(t: TestContext, name: string, from: string, to: string): string {
  const text = read(name);
  assert.ok(text.includes(from), `${name} has no ${from}`);
  const path = join(scratch(t), name);
  writeFileSync(path, text.replace(from, to));
  return path;
}
