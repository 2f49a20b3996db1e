/** Runs the SDK's own code in a process of its own: it prints, leaves promises unhandled, throws on streams, and hangs. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const MARK = 'RESULTS ';

/** In the child: tells the parent, and ends. */
export function report(results: unknown): void {
  process.stdout.write(`\n${MARK}${JSON.stringify(results)}\n`, () => process.exit());
}

/** In the child: no more output; counts instead. */
export function muteConsole(): Record<'log' | 'error' | 'warn' | 'debug' | 'info', number> {
  const counts = { log: 0, error: 0, warn: 0, debug: 0, info: 0 };
  for (const method of Object.keys(counts) as (keyof typeof counts)[]) {
    console[method] = () => {
      counts[method]++;
    };
  }
  return counts;
}

/** In the parent: the results of `stock/<name>.ts`. */
export async function runStock<T>(name: string, args: readonly string[] = []): Promise<T> {
  const script = fileURLToPath(new URL(`./${name}.js`, import.meta.url));
  const child = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (text) => {
    stdout += text;
  });
  child.stderr.on('data', (text) => {
    stderr += text;
  });
  await new Promise((resolve) => child.on('close', resolve));
  const line = stdout.split('\n').find((text) => text.startsWith(MARK));
  if (line === undefined) throw new Error(`stock/${name} reported nothing: ${stdout}${stderr}`);
  return JSON.parse(line.slice(MARK.length));
}

/** The promise's value, or 'hangs' if it takes longer than a sound one by orders of magnitude. */
export async function orHangs<T>(promise: Promise<T>, ms = 1000): Promise<T | 'hangs'> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<'hangs'>((resolve) => {
    timer = setTimeout(() => resolve('hangs'), ms);
  });
  const first = await Promise.race([promise, late]);
  clearTimeout(timer);
  return first;
}
