/** The answer that a report gives, in sentences: is it biased, where, how sure is that, and what did M4 change. */
import type { Answer, Finding, Text, Tone } from '../../schemas/page.js';
import type { AttributeBias, Certificate, Report, StageReport } from '../../schemas/report.js';
import { count, figure, level, percent, percentRange, plural, range, ratio, short } from './format.js';

/** Ours: violations that are named; report.json has more. */
const LISTED = 3;

const name = (text: string) => ({ name: text });

/** What is not met, the worst first. */
function violations({ violated, violation }: Certificate): Text {
  if (violated.length === 0) return [`in sum by ${short(violation)}`];
  const worst = violated.slice(0, LISTED).flatMap(({ attribute, label, violation }, i): Text => {
    const separator = i === 0 ? [] : [', '];
    const who = label === null ? [name(attribute)] : [name(attribute), ' with ', name(label)];
    return [...separator, ...who, ` by ${short(violation)}`];
  });
  return violated.length > LISTED ? [...worst, `, and ${violated.length - LISTED} more`] : worst;
}

/** What came of a run of `balance`, in one or two sentences. */
export function verdict({ certificate, bias }: Report): Text {
  if (certificate === null) return ['Nothing was balanced: these are the figures of the data as they are.'];
  const balanced = bias.find(({ stage }) => stage === 'balanced');
  const change =
    balanced === undefined
      ? ''
      : `: RB ${figure(bias[0].rb)} to ${figure(balanced.rb)}, AB ${figure(bias[0].ab)} to ${figure(balanced.ab)}`;
  const { feasible, rate, largestFeasibleRate, violated } = certificate;
  const failed = (why: string): Text => [
    `NOT balanced within tolerance${why} Violated: `,
    ...violations(certificate),
    '.',
  ];
  if (feasible === null) {
    return failed(
      ` at rate ${short(rate)}; whether this rate allows it is not known, for there are too many patterns to tell.`,
    );
  }
  if (!feasible) {
    const largest = largestFeasibleRate === null ? '' : ` The largest feasible rate is ${short(largestFeasibleRate)}.`;
    return failed(`: at rate ${short(rate)} not every constraint can be met.${largest}`);
  }
  if (violated.length > 0) {
    return failed(`, although rate ${short(rate)} allows it: a larger penalty or an exact fit comes closer.`);
  }
  return [`Balanced within tolerance at rate ${short(rate)}${change}.`];
}

/** The attribute furthest from its target; undefined where none is known in any row. */
function furthest({ attributes }: StageReport): AttributeBias | undefined {
  const known = attributes.filter(({ rb }) => rb !== null);
  return known.sort((a, b) => b.rb! - a.rb!)[0];
}

/** Whether any share is off its target by more than chance; null where no attribute is known. */
function representationStandsOut({ attributes }: StageReport): boolean | null {
  const known = attributes.filter(({ rb }) => rb !== null);
  if (known.length === 0) return null;
  return known.some(({ target, interval }) => target < interval.low || target > interval.high);
}

/** Whether some ranked pair goes together by more than chance; null where none is ranked. */
function associationStandsOut({ association }: StageReport): boolean | null {
  return association.ranked === 0 ? null : association.interval.low > 0;
}

/** One sentence on a stage: whether representation or association differ from what chance would give. */
export function biased(stage: StageReport): { readonly tone: Tone; readonly text: Text } {
  const representation = representationStandsOut(stage);
  const association = associationStandsOut(stage);
  const unranked = association === null ? ' No pair has enough support to judge association.' : '';
  if (representation === null)
    return { tone: 'open', text: ['This cannot be told: no attribute is known in any row.'] };
  if (representation && association) return { tone: 'bad', text: ['Yes, in representation and in association.'] };
  if (representation) {
    const rest = association === null ? unranked : ' No association stands out from chance.';
    return { tone: 'bad', text: [`Yes, in representation.${rest}`] };
  }
  if (association)
    return { tone: 'bad', text: ['Yes, in association. No share differs from its target by more than chance.'] };
  return { tone: association === null ? 'open' : 'good', text: [`No bias stands out from chance.${unranked}`] };
}

/** What the figures of the pair with the largest AB are, beyond its name. */
export interface WorstPair {
  readonly difference: number | null;
  readonly ratio: number | null;
}

