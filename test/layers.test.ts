/** The rules of the house that a compiler does not check: who may import whom, who prints, how long a file is. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, posix, sep } from 'node:path';
import { describe, test } from 'node:test';
import ts from 'typescript';

/** Imports go from a folder to those listed: down, never up or sideways. What every folder may import: itself. */
const BELOW: Readonly<Record<string, readonly string[]>> = {
  schemas: [],
  beam: ['schemas'],
  formats: ['schemas'],
  storage: ['schemas'],
  transforms: ['formats', 'storage', 'beam', 'schemas'],
  pipelines: ['transforms', 'formats', 'storage', 'beam', 'schemas'],
  page: ['transforms', 'schemas'],
  cli: ['pipelines', 'transforms', 'formats', 'storage', 'beam', 'schemas'],
  scripts: ['cli', 'pipelines', 'transforms', 'formats', 'storage', 'beam', 'schemas'],
  bench: ['scripts', 'cli', 'pipelines', 'transforms', 'formats', 'storage', 'beam', 'schemas'],
};

/** Only these folders may write to a terminal. */
const PRINTS = new Set(['cli', 'scripts', 'bench']);

/** Files elsewhere that write to a standard stream, and the reason. */
const PRINTING_FILES: Readonly<Record<string, string>> = {
  'beam/log-channel.ts': 'carries what the code of a worker prints to the runner',
  'beam/worker-main.ts': 'is what a worker process does: its end is told on stderr',
};

const MAXIMUM_LINES = 300;
/** Files that are longer for a reason, and the reason. */
const LONG_FILES: Readonly<Record<string, string>> = {
  'transforms/tag/scanner.ts': 'one closure over its tables: the loop that every byte of every caption goes through',
};

/**
 * In transforms/, kernels know nothing of Beam: only the file that makes a step a Beam transform imports beam/. It is told
 * by its call of registerDoFn; these files import beam/ without one.
 */
const BEAM_FILES: Readonly<Record<string, string>> = {
  'transforms/read/count-splits.ts': 'what the DoFns that count have in common; each is registered where it counts',
};

interface Source {
  /** From the repository's root, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

const folderOf = (path: string) => path.split('/')[0]!;

function parse({ path, text }: Source): ts.SourceFile {
  return ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
}

function visit(node: ts.Node, see: (node: ts.Node) => void): void {
  see(node);
  ts.forEachChild(node, (child) => visit(child, see));
}

/** Every module that a file names: imports, exports from, import() of a literal, types of import('x'). */
function specifiers(source: Source): string[] {
  const found: string[] = [];
  visit(parse(source), (node) => {
    const named =
      ts.isImportDeclaration(node) || ts.isExportDeclaration(node)
        ? node.moduleSpecifier
        : ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword
          ? node.arguments[0]
          : ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)
            ? node.argument.literal
            : undefined;
    if (named !== undefined && ts.isStringLiteralLike(named)) found.push(named.text);
  });
  return found;
}

/** The files of ours that a file imports, as paths from the root. */
function targets(source: Source): string[] {
  return specifiers(source)
    .filter((s) => s.startsWith('.'))
    .map((s) => posix.normalize(posix.join(posix.dirname(source.path), s)));
}

/** Calls of a name, in code and not in a comment or a text. */
function calls(source: Source, name: string): boolean {
  let found = false;
  visit(parse(source), (node) => {
    if (ts.isCallExpression(node) && ts.isIdentifier(node.expression) && node.expression.text === name) found = true;
  });
  return found;
}

function badArrows(sources: readonly Source[]): string[] {
  return sources.flatMap((source) => {
    const from = folderOf(source.path);
    const allowed = BELOW[from];
    if (allowed === undefined) return [`${source.path}: ${from}/ is no layer; add it to BELOW`];
    return targets(source).flatMap((target) => {
      const to = folderOf(target);
      return to === from || allowed.includes(to) ? [] : [`${source.path} imports ${target}`];
    });
  });
}

function kernelsOnBeam(sources: readonly Source[]): string[] {
  return sources
    .filter(({ path }) => folderOf(path) === 'transforms' && !(path in BEAM_FILES))
    .filter((source) => targets(source).some((t) => folderOf(t) === 'beam') && !calls(source, 'registerDoFn'))
    .map(({ path }) => `${path} imports beam/ and registers no DoFn`);
}

/** `console.x`, `process.stdout` and `process.stderr` outside the folders that print. */
function prints(sources: readonly Source[]): string[] {
  return sources
    .filter(({ path }) => !PRINTS.has(folderOf(path)) && !(path in PRINTING_FILES))
    .flatMap((source) => {
      const found: string[] = [];
      visit(parse(source), (node) => {
        if (!ts.isPropertyAccessExpression(node)) return;
        const text = node.getText();
        if (/^(globalThis\.)?console\./.test(text) || /^(globalThis\.)?process\.(stdout|stderr)$/.test(text)) {
          found.push(`${source.path} uses ${text}`);
        }
      });
      return found;
    });
}

