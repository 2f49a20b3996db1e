/** The workers of a runner, as Linux's /proc tells of them. */
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** Why the processes of a runner cannot be looked at here; false where they can. */
export const noProcesses: string | false = existsSync('/proc/self/task') ? false : 'needs the /proc of Linux';

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** Whether a process is there and no zombie. */
export function isAlive(pid: number): boolean {
  const stat = read(`/proc/${pid}/stat`);
  return stat !== '' && stat.slice(stat.lastIndexOf(')') + 2)[0] !== 'Z';
}

/** Every process below `roots`: children, their children, and so on. */
function descendants(roots: readonly number[]): number[] {
  const found = [...roots];
  for (const pid of found) {
    let threads: string[] = [];
    try {
      threads = readdirSync(`/proc/${pid}/task`);
    } catch {
      // It ended meanwhile.
    }
    for (const thread of threads) {
      const children = read(`/proc/${pid}/task/${thread}/children`).split(' ').filter(Boolean).map(Number);
      found.push(...children);
    }
  }
  return found.slice(roots.length);
}

/** SDK workers below `roots`: those that have the flags of Beam's container contract. */
export function workersBelow(roots: readonly number[]): number[] {
  return descendants(roots).filter((pid) => {
    const words = read(`/proc/${pid}/cmdline`).split('\0');
    const has = (flag: string) => words.some((word) => word.startsWith(`--${flag}=`));
    return has('id') && (has('provision_endpoint') || has('control_endpoint')) && words[0]!.includes('node');
  });
}

/** Whether a process has a file below one of the folders open: a worker that has read or writes. */
export function hasOpenBelow(pid: number, folders: readonly string[]): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((fd) => {
      try {
        const target = readlinkSync(`/proc/${pid}/fd/${fd}`);
        return folders.some((folder) => target.startsWith(folder));
      } catch {
        return false;
      }
    });
  } catch {
    return false;
  }
}
