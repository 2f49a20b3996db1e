/** The page of a report of `stats`: data sets side by side, then each by itself, then the models. */
import type { Block, Estimate, Fact, Page, Section } from '../../../schemas/page.js';
import type { StageReport } from '../../../schemas/report.js';
import type { StatsModel, StatsPair, StatsReport, StatsSet } from '../../../schemas/stats-report.js';
import { count, figure, percent } from '../format.js';
import { modelAnswer, setAnswer } from '../stats-answer.js';
import { maker, problemsSection, readingSection } from './closing.js';
import { pairsSection } from './pairs.js';
import {
  agreementBlocks,
  attributeBlocks,
  biasCells,
  biasColumns,
  biasWaterfall,
  rowsWaterfall,
  stageTable,
  weightBlocks,
} from './stages.js';
import {
  coOccurrenceBlocks,
  distributionBlocks,
  labelBlocks,
  measuresTable,
  sliceBlocks,
  wordBlocks,
} from './stats-blocks.js';

/** Stages that are compared pair by pair: the first, and the last but the random control. */
function compared(stages: readonly string[]): string[] {
  const last = stages.findLast((stage) => stage !== 'random');
  return [...new Set([stages[0], ...(last === undefined ? [] : [last])])];
}

const linesOf = (pairs: readonly StatsPair[], stages: readonly string[]) =>
  pairs.map(({ attribute, label, figures, examples }) => ({
    attribute,
    label,
    examples,
    figures: stages.map((stage) => figures.find((one) => one.stage === stage && one.ranked) ?? null),
  }));

function setSections(set: StatsSet, prefix: string, title: (of: string) => string, report: StatsReport): Section[] {
  const { options } = report;
  const stages = compared(set.pairStages);
  const shown = set.bias.filter(({ stage }) => stages.includes(stage));
  const waterfalls = [biasWaterfall(`${prefix}rb`, set.bias, 'rb'), biasWaterfall(`${prefix}ab`, set.bias, 'ab')];
  const sections: Section[] = [
    pairsSection(
      {
        id: `${prefix}pairs`,
        title: title('Worst pairs'),
        stages,
        pairs: linesOf(set.pairs, stages),
        leftOut: set.pairsLeftOut,
        minimumSupport: options.minimumSupport,
        unranked: set.unranked,
      },
      [measuresTable(`${prefix}measures`, set.pairs, stages)],
    ),
    {
      id: `${prefix}attributes-section`,
      title: title('Attributes'),
      blocks: [
        ...attributeBlocks(`${prefix}attributes`, shown, options.confidence),
        ...coOccurrenceBlocks(`${prefix}together`, set),
        ...agreementBlocks(`${prefix}agreement`, set.agreement),
      ],
    },
    { id: `${prefix}labels-section`, title: title('Labels'), blocks: labelBlocks(`${prefix}labels`, set) },
    {
      id: `${prefix}filters`,
      title: title('Filters'),
      blocks: [
        rowsWaterfall(`${prefix}rows`, set.rows),
        ...waterfalls.flatMap((waterfall) => waterfall ?? []),
        stageTable(`${prefix}stages`, set.bias),
      ],
    },
    ...set.slicings.map((slicing, i) => ({
      id: `${prefix}slicing-${i}-section`,
      title: title(`By ${slicing.name}`),
      blocks: sliceBlocks(`${prefix}slicing-${i}`, slicing),
    })),
    {
      id: `${prefix}distributions-section`,
      title: title('Distributions'),
      blocks: distributionBlocks(`${prefix}distributions`, set),
    },
    { id: `${prefix}telling`, title: title('Words'), blocks: wordBlocks(`${prefix}word`, set) },
    ...(set.weights === null
      ? []
      : [
          {
            id: `${prefix}weights-section`,
            title: title('Weights'),
            blocks: weightBlocks(`${prefix}weights`, set.weights),
          },
        ]),
    ...problemsSection(set, prefix, title('Problems in the input')),
  ];
  return sections.filter(({ blocks }) => blocks.length > 0);
}

