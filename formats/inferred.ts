/**
 * Types of columns in formats that declare none (the fields of a JSON, the features of a tf.train.Example), as apache-arrow prints them:
 * Null, Bool, Int64, Float32, Float64, Utf8, Binary, and List<…> of one of these. They are a lattice: `joinTypes` gives the narrowest type
 * that holds the values of both, so that all files of an input, seen in any order, agree on one.
 */
import { Binary, Bool, type DataType, Field, Float32, Float64, Int64, List, Null, Utf8 } from 'apache-arrow';
import { InvariantError } from '../schemas/errors.js';

const LIST = /^List<(.*)>$/;

/** The type in a list; undefined where it is none. */
export function itemOf(type: string): string | undefined {
  return LIST.exec(type)?.[1];
}

const NUMBERS: ReadonlySet<string> = new Set(['Int64', 'Float32', 'Float64']);

/**
 * Null with T is T; numbers of two kinds are Float64; text and bytes are Binary; T with a list of U is a list of T joined with U; other mixtures
 * are Utf8 (of JSON text), and undefined where one of them is Binary.
 */
export function joinTypes(a: string, b: string): string | undefined {
  if (a === b || b === 'Null') return a;
  if (a === 'Null') return b;
  const [inA, inB] = [itemOf(a), itemOf(b)];
  if (inA !== undefined || inB !== undefined) {
    const item = joinTypes(inA ?? a, inB ?? b);
    return item === undefined ? undefined : `List<${item}>`;
  }
  if (NUMBERS.has(a) && NUMBERS.has(b)) return 'Float64';
  const other = a === 'Binary' ? b : b === 'Binary' ? a : undefined;
  if (other !== undefined) return other === 'Utf8' ? 'Binary' : undefined;
  return 'Utf8';
}

/** The type that a column is read as once every file was seen: what never held a value is text. */
export function settledType(type: string): string {
  const item = itemOf(type);
  if (item !== undefined) return `List<${settledType(item)}>`;
  return type === 'Null' ? 'Utf8' : type;
}

/** Lists in lists of a JSON, at most; what is deeper is JSON text. */
const MAXIMUM_DEPTH = 4;

/** The type of a JSON value: whole numbers are Int64 where they fit, objects are text. */
export function typeOfJson(value: unknown, depth = 0): string {
  switch (typeof value) {
    case 'boolean':
      return 'Bool';
    case 'bigint':
      return 'Int64';
    case 'number':
      return Number.isSafeInteger(value) ? 'Int64' : 'Float64';
    case 'string':
      return 'Utf8';
    default:
      if (value === null || value === undefined) return 'Null';
      if (!Array.isArray(value) || depth === MAXIMUM_DEPTH) return 'Utf8';
      return `List<${value.reduce((type, item) => joinTypes(type, typeOfJson(item, depth + 1))!, 'Null')}>`;
  }
}

const SIMPLE: Readonly<Record<string, () => DataType>> = {
  Null: () => new Null(),
  Bool: () => new Bool(),
  Int64: () => new Int64(),
  Float32: () => new Float32(),
  Float64: () => new Float64(),
  Utf8: () => new Utf8(),
  Binary: () => new Binary(),
};

/** The Arrow type of a name. Throws an InvariantError for a name of none of those that are inferred. */
export function arrowType(type: string): DataType {
  const item = itemOf(type);
  if (item !== undefined) return new List(new Field('item', arrowType(item), true));
  const make = Object.hasOwn(SIMPLE, type) ? SIMPLE[type] : undefined;
  if (make === undefined) throw new InvariantError(`the type ${type} is not inferred`);
  return make();
}
