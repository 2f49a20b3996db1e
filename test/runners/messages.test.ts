import '../../beam/node-util.js';
import 'apache-beam';
import { comparePipelines } from './comparison.js';
import { groupOf, messagePipelines } from './message-pipelines.js';
import { startFlink, startPrism } from './runners.js';

/** A job that cannot succeed. */
const tooLarge = {
  'a group of 300 MiB': { ...groupOf(300), fails: /a worker receives at most 256 MiB in one message/ },
};

comparePipelines(
  'Prism',
  { runner: await startPrism(), environments: ['process'] },
  { ...messagePipelines, ...tooLarge },
);
comparePipelines(
  'embedded Flink',
  // What cannot succeed need not be tried again.
  { runner: await startFlink({ restarts: 0 }), environments: ['process'] },
  { ...messagePipelines, ...tooLarge },
);
