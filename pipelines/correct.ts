/** Correction of a finished output by an evaluation of its tags. */
import * as z from 'zod';
import type { Corrected } from '../schemas/corrected.js';
import { InputError } from '../schemas/errors.js';
import { type Evaluation, evaluationSchema } from '../schemas/evaluation.js';
import { outputPath, storageFor } from '../storage/index.js';
import { correctedOf } from '../transforms/stats/corrected.js';
import { readPublished } from '../transforms/write/finished.js';
import { readState } from './outputs.js';

const inferred = z.record(z.string(), z.looseObject({ target: z.unknown().optional() }));

interface Evaluated {
  readonly evaluation: Evaluation;
  /** How attributes were inferred; undefined where the file says nothing of it. */
  readonly attributes: unknown;
}

/** The output folder of evaluate-tags. Throws InputError where it is none. */
async function readEvaluation(directory: string): Promise<Evaluated> {
  const refuse = (got: string) =>
    new InputError('evaluation', { file: directory, expected: 'the output of evaluate-tags', got });
  const { manifest } = await readPublished(directory);
  const file = manifest?.files.find(({ path }) => path.endsWith('evaluation.json'));
  if (manifest === undefined || file === undefined) throw refuse('no such output');
  const bytes = await storageFor(directory).readAll(outputPath(directory, file.path));
  const parsed = evaluationSchema.safeParse(JSON.parse(new TextDecoder().decode(bytes)));
  if (!parsed.success) throw refuse(parsed.error.issues[0]!.message);
  return { evaluation: parsed.data, attributes: manifest.config.attributes };
}

/** What an attribute is inferred from, as text; its target is no part of that. */
function sourceText(attributes: unknown, name: string): string {
  const { target: _target, ...rest } = inferred.safeParse(attributes).data?.[name] ?? {};
  return JSON.stringify(rest);
}

/**
 * RB and AB of the output of `stats`, `merge` or `balance` at `path`, corrected by that of `evaluate-tags` at `evaluation`.
 * Throws InputError where one is not there, or they infer an attribute otherwise.
 */
export async function correctOutput(path: string, evaluation: string): Promise<Corrected> {
  const { state } = await readState(path);
  const told = await readEvaluation(evaluation);
  for (const { attribute } of told.evaluation.attributes) {
    const [expected, got] = [state.config.attributes, told.attributes].map((of) => sourceText(of, attribute));
    if (expected === got || expected === '{}') continue;
    throw new InputError('evaluation', {
      file: evaluation,
      place: `attribute ${attribute}`,
      expected: `${expected}, as in ${path}`,
      got: got!,
      hint: 'A confusion matrix corrects the tagger that it was measured on.',
    });
  }
  return correctedOf(state, told.evaluation);
}
