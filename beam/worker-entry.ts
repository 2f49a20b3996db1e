#!/usr/bin/env node
/**
 * Main file of a worker container or process, in place of Beam's Go `boot` and the SDK's `apache-beam-worker`. Our code is part of
 * the image, so staged artifacts are ignored.
 */
import './sdk.js';
import './index.js';
import { runWorker } from './worker-main.js';

// Nothing is left to be done then, but idle connections could keep the process.
process.exit(await runWorker(process.argv.slice(2)));
