import assert from 'node:assert/strict';
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { PassThrough } from 'node:stream';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { runCommandLine } from '../../cli/command-line.js';
import { configTemplate } from '../../cli/config-template.js';
import type { Job } from '../../cli/job.js';
import { parseYaml } from '../../cli/read-config.js';
import { InputError, InvariantError } from '../../schemas/errors.js';
import { configJsonSchema, type JsonSchema, variants } from '../../schemas/json-schema.js';
import { parseConfig } from '../../schemas/parse-config.js';
import { fakeJob, report } from './fake-job.js';

const MAIN = fileURLToPath(new URL('../../cli/main.js', import.meta.url));
const WAITING = fileURLToPath(new URL('./waiting-run.js', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'm4-cli-'));
after(() => rmSync(folder, { recursive: true }));

/** The built command, as a process of its own. */
function command(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, ...args], { cwd: folder, encoding: 'utf8' });
  return { status, stdout, stderr };
}

/** The command line in this process, with another job. */
async function run(args: readonly string[], job: Job) {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const status = await runCommandLine(args, { stdout, stderr }, async () => job);
  return { status, stdout: String(stdout.read() ?? ''), stderr: String(stderr.read() ?? '') };
}

const NEEDED = [
  '--input',
  'x.parquet',
  '--output',
  'out',
  '--attributes',
  '{female: {lexicon: gender, value: female}}',
];
const events = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('help', () => {
  test('names the commands and the exit codes', () => {
    const { status, stdout, stderr } = command('--help');
    assert.equal(status, 0);
    assert.equal(stderr, '');
    for (const word of [
      'init',
      'balance',
      'stats',
      'evaluate-tags',
      'merge',
      'diff',
      'publish',
      'clean',
      'schema',
      'worker',
      'worker-pool',
      'Exit codes:',
      '130',
    ])
      assert.ok(stdout.includes(word), word);
  });

  test('of balance names every flag, gives examples and the exit codes', () => {
    const { status, stdout } = command('balance', '--help');
    assert.equal(status, 0);
    for (const word of [
      '--balance.rate, --rate',
      '--output.formats, --formats',
      '--dry-run',
      '--json',
      'Examples:',
      'Exit codes:',
    ]) {
      assert.ok(stdout.includes(word), word);
    }
  });

  test('version is the package’s', () => {
    assert.match(command('--version').stdout, /^\d+\.\d+\.\d+\n$/);
    const beside = command('nightly', 'no-such-file.yaml', '--version');
    assert.deepEqual([beside.status, beside.stdout, beside.stderr], [0, command('--version').stdout, '']);
  });
});

