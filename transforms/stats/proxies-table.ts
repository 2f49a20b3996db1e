/** Proxies as tables for a terminal. Names are escaped. */
import type { Proxies, ProxyFigure } from '../../schemas/proxies.js';
import { count, level, plural, ratio, short } from './format.js';
import { columns, printable, wrap } from './layout.js';

type Attribute = Proxies['sets'][number]['attributes'][number];

function sideTable(heading: string, proxies: readonly ProxyFigure[], width: number): string[] {
  if (proxies.length === 0) return [];
  const lines = proxies.map(({ name, logOdds, interval, z, present, absent }) => [
    printable(name),
    ratio(logOdds),
    `${ratio(interval.low)} to ${ratio(interval.high)}`,
    z.toFixed(1),
    count(present),
    count(absent),
  ]);
  return ['', ...columns([[heading, 'log-odds', 'interval', 'z', 'present', 'absent'], ...lines], 'lrrrrr', width)];
}

function attributeLines({ attribute, own, words, labels }: Attribute, width: number): string[] {
  const name = printable(attribute);
  const told = (side: Attribute['labels'], noun: string) =>
    `${count(side.telling)} of ${plural(side.tested, noun)} go with it or with its absence`;
  const left = own > 0 ? `; ${plural(own, 'word')} from which it is inferred left out` : '';
  const answer =
    words === null
      ? `${name}: ${told(labels, 'label')}. The output has no words: count them with stats.`
      : `${name}: ${told(words, 'word')}${left}; ${told(labels, 'label')}.`;
  return [
    '',
    ...wrap(answer, width),
    ...(words === null
      ? []
      : [
          ...sideTable(`Words with ${name}`, words.present, width),
          ...sideTable(`Words without ${name}`, words.absent, width),
        ]),
    ...sideTable(`Labels with ${name}`, labels.present, width),
    ...sideTable(`Labels without ${name}`, labels.absent, width),
  ];
}

/** Lines of at most `width` (60 or more) characters, without colour and without line ends. */
export function renderProxies({ sets, options }: Proxies, width: number): string[] {
  const lines = sets.flatMap(({ name, sampling, attributes }) => [
    ...(sets.length > 1 ? ['', printable(name)] : []),
    ...attributes.flatMap((of) => attributeLines(of, width)),
    ...(sampling !== null && sampling.rate < 1
      ? [
          '',
          ...wrap(`Words are of ${count(sampling.rows)} captions, sampled at the rate ${short(sampling.rate)}.`, width),
        ]
      : []),
  ]);
  const explained = `Log-odds with an informative Dirichlet prior; intervals hold at ${level(options.confidence)} for all that were tested of an attribute and kind at once. What goes with an attribute is not yet a proxy to remove: choose, and name the chosen as labels.`;
  return [...lines.slice(1), '', ...wrap(explained, width)];
}
