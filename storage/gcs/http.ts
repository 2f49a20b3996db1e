/** Requests to Google Cloud Storage's JSON API: signed, tried again, and their refusals in words. */
import { ChangedError, InputError, InvariantError, StorageError, UnavailableError } from '../../schemas/errors.js';
import { printable } from '../names.js';
import { isTransientStatus, type RetryPolicy, retried, TransientError } from '../retry.js';

export const GCS_ENDPOINT = 'https://storage.googleapis.com';
const SCOPE = 'https://www.googleapis.com/auth/devstorage.read_write';

/** A request without an answer for so long is given up, and tried again. */
const REQUEST_MS = 120_000;
/** Of what a server said, in an error. */
const SHOWN_CHARACTERS = 300;

export interface GcsOptions {
  /** Another server than Google's, such as an emulator; it is never sent credentials. */
  readonly endpoint?: string | undefined;
  readonly retries: RetryPolicy;
  /** Bytes of one request of a resumable upload, a multiple of 256 KiB. */
  readonly chunkBytes: number;
  /** Bytes of a block that is read ahead. */
  readonly blockBytes: number;
}

export interface GcsRequest {
  readonly method: string;
  /** Begins with a slash; or a whole URL, that of an upload's session. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
  /** For messages: the object, and what is done with it. */
  readonly url: string;
  readonly what: string;
  /** Statuses that `receive` is given although they are no success. */
  readonly accepts?: readonly number[];
}

export interface GcsHttp {
  /** One try. Throws TransientError for what may pass, else what the refusal means. `receive` must read or cancel the body. */
  once<T>(request: GcsRequest, receive: (response: Response) => Promise<T>): Promise<T>;
  send<T>(request: GcsRequest, receive: (response: Response) => Promise<T>): Promise<T>;
  retried<T>(
    request: Pick<GcsRequest, 'what' | 'url'>,
    work: (attempt: number) => Promise<T>,
    progress?: () => number,
  ): Promise<T>;
}

/** Headers that show who asks, by Google's default rules; the library is loaded when they are first wanted. */
function credentials(): () => Promise<Record<string, string>> {
  let client: Promise<{ getRequestHeaders(): Promise<Headers> }> | undefined;
  return async () => {
    client ??= import('google-auth-library').then(({ GoogleAuth }) => new GoogleAuth({ scopes: [SCOPE] }).getClient());
    try {
      return Object.fromEntries(await (await client).getRequestHeaders());
    } catch (error) {
      client = undefined;
      // The cause is left out: it holds the request, and with it what is secret.
      throw new StorageError('credentials', {
        expected: 'those of Google Cloud',
        got: printable(messageOf(error)).slice(0, SHOWN_CHARACTERS),
        hint: 'Log in with `gcloud auth application-default login`, or name a key file in GOOGLE_APPLICATION_CREDENTIALS.',
      });
    }
  };
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause as NodeJS.ErrnoException | undefined;
  return cause?.code ?? (cause?.message || error.message);
}

/** Seconds or a date (RFC 9110, 10.2.3). */
function retryAfter(response: Response): number | undefined {
  const text = response.headers.get('retry-after');
  if (text === null) return undefined;
  const wait = /^\d+$/.test(text) ? Number(text) * 1000 : Date.parse(text) - Date.now();
  return Number.isFinite(wait) ? wait : undefined;
}

async function said(response: Response): Promise<string> {
  const text = await response.text().catch(() => '');
  let message = text;
  try {
    message = JSON.parse(text).error.message;
  } catch {
    // Not in the form of the JSON API.
  }
  return `${response.status} ${printable(String(message).trim()).slice(0, SHOWN_CHARACTERS)}`.trim();
}

function refusal({ what, url }: GcsRequest, status: number, got: string): Error {
  const file = printable(url);
  switch (status) {
    case 404:
      return new InputError(what, { file, expected: 'an object that exists', got: 'none' });
    case 412:
    case 304:
      return new ChangedError(what, {
        file,
        expected: 'the version that was known of it',
        got: 'another one, written since',
      });
    case 401:
    case 403:
      return new StorageError(what, {
        file,
        expected: 'permission',
        got,
        hint: 'docs/dataflow.md lists the roles that are needed.',
      });
    default:
      return new StorageError(what, { file, expected: 'an answer of success', got });
  }
}

export function gcsHttp({ endpoint, retries }: GcsOptions): GcsHttp {
  const base = (endpoint ?? GCS_ENDPOINT).replace(/\/$/, '');
  const identity = endpoint === undefined ? credentials() : () => Promise.resolve({});

  const once: GcsHttp['once'] = async (request, receive) => {
    const { method, path, query = {}, headers, body, accepts = [] } = request;
    const given = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined);
    const search = given.length === 0 ? '' : `?${new URLSearchParams(given)}`;
    const target = path.startsWith('/') ? `${base}${path}${search}` : path;
    // A session's address is its own credential, and no other server may be sent ours.
    if (!target.startsWith(`${base}/`)) {
      throw new StorageError(request.what, {
        file: printable(request.url),
        expected: `an address of ${base}`,
        got: 'one of another server',
      });
    }
    const signed = { ...(await identity()), ...headers };
    try {
      const response = await fetch(target, {
        method,
        headers: signed,
        ...(body === undefined ? {} : { body }),
        redirect: 'manual',
        signal: AbortSignal.timeout(REQUEST_MS),
      });
      const { status } = response;
      if (response.ok || accepts.includes(status)) return await receive(response);
      const got = await said(response);
      if (isTransientStatus(status)) throw new TransientError(got, retryAfter(response));
      throw refusal(request, status, got);
    } catch (error) {
      if ([InputError, InvariantError, TransientError].some((kind) => error instanceof kind)) throw error;
      // Whatever fetch throws is of the network: no answer, or one that broke off.
      throw new TransientError(messageOf(error));
    }
  };

  const again: GcsHttp['retried'] = ({ what, url }, work, progress) =>
    retried(
      retries,
      work,
      (last, attempts) =>
        new UnavailableError(what, {
          file: printable(url),
          expected: `an answer of ${base} within ${attempts} tries`,
          got: last.message,
          hint: 'Run the same command again: it goes on from what is finished.',
        }),
      progress,
    );

  return { once, retried: again, send: (request, receive) => again(request, () => once(request, receive)) };
}