/** The share furthest from its target, and the largest association. */
export function where(stage: StageReport, worst: WorstPair | undefined): Text {
  const text: (string | { name: string })[] = [];
  const attribute = furthest(stage);
  if (attribute !== undefined) {
    text.push(name(attribute.attribute), ` is the case in ${percent(attribute.share)} of the `);
    text.push(`${plural(attribute.support, 'row')} in which it is known; the target is ${percent(attribute.target)}.`);
  }
  const { association } = stage;
  if (association.attribute === null || association.label === null) return text;
  text.push(attribute === undefined ? '' : ' ', name(association.label), ' ');
  const difference = worst?.difference ?? null;
  if (difference === null) text.push('goes most with ', name(association.attribute), '.');
  else {
    const times = worst?.ratio ?? null;
    const often = times === null ? '' : `, ${ratio(times)} times as often`;
    text.push(`is ${(100 * Math.abs(difference)).toFixed(1)} points ${difference < 0 ? 'rarer' : 'commoner'} with `);
    text.push(name(association.attribute), ` than without${often}: the largest association.`);
  }
  return text;
}

/** The intervals behind the two, and what was left out. */
export function howSure(stage: StageReport, confidence: number, minimumSupport: number): Text {
  const attribute = furthest(stage);
  const { association } = stage;
  const text: (string | { name: string })[] = [];
  if (attribute !== undefined) {
    text.push(`With ${level(confidence)} confidence the share of `, name(attribute.attribute));
    text.push(` lies from ${percentRange(attribute.interval)}`);
    if (association.ranked > 0) {
      const all =
        association.ranked === 1 ? 'the one ranked pair' : `all ${count(association.ranked)} ranked pairs at once`;
      text.push(`, and the largest AB from ${range(association.interval)}, which holds for ${all}`);
    }
    text.push('.');
  }
  if (association.unranked > 0) {
    const are = association.unranked === 1 ? 'is' : 'are';
    text.push(` ${plural(association.unranked, 'pair')} with a support under ${minimumSupport} ${are} not ranked.`);
  }
  return text;
}

/** RB and AB of one stage beside those of an earlier one. */
export function change(before: StageReport, after: StageReport): Text {
  const text: (string | { name: string })[] = [
    `RB went from ${figure(before.rb)} to ${figure(after.rb)} and AB from ${figure(before.ab)} to ${figure(after.ab)}`,
  ];
  const { attribute, label } = after.association;
  if (attribute !== null && label !== null) text.push(', now the largest for ', name(attribute), ' with ', name(label));
  text.push('.');
  return text;
}

/** What the weights cost, and what the same rate without M4 would have given. */
function priceOf(report: Report, random: StageReport | undefined): string {
  const { weights } = report;
  const price =
    weights === null
      ? ''
      : ` The weights have a mean of ${figure(weights.mean)}; the ${plural(weights.rows, 'weighted row')} tell as much as ${count(weights.ess)} of equal weight.`;
  return random === undefined
    ? price
    : `${price} A random sample of the same rate has RB ${figure(random.rb)} and AB ${figure(random.ab)}.`;
}

function toneOf(report: Report): Tone {
  const { certificate } = report;
  if (certificate === null) return biased(report.bias[0]).tone;
  return certificate.feasible && certificate.violated.length === 0 ? 'good' : 'bad';
}

/** The answer of a run of `balance`. */
export function balanceAnswer(report: Report): Answer {
  const { bias, pairs, options } = report;
  const raw = bias[0];
  const stageOf = (wanted: string) => bias.find(({ stage }) => stage === wanted);
  const { attribute, label } = raw.association;
  const worst = pairs.find((pair) => pair.attribute === attribute && pair.label === label)?.raw;
  const balanced = stageOf('balanced');
  const findings: Finding[] = [
    { question: 'Were the data biased?', answer: biased(raw).text },
    { question: 'Where?', answer: where(raw, worst) },
    { question: 'How sure is that?', answer: howSure(raw, options.confidence, options.minimumSupport) },
  ];
  if (balanced !== undefined) {
    const answer = [...change(raw, balanced), priceOf(report, stageOf('random'))];
    findings.push({ question: 'What did M4 change?', answer });
  }
  return {
    tone: toneOf(report),
    verdict: verdict(report),
    findings: findings.filter(({ answer }) => answer.length > 0),
  };
}
