/**
 * Carries out a Dockerfile without Docker: each stage is a folder that stands for the root of its file system, and its commands
 * run there with absolute paths moved below that folder. The base image's own files are this machine's.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, delimiter, dirname, join, resolve } from 'node:path';
import picomatch from 'picomatch';

interface Instruction {
  readonly name: string;
  readonly args: string;
}

export interface Image {
  /** Stands for `/`. */
  readonly root: string;
  readonly base: string;
  readonly user: string;
  /** Inside the image. */
  readonly entrypoint: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Instructions in order, comments and line continuations resolved. */
function parseDockerfile(text: string): Instruction[] {
  return text
    .replace(/^\s*#.*\n/gm, '')
    .replace(/\\\n/g, ' ')
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => {
      const [, name, args] = /^\s*(\w+)\s+(.*?)\s*$/.exec(line)!;
      return { name, args };
    });
}

/** Which entries of the context's top folder Docker is sent. Throws for a pattern that is not about that folder. */
export function contextFilter(ignoreText: string): (name: string) => boolean {
  const patterns = ignoreText.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  for (const pattern of patterns) {
    if (/[/!]/.test(pattern))
      throw new Error(`.dockerignore: expected names and globs of the top folder, got ${pattern}`);
  }
  const ignored = picomatch(patterns, { dot: true });
  return (name) => !ignored(name);
}

/** An absolute path of the image as one of this machine. */
export function inImage(root: string, path: string): string {
  return path.startsWith('/') ? join(root, path) : path;
}

interface Stage {
  readonly root: string;
  readonly base: string;
  folder: string;
  user: string;
  entrypoint: string[];
  readonly env: Record<string, string>;
}

/** Builds the last stage of `context`/Dockerfile below `folder`. Throws for an instruction that is not known here. */
export function buildImage(context: string, folder: string): Image {
  const isSent = contextFilter(readFileSync(join(context, '.dockerignore'), 'utf8'));
  const stages = new Map<string, Stage>();
  let stage!: Stage;
  for (const { name, args } of parseDockerfile(readFileSync(join(context, 'Dockerfile'), 'utf8'))) {
    switch (name) {
      case 'FROM': {
        const [base, , alias] = args.split(/\s+/);
        const root = join(folder, alias ?? 'image');
        mkdirSync(root, { recursive: true });
        stage = { root, base, folder: root, user: 'root', entrypoint: [], env: {} };
        stages.set(alias ?? '', stage);
        break;
      }
      case 'WORKDIR':
        stage.folder = inImage(stage.root, args);
        mkdirSync(stage.folder, { recursive: true });
        break;
      case 'ENV': {
        const [key, value] = args.split('=');
        stage.env[key] = value;
        break;
      }
      case 'COPY':
        copy(args, stage, stages, context, isSent);
        break;
      case 'RUN':
        run(args, stage);
        break;
      case 'USER':
        stage.user = args;
        break;
      case 'ENTRYPOINT':
        stage.entrypoint = JSON.parse(args);
        break;
      default:
        throw new Error(`Dockerfile: ${name} is not known to this test`);
    }
  }
  return stage;
}

function copy(
  args: string,
  stage: Stage,
  stages: ReadonlyMap<string, Stage>,
  context: string,
  isSent: (name: string) => boolean,
): void {
  const words = args.split(/\s+/);
  const from = words[0].startsWith('--from=') ? stages.get(words.shift()!.slice('--from='.length)) : undefined;
  const target = resolve(stage.folder, inImage(stage.root, words.pop()!));
  for (const word of words) {
    const source = from === undefined ? join(context, word) : inImage(from.root, word);
    const names = statSync(source).isDirectory() ? readdirSync(source) : undefined;
    if (names === undefined) cpSync(source, join(target, basename(source)));
    for (const name of names ?? []) {
      if (from !== undefined || resolve(source) !== resolve(context) || isSent(name))
        cpSync(join(source, name), join(target, name), { recursive: true });
    }
  }
}

function run(command: string, { root, folder, env }: Stage): void {
  const moved = command.replace(/(^|[\s="'])\/(?=\w)/g, `$1${root}/`);
  const path = [dirname(process.execPath), process.env.PATH].join(delimiter);
  const { NODE_ENV: _, ...inherited } = process.env;
  // What the build writes to stderr goes with the error of a build that fails.
  execFileSync('/bin/sh', ['-ec', moved], {
    cwd: folder,
    env: { ...inherited, ...env, PATH: path },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
}

/** The image's entry point as a command of this machine; `node` is the Node that runs the test. */
export function entryCommand({ root, entrypoint }: Image): [command: string, ...args: string[]] {
  const [command, ...args] = entrypoint.map((word) => inImage(root, word));
  if (command !== 'node' && !existsSync(command)) throw new Error(`no entry point ${command}`);
  return [command === 'node' ? process.execPath : command, ...args];
}
