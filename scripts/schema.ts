/** Writes what is made from the schemas: the published JSON Schemas and the page on the configuration. */
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as z from 'zod';
import { configTemplate } from '../cli/config-template.js';
import { correctedSchema } from '../schemas/corrected.js';
import { evaluationSchema } from '../schemas/evaluation.js';
import { configJsonSchema } from '../schemas/json-schema.js';
import { manifestSchema } from '../schemas/manifest.js';
import { proxiesSchema } from '../schemas/proxies.js';
import { runReportSchema } from '../schemas/report.js';
import { diffSchema } from '../schemas/stats-diff.js';
import { statsReportSchema } from '../schemas/stats-report.js';
import { stateSchema } from '../schemas/stats-state.js';
import { configurationPage } from './configuration-page.js';

/** Path from the repository's root: content. */
export function generatedFiles(): ReadonlyMap<string, string> {
  const schema = configJsonSchema();
  const installed = 'node_modules/m4-balance/schemas/config.schema.json';
  return new Map([
    ['schemas/config.schema.json', `${JSON.stringify(schema, null, 2)}\n`],
    ['schemas/report.schema.json', `${JSON.stringify(z.toJSONSchema(runReportSchema), null, 2)}\n`],
    ['schemas/evaluation.schema.json', `${JSON.stringify(z.toJSONSchema(evaluationSchema), null, 2)}\n`],
    ['schemas/stats-report.schema.json', `${JSON.stringify(z.toJSONSchema(statsReportSchema), null, 2)}\n`],
    ['schemas/state.schema.json', `${JSON.stringify(z.toJSONSchema(stateSchema), null, 2)}\n`],
    ['schemas/diff.schema.json', `${JSON.stringify(z.toJSONSchema(diffSchema), null, 2)}\n`],
    ['schemas/corrected.schema.json', `${JSON.stringify(z.toJSONSchema(correctedSchema), null, 2)}\n`],
    ['schemas/proxies.schema.json', `${JSON.stringify(z.toJSONSchema(proxiesSchema), null, 2)}\n`],
    ['schemas/manifest.schema.json', `${JSON.stringify(z.toJSONSchema(manifestSchema), null, 2)}\n`],
    ['docs/configuration.md', configurationPage(schema, configTemplate(installed))],
  ]);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [path, content] of generatedFiles()) writeFileSync(path, content);
}
