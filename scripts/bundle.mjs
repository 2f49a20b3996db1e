/**
 * Puts the command and what it needs into a few files, dist/bin: Node takes twice as long to find and compile 700 small modules as
 * a short run takes to work. The modules of dist/ stay what tests, workers and importers use.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

/**
 * Left out: what looks for its own files (parquet-wasm, eld, zstd-wasm), what is told apart by identity or finds its parts
 * through `eval` (protobufjs and long), and what most runs never load (the client of BigQuery, google-auth-library, OpenTelemetry).
 */
const EXTERNAL = [
  'parquet-wasm',
  'eld',
  'eld/*',
  '@bokuweb/zstd-wasm',
  'protobufjs',
  'long',
  '@grpc/*',
  '@google-cloud/bigquery',
  'google-auth-library',
  '@opentelemetry/*',
  // Native, and not everywhere installed.
  '@node-rs/crc32',
  'onnxruntime-node',
  'sharp',
];

/** CommonJS packages inside an ES module still call `require` for Node's own modules. */
const REQUIRE =
  "import { createRequire as createRequireForBundle } from 'node:module';\nconst require = createRequireForBundle(import.meta.url);";

/** Node reads a CommonJS package for its exports before an ES module may import it, at a tenth of the time to start; `require` does without. */
const COMMON_JS = /^(parquet-wasm|protobufjs|long|@grpc\/grpc-js)$/;

/** The SDK and beam/ take readers and writers of protobufjs; what loads it whole, as BigQuery's client, adds to the same objects. */
const MINIMAL = { path: 'protobufjs/minimal', from: /\/node_modules\/apache-beam\/|\/dist\/beam\// };

const requireCommonJs = {
  name: 'require-common-js',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: COMMON_JS }, ({ path, kind, importer }) => {
      const part = path === 'protobufjs' && MINIMAL.from.test(importer) ? MINIMAL.path : path;
      return kind === 'import-statement' ? { path: part, namespace: 'common-js' } : { path: part, external: true };
    });
    onLoad({ filter: /.*/, namespace: 'common-js' }, ({ path }) => ({
      contents: `module.exports = require(${JSON.stringify(path)});`,
    }));
  },
};

/** What the SDK would turn objects and closures into bytes with, and requires at its start: left out, and loaded once something of theirs is asked for. */
const LATER = /^(bson|serialize-closures)$/;

const requireLater = {
  name: 'require-later',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: LATER }, ({ path, namespace }) =>
      namespace === 'later' ? { path, external: true } : { path, namespace: 'later' },
    );
    onLoad({ filter: /.*/, namespace: 'later' }, ({ path }) => ({
      contents: `module.exports = new Proxy({ __esModule: true }, { get: (own, key) => own[key] ?? require(${JSON.stringify(path)})[key] });`,
    }));
  },
};

const tagJob = (dist) => join(dist, 'bench', 'tag-job.js');

export async function bundle(dist) {
  await build({
    entryPoints: {
      'm4-balance': join(dist, 'cli', 'main.js'),
      // Started by their files, beside the command's.
      'parquet-worker': join(dist, 'formats', 'parquet-worker.js'),
      'hash-worker': join(dist, 'storage', 'hash-worker.js'),
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
    plugins: [requireCommonJs, requireLater],
    // A quarter of the time to start is reading the text, most of it comments and white space; names stay, for stacks.
    minifyWhitespace: true,
    banner: { js: REQUIRE },
    legalComments: 'external',
    logLevel: 'warning',
  });
}

/** The licence texts of the packages among some modules, as a comment. Throws an Error where a package has none. */
function licences(modules) {
  const packages = new Set(modules.flatMap((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []));
  const texts = [...packages].map((folder) => {
    const file = readdirSync(folder).find((name) => /^licen[cs]e/i.test(name));
    if (file === undefined) throw new Error(`${folder} has no licence to put into the page`);
    return readFileSync(join(folder, file), 'utf8').replaceAll('*/', '* /').trim();
  });
  return `/*\nThis script holds, besides that of m4-balance, the code of others:\n\n${[...new Set(texts)].join('\n\n')}\n*/\n`;
}

/** The page's script with all that it imports, and its style: one file each, to stand in every report.html. */
export async function bundlePage(from, to) {
  const { outputFiles, metafile } = await build({
    entryPoints: [join(from, 'main.ts'), join(from, 'page.css')],
    outdir: to,
    bundle: true,
    format: 'iife',
    platform: 'browser',
    target: 'es2022',
    minify: true,
    legalComments: 'none',
    logLevel: 'warning',
    metafile: true,
    write: false,
  });
  mkdirSync(to, { recursive: true });
  for (const { path, text } of outputFiles) {
    const notice = path.endsWith('.js') ? licences(Object.keys(metafile.inputs)) : '';
    writeFileSync(path, notice + text);
  }
}
