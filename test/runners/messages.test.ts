import '../../beam/node-util.js';
import 'apache-beam';
import { comparePipelines } from './comparison.js';
import { messagePipelines } from './message-pipelines.js';
import { startFlink, startPrism } from './runners.js';

comparePipelines('Prism', { runner: await startPrism(), environments: ['process'] }, messagePipelines);
comparePipelines('embedded Flink', { runner: await startFlink(), environments: ['process'] }, messagePipelines);
