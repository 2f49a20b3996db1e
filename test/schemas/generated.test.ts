import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { generatedFiles } from '../../scripts/schema.js';

for (const [path, content] of generatedFiles()) {
  test(`${path} is what npm run schema makes`, () => assert.equal(readFileSync(path, 'utf8'), content));
}
