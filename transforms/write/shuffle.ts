/** Beam: spilled rows become shuffled shards, by a GroupByKey of where their pieces lie: rows go by the staging folder, and memory holds one shard. */
import {
  type BundleContext,
  cutPieces,
  DoFn,
  type KV,
  kvCoder,
  registerDoFn,
  structuredCoder,
} from '../../beam/index.js';
import { InvariantError } from '../../schemas/errors.js';
import { type Handed, received } from '../read/handed.js';
import { dataPath } from '../read/job.js';
import { mergerOf } from '../read/merger.js';
import { openStage, type Stage } from '../tag/stage.js';
import { mergePlaced } from './merge-placed.js';
import { openPart, type PartFile } from './part.js';
import { emptyResult } from './shard.js';
import { type Piece, piecesOf, readPiece, type SpillFile } from './spill.js';
import { record, recorded } from './write.js';
import { encodeWritten, mergeWritten, type Written } from './written.js';

export const spillCoder = structuredCoder<SpillFile>('m4-balance:coder:spill:v1');

interface Located extends Piece {
  readonly file: SpillFile;
}

export const pieceCoder = kvCoder(structuredCoder<Located>('m4-balance:coder:spilled-piece:v1'));

export interface SpillsConfig {
  readonly spills: Handed<readonly SpillFile[]>;
}

class Spills extends DoFn<Uint8Array, SpillFile> {
  constructor(private readonly config: SpillsConfig) {
    super();
  }

  async *process(_: Uint8Array) {
    yield* await received(this.config.spills);
  }
}

class Pieces extends DoFn<SpillFile, KV<string, Located>> {
  constructor(private readonly staging: string) {
    super();
  }

  async *process(file: SpillFile) {
    for (const piece of await piecesOf(this.staging, file))
      yield { key: String(piece.shard), value: { ...piece, file } };
  }
}

export interface ShuffleConfig {
  readonly staging: string;
  /** Of all that decides the bytes: part of the names of what is written. */
  readonly hash: string;
}

class WriteShuffled extends DoFn<KV<string, Iterable<Located>>, KV<string, Uint8Array>> {
  private stage!: Stage;
  private written!: Written;
  private merger: string | undefined;

  constructor(private readonly config: ShuffleConfig) {
    super();
  }

  override async setup() {
    this.stage = await openStage(this.config.staging);
  }

  override startBundle() {
    this.written = emptyResult(this.stage);
    this.merger = undefined;
  }

  async process({ key, value }: KV<string, Iterable<Located>>, ctx: BundleContext) {
    const { staging, hash } = this.config;
    const name = `${hash}-shuffled-${key}`;
    const pieces = [...value].sort((a, b) => a.file.index - b.file.index || a.file.run - b.file.run);
    const rows = pieces.reduce((sum, piece) => sum + piece.rows, 0);
    let written = await recorded(staging, name);
    if (written === undefined) {
      written = { ...emptyResult(this.stage), shards: [{ index: Number(key), files: await this.files(name, pieces) }] };
      await record(staging, name, written);
    }
    mergeWritten(this.written, written);
    this.merger ??= mergerOf(Number(key));
    ctx.counter('rows', rows);
  }

  override *finishBundle() {
    if (this.merger === undefined) return;
    for (const value of cutPieces(encodeWritten(this.written))) yield { key: this.merger, value };
  }

  private async files(name: string, pieces: readonly Located[]): Promise<PartFile[]> {
    const { staging } = this.config;
    const part = openPart(dataPath(staging), name, this.stage.job.config.output);
    try {
      for (const kind of ['shard', 'raw'] as const) {
        const own = pieces.filter((piece) => piece.kind === kind);
        const placed = [];
        for (const piece of own) placed.push(await readPiece(staging, piece.file.path, piece));
        for (const batch of mergePlaced(placed)) await part.write(kind, batch, own[0]!.inputs);
      }
      return await part.close();
    } catch (error) {
      await part.abort();
      throw error;
    }
  }
}

/** Throws InvariantError where a format does not have every row that was spilled. */
export function requireAllRows(spills: readonly SpillFile[], { shards }: Pick<Written, 'shards'>): void {
  const spilled = spills.reduce((sum, { rows }) => sum + rows, 0);
  const byFormat = new Map<string, number>();
  for (const { format, rows } of shards.flatMap(({ files }) => files))
    byFormat.set(format, (byFormat.get(format) ?? 0) + rows);
  for (const [format, rows] of byFormat)
    if (rows !== spilled) throw new InvariantError(`shuffle: ${rows} rows of ${spilled} in ${format}`);
  if (spilled > 0 && byFormat.size === 0) throw new InvariantError(`shuffle: no rows of ${spilled}`);
}

export const spills = registerDoFn('m4-balance.shuffle.spills', (config: SpillsConfig) => new Spills(config));
/** Config: the staging folder. */
export const pieces = registerDoFn('m4-balance.shuffle.pieces', (staging: string) => new Pieces(staging));
/** One encoded Written a bundle, in pieces. */
export const writeShuffled = registerDoFn(
  'm4-balance.shuffle.write',
  (config: ShuffleConfig) => new WriteShuffled(config),
);
