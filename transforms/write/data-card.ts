/** The card of a data set on the Hugging Face hub: README.md, whose YAML head tells `datasets` which files are which split. */
import { stringify } from 'yaml';
import type { Report, StageReport } from '../../schemas/report.js';
import { count, figure } from '../stats/format.js';

export const CARD_FILE = 'README.md';

/** Files of one kind that `load_dataset(folder, config)` opens. */
export interface CardConfig {
  readonly name: string;
  readonly files: readonly { readonly split: string; readonly path: string }[];
}

export interface Card {
  readonly title: string;
  readonly configs: readonly CardConfig[];
  readonly report: Report;
  /** As it was run. */
  readonly config: object;
  readonly version: string;
}

/** Text from the data within a cell: nothing of it is mark-up. */
function cell(text: string): string {
  return text.replaceAll(/\p{Cc}+/gu, ' ').replaceAll(/[\\`*_{}[\]<>()#+!|~&-]/g, (c) => `\\${c}`);
}

function biasRow({ stage, rows, rb, ab, association }: StageReport): string {
  const { attribute, label } = association;
  const worst = attribute === null || label === null ? '' : `${cell(attribute)}, ${cell(label)}`;
  return `| ${cell(stage)} | ${count(rows)} | ${figure(rb)} | ${figure(ab)} | ${worst} |`;
}

/** Text in a fence that nothing in it closes. */
function fenced(text: string, language: string): string {
  const longest = Math.max(2, ...(text.match(/`+/g) ?? []).map((run) => run.length));
  const fence = '`'.repeat(longest + 1);
  return `${fence}${language}\n${text.trimEnd()}\n${fence}`;
}

/** The file: split by split which files, the bias before and after, and the configuration. */
export function dataCard({ title, configs, report, config, version }: Card): string {
  const head = {
    pretty_name: title,
    tags: ['image-text', 'm4-balance'],
    configs: configs.map(({ name, files }) => ({
      config_name: name,
      data_files: files.map(({ split, path }) => ({ split, path })),
    })),
  };
  const { rows } = report;
  return `---
${stringify(head).trimEnd()}
---

# ${cell(title)}

Image-text pairs, balanced by m4-balance ${version} (M4, multi-modal moment matching, https://arxiv.org/abs/2403.04547). Of ${count(rows.read)} rows read, ${count(rows.kept)}
were kept and ${count(rows.written)} written, copies counted.

Attributes and labels are perceived: they are what captions or columns tell, and not who is shown.

## Bias before and after

Representation bias (RB) is the largest distance of an attribute's share from its target; association bias (AB) the largest difference in how often a label goes with
an attribute.

| stage | rows | RB | AB | worst pair |
|---|---|---|---|---|
${report.bias.map(biasRow).join('\n')}

report.json has every pair with its support and interval.

## Configuration

${fenced(stringify(config), 'yaml')}
`;
}
