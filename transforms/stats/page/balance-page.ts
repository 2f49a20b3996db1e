/** The page of a run of `balance`. */
import type { Block, Fact, Figure, Page, Section, Table } from '../../../schemas/page.js';
import type { Certificate, RateReport, Report } from '../../../schemas/report.js';
import { balanceAnswer } from '../answer.js';
import { count, figure, percent, plural, short } from '../format.js';
import { facts as factsOf, maker, problemsSection, readingSection } from './closing.js';
import { pairsSection } from './pairs.js';
import { agreementBlocks, attributeBlocks, biasWaterfall, rowsWaterfall, stageTable, weightBlocks } from './stages.js';

function facts({ certificate, bias, rows, weights }: Report): Fact[] {
  const balanced = bias.find(({ stage }) => stage === 'balanced');
  const kept = rows.read === 0 ? null : rows.kept / rows.read;
  const shown: Fact[] = [
    { name: 'Rows kept', value: count(rows.kept), note: `${percent(kept)} of ${count(rows.read)} read` },
  ];
  if (balanced === undefined) return [...shown, ...factsOf(bias[0])];
  return [
    { name: 'RB', value: figure(balanced.rb), note: `was ${figure(bias[0].rb)}` },
    { name: 'AB', value: figure(balanced.ab), note: `was ${figure(bias[0].ab)}` },
    ...(certificate === null ? [] : [rateFact(certificate)]),
    ...(weights === null
      ? []
      : [{ name: 'Effective rows', value: count(weights.ess), note: `of ${count(weights.rows)} weighted` }]),
    ...shown,
  ];
}

function rateFact({ rate, largestFeasibleRate: largest }: Certificate): Fact {
  const note = largest === null ? 'largest feasible not known' : `largest feasible ${short(largest)}`;
  return { name: 'Rate', value: short(rate), note };
}

function certificateTable(certificate: Certificate): Table {
  const { fit, steps, primal, dual, gap, rate, feasible, largestFeasibleRate, violation, rounding = [] } = certificate;
  const known = feasible === null ? 'not known' : feasible ? 'yes' : 'no';
  return {
    kind: 'table',
    id: 'certificate',
    caption: 'The certificate: how far from the best possible weights these are, at most.',
    columns: [
      { heading: 'what', kind: 'text' },
      { heading: 'figure', kind: 'text' },
      { heading: 'meaning', kind: 'text' },
    ],
    rows: [
      ['fit', fit, plural(steps, fit === 'exact' || fit === 'thinned' ? 'Newton iteration' : 'example')],
      ['rate', short(rate), 'mean weight'],
      ['feasible', known, 'whether all constraints can be met at this rate'],
      [
        'largest feasible rate',
        largestFeasibleRate === null ? '–' : short(largestFeasibleRate),
        'the largest at which they can',
      ],
      ['primal', short(primal), 'objective that was reached'],
      ['dual', short(dual), 'no weights can reach less'],
      ['relative gap', gap.toExponential(1), 'how far from optimal, at most'],
      ['violation', violation === 0 ? '0' : violation.toPrecision(2), 'by how much constraints are missed, in sum'],
      ...rounding.map(({ attribute, error }): (string | null)[] => [
        `rounding of ${attribute}`,
        short(error),
        'at most this moves its moments: its probabilities are rounded to 1/64',
      ]),
    ],
  };
}

function violatedTable({ violated }: Certificate): Table[] {
  if (violated.length === 0) return [];
  return [
    {
      kind: 'table',
      id: 'violated',
      caption: 'Constraints that are not met, the worst first. Without a label: the share of the attribute itself.',
      columns: [
        { heading: 'attribute', kind: 'name' },
        { heading: 'label', kind: 'name' },
        { heading: 'beyond its tolerance by', kind: 'short' },
      ],
      rows: violated.map(({ attribute, label, violation }) => [attribute, label, violation]),
    },
  ];
}

