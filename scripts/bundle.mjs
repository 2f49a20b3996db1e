/**
 * Puts the command and what it needs into a few files, dist/bin: Node takes twice as long to find and compile 700 small modules as
 * a short run takes to work. The modules of dist/ stay what tests, workers and importers use.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

/**
 * Left out: what looks for its own files (parquet-wasm, eld, zstd-wasm), and what is told apart by identity or finds its parts
 * through `eval` (protobufjs and long), and what only runs on gs:// need (google-auth-library).
 */
const EXTERNAL = [
  'parquet-wasm',
  'eld',
  'eld/*',
  '@bokuweb/zstd-wasm',
  'protobufjs',
  'long',
  '@grpc/*',
  'google-auth-library',
];

/** CommonJS packages inside an ES module still call `require` for Node's own modules. */
const REQUIRE =
  "import { createRequire as createRequireForBundle } from 'node:module';\nconst require = createRequireForBundle(import.meta.url);";

/** Node reads a CommonJS package for its exports before an ES module may import it, at a tenth of the time to start; `require` does without. */
const COMMON_JS = /^(parquet-wasm|protobufjs|long|@grpc\/grpc-js)$/;

const requireCommonJs = {
  name: 'require-common-js',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: COMMON_JS }, ({ path, kind }) =>
      kind === 'import-statement' ? { path, namespace: 'common-js' } : { path, external: true },
    );
    onLoad({ filter: /.*/, namespace: 'common-js' }, ({ path }) => ({
      contents: `module.exports = require(${JSON.stringify(path)});`,
    }));
  },
};

const tagJob = (dist) => join(dist, 'bench', 'tag-job.js');

export async function bundle(dist) {
  await build({
    entryPoints: {
      'm4-balance': join(dist, 'cli', 'main.js'),
      // Started by its file, beside the command's.
      'parquet-worker': join(dist, 'formats', 'parquet-worker.js'),
      // So that a benchmark of one pass starts as the command does. The image is built without benchmarks.
      ...(existsSync(tagJob(dist)) && { 'tag-job': tagJob(dist) }),
    },
    outdir: join(dist, 'bin'),
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    external: EXTERNAL,
    plugins: [requireCommonJs],
    // A quarter of the time to start is reading the text, most of it comments and white space; names stay, for stacks.
    minifyWhitespace: true,
    banner: { js: REQUIRE },
    legalComments: 'external',
    logLevel: 'warning',
  });
}
