import { startPythonRunner } from './runners.js';
import { compareWholeJobs } from './whole-job.js';

// It starts no processes of other languages (KeyError beam:env:process:v1).
compareWholeJobs("Python's portable runner", {
  runner: await startPythonRunner(),
  name: 'portable',
  environments: ['external'],
  parallelism: 2,
});
