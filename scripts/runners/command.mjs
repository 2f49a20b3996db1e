/** One command of an installer, and the installer as a command. */
import { spawn } from 'node:child_process';
import { pathToFileURL } from 'node:url';

/** Runs a command to its end, its output on stderr. Throws a sentence if it cannot be run or fails. */
export async function run(command, args, { env, cwd } = {}) {
  const child = spawn(command, args, { stdio: ['ignore', 2, 2], env: { ...process.env, ...env }, cwd });
  await new Promise((resolve, reject) => {
    child.on('error', (error) => reject(new Error(`${command} cannot be run: ${error.message}`)));
    child.on('exit', (code, signal) =>
      code === 0 ? resolve() : reject(new Error(`${command} ${args.join(' ')} ended with ${code ?? signal}`)),
    );
  });
}

/** Where the file at `url` is what Node was called with: installs, prints where the runner is, exits with 1 after an error. */
export async function installAsCommand(url, install) {
  if (url !== pathToFileURL(process.argv[1] ?? '').href) return;
  try {
    console.log(await install());
  } catch (error) {
    console.error(error.message);
    process.exit(1);
  }
}

/** A process ends when nothing is left to be done; this is longer than anyone waits, and the longest that a timer can. */
const FOR_EVER_MS = 2 ** 31 - 1;

/** The same for a starter: prints what there is to know, and stops the runner on Ctrl-C. */
export async function startAsCommand(url, start) {
  if (url !== pathToFileURL(process.argv[1] ?? '').href) return;
  const { absent, stop, ...about } = await start();
  if (absent !== undefined) {
    console.error(absent);
    process.exit(1);
  }
  console.log(JSON.stringify(about, undefined, 2));
  setInterval(() => undefined, FOR_EVER_MS);
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => stop().then(() => process.exit(0)));
}
