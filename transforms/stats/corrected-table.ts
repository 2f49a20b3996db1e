/** Corrected RB and AB as a table for a terminal. Names are escaped. */
import type { Corrected } from '../../schemas/corrected.js';
import { figure, level, range } from './format.js';
import { columns, printable, wrap } from './layout.js';

/** Lines of at most `width` (60 or more) characters, without colour and without line ends. */
export function renderCorrected({ sets, confidence }: Corrected, width: number): string[] {
  const lines = sets.flatMap(({ name, stages }) => {
    const rows = stages.flatMap(({ stage, attributes }) =>
      attributes.map(({ attribute, tagged, share, interval, rb, ab, abInterval }) => [
        `${printable(stage)}, ${printable(attribute)}`,
        figure(tagged.share),
        figure(share),
        interval === null ? '-' : range(interval),
        figure(tagged.rb),
        figure(rb),
        figure(tagged.ab),
        figure(ab),
        abInterval === null ? '-' : range(abInterval),
      ]),
    );
    const heading = ['Corrected', 'share', 'truly', 'interval', 'RB', 'truly', 'AB', 'truly', 'interval'];
    const reasons = stages.flatMap(({ stage, attributes }) =>
      attributes.flatMap(({ attribute, reason }) =>
        reason === null ? [] : [`Not corrected: ${printable(stage)}, ${printable(attribute)}: ${printable(reason)}.`],
      ),
    );
    return [
      ...(sets.length > 1 ? [printable(name)] : []),
      ...columns([heading, ...rows], 'lrrrrrrrr', width),
      ...(reasons.length > 0 ? ['', ...reasons.flatMap((text) => wrap(text, width))] : []),
      '',
    ];
  });
  const explained = `By inversion of the evaluation's confusion matrix, of rows in which the attribute is told; errors are taken to be the same with and without a label. Intervals hold at ${level(confidence)}, those of AB for all ranked pairs of the attribute at once.`;
  return [...lines, ...wrap(explained, width)];
}
