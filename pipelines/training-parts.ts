/** What lies beside the shards so that a trainer opens them as they are. */
import { Schema } from 'apache-arrow';
import { decodeSchema } from '../formats/schema-bytes.js';
import { TFDS_FEATURES_FILE, TFDS_INFO_FILE, type TfdsSplit, tfdsFeatures, tfdsInfo } from '../formats/tfds.js';
import { RAW_SPLIT } from '../schemas/output.js';
import type { Report } from '../schemas/report.js';
import { below, nameBelow, storageFor } from '../storage/index.js';
import { BIG_VISION_FILE, bigVisionConfig } from '../transforms/write/big-vision.js';
import type { FilePart, Part } from '../transforms/write/commit-parts.js';
import { CARD_FILE, type CardConfig, dataCard } from '../transforms/write/data-card.js';
import { trainingFields } from '../transforms/write/training-rows.js';
import type { Phases } from './finish.js';

/** The files that describe the shards; none where no row was read. */
export function trainingParts(phases: Phases, shards: readonly FilePart[], report: Report): Part[] {
  const { written } = phases;
  if (written.schema === undefined) return [];
  const schema = decodeSchema(written.schema);
  const { formats } = phases.job.config.output;
  return [
    ...(formats.includes('tfrecord') ? tfdsParts(phases, shards, schema) : []),
    ...cardParts(phases, shards, report),
  ];
}

/** Formats that Hugging Face's `datasets` opens. It reads a whole folder as one of them, so the card names the files of the first that is there. */
const CARD_FORMATS = { parquet: 'parquet', webdataset: 'tar' } as const;

function cardParts({ job }: Phases, shards: readonly FilePart[], report: Report): Part[] {
  const { output } = job.config;
  const configs: CardConfig[] = [];
  for (const [format, ending] of Object.entries(CARD_FORMATS)) {
    const files = [
      { kind: 'shard', split: output.split },
      { kind: 'raw', split: RAW_SPLIT },
    ].flatMap(({ kind, split }) =>
      shards.some((file) => file.kind === kind && file.format === format)
        ? [{ split, path: `${output.name}-${split}-*.${ending}` }]
        : [],
    );
    if (files.length > 0 && configs.length === 0) configs.push({ name: 'default', files });
  }
  if (configs.length === 0) return [];
  if (output.weights === 'parquet' && output.formats.includes('parquet'))
    configs.push({ name: 'weights', files: [{ split: 'rows', path: 'weights/*.parquet' }] });
  const card = { title: output.name, configs, report, config: job.config, version: job.version };
  return [{ path: CARD_FILE, kind: 'description', format: 'md', text: dataCard(card) }];
}

function tfdsParts({ job, staging, stage }: Phases, shards: readonly FilePart[], schema: Schema): Part[] {
  const { directory, name, split, stages } = job.config.output;
  const all = new Schema([...schema.fields, ...trainingFields(schema, stage.names)]);
  const splitOf = (kind: string, of: string): TfdsSplit => ({
    name: of,
    shards: shards
      .filter((file) => file.kind === kind && file.format === 'tfrecord')
      .map(({ rows = 0, bytes }) => ({ rows, bytes })),
  });
  const splits = [splitOf('shard', split), ...(stages === undefined ? [] : [splitOf('raw', RAW_SPLIT)])];
  const description = `Image-text pairs balanced by m4-balance ${job.version}. See report.html.`;
  const remote = storageFor(directory).kind === 'objects';
  const config = {
    split,
    stages,
    // Only of a disk's output is the place that it is read from known to be that of the file.
    directory: remote ? below(directory, nameBelow(parentOf(staging), staging)) : undefined,
  };
  return [
    { path: TFDS_INFO_FILE, kind: 'description', format: 'json', text: tfdsInfo({ name, description, splits }) },
    { path: TFDS_FEATURES_FILE, kind: 'description', format: 'json', text: tfdsFeatures(all) },
    { path: BIG_VISION_FILE, kind: 'training', format: 'py', text: bigVisionConfig(config) },
  ];
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf('/'));
}
