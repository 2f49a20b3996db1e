/** What the job service and Dataflow say, in the user's terms. */
import { PYTHON_SDK } from './dataflow-service.js';

interface Known {
  readonly pattern: RegExp;
  /** Given the match. */
  readonly sentence: (match: RegExpExecArray) => string;
  /** The service goes on trying, for minutes, and cannot succeed. */
  readonly hopeless?: true;
}

const OPTION_KEYS: Readonly<Record<string, string>> = {
  project: 'runner.project',
  region: 'runner.region',
  temp_location: 'runner.tempLocation',
  staging_location: 'runner.stagingLocation',
};

const KNOWN: readonly Known[] = [
  {
    pattern: /DefaultCredentialsError|Unable to find default credentials/,
    sentence: () =>
      'Google Cloud: the job service found no credentials. Log in with `gcloud auth application-default login`, or name a key file in GOOGLE_APPLICATION_CREDENTIALS.',
    hopeless: true,
  },
  {
    pattern: /google\.auth\.exceptions\.RefreshError: *(.*)/,
    sentence: ([, why]) =>
      `Google Cloud refused the credentials (${why}). Log in again with \`gcloud auth application-default login\`.`,
    hopeless: true,
  },
  {
    pattern: /Google Cloud Dataflow runner not available/,
    sentence: () => `the job service lacks the packages of Google Cloud: pip install '${PYTHON_SDK}' where it runs.`,
  },
  {
    pattern: /Missing required configuration parameters: \[(.*?)\]/,
    sentence: ([, list]) =>
      `Dataflow needs ${list.replace(/'(\w+)'/g, (_, name: string) => OPTION_KEYS[name] ?? name)}, and they are not given.`,
  },
  {
    pattern: /Failed to set field '(\w+)' on \w+ to value (\d+)/,
    sentence: ([, field, value]) =>
      `the job service that runs already cannot take whole numbers (${field} ${value}), a defect of the Python SDK that ours mends: leave out runner.endpoint, so that it is started, or start it with \`node dist/scripts/runners/start-dataflow.js\`.`,
  },
  {
    pattern: /There is already active job named (\S+) with id: (\S+?)\./,
    sentence: ([, name, id]) => `Dataflow runs a job named ${name} already, ${id}: wait for it or cancel it.`,
  },
  {
    pattern: /(?:PermissionDenied|Forbidden): *(.*)/,
    sentence: ([, why]) => `Google Cloud: permission denied: ${why} docs/dataflow.md lists the roles that a job needs.`,
  },
];

/** A message in the user's terms; undefined for one that is not known. */
export function explained(message: string): { readonly sentence: string; readonly hopeless: boolean } | undefined {
  for (const { pattern, sentence, hopeless = false } of KNOWN) {
    const match = pattern.exec(message);
    if (match !== null) return { sentence: sentence(match), hopeless };
  }
  return undefined;
}

/** What the last Python traceback in a text says happened, in one line; undefined where there is none. */
export function pythonError(text: string): string | undefined {
  if (!text.includes('Traceback (most recent call last)')) return undefined;
  return text.split('\n').findLast((line) => /^[\w.]+(Error|Exception|Warning|Exit)\b/.test(line));
}
