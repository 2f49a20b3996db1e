/**
 * Puts the command and what it needs into a few files, dist/bin: Node takes twice as long to find and compile 700 small modules as
 * a short run takes to work. The modules of dist/ stay what tests, workers and importers use.
 */
import { join } from 'node:path';
import { build } from 'esbuild';

/**
 * Left out: what looks for its own files (parquet-wasm, eld, zstd-wasm), and what is told apart by identity or finds its parts
 * through `eval` (protobufjs and long).
 */
const EXTERNAL = ['parquet-wasm', 'eld', 'eld/*', '@bokuweb/zstd-wasm', 'protobufjs', 'long', '@grpc/*'];

/** CommonJS packages inside an ES module still call `require` for Node's own modules. */
const REQUIRE =
  "import { createRequire as createRequireForBundle } from 'node:module';\nconst require = createRequireForBundle(import.meta.url);";

export async function bundle(dist) {
  await build({
    entryPoints: { 'm4-balance': join(dist, 'cli', 'main.js') },
    outdir: join(dist, 'bin'),
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    external: EXTERNAL,
    banner: { js: REQUIRE },
    legalComments: 'external',
    logLevel: 'warning',
  });
}
