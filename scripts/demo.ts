/** `npm run demo`: makes a small data set, balances it with the real command, and says where everything is. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parquetWriter } from '../formats/index.js';
import { demoBatch } from './demo-data.js';

const SEED = 1;
const FILES = 3;
const ROWS_A_FILE = 10_000;
const OUTPUT = 'demo-output';

const CONFIG = `# What the demo runs; try it with other values.
input:
  files: ${OUTPUT}/input/*.parquet
  columns: commonpool
filters:
  - words: {minimum: 3}
  - side: {minimum: 150}
  - similarity: {column: clip_l14_similarity_score, fraction: 0.8}
attributes:
  female: {lexicon: gender, value: female, target: 0.5}
labels:
  - lexicon: occupations
balance:
  rate: auto
  tolerance: {rb: 0.01, ab: 0.02}
output:
  directory: ${OUTPUT}/balanced
  formats: [parquet, arrow, tfrecord, webdataset]
  shardRows: 4000
`;

rmSync(OUTPUT, { recursive: true, force: true });
mkdirSync(join(OUTPUT, 'input'), { recursive: true });
for (let file = 0; file < FILES; file++) {
  const batch = demoBatch(SEED, file * ROWS_A_FILE, ROWS_A_FILE);
  const writer = parquetWriter(batch.schema, { compression: 'snappy' });
  const chunks = [...(await writer.write(batch)), ...(await writer.close())];
  writeFileSync(join(OUTPUT, 'input', `part-${file}.parquet`), Buffer.concat(chunks));
}
const config = join(OUTPUT, 'demo.yaml');
writeFileSync(config, CONFIG);
process.stdout.write(
  `${FILES * ROWS_A_FILE} image-text pairs made in ${OUTPUT}/input; now: m4-balance balance ${config}\n\n`,
);

const command = join(dirname(fileURLToPath(import.meta.url)), '..', 'bin', 'm4-balance.js');
const { status } = spawnSync(process.execPath, [command, 'balance', config], { stdio: 'inherit' });
if (status === 0) {
  const directory = join(OUTPUT, 'balanced');
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const paths = files.map((entry) => join(entry.parentPath, entry.name)).sort();
  process.stdout.write(`\n${paths.map((path) => `  ${path}\n`).join('')}`);
  process.stdout.write(`\nOpen ${resolve(directory, 'report.html')} in a browser.\n`);
}
process.exitCode = status ?? 1;
