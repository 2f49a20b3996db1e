import '../../beam/node-util.js';
import 'apache-beam';
import { comparePipelines } from './comparison.js';
import { startFlink } from './runners.js';

comparePipelines('Flink cluster', {
  runner: await startFlink({ taskManagers: 2, slots: 2 }),
  environments: ['process'],
  parallelism: 4,
});
