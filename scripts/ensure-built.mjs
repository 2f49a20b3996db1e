/** Makes a fresh clone ready: installs what package-lock.json names and compiles, each only where it is due. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** npm's own record of what it installed. */
const INSTALLED = join(ROOT, 'node_modules', '.package-lock.json');

/** Whether every package that the lock file names is installed in its version; optional ones may be of other systems. */
function isInstalled() {
  if (!existsSync(INSTALLED)) return false;
  const packages = (file) => JSON.parse(readFileSync(file, 'utf8')).packages;
  const installed = packages(INSTALLED);
  return Object.entries(packages(join(ROOT, 'package-lock.json'))).every(
    ([path, { version, optional }]) =>
      path === '' || installed[path]?.version === version || (optional && !installed[path]),
  );
}

function install() {
  // Under `npm run`, npm says where it is; by itself the script needs the shell to find npm (npm.cmd on Windows).
  const npm = process.env.npm_execpath;
  const args = ['ci', '--include=dev', '--no-audit', '--no-fund'];
  const { status } = npm
    ? spawnSync(process.execPath, [npm, ...args], { cwd: ROOT, stdio: 'inherit' })
    : spawnSync(`npm ${args.join(' ')}`, { cwd: ROOT, stdio: 'inherit', shell: true });
  if (status !== 0) process.exit(status ?? 1);
}

if (!isInstalled()) {
  console.log('Installing the packages that package-lock.json names (npm ci) ...');
  install();
  rmSync(join(ROOT, 'dist', '.built'), { force: true });
}
// Loaded now, for it needs packages that have only just been installed.
const { build, isBuilt } = await import('./build.mjs');
if (!isBuilt()) {
  console.log('Compiling ...');
  await build();
}
