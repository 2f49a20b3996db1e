import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SubmissionSummary } from '../../cli/job.js';
import { submissionLines } from '../../cli/submission-lines.js';

const SUBMISSION: SubmissionSummary = {
  runner: 'dataflow',
  jobs: [
    {
      phase: 'p',
      title: 'read, count',
      jobName: 'job-p',
      requirements: ['beam:requirement:pardo:stateful:v1'],
      environments: [{ urn: 'beam:env:docker:v1', workers: 'host/image:1', capabilities: [], dependencies: 0 }],
      options: { region: 'r', labels: ['a=b'], job_name: 'job-p' },
      steps: [
        { name: 'impulse', urn: 'beam:transform:impulse:v1', after: [], sideInputs: {}, state: {} },
        {
          name: 'learn',
          urn: 'beam:transform:pardo:v1',
          doFn: 'x.learn',
          after: ['impulse'],
          sideInputs: { duals: 'fit' },
          state: { w: 'value', seen: 'bag' },
        },
      ],
    },
  ],
  problems: [],
};

test('a submission: environment and options once, the steps of each job', () => {
  assert.deepEqual(submissionLines(SUBMISSION), [
    'runner: dataflow',
    '  environment: beam:env:docker:v1  host/image:1  capabilities: none  to install: 0',
    '  options:',
    '    region: "r"',
    '    labels: ["a=b"]',
    'jobs:',
    '  1. job-p: read, count  (requires beam:requirement:pardo:stateful:v1)',
    '    impulse  beam:transform:impulse:v1',
    '    learn  beam:transform:pardo:v1  x.learn  state: w (value), seen (bag)  side inputs: duals from "fit"  after "impulse"',
  ]);
});

test('what keeps it from being run comes last', () => {
  assert.deepEqual(submissionLines({ ...SUBMISSION, problems: ['a: b.'] }).slice(-2), [
    'this cannot be run as it is:',
    '  a: b.',
  ]);
});
