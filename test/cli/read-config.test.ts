import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { parseYaml, readConfigFile } from '../../cli/read-config.js';
import { ConfigError } from '../../schemas/errors.js';

const folder = mkdtempSync(join(tmpdir(), 'm4-config-'));
after(() => rmSync(folder, { recursive: true }));

function refused(text: string): string {
  try {
    parseYaml(text, 'job.yaml');
  } catch (error) {
    assert.ok(error instanceof ConfigError, String(error));
    return error.message;
  }
  assert.fail('accepted');
}

/** Each level repeats the one before nine times: 9^levels texts from a few hundred bytes. */
function bomb(levels: number): string {
  const line = (i: number) =>
    `a${i}: &a${i} [${Array.from({ length: 9 }, () => (i === 0 ? 'x' : `*a${i - 1}`)).join(', ')}]`;
  return Array.from({ length: levels }, (_, i) => line(i)).join('\n');
}

describe('YAML', () => {
  test('and JSON are read', () => {
    assert.deepEqual(parseYaml('a: 0.9\nb: [x, {c: true}]', ''), { a: 0.9, b: ['x', { c: true }] });
    assert.deepEqual(parseYaml('{"a": 1e-3}', ''), { a: 0.001 });
  });
  test('that is no YAML names line and column', () => {
    assert.equal(
      refused('a: 1\nb: [2, 3\n'),
      'job.yaml: line 3, column 1: Flow sequence in block collection must be sufficiently indented and end with a ].',
    );
  });
  test('with a key twice is refused', () => {
    assert.equal(
      refused('balance:\n  rate: 0.5\n  rate: 0.9\n'),
      'job.yaml: line 3, column 3: Map keys must be unique.',
    );
  });
  test('with a tag is refused', () => {
    assert.match(refused('a: !!js/function "x"'), /line 1, column 4: Unresolved tag/);
  });
  test('with a second document is refused', () => {
    assert.match(refused('a: 1\n---\na: 2\n'), /line 2/);
  });
  test('that multiplies itself by aliases is refused before it does', () => {
    assert.match(refused(bomb(12)), /[Ee]xcessive alias count/);
  });
  test('nested without end is refused', () => {
    assert.match(refused('['.repeat(100_000)), /job.yaml: /);
  });
  test('keeps __proto__ as a plain key, for the schema to refuse', () => {
    const value = parseYaml('__proto__: {polluted: true}', '') as object;
    assert.deepEqual(Object.keys(value), ['__proto__']);
    assert.equal(({} as { polluted?: boolean }).polluted, undefined);
  });
});

describe('a configuration file', () => {
  test('that is not there, or a folder, is named', async () => {
    const absent = join(folder, 'absent.yaml');
    await assert.rejects(readConfigFile(absent), {
      message: `${absent}: expected a YAML file, got no such file. m4-balance init writes one.`,
    });
    await assert.rejects(readConfigFile(folder), {
      message: `${folder}: expected a YAML file, got a folder. m4-balance init writes one.`,
    });
  });
  test('that is not UTF-8 is refused', async () => {
    const file = join(folder, 'latin1.yaml');
    writeFileSync(file, Buffer.from([0x61, 0x3a, 0x20, 0xe9]));
    await assert.rejects(readConfigFile(file), { message: `${file}: expected text in UTF-8, got other bytes.` });
  });
  test('that is larger than any configuration is not read', async () => {
    const file = join(folder, 'large.yaml');
    writeFileSync(file, Buffer.alloc(2 << 20, 0x20));
    await assert.rejects(readConfigFile(file), { message: `${file}: expected at most 1048576 bytes, got 2097152.` });
  });
});
