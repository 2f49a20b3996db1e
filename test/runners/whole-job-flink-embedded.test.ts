import { startFlink } from './runners.js';
import { compareWholeJobs } from './whole-job.js';

compareWholeJobs('embedded Flink', {
  runner: await startFlink(),
  name: 'flink',
  environments: ['external', 'process'],
  parallelism: 2,
});
