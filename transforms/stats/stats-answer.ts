/** The answer of a report of `stats`, for each data set and each model. */
import type { Answer, Finding, Text } from '../../schemas/page.js';
import type { StageReport } from '../../schemas/report.js';
import type { StatsModel, StatsPair, StatsReport, StatsSet } from '../../schemas/stats-report.js';
import { biased, change, howSure, type WorstPair, where } from './answer.js';
import { figure } from './format.js';

type Options = StatsReport['options'];

/** Figures of the pair with the largest AB in a stage, where the report lists it. */
function worstOf({ association, stage }: StageReport, pairs: readonly StatsPair[]): WorstPair | undefined {
  const { attribute, label } = association;
  const pair = pairs.find((one) => one.attribute === attribute && one.label === label);
  return pair?.figures.find((one) => one.stage === stage);
}

function verdict(what: string, stage: StageReport): Answer {
  const { tone } = biased(stage);
  const word = tone === 'bad' ? 'biased' : tone === 'good' ? 'no bias beyond chance' : 'not known';
  return { tone, verdict: [`${what}: ${word}. RB ${figure(stage.rb)}, AB ${figure(stage.ab)}.`], findings: [] };
}

function findings(stage: StageReport, pairs: readonly StatsPair[], options: Options): Finding[] {
  return [
    { question: 'Is it biased?', answer: biased(stage).text },
    { question: 'Where?', answer: where(stage, worstOf(stage, pairs)) },
    { question: 'How sure is that?', answer: howSure(stage, options.confidence, options.minimumSupport) },
  ];
}

const told = (all: readonly Finding[]) => all.filter(({ answer }) => answer.length > 0);

/** Of a data set: as it is read, and what filters and weights make of it. */
export function setAnswer({ bias, pairs }: StatsSet, options: Options): Answer {
  const raw = bias[0];
  const stageOf = (name: string) => bias.find(({ stage }) => stage === name);
  const weighted = stageOf('weighted');
  const random = stageOf('random');
  const filtered = bias.findLast(({ stage }) => stage !== 'raw' && stage !== 'weighted' && stage !== 'random');
  const control: Text =
    random === undefined
      ? []
      : [` A random sample of the same rate has RB ${figure(random.rb)} and AB ${figure(random.ab)}.`];
  return {
    ...verdict('The data as they are', raw),
    findings: told([
      ...findings(raw, pairs, options),
      ...(filtered === undefined ? [] : [{ question: 'What do the filters change?', answer: change(raw, filtered) }]),
      ...(weighted === undefined
        ? []
        : [{ question: 'What do the weights change?', answer: [...change(filtered ?? raw, weighted), ...control] }]),
    ]),
  };
}

/** Of a model: its predictions. */
export function modelAnswer({ bias, pairs, representation }: StatsModel, options: Options): Answer {
  const stage = bias[0];
  const own = representation.flatMap(({ attribute, share, target }): Text => {
    if (share === null) return [];
    return [' It predicts ', { name: attribute }, ` in a share of ${figure(share)}; the target is ${figure(target)}.`];
  });
  const all = findings(stage, pairs, options);
  return {
    ...verdict('What the model predicts', stage),
    findings: told([
      ...all,
      ...(own.length === 0 ? [] : [{ question: 'What does it predict of people?', answer: own }]),
    ]),
  };
}
