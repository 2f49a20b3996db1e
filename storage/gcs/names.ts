/** Names on Google Cloud Storage: gs://bucket/object, and patterns of them. */
import picomatch from 'picomatch';
import { InputError } from '../../schemas/errors.js';
import { hasSuffix, printable } from '../names.js';

export interface GcsName {
  readonly bucket: string;
  /** '' for the bucket itself. Never begins with a slash that was not doubled. */
  readonly object: string;
}

/** https://cloud.google.com/storage/docs/buckets#naming */
const BUCKET = /^[a-z0-9][-_.a-z0-9]{1,220}[a-z0-9]$/;
/** https://cloud.google.com/storage/docs/objects#naming, in bytes of UTF-8. */
const MAXIMUM_OBJECT_BYTES = 1024;
/** Characters that make a segment a pattern, as for local files. */
const MAGIC = /[*?[\]{}()!+@\\]/;

function refuse(path: string, got: string, hint?: string): InputError {
  return new InputError('path', { file: printable(path), expected: 'gs://bucket/object', got, hint });
}

/** Throws an InputError for what names no bucket, or an object that Cloud Storage does not take. */
export function parseGcs(path: string): GcsName {
  const match = /^gs:\/\/([^/]*)(?:\/(.*))?$/is.exec(path);
  if (match === null) throw refuse(path, 'something else');
  const [, bucket, object = ''] = match as unknown as [string, string, string | undefined];
  if (MAGIC.test(bucket)) throw refuse(path, 'a pattern for the bucket', 'Name each bucket.');
  if (!BUCKET.test(bucket)) throw refuse(path, `the bucket ${JSON.stringify(bucket)}`);
  if (object === '.' || object === '..') throw refuse(path, `an object named ${object}`);
  if (/[\r\n]/.test(object)) throw refuse(path, 'a line break in the name');
  if (Buffer.byteLength(object) > MAXIMUM_OBJECT_BYTES) {
    throw refuse(path, `a name of ${Buffer.byteLength(object)} bytes, more than ${MAXIMUM_OBJECT_BYTES}`);
  }
  return { bucket, object };
}

export function gcsPath({ bucket, object }: GcsName): string {
  return `gs://${bucket}/${object}`;
}

/** What to ask the service for, and which of its answers match. */
export interface Listing {
  readonly prefix: string;
  /** Nothing below a further slash can match. */
  readonly flat: boolean;
  matches(object: string): boolean;
}

/** A glob over objects, with the meaning it has for local files; undefined where it is none. */
export function globListing(pattern: string): Listing | undefined {
  const first = pattern.search(MAGIC);
  if (first < 0) return undefined;
  const isMatch = picomatch(pattern);
  return { prefix: pattern.slice(0, first), flat: !pattern.includes('/', first), matches: (object) => isMatch(object) };
}

/** Everything below a folder, without segments that begin with `.` or `_`; `suffixes` are in small letters. */
export function folderListing(folder: string, suffixes: readonly string[] | undefined): Listing {
  const prefix = folder === '' || folder.endsWith('/') ? folder : `${folder}/`;
  return {
    prefix,
    flat: false,
    matches(object) {
      const hidden = object
        .slice(prefix.length)
        .split('/')
        .some((segment) => segment.startsWith('.') || segment.startsWith('_'));
      return !hidden && (suffixes === undefined || hasSuffix(object, suffixes));
    },
  };
}
