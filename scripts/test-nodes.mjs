/** Runs the compiled tests under other versions of Node, which npm delivers as a package. Arguments: as run-tests. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { ROOT } from './build.mjs';

const VERSIONS = [22, 24];
/** The npm package `node` is only a wrapper whose install script copies from one of these. */
const PACKAGE = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
const RUN_TESTS = fileURLToPath(new URL('run-tests.mjs', import.meta.url));

/** The path of that Node, fetched to npm's cache; undefined where it cannot be had. */
function obtain(version) {
  const { status, stdout, stderr } = spawnSync(
    `npx --yes --package=${PACKAGE}@${version} -- node -p process.execPath`,
    { shell: true, encoding: 'utf8', cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] },
  );
  if (status === 0) return stdout.trim().split('\n').at(-1);
  console.log(stderr.trim().split('\n').slice(-3).join('\n'));
  return undefined;
}

let failed = false;
const skipped = [];
for (const version of VERSIONS) {
  const node = obtain(version);
  if (node === undefined) {
    skipped.push(version);
    continue;
  }
  const { status } = spawnSync(node, [RUN_TESTS, ...process.argv.slice(2)], { cwd: ROOT, stdio: 'inherit' });
  failed ||= status !== 0;
}
for (const version of skipped) console.log(`SKIPPED: Node ${version}: npm could not deliver ${PACKAGE}@${version}`);
process.exit(failed ? 1 : 0);
