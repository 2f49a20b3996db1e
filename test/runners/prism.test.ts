import '../../beam/node-util.js';
import 'apache-beam';
import { comparePipelines } from './comparison.js';
import { startPrism } from './runners.js';

comparePipelines('Prism', { runner: await startPrism(), environments: ['external', 'process'] });