describe('a mistake on the command line', () => {
  const refused = (args: string[], ...lines: string[]) => {
    assert.deepEqual(command(...args), { status: 2, stdout: '', stderr: `${lines.join('\n')}\n` });
  };

  test('in the command names the nearest', () => {
    refused(
      ['blance'],
      'm4-balance: command line:',
      '  expected a command, one of init, balance, stats, evaluate-tags, correct, merge, diff, proxies, publish, nightly, history, rollback, clean, schema, worker, worker-pool, got "blance". Did you mean balance?',
      '  m4-balance --help tells more.',
    );
  });

  test('in a flag names the nearest', () => {
    refused(
      ['balance', '--balance.penalti', '3', '--ouput=x', '--penalty', '3'],
      'm4-balance: command line:',
      '  --balance.penalti: expected a flag of balance, got an unknown one. Did you mean --balance.penalty?',
      '  --ouput: expected a flag of balance, got an unknown one. Did you mean --output?',
      '  --penalty: expected a flag of balance, got an unknown one. Did you mean --balance.penalty?',
      '  m4-balance balance --help lists the flags.',
    );
  });

  test('in the number of arguments is refused', () => {
    refused(
      ['balance', 'a.yaml', 'b.yaml'],
      'm4-balance: command line:',
      '  b.yaml: expected no more arguments, got one.',
      '  m4-balance balance --help lists the flags.',
    );
    refused(
      ['balance'],
      'm4-balance: command line:',
      '  expected a configuration file or flags, got neither. m4-balance init writes one.',
    );
    refused(
      ['balance', '--rate'],
      'm4-balance: command line:',
      '  Not enough arguments following: rate.',
      '  m4-balance --help tells more.',
    );
  });

  test('cannot steer the terminal', () => {
    const { stderr } = command('balance', '--\x1b[2J', 'x');
    assert.ok(stderr.includes('\\x1b[2J') && !stderr.includes('\x1b'), stderr);
  });

  test('in a value names the key', () => {
    refused(
      ['balance', ...NEEDED, '--rate', 'fast', '--fit', 'exakt'],
      'm4-balance: command line:',
      '  balance.rate: expected auto, or a number above 0, got "fast".',
      '  balance.fit: expected one of auto, exact, stream or online, got "exakt". Did you mean exact?',
    );
  });

  test('in a file names the file, and each key', () => {
    writeFileSync(
      join(folder, 'bad.yaml'),
      'input: {files: x}\nfilters: [datacomp-basik]\nballance: {}\noutput: {directory: o}\n',
    );
    const { status, stderr } = command('balance', 'bad.yaml');
    assert.equal(status, 2);
    assert.match(
      stderr,
      /^m4-balance: bad\.yaml:\n {2}ballance: .* Did you mean balance\?\n {2}filters\[0\]: .* Did you mean datacomp-basic\?\n {2}attributes: .*got nothing\.\n$/,
    );
  });

  test('is an event for a program', () => {
    const { status, stdout, stderr } = command('balance', ...NEEDED, '--rate', 'fast', '--json');
    assert.deepEqual({ status, stderr }, { status: 2, stderr: '' });
    assert.deepEqual(events(stdout), [
      {
        event: 'error',
        exitCode: 2,
        name: 'ConfigError',
        message: 'command line: balance.rate: expected auto, or a number above 0, got "fast".',
        issues: ['balance.rate: expected auto, or a number above 0, got "fast".'],
      },
    ]);
  });
});

