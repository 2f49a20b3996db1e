/** What a runner would be sent, as `--dry-run` prints it. */
import type { SubmissionSummary } from './job.js';

type JobSummary = SubmissionSummary['jobs'][number];
type Step = JobSummary['steps'][number];

const listOf = (items: readonly string[]) => (items.length === 0 ? 'none' : items.join(', '));

function stepLine({ name, urn, doFn, state, sideInputs, after }: Step): string {
  const states = Object.entries(state).map(([key, kind]) => `${key} (${kind})`);
  const sides = Object.entries(sideInputs).map(([key, from]) => `${key} from "${from}"`);
  return [
    `${name}  ${urn}`,
    ...(doFn === undefined ? [] : [doFn]),
    ...(states.length === 0 ? [] : [`state: ${states.join(', ')}`]),
    ...(sides.length === 0 ? [] : [`side inputs: ${sides.join(', ')}`]),
    ...(after.length === 0 ? [] : [`after ${after.map((from) => `"${from}"`).join(', ')}`]),
  ].join('  ');
}

function environmentLine({ urn, workers, capabilities, dependencies }: JobSummary['environments'][number]): string {
  return `environment: ${urn}  ${workers}  capabilities: ${listOf(capabilities)}  to install: ${dependencies}`;
}

/** Jobs of a run differ in name and steps; their environment and options are told once. */
export function submissionLines({ runner, jobs, problems }: SubmissionSummary): string[] {
  const [{ environments, options }] = jobs;
  const { job_name: _, ...shared } = options;
  return [
    `runner: ${runner}`,
    ...environments.map((environment) => `  ${environmentLine(environment)}`),
    '  options:',
    ...Object.entries(shared).map(([name, value]) => `    ${name}: ${JSON.stringify(value)}`),
    'jobs:',
    ...jobs.flatMap(({ jobName, title, steps, requirements }, i) => [
      `  ${i + 1}. ${jobName}: ${title}${requirements.length === 0 ? '' : `  (requires ${requirements.join(', ')})`}`,
      ...steps.map((step) => `    ${stepLine(step)}`),
    ]),
    ...(problems.length === 0 ? [] : ['this cannot be run as it is:', ...problems.map((problem) => `  ${problem}`)]),
  ];
}
