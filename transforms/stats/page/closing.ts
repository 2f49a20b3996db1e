/** What every page ends with: problems, what the words mean, the configuration. */
import type { Block, Fact, Section } from '../../../schemas/page.js';
import type { Problem, StageReport } from '../../../schemas/report.js';
import { figure, plural } from '../format.js';

/** The program that made a report, from its versions. */
export function maker(versions: Readonly<Record<string, string>>): string {
  return Object.entries(versions)
    .map(([name, version]) => `${name} ${version}`)
    .join(', ');
}

/** RB and AB of one stage. */
export function facts({ rb, ab, association }: StageReport): Fact[] {
  return [
    { name: 'RB', value: figure(rb), note: 'largest of any attribute' },
    { name: 'AB', value: figure(ab), note: `largest of ${plural(association.ranked, 'ranked pair')}` },
  ];
}

const WORDS: readonly (readonly [string, string])[] = [
  ['RB', 'representation bias: how far the share of an attribute is from its target, where it is known'],
  ['AB', 'association bias: the distance of the difference from 0'],
  [
    'difference',
    'how much larger the share of rows with the label is among rows with the attribute than among rows without it',
  ],
  ['ratio', 'the first of these shares over the second'],
  ['share', 'of a pair: how many of the rows with the label have the attribute, where it is known'],
  [
    'support',
    'the least of: rows with the label in which the attribute is known; rows with the attribute; rows without',
  ],
  ['effective rows', "Kish's effective sample size: how many rows of equal weight would tell as much"],
  ['perceived', 'attributes are inferred from captions or given as columns; they are not the truth about a person'],
];

/** Problems of the input, where there are any. `prefix` makes its ids its own. */
export function problemsSection({ problems }: ProblemsOf, prefix: string, title: string): Section[] {
  if (problems.count === 0) return [];
  const table: Block = {
    kind: 'table',
    id: `${prefix}problems`,
    caption: `${plural(problems.count, 'problem')}; the first of them.`,
    columns: [
      { heading: 'file', kind: 'name' },
      { heading: 'rows lost', kind: 'count' },
      { heading: 'what', kind: 'name' },
    ],
    rows: problems.list.map(({ file, rows, message }) => [file, rows, message]),
  };
  return [{ id: `${prefix}problems-section`, title, blocks: [table] }];
}

interface ProblemsOf {
  readonly problems: { readonly count: number; readonly list: readonly Problem[] };
}

/** How to read the page, and what was run. */
export function readingSection(config: Readonly<Record<string, unknown>>): Section {
  const words: Block = {
    kind: 'table',
    id: 'words',
    caption: 'The words of this page',
    columns: [
      { heading: 'word', kind: 'text' },
      { heading: 'meaning', kind: 'text' },
    ],
    rows: WORDS,
  };
  const blocks: Block[] = [words, { kind: 'code', title: 'Configuration', text: JSON.stringify(config, null, 2) }];
  return { id: 'reading', title: 'How to read this', blocks };
}