function longFiles(sources: readonly Source[]): string[] {
  return sources
    .map(({ path, text }) => ({ path, lines: text.split('\n').length - 1 }))
    .filter(({ path, lines }) => lines > MAXIMUM_LINES && !(path in LONG_FILES))
    .map(({ path, lines }) => `${path} has ${lines} lines`);
}

function sourcesOf(folders: readonly string[]): Source[] {
  return folders
    .filter((folder) => existsSync(folder))
    .flatMap((folder) =>
      readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && /(?<!\.d)\.ts$/.test(entry.name))
        .map((entry) => {
          const path = join(entry.parentPath ?? entry.path, entry.name);
          return { path: path.split(sep).join('/'), text: readFileSync(path, 'utf8') };
        }),
    );
}

const sources = sourcesOf(Object.keys(BELOW));

describe('the sources', () => {
  test('are all there', () => assert.ok(sources.length > 10 && sources.some((s) => s.path === 'cli/main.ts')));
  test('import only from layers below', () => assert.deepEqual(badArrows(sources), []));
  test('keep Beam out of the kernels', () => assert.deepEqual(kernelsOnBeam(sources), []));
  test('print only in cli, scripts and bench', () => assert.deepEqual(prints(sources), []));
  test('are short, or long for a reason', () => assert.deepEqual(longFiles(sources), []));
  test('have no file on a list of exceptions that is gone or needs none', () => {
    const paths = new Set(sources.map((s) => s.path));
    const lines = new Map(sources.map((s) => [s.path, s.text.split('\n').length - 1]));
    for (const path of Object.keys(LONG_FILES)) assert.ok((lines.get(path) ?? 0) > MAXIMUM_LINES, path);
    for (const path of Object.keys({ ...BEAM_FILES, ...PRINTING_FILES })) assert.ok(paths.has(path), path);
  });
});

describe('the check fails on', () => {
  const bad = (path: string, text: string) => badArrows([{ path, text }]);

  test('an arrow up', () => {
    assert.deepEqual(bad('schemas/a.ts', "import { b } from '../cli/b.js';"), ['schemas/a.ts imports cli/b.js']);
    assert.deepEqual(bad('transforms/tag/a.ts', "export * from '../../pipelines/b.js';"), [
      'transforms/tag/a.ts imports pipelines/b.js',
    ]);
  });

  test('an arrow sideways', () => {
    assert.deepEqual(bad('formats/a.ts', "import '../storage/b.js';"), ['formats/a.ts imports storage/b.js']);
    assert.deepEqual(bad('beam/a.ts', "import type { B } from '../formats/b.js';"), ['beam/a.ts imports formats/b.js']);
  });

  test('an arrow in import() and in a type', () => {
    assert.deepEqual(bad('beam/a.ts', "const b = await import('../transforms/b.js');"), [
      'beam/a.ts imports transforms/b.js',
    ]);
    assert.deepEqual(bad('beam/a.ts', "let b: import('../transforms/b.js').B;"), ['beam/a.ts imports transforms/b.js']);
  });

  test('an arrow that goes out and comes back', () => {
    assert.deepEqual(bad('storage/local/a.ts', "import '../../formats/../cli/b.js';"), [
      'storage/local/a.ts imports cli/b.js',
    ]);
  });

  test('a test that is imported', () => {
    assert.deepEqual(bad('cli/a.ts', "import '../test/shared.js';"), ['cli/a.ts imports test/shared.js']);
  });

  test('but not on an arrow down, a package, or a text that only looks like an import', () => {
    assert.deepEqual(bad('cli/a.ts', "import '../schemas/b.js'; import 'node:fs'; import z from 'zod';"), []);
    assert.deepEqual(bad('schemas/a.ts', "// import '../cli/b.js'\nconst text = \"import '../cli/b.js'\";"), []);
  });

  test('a kernel that imports beam, but not on the file that registers the DoFn', () => {
    const path = 'transforms/tag/a.ts';
    const imported = "import { registerDoFn } from '../../beam/do-fn.js';";
    assert.equal(kernelsOnBeam([{ path, text: imported }]).length, 1);
    assert.equal(kernelsOnBeam([{ path, text: `${imported} // registerDoFn('x')` }]).length, 1);
    assert.deepEqual(kernelsOnBeam([{ path, text: `${imported} registerDoFn('x', f);` }]), []);
  });

  test('a print outside cli', () => {
    assert.equal(prints([{ path: 'beam/a.ts', text: "console.log('x')" }]).length, 1);
    assert.equal(prints([{ path: 'beam/a.ts', text: "process.stderr.write('x')" }]).length, 1);
    assert.deepEqual(prints([{ path: 'cli/a.ts', text: "console.log('x')" }]), []);
    assert.deepEqual(prints([{ path: 'beam/a.ts', text: "// console.log('x')" }]), []);
  });

  test('a file of 301 lines', () => {
    assert.equal(longFiles([{ path: 'beam/a.ts', text: 'x\n'.repeat(301) }]).length, 1);
    assert.deepEqual(longFiles([{ path: 'beam/a.ts', text: 'x\n'.repeat(300) }]), []);
  });
});
