/** A process that runs `nightly` and is killed by itself behind an event: data folder, output, time, number of the event (0: none). */
import { runNightly } from '../../pipelines/index.js';
import { nightlyConfig } from './nights.js';

const [data, out, now, at] = process.argv.slice(2) as [string, string, string, string];
let events = 0;
await runNightly(
  nightlyConfig(data, out, { window: '5d', gates: { rb: 'off', ab: 'off' } }),
  { now: new Date(now) },
  {
    onEvent() {
      if (++events === Number(at)) process.kill(process.pid, 'SIGKILL');
    },
  },
);
