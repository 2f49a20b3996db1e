/** Compiles to dist/, removes what no source stands behind any more, and makes the command executable. */
import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import wabt from 'wabt';
import { bundle, bundlePage } from './bundle.mjs';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));
const DIST = join(ROOT, 'dist');
/** Written after a build without errors; its time is the build's. */
const STAMP = join(DIST, '.built');
/** As in tsconfig.json. */
const SOURCES = ['schemas', 'formats', 'storage', 'transforms', 'beam', 'pipelines', 'cli', 'scripts', 'bench', 'test'];
/** The script and style of the report's page, for a browser: checked by a tsconfig.json of their own. */
const PAGE = 'page';

/** Every file under a folder, as paths; none where the folder is absent. */
function filesUnder(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name));
}

/** A compiled test whose source was deleted would go on running. */
function removeStale() {
  for (const file of filesUnder(DIST)) {
    const source = /^(.*?)(\.d\.ts|\.js|\.js\.map)$/.exec(relative(DIST, file))?.[1];
    if (source !== undefined && !existsSync(join(ROOT, `${source}.ts`))) rmSync(file);
  }
}

/** Whether a source, or what steers the compiler, is newer than the last build. */
export function isBuilt() {
  if (!existsSync(STAMP)) return false;
  const built = statSync(STAMP).mtimeMs;
  const inputs = [
    ...[...SOURCES, PAGE]
      .flatMap((folder) => filesUnder(join(ROOT, folder)))
      .filter((file) => /\.(ts|css|wat)$/.test(file)),
    ...['page/tsconfig.json', 'tsconfig.json', 'package.json', 'package-lock.json'].map((file) => join(ROOT, file)),
  ];
  return inputs.every((file) => statSync(file).mtimeMs <= built);
}

/** WebAssembly text, each as a module that holds its bytes: `x.wat` becomes `x-wasm.js`, whose types `x-wasm.d.ts` has. */
async function assemble() {
  const assembler = await wabt();
  for (const file of SOURCES.flatMap((folder) => filesUnder(join(ROOT, folder))).filter((f) => f.endsWith('.wat'))) {
    const features = { simd: true };
    const module = assembler.parseWat(file, readFileSync(file, 'utf8'), features);
    module.validate(features);
    const bytes = Buffer.from(module.toBinary({}).buffer).toString('base64');
    module.destroy();
    const made = join(DIST, relative(ROOT, file).replace(/\.wat$/, '-wasm.js'));
    writeFileSync(
      made,
      `const BYTES = Buffer.from('${bytes}', 'base64');\nexport function instantiate() {\n  return new WebAssembly.Instance(new WebAssembly.Module(BYTES)).exports;\n}\n`,
    );
  }
}

/** Exits with the compiler's code where it finds an error. */
export async function build() {
  const compiler = createRequire(import.meta.url).resolve('typescript/bin/tsc');
  const started = new Date();
  for (const project of [ROOT, join(ROOT, PAGE)]) {
    const { status } = spawnSync(process.execPath, [compiler, '-p', project], { stdio: 'inherit' });
    if (status !== 0) process.exit(status ?? 1);
  }
  removeStale();
  await assemble();
  // npm does this for an installed package; a clone's own dist/ is run directly.
  await bundle(DIST);
  await bundlePage(join(ROOT, PAGE), join(DIST, PAGE));
  if (process.platform !== 'win32') {
    for (const command of [join('cli', 'main.js'), join('bin', 'm4-balance.js')]) chmodSync(join(DIST, command), 0o755);
  }
  writeFileSync(STAMP, `${started.toISOString()}\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await build();
