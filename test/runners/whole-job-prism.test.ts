import { startPrism } from './runners.js';
import { compareWholeJobs } from './whole-job.js';

compareWholeJobs('Prism', {
  runner: await startPrism(),
  name: 'prism',
  environments: ['external', 'process'],
  parallelism: 2,
});