describe('init', () => {
  test('writes a configuration that is valid, and does not overwrite it', () => {
    const first = command('init', 'job.yaml');
    assert.deepEqual(first, {
      status: 0,
      stdout: '',
      stderr: 'wrote job.yaml; next: m4-balance balance job.yaml --dry-run\n',
    });
    const text = readFileSync(join(folder, 'job.yaml'), 'utf8');
    assert.equal(parseConfig(parseYaml(text, 'job.yaml')).output.directory, 'out');
    assert.deepEqual(command('init', 'job.yaml'), {
      status: 2,
      stdout: '',
      stderr: 'm4-balance: job.yaml:\n  expected a new file, got one that exists. --force overwrites it.\n',
    });
    writeFileSync(join(folder, 'job.yaml'), 'mine');
    assert.equal(command('init', 'job.yaml', '--force').status, 0);
    assert.equal(readFileSync(join(folder, 'job.yaml'), 'utf8'), text);
  });

  test('points editors to the schema of the installed package', () => {
    const { stdout } = command('init', '-');
    const [first] = stdout.split('\n');
    const path = /^# yaml-language-server: \$schema=(.*)$/.exec(first!)?.[1];
    assert.ok(path, first);
    const expected = resolve(dirname(MAIN), '..', '..', 'schemas', 'config.schema.json');
    assert.equal(
      execFileSync(process.execPath, ['-p', `require('path').resolve(${JSON.stringify(path)})`], {
        cwd: folder,
        encoding: 'utf8',
      }).trim(),
      expected,
    );
  });

  test('names every key of the schema', () => {
    const keys = new Set<string>();
    const collect = (schema: JsonSchema): void => {
      for (const variant of variants(schema)) {
        for (const [key, child] of Object.entries(variant.properties ?? {})) {
          keys.add(key);
          collect(child);
        }
        if (variant.items !== undefined) collect(variant.items);
        if (variant.additionalProperties) collect(variant.additionalProperties);
      }
    };
    collect(configJsonSchema());
    // Which of a picture's columns are mapped is told once; the canonical names are in the documentation.
    const told = new Set(['url', 'image', 'similarity', 'language']);
    const template = configTemplate('x');
    for (const key of keys) {
      assert.ok(told.has(key) || new RegExp(`\\b${key}:`).test(template), key);
    }
  });

  test('leaves out only keys that are valid when they are put in', () => {
    const lines = configTemplate('x').split('\n');
    const commented = lines.flatMap((line, i) => (/^ *#[^ ]/.test(line) ? [i] : [])).filter((i) => i > 0);
    assert.ok(commented.length > 10);
    for (const i of commented) {
      const text = lines.map((line, j) => (i === j ? line.replace('#', '') : line)).join('\n');
      const changed = parseConfig(parseYaml(text, lines[i]!));
      assert.notDeepEqual(changed, parseConfig(parseYaml(lines.join('\n'), '')), lines[i]);
    }
  });

  test('shows the defaults of the schema', () => {
    const shown = parseConfig(parseYaml(configTemplate('x'), ''));
    const { input, attributes, output } = shown;
    const least = parseConfig({ input: { files: input.files }, attributes, output: { directory: output.directory } });
    assert.deepEqual({ ...shown, filters: [], labels: [] }, least);
  });
});

describe('schema', () => {
  test('prints the JSON Schema', () => {
    const { status, stdout } = command('schema');
    assert.equal(status, 0);
    assert.deepEqual(JSON.parse(stdout), configJsonSchema());
  });
});

describe('balance', () => {
  test('merges file and flags', async () => {
    const file = join(folder, 'merge.yaml');
    writeFileSync(
      file,
      'input: {files: x}\nattributes: {f: {column: s}}\nbalance: {rate: 0.5, seed: 3}\noutput: {directory: o}\n',
    );
    const job = fakeJob();
    assert.equal((await run(['balance', file, '--rate', '0.25', '--online', '--no-overwrite'], job)).status, 0);
    const [config] = job.configs;
    assert.deepEqual(
      [config?.balance.rate, config?.balance.seed, config?.balance.fit, config?.output.overwrite],
      [0.25, 3, 'online', false],
    );
  });

  test('prints the plan of a dry run, escaped', async () => {
    assert.deepEqual(await run(['balance', ...NEEDED, '--dry-run'], fakeJob()), {
      status: 0,
      stderr: '',
      stdout: [
        'files: 2, rows: 1,200, splits: 2',
        '  data/a.parquet  parquet, 1,200 rows, 2 splits, 3.4 MB',
        'unreadable: 1',
        '  data/\\x1b[2Jb.parquet  no footer',
        'columns: 2',
        '  uid  Utf8  (is id)',
        '  quality  Float32',
        'filters: words, similarity',
        'attributes: female',
        'labels: 2',
        '  doctor, nurse',
        'passes:',
        '  1. fit: counts patterns',
        '  2. write: weights and shards',
        'shards: about 100,000 rows each',
        '',
      ].join('\n'),
    });
  });

  test('prints progress and warnings to stderr, the report to stdout', async () => {
    assert.deepEqual(await run(['balance', ...NEEDED], fakeJob()), {
      status: 0,
      stderr: 'fit: 600 of 1,200 rows (50 %)\nwarning: 3 rows are unreadable\n',
      stdout: 'table of 120 columns\ndoctor\\x1b[31m\nout: 2 files\n',
    });
  });

  test('lists files and steps when verbose, warnings alone when quiet', async () => {
    const verbose = await run(['balance', ...NEEDED, '--verbose'], fakeJob());
    assert.match(verbose.stderr, /^patterns: 193$/m);
    assert.match(verbose.stdout, /^pairs-train-00000-of-00001.parquet$/m);
    assert.equal((await run(['balance', ...NEEDED, '--quiet'], fakeJob())).stderr, 'warning: 3 rows are unreadable\n');
  });

  test('gives a program events', async () => {
    const { status, stdout, stderr } = await run(['balance', ...NEEDED, '--json'], fakeJob());
    assert.deepEqual({ status, stderr }, { status: 0, stderr: '' });
    assert.deepEqual(
      events(stdout).map((e) => e.event),
      ['progress', 'log', 'log', 'result'],
    );
    assert.equal(events(stdout).at(-1)?.directory, 'out');
  });

  test('says that the work is done already', async () => {
    const { stdout } = await run(
      ['balance', ...NEEDED],
      fakeJob(() => ({ alreadyDone: true })),
    );
    assert.match(stdout, /^out: holds this run already; nothing was done$/m);
  });

  test('ends with 4 where the asked rate is not feasible, if that was asked for', async () => {
    const infeasible = () => fakeJob(() => ({ report: report(false) }));
    const asked = ['balance', ...NEEDED, '--rate', '0.9'];
    assert.equal((await run([...asked, '--strict-rate'], infeasible())).status, 4);
    assert.equal((await run(asked, infeasible())).status, 0);
    assert.equal((await run(['balance', ...NEEDED, '--strict-rate'], infeasible())).status, 0);
    assert.equal((await run([...asked, '--strict-rate'], fakeJob())).status, 0);
  });

  const failing = (error: Error): Job => ({
    ...fakeJob(),
    async runBalance() {
      throw error;
    },
  });

  test('ends with 3 on input that cannot be used', async () => {
    const error = new InputError('footer', { file: 'a\x1b.parquet', expected: 'PAR1', got: '"xxxx"' });
    assert.deepEqual(await run(['balance', ...NEEDED], failing(error)), {
      status: 3,
      stdout: '',
      stderr: 'm4-balance: footer: a\\x1b.parquet: expected PAR1, got "xxxx".\n',
    });
  });

  test('ends with 5 where the disk fails', async () => {
    const error = Object.assign(new Error('ENOSPC: no space left on device, write'), {
      code: 'ENOSPC',
      syscall: 'write',
    });
    assert.equal((await run(['balance', ...NEEDED], failing(error))).status, 5);
  });

  test('ends with 1 on a failure of its own, whose place --verbose shows', async () => {
    const error = new InvariantError('rows do not add up');
    const brief = await run(['balance', ...NEEDED], failing(error));
    assert.deepEqual(brief, {
      status: 1,
      stdout: '',
      stderr: 'm4-balance: rows do not add up\nThis should not happen. --verbose shows where; please report it.\n',
    });
    assert.match((await run(['balance', ...NEEDED, '--verbose'], failing(error))).stderr, /at .*command-line\.test/);
  });
});

describe('Ctrl-C', { skip: process.platform === 'win32' ? 'Windows has no signals' : false }, () => {
  /** Sends each signal once the process has said the words, and gives its end. */
  async function interrupted(
    steps: readonly (readonly [words: string, signal: NodeJS.Signals])[],
    stopping: number,
    flags: string[] = [],
  ) {
    const child = spawn(process.execPath, [WAITING, 'balance', ...NEEDED, ...flags], {
      env: { ...process.env, STOPPING: String(stopping) },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [out, err] = ['', ''];
    let step = 0;
    const advance = () => {
      while (step < steps.length && (err + out).includes(steps[step]![0])) child.kill(steps[step++]![1]);
    };
    child.stdout.on('data', (chunk) => {
      out += chunk;
      advance();
    });
    child.stderr.on('data', (chunk) => {
      err += chunk;
      advance();
    });
    const code = await new Promise((done) => child.on('close', done));
    return { code, out, err };
  }

  test('stops cleanly and says that the same command continues', async () => {
    const { code, err } = await interrupted([['started', 'SIGINT']], 50);
    assert.equal(code, 130);
    assert.equal(
      err,
      'started\nwarning: stopping; what is finished is kept (again to leave at once)\nstopped; the same command continues from what is finished\n',
    );
  });

  test('twice leaves at once', async () => {
    const hour = 3_600_000;
    const { code, err } = await interrupted(
      [
        ['started', 'SIGINT'],
        ['stopping', 'SIGINT'],
      ],
      hour,
    );
    assert.equal(code, 130);
    assert.ok(!err.includes('stopped;'));
  });

  test('and SIGTERM have codes of their own', async () => {
    assert.equal((await interrupted([['started', 'SIGTERM']], 0)).code, 143);
  });

  test('is an event for a program', async () => {
    const { out } = await interrupted([['started', 'SIGINT']], 0, ['--json']);
    assert.deepEqual(
      events(out).map((e) => [e.event, e.exitCode ?? null]),
      [
        ['log', null],
        ['interrupted', 130],
      ],
    );
  });
});

describe('a closed pipe', () => {
  test('is no failure', { skip: process.platform === 'win32' ? 'needs a POSIX shell' : false }, () => {
    const { stderr } = spawnSync('sh', ['-c', `"${process.execPath}" "${MAIN}" schema | head -n 1`], {
      encoding: 'utf8',
    });
    assert.equal(stderr, '');
  });
});
