import '../../beam/node-util.js';
import 'apache-beam';
import { comparePipelines } from './comparison.js';
import { startFlink } from './runners.js';

comparePipelines('embedded Flink', { runner: await startFlink(), environments: ['external', 'process'] });
