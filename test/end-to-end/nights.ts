/** Nights of synthetic data for tests: one file a night, whose associations, sources and size are given. */
import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Bool, Utf8 } from 'apache-arrow';
import type { Config } from '../../schemas/config.js';
import { parseConfig } from '../../schemas/parse-config.js';
import { generator } from '../../scripts/demo-data.js';
import { batchOf, saveParquet } from './inputs.js';

export interface NightData {
  readonly rows: number;
  /** How much label y_nurse goes with women, from 0 to 1. */
  readonly association: number;
  /** Whether there are rows of the source that alone has label y_news. */
  readonly agency: boolean;
  /** Nothing is known of any row. */
  readonly garbage: boolean;
  readonly seed: number;
}

export const USUAL: NightData = { rows: 300, association: 0, agency: true, garbage: false, seed: 1 };

/** Saves a night's file and gives its path. */
export async function saveNight(folder: string, night: string, given: Partial<NightData>, name = 'a'): Promise<string> {
  const { rows, association, agency, garbage, seed } = { ...USUAL, ...given };
  const random = generator(seed);
  const columns = {
    id: [] as string[],
    female: [] as (boolean | null)[],
    y_nurse: [] as boolean[],
    y_chef: [] as boolean[],
    y_news: [] as boolean[],
  };
  for (let i = 0; i < rows; i++) {
    const [woman, nurse, chef, source] = [random() < 0.4, random(), random(), random()];
    columns.id.push(`${night}-${name}-${i}`);
    columns.female.push(garbage ? null : woman);
    columns.y_nurse.push(nurse < 0.25 + (woman ? 0.45 : -0.2) * association);
    columns.y_chef.push(chef < 0.3);
    columns.y_news.push(agency && source < 0.35);
  }
  const path = join(folder, night, `${name}.parquet`);
  mkdirSync(dirname(path), { recursive: true });
  const { id, ...bools } = columns;
  const all = Object.entries(bools).map(([key, values]) => [key, { type: new Bool(), values }] as const);
  await saveParquet(path, batchOf([['id', { type: new Utf8(), values: id }], ...all]));
  return path;
}

/** A configuration of nightly over the nights of a folder. */
export function nightlyConfig(folder: string, output: string, nightly: object = {}, rest: object = {}): Config {
  return parseConfig({
    input: { files: `${folder}/{date}/*.parquet` },
    attributes: { female: { column: 'female', target: 0.5 } },
    labels: [{ columns: ['y_*'] }],
    balance: { rate: 'auto', tolerance: { rb: 0.01, ab: 0.02 } },
    output: { directory: output, formats: ['arrow'], weights: 'none' },
    report: { rates: 0 },
    nightly,
    ...rest,
  });
}

/** 03:00 of the day after a night, when it is due. */
export function afterNight(night: string): Date {
  return new Date(Date.parse(`${night}T03:00:00Z`) + 86_400_000);
}