function certificateSection(report: Report): Section[] {
  const { certificate } = report;
  if (certificate === null) return [];
  return [
    {
      id: 'rate',
      title: 'Rate and certificate',
      blocks: [...rateFigure(report, certificate), certificateTable(certificate), ...violatedTable(certificate)],
    },
  ];
}

function rateFigure({ rates, ratesSample }: Report, { rate, largestFeasibleRate }: Certificate): Block[] {
  if (rates === undefined || rates.length === 0) {
    const text = ['Bias at other rates is not in this report: report.rates is 0.'];
    return [{ kind: 'paragraph', text }];
  }
  const curve = (name: string, value: (at: RateReport) => number | null) => ({
    name,
    points: rates.flatMap((at) => {
      const y = value(at);
      return y === null ? [] : [[at.rate, y] as const];
    }),
  });
  const fitted =
    ratesSample === undefined
      ? 'the patterns that were counted'
      : `a sample of ${count(ratesSample)} of the patterns that were counted: an estimate`;
  const marks = [{ x: rate, name: 'this run' }];
  if (largestFeasibleRate !== null) marks.push({ x: largestFeasibleRate, name: 'largest feasible' });
  const plot: Figure = {
    kind: 'figure',
    id: 'rates',
    title: 'Rate against bias',
    description: [
      `What M4 would reach if more or fewer rows were kept, by the exact fit of ${fitted}. Left of the largest feasible rate every constraint can be met.`,
    ],
    plot: {
      type: 'curves',
      series: [curve('RB', ({ rb }) => rb), curve('AB', ({ ab }) => ab)],
      marks,
      axes: ['rate', 'bias'],
    },
    data: {
      kind: 'table',
      id: 'rates-data',
      caption: 'Bias by rate',
      columns: [
        { heading: 'rate', kind: 'short' },
        { heading: 'RB', kind: 'figure' },
        { heading: 'AB', kind: 'figure' },
        { heading: 'violation', kind: 'short' },
        { heading: 'effective rows', kind: 'count' },
      ],
      rows: rates.map(({ rate, rb, ab, violation, ess }) => [rate, rb, ab, violation, ess]),
    },
  };
  return [plot];
}

/** The page of a report: text, tables and plots, the answer first. */
export function balancePage(report: Report): Page {
  const { bias, pairs, options, unranked, rows, weights } = report;
  const shown = bias.filter(({ stage }) => stage !== 'resampled');
  const stages = bias.some(({ stage }) => stage === 'balanced') ? ['raw', 'balanced'] : ['raw'];
  const compared = bias.filter(({ stage }) => stages.includes(stage));
  const waterfalls = [biasWaterfall('rb', shown, 'rb'), biasWaterfall('ab', shown, 'ab')];
  return {
    title: 'Bias report',
    answers: [{ of: null, ...balanceAnswer(report) }],
    facts: facts(report),
    sections: [
      ...certificateSection(report),
      pairsSection({
        id: 'pairs',
        title: 'Worst pairs',
        stages,
        pairs: pairs.map(({ attribute, label, raw, balanced, examples }) => ({
          attribute,
          label,
          examples,
          figures: stages.length === 1 ? [raw] : [raw, balanced],
        })),
        leftOut: Math.max(0, bias[0].association.ranked - pairs.length),
        minimumSupport: options.minimumSupport,
        unranked,
      }),
      {
        id: 'attributes-section',
        title: 'Attributes',
        blocks: [
          ...attributeBlocks('attributes', compared, options.confidence),
          ...agreementBlocks('agreement', report.agreement),
        ],
      },
      {
        id: 'filters',
        title: 'Filters',
        blocks: [
          rowsWaterfall('rows', rows),
          ...waterfalls.flatMap((waterfall) => waterfall ?? []),
          stageTable('stages', bias),
        ],
      },
      ...(weights === null
        ? []
        : [{ id: 'weights-section', title: 'Weights', blocks: weightBlocks('weights', weights) }]),
      ...problemsSection(report, '', 'Problems in the input'),
      readingSection(report.config),
    ],
    maker: maker(report.versions),
  };
}
