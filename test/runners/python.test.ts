import '../../beam/node-util.js';
import 'apache-beam';
import { comparePipelines } from './comparison.js';
import { startPythonRunner } from './runners.js';

comparePipelines("Python's portable runner", { runner: await startPythonRunner(), environments: ['external'] });
