/** Installs every runner and emulator that the tests use, all at once, and says which cannot be had: their tests are skipped. */
import { installBigQuery } from './install-bigquery.mjs';
import { installFlink } from './install-flink.mjs';
import { installGcs } from './install-gcs.mjs';
import { installPrism } from './install-prism.mjs';
import { installPython } from './install-python.mjs';
import { installReaders } from './install-readers.mjs';
import { installSchedules } from './install-schedules.mjs';

const installers = {
  Prism: installPrism,
  Flink: installFlink,
  "Python's job service": installPython,
  'fake-gcs-server': installGcs,
  'The emulator of BigQuery': installBigQuery,
  'Readers of shards': installReaders,
  'Checkers of schedules': installSchedules,
};
await Promise.all(
  Object.entries(installers).map(async ([name, install]) => {
    const started = performance.now();
    try {
      const path = await install();
      console.log(`${name}: ${path} (${((performance.now() - started) / 1000).toFixed(0)} s)`);
    } catch (error) {
      console.log(`${name} is absent: ${error.message}`);
    }
  }),
);