function modelSections(
  model: StatsModel,
  prefix: string,
  title: (of: string) => string,
  report: StatsReport,
): Section[] {
  const { options } = report;
  const [stage] = model.bias;
  const blocks =
    model.representation.length === 0
      ? []
      : attributeBlocks(`${prefix}predicted`, [{ ...stage, attributes: model.representation }], options.confidence);
  return [
    pairsSection(
      {
        id: `${prefix}pairs`,
        title: title('Worst pairs of its predictions'),
        stages: [stage.stage],
        pairs: linesOf(model.pairs, [stage.stage]),
        leftOut: model.pairsLeftOut,
        minimumSupport: options.minimumSupport,
        unranked: { count: 0, pairs: [] },
      },
      model.pairs.length === 0 ? [] : [measuresTable(`${prefix}measures`, model.pairs, [stage.stage])],
    ),
    ...(blocks.length === 0
      ? []
      : [{ id: `${prefix}representation`, title: title('What it predicts of people'), blocks }]),
  ];
}

/** What is looked at: each data set in its compared stages, and each model. */
function sideBySide({ sets, models }: StatsReport): Section[] {
  if (sets.length + models.length < 2) return [];
  const stagesOf = (name: string, bias: readonly StageReport[], wanted: readonly string[]) =>
    bias.filter(({ stage }) => wanted.includes(stage)).map((stage) => ({ name, stage }));
  const lines = [
    ...sets.flatMap(({ name, bias, pairStages }) => stagesOf(name, bias, compared(pairStages))),
    ...models.flatMap(({ name, bias }) => stagesOf(name, bias, ['model'])),
  ];
  const estimates = lines.flatMap(({ name, stage: { stage, ab, association } }): Estimate[] =>
    ab === null ? [] : [{ name, series: stage, value: ab, ...association.interval }],
  );
  const table: Block = {
    kind: 'table',
    id: 'sets',
    caption: 'RB and AB are the largest of any attribute or pair.',
    columns: [
      { heading: 'what', kind: 'name' },
      { heading: 'stage', kind: 'name' },
      { heading: 'rows', kind: 'count' },
      ...biasColumns,
    ],
    rows: lines.map(({ name, stage }) => [name, stage.stage, stage.rows, ...biasCells(stage)]),
  };
  if (estimates.length === 0) return [{ id: 'side', title: 'Side by side', blocks: [table] }];
  const description = ['The largest association bias of each data set and model; a line is its interval.'];
  const plot = { type: 'intervals' as const, estimates, axis: 'AB' };
  const figureBlock: Block = { kind: 'figure', id: 'sets-intervals', title: 'AB side by side', description, plot };
  return [{ id: 'side', title: 'Side by side', blocks: [figureBlock, table] }];
}

function facts({ sets, models }: StatsReport): Fact[] {
  return [
    ...sets.flatMap(({ name, rows, bias }): Fact[] => {
      const of = sets.length > 1 ? `${name}: ` : '';
      const kept = rows.read === 0 ? null : rows.kept / rows.read;
      return [
        { name: `${of}rows`, value: count(rows.read), note: `${percent(kept)} pass every filter` },
        { name: `${of}RB`, value: figure(bias[0].rb), note: 'raw, largest of any attribute' },
        { name: `${of}AB`, value: figure(bias[0].ab), note: 'raw, largest of any pair' },
      ];
    }),
    ...models.map(({ name, bias }) => ({ name: `${name}: AB`, value: figure(bias[0].ab), note: 'of its predictions' })),
  ];
}

export function statsPage(report: StatsReport): Page {
  const { sets, models, options } = report;
  const several = sets.length + models.length > 1;
  const titled = (name: string) => (of: string) => (several ? `${name}: ${of}` : of);
  return {
    title: 'Bias statistics',
    answers: [
      ...sets.map((set) => ({ of: several ? set.name : null, ...setAnswer(set, options) })),
      ...models.map((model) => ({ of: model.name, ...modelAnswer(model, options) })),
    ],
    facts: facts(report),
    sections: [
      ...sideBySide(report),
      ...sets.flatMap((set, i) => setSections(set, several ? `set-${i}-` : '', titled(set.name), report)),
      ...models.flatMap((model, i) => modelSections(model, `model-${i}-`, titled(model.name), report)),
      readingSection(report.config),
    ],
    maker: maker(report.versions),
  };
}
