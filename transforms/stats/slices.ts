/** The slicings of a configuration: by language, domain, aspect, date, the values of a column, or attributes together. */
import type { SliceRule } from '../../schemas/config.js';
import { ConfigError, InputError, InvariantError } from '../../schemas/errors.js';
import type { ColumnInfo } from '../../schemas/split.js';
import { type TagNames, type Tags, UNKNOWN } from '../../schemas/tags.js';
import { columnData, type NumberColumn, numberColumn, type Utf8Column, utf8Of } from '../tag/column.js';
import { kindOf } from '../tag/column-kind.js';
import { dateSlices } from './slice-date.js';
import { domainSlices } from './slice-domain.js';
import { isValid, NONE, put, remembering, type SliceValues, stringValue } from './slice-value.js';

/** Bytes of a caption that are looked at to find its language: as the language filter does. */
const MAXIMUM_TEXT = 4000;

function valueSlices(name: string, info: ColumnInfo): SliceValues {
  const kind = kindOf(info);
  let text: Utf8Column;
  let numbers: NumberColumn;
  const textOf = remembering((value: number) => (kind === 'boolean' ? String(value === 1) : String(value)));
  return {
    ...NONE,
    name,
    by: 'value',
    columns: [info.name],
    begin(batch) {
      if (kind === 'string') text = utf8Of(info.name, columnData(batch, info.name));
      else numbers = numberColumn(batch, info.name);
    },
    find(row) {
      if (kind === 'string') return stringValue(this, text, row);
      const value = Number(numbers.values[row]);
      return isValid(numbers, row) && !Number.isNaN(value) && put(this, textOf(value));
    },
  };
}

function aspectSlices(name: string, edges: readonly number[]): SliceValues {
  const names = [
    `below ${edges[0]}`,
    ...edges.slice(1).map((edge, i) => `${edges[i]} to ${edge}`),
    `from ${edges.at(-1)}`,
  ];
  const texts = names.map((text) => new TextEncoder().encode(text));
  let width: NumberColumn;
  let height: NumberColumn;
  return {
    ...NONE,
    name,
    by: 'aspect',
    columns: ['width', 'height'],
    begin(batch) {
      width = numberColumn(batch, 'width');
      height = numberColumn(batch, 'height');
    },
    find(row) {
      const [w, h] = [Number(width.values[row]), Number(height.values[row])];
      if (!isValid(width, row) || !isValid(height, row) || !(w > 0 && h > 0)) return false;
      let bin = 0;
      while (bin < edges.length && w / h >= edges[bin]) bin++;
      return put(this, texts[bin]);
    },
  };
}

function languageSlices(name: string, column: string, detect: boolean, columns: ReadonlySet<string>): SliceValues {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const given = columns.has(column);
  let identify: ((text: string) => string) | undefined;
  let language: Utf8Column | undefined;
  let text: Utf8Column | undefined;
  const bytesOf = remembering((code: string) => code);
  return {
    ...NONE,
    name,
    by: 'language',
    columns: [...(given ? [column] : []), ...(detect && columns.has('text') ? ['text'] : [])],
    async prepare() {
      if (!detect || identify !== undefined) return;
      const { eld } = await import('eld/small');
      const detector = eld.newInstance();
      identify = (caption) => detector.detect(caption).language;
    },
    begin(batch) {
      language = given ? utf8Of(column, columnData(batch, column)) : undefined;
      text = this.columns.includes('text') ? utf8Of('text', columnData(batch, 'text')) : undefined;
    },
    find(row) {
      if (language !== undefined && stringValue(this, language, row)) return true;
      if (text === undefined || !isValid(text, row)) return false;
      if (identify === undefined) throw new InvariantError('language: find before prepare');
      const start = text.offsets[row];
      const end = Math.min(text.offsets[row + 1], start + MAXIMUM_TEXT);
      return put(this, bytesOf(identify(decoder.decode(text.values.subarray(start, end))))) && this.end > 0;
    },
  };
}

const STATES = ['absent', 'present', 'unknown'] as const;

function attributeSlices(name: string, chosen: readonly number[], names: TagNames): SliceValues {
  const textOf = remembering((code: number) =>
    chosen
      .map((k, i) => `${names.attributes[k]} ${STATES[Math.floor(code / (UNKNOWN + 1) ** i) % (UNKNOWN + 1)]}`)
      .join(', '),
  );
  let tags: Tags;
  return {
    ...NONE,
    name,
    by: 'attributes',
    columns: [],
    begin(_batch, given) {
      tags = given;
    },
    find(row) {
      const m = names.attributes.length;
      let code = 0;
      for (let i = chosen.length - 1; i >= 0; i--) code = code * (UNKNOWN + 1) + tags.attributes[row * m + chosen[i]];
      return put(this, textOf(code));
    },
  };
}

/**
 * The slicings of a configuration, bound to the input's columns.
 * @throws ConfigError for columns and attributes that are not there, InputError for columns of a wrong type.
 */
export function createSlices(
  rules: readonly SliceRule[],
  columns: readonly ColumnInfo[],
  names: TagNames,
): SliceValues[] {
  const byName = new Map(columns.map((info) => [info.name, info]));
  const issues: string[] = [];
  const column = (at: string, wanted: string): ColumnInfo => {
    const info = byName.get(wanted);
    if (info === undefined) issues.push(`${at}: no column ${wanted}; there are ${[...byName.keys()].join(', ')}`);
    return info ?? { name: wanted, type: 'Utf8', nullable: true };
  };
  const slices = rules.map((rule, i): SliceValues => {
    const at = `stats.slices[${i}]`;
    if ('language' in rule) {
      const { column: name, detect } = rule.language;
      if (detect === 'never' || !byName.has('text')) column(at, name);
      return languageSlices('language', name, detect === 'missing', new Set(byName.keys()));
    }
    if ('domain' in rule) return domainSlices('domain', column(at, rule.domain.column).name);
    if ('aspect' in rule) {
      for (const name of ['width', 'height']) column(at, name);
      return aspectSlices('aspect', rule.aspect.edges);
    }
    if ('date' in rule) {
      const info = column(at, rule.date.column);
      return dateSlices(`${info.name} by ${rule.date.unit}`, info, rule.date.unit);
    }
    if ('value' in rule) {
      const info = column(at, rule.value.column);
      if (!['string', 'number', 'boolean'].includes(kindOf(info))) {
        throw new InputError('wrong column type', {
          place: `column ${info.name}`,
          expected: 'strings, numbers or booleans',
          got: info.type,
          hint: `${at} cannot use it.`,
        });
      }
      return valueSlices(info.name, info);
    }
    const chosen = rule.attributes.names.map((name) => names.attributes.indexOf(name));
    rule.attributes.names.forEach((name, n) => {
      if (chosen[n] < 0) issues.push(`${at}: no attribute ${name}; there are ${names.attributes.join(', ')}`);
    });
    return attributeSlices(rule.attributes.names.join(' x '), chosen, names);
  });
  slices.forEach(({ name }, i) => {
    if (slices.findIndex((s) => s.name === name) < i) issues.push(`stats.slices[${i}]: ${name} is there already`);
  });
  if (issues.length > 0) throw new ConfigError(issues);
  return slices;
}
