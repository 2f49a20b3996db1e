/** Loaded before a program (`node --import`): writes the peak of its resident memory, in bytes, to the file that M4_BENCH_PEAK names. */
import { readFileSync, writeFileSync } from 'node:fs';

/**
 * VmHWM counts from the program's own start; ru_maxrss, which other systems have to do with, also counts what the process was
 * before it became this program.
 */
function peakBytes(): number {
  try {
    const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
    if (kilobytes !== undefined) return 1024 * Number(kilobytes);
  } catch {
    // No /proc: below.
  }
  return 1024 * process.resourceUsage().maxRSS;
}

const file = process.env.M4_BENCH_PEAK;
if (file !== undefined) process.on('exit', () => writeFileSync(file, String(peakBytes())));
