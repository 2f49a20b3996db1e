/** The window that the SDK's worker offers its runner. */
import '../../../beam/node-util.js';
import 'apache-beam';
import { Worker } from 'apache-beam/worker/worker';
import { windowOffered } from '../http2-window.js';
import { muteConsole, report } from './child.js';

muteConsole();
process.on('uncaughtException', () => undefined);
report(
  await windowOffered((controlUrl) => {
    new Worker('w', { controlUrl });
    // The process ends with it.
    return async () => undefined;
  }),
);
