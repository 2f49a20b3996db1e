import { startFlink } from './runners.js';
import { compareWholeJobs } from './whole-job.js';

compareWholeJobs('a Flink cluster of a JobManager and two TaskManagers', {
  runner: await startFlink({ taskManagers: 2, slots: 2 }),
  name: 'flink',
  environments: ['process'],
  parallelism: 4,
});
