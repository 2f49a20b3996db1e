/** What BigQuery says, in sentences: which permission, which quota, which table. */
import { InputError, ServiceError } from '../../schemas/errors.js';
import { printable } from '../names.js';

/** Of a message of the service. */
const MAXIMUM_MESSAGE = 400;

/** What was asked for, for a message: `expected` as in every error of ours. */
export interface Asked {
  /** Table, dataset, query or stream. */
  readonly place: string;
  readonly expected: string;
  /** The role of Google's that is enough for it. */
  readonly role: string;
}

/** What is in the way; `request`: what was asked for is itself wrong, or not there. */
type Cause = 'request' | 'denied' | 'quota' | 'unavailable' | 'login' | 'billing';

const HINTS: Readonly<Record<Cause, (asked: Asked) => string | undefined>> = {
  request: () => undefined,
  denied: ({ role }) =>
    `The account needs the role ${role} there, and bigquery.jobUser in the project that pays (bigquery.project).`,
  quota: () => 'A quota or limit of the project is used up: try again later, or ask for more under IAM > Quotas.',
  unavailable: () => 'BigQuery or the network is at fault: try again later.',
  login: () =>
    'Log in with `gcloud auth application-default login`, or name a key file in GOOGLE_APPLICATION_CREDENTIALS.',
  billing: () => 'Turn on billing for the project that pays.',
};

/** By the `reason` of an error of the REST interface (https://cloud.google.com/bigquery/docs/error-messages). */
const REASONS: Readonly<Record<string, Cause>> = {
  accessDenied: 'denied',
  forbidden: 'denied',
  billingNotEnabled: 'billing',
  billingTierLimitExceeded: 'quota',
  quotaExceeded: 'quota',
  rateLimitExceeded: 'quota',
  jobRateLimitExceeded: 'quota',
  resourcesExceeded: 'quota',
  backendError: 'unavailable',
  internalError: 'unavailable',
  tableUnavailable: 'unavailable',
  authError: 'login',
};

/** By HTTP status, where no reason tells more. */
const STATUS: Readonly<Record<number, Cause>> = {
  401: 'login',
  403: 'denied',
  429: 'quota',
  500: 'unavailable',
  502: 'unavailable',
  503: 'unavailable',
  504: 'unavailable',
};

/** By status of gRPC: DEADLINE_EXCEEDED, PERMISSION_DENIED, RESOURCE_EXHAUSTED, INTERNAL, UNAVAILABLE, UNAUTHENTICATED. */
const GRPC_STATUS: Readonly<Record<number, Cause>> = {
  4: 'unavailable',
  7: 'denied',
  8: 'quota',
  13: 'unavailable',
  14: 'unavailable',
  16: 'login',
};

/** Codes of the network, and the words of google-auth-library. */
const UNREACHABLE = /ECONNREFUSED|ECONNRESET|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EPIPE|socket hang up/;
const NO_CREDENTIALS = /default credentials|invalid_grant|invalid_rapt|Unable to detect a Project Id/i;

interface ServiceFailure {
  readonly message?: string;
  readonly code?: number | string;
  readonly errors?: readonly { readonly reason?: string }[];
  /** Of gRPC only. */
  readonly details?: string;
}

function reasonOf(error: unknown): string | undefined {
  return (error as ServiceFailure).errors?.[0]?.reason;
}

/** Whether what was asked for is not there. */
export function isNotFound(error: unknown): boolean {
  return (error as ServiceFailure).code === 404 || reasonOf(error) === 'notFound';
}

/** Whether what was to be made is there already. */
export function isDuplicate(error: unknown): boolean {
  return (error as ServiceFailure).code === 409 || reasonOf(error) === 'duplicate';
}

/** Whether the same request may succeed a little later. */
export function isTransient(error: unknown): boolean {
  const cause = causeOf(error);
  return cause === 'unavailable' || reasonOf(error) === 'rateLimitExceeded';
}

function causeOf(error: unknown): Cause {
  const failure = error as ServiceFailure;
  const text = `${failure.code ?? ''} ${failure.message ?? ''}`;
  if (NO_CREDENTIALS.test(text)) return 'login';
  const reason = reasonOf(error);
  const known = reason !== undefined && Object.hasOwn(REASONS, reason) ? REASONS[reason] : undefined;
  if (known !== undefined) return known;
  const byStatus = (failure.details === undefined ? STATUS : GRPC_STATUS)[Number(failure.code)];
  if (byStatus !== undefined) return byStatus;
  return UNREACHABLE.test(text) ? 'unavailable' : 'request';
}

/** One line of bounded length, without control characters: messages quote names and data. */
function told(error: unknown): string {
  const { details, message } = error as ServiceFailure;
  const line = printable((details || message || String(error)).replaceAll(/\s+/g, ' ').trim());
  return line.length > MAXIMUM_MESSAGE ? `${line.slice(0, MAXIMUM_MESSAGE)}…` : line.replace(/\.$/, '');
}

/** Whether the service, the client or the network failed, and not we or the disk. */
function isOfService(error: Error): boolean {
  return 'errors' in error || 'code' in error || NO_CREDENTIALS.test(error.message) || UNREACHABLE.test(error.message);
}

/**
 * The failure of a request as an error of ours, any other error as it is: ServiceError where the service, the network or the account is in the way, else
 * InputError. The cause is left out: it carries the request, and with it the token.
 */
export function bigQueryError(error: unknown, asked: Asked): unknown {
  if (!(error instanceof Error) || error instanceof InputError || !isOfService(error)) return error;
  const cause = causeOf(error);
  const hint = HINTS[cause](asked);
  const Kind = cause === 'request' ? InputError : ServiceError;
  return new Kind('BigQuery', { file: asked.place, expected: asked.expected, got: told(error), ...(hint && { hint }) });
}

/** Does `work`; what the client throws becomes a sentence. */
export async function asking<T>(asked: Asked, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw bigQueryError(error, asked);
  }
}
