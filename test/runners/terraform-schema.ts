/** What resources of Terraform take, by the declarations of CDK for Terraform, which are generated from the schema of a provider. */
import ts from 'typescript';

/** An argument, or a block, of a resource. */
interface Member {
  readonly required: boolean;
  /** The interface of a block; undefined for a plain argument. */
  readonly block: string | undefined;
}

export interface ResourceSchema {
  readonly interfaces: ReadonlyMap<string, ReadonlyMap<string, Member>>;
  /** The interface of the resource itself. */
  readonly root: string;
  /** What other resources can refer to, in camel case. */
  readonly attributes: ReadonlySet<string>;
}

/** A body as python-hcl2 gives it: blocks are lists of bodies with the mark. */
export type Body = Readonly<Record<string, unknown>>;

const BLOCK = '__is_block__';
/** Arguments that any resource has. */
const META = new Set(['count', 'depends_on', 'for_each', 'lifecycle', 'provider']);

const camel = (name: string) => name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());

/** Reads the declarations of one resource. Throws where there is no interface that ends in Config. */
export function readSchema(declarations: string): ResourceSchema {
  const file = ts.createSourceFile('index.d.ts', declarations, ts.ScriptTarget.Latest);
  const declared = file.statements.filter(ts.isInterfaceDeclaration);
  const names = new Set(declared.map(({ name }) => name.text));
  const interfaces = new Map(
    declared.map(({ name, members }) => [
      name.text,
      new Map(members.filter(ts.isPropertySignature).map((member) => [nameOf(member), memberOf(member, names, file)])),
    ]),
  );
  const config = declared.find(({ heritageClauses }) => heritageClauses !== undefined);
  if (config === undefined) throw new Error('expected the interface of a resource, got none');
  const getters = file.statements
    .filter(ts.isClassDeclaration)
    .filter(({ name }) => `${name!.text}Config` === config.name.text)
    .flatMap(({ members }) => members.filter(ts.isGetAccessor).map(nameOf));
  return { interfaces, root: config.name.text, attributes: new Set(getters) };
}

const nameOf = ({ name }: { readonly name: ts.PropertyName }) => (name as ts.Identifier).text;

function memberOf(
  { type, questionToken }: ts.PropertySignature,
  names: ReadonlySet<string>,
  file: ts.SourceFile,
): Member {
  const words = type!.getText(file).match(/\w+/g)!;
  return { required: questionToken === undefined, block: words.find((word) => names.has(word)) };
}

/** What is wrong with a resource: unknown arguments, missing ones, blocks that are none. */
export function faultsOf({ interfaces, root }: ResourceSchema, body: Body): string[] {
  const faults: string[] = [];
  const look = (members: ReadonlyMap<string, Member>, given: Body, place: string) => {
    const keys = Object.keys(given).filter((key) => key !== BLOCK && !(place === '' && META.has(key)));
    for (const key of keys) {
      const member = members.get(camel(key));
      const value = given[key];
      const blocks =
        Array.isArray(value) && value.every((item) => item?.[BLOCK] === true) ? (value as Body[]) : undefined;
      if (member === undefined) faults.push(`${place}${key} is unknown`);
      else if ((member.block === undefined) !== (blocks === undefined))
        faults.push(`${place}${key} is ${blocks ? 'no' : 'a'} block`);
      else for (const inner of blocks ?? []) look(interfaces.get(member.block!)!, inner, `${place}${key}.`);
    }
    const has = new Set(keys.map(camel));
    for (const [name, { required }] of members)
      if (required && !has.has(name)) faults.push(`${place}${name} is missing`);
  };
  look(interfaces.get(root)!, body, '');
  return faults;
}

/** References type.name.attribute to resources that are not declared, or have no such attribute. */
export function danglingIn(
  text: string,
  schemas: ReadonlyMap<string, { readonly names: ReadonlySet<string>; readonly schema: ResourceSchema }>,
) {
  return [...text.matchAll(/\b(google_\w+)\.(\w+)(?:\.(\w+))?/g)]
    .filter(([, type, name, attribute]) => {
      const found = schemas.get(type!);
      if (found === undefined || !found.names.has(name!)) return true;
      return attribute !== undefined && !found.schema.attributes.has(camel(attribute));
    })
    .map(([reference]) => reference);
}
