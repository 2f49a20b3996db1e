import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, test } from 'node:test';

/** Paths in the package that `npm pack` would make of the built checkout. */
function packed(): string[] {
  const { status, stdout, stderr } = spawnSync('npm pack --dry-run --json --ignore-scripts', {
    shell: true,
    encoding: 'utf8',
    maxBuffer: 1 << 26,
  });
  assert.equal(status, 0, stderr);
  const [pack] = Object.values(JSON.parse(stdout) as Record<string, { files: { path: string }[] }>);
  return pack!.files.map((f) => f.path);
}

describe('the package', { skip: existsSync('dist/cli/main.js') ? false : 'dist/ is not built' }, () => {
  const paths = packed();

  test('holds the command, the schema, the lexicons, the texts', () => {
    const lexicons = readdirSync('transforms/tag/lexicons').filter((f) => f.endsWith('.tsv'));
    const needed = [
      'package.json',
      'README.md',
      'LICENSE',
      'ARCHITECTURE.md',
      'CHANGELOG.md',
      'dist/bin/m4-balance.js',
      'dist/page/main.js',
      'dist/page/page.css',
      'schemas/config.schema.json',
      ...lexicons.map((f) => `transforms/tag/lexicons/${f}`),
    ];
    for (const path of needed) assert.ok(paths.includes(path), path);
  });

  test('holds no tests, benchmarks or sources', () => {
    const wrong = /^(test|bench|dist\/test|dist\/bench|\.ci)\/|(?<!\.d)\.ts$|\.map$|\.tsbuildinfo$/;
    assert.deepEqual(
      paths.filter((p) => wrong.test(p)),
      [],
    );
  });

  test('has a command that starts with the right line, and that the system may run', () => {
    const { bin, version } = JSON.parse(readFileSync('package.json', 'utf8')) as {
      bin: Record<string, string>;
      version: string;
    };
    const command = bin['m4-balance']!;
    const lines = readFileSync(command, 'utf8').split('\n');
    assert.equal(lines[0], '#!/usr/bin/env node');
    if (process.platform === 'win32') return;
    const { status, stdout } = spawnSync(`./${command}`, ['--version'], { encoding: 'utf8' });
    assert.equal(status, 0);
    assert.equal(stdout.trim(), version);
  });
});
