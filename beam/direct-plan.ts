import './sdk.js';
import { ProcessBundleDescriptor } from 'apache-beam/proto/beam_fn_api';
import { ParDoPayload, Pipeline, PTransform } from 'apache-beam/proto/beam_runner_api';
import { COLLECT_SIDE_URN, HOLD_MAIN_URN, PAR_DO_URN, RESHUFFLE_URN } from './urns.js';

/** What a collecting operator is told: whose side input its elements are. */
export interface CollectSide {
  readonly transformId: string;
  readonly tag: string;
}

export const encodeCollectSide = (side: CollectSide): Uint8Array => new TextEncoder().encode(JSON.stringify(side));
export const decodeCollectSide = (bytes: Uint8Array): CollectSide => JSON.parse(new TextDecoder().decode(bytes));

/**
 * A whole pipeline as one stage, for the direct runner. Before each ParDo with side inputs come an operator that collects each
 * side input and one that holds the main input until they are complete; the collectors' outputs are always empty, and only
 * order the operators:
 *
 *     side --> collect --(nothing)--+
 *                                   v
 *     main -----------------------> hold --> ParDo
 */
export function directDescriptor(pipeline: Pipeline): ProcessBundleDescriptor {
  const components = Pipeline.clone(pipeline).components!;
  const { transforms, pcollections } = components;
  for (const [id, transform] of Object.entries(transforms)) {
    if (transform.spec?.urn === RESHUFFLE_URN) bypass(id, transforms);
    if (transform.spec?.urn === PAR_DO_URN) holdForSides(id, transform, { transforms, pcollections });
  }
  return ProcessBundleDescriptor.create({ id: 'direct', ...components });
}

/** Makes a primitive of a composite: its parts are left out. */
function bypass(id: string, transforms: Record<string, PTransform>): void {
  const drop = (child: string) => {
    for (const grandchild of transforms[child].subtransforms) drop(grandchild);
    delete transforms[child];
  };
  for (const child of transforms[id].subtransforms) drop(child);
  transforms[id].subtransforms = [];
}

function holdForSides(
  id: string,
  transform: PTransform,
  { transforms, pcollections }: Pick<ProcessBundleDescriptor, 'transforms' | 'pcollections'>,
): void {
  const { sideInputs } = ParDoPayload.fromBinary(transform.spec!.payload);
  const tags = Object.keys(sideInputs);
  if (tags.length === 0) return;
  const [mainTag] = Object.keys(transform.inputs).filter((tag) => !tags.includes(tag));
  const mainId = transform.inputs[mainTag];
  const inputs: Record<string, string> = { main: mainId };
  for (const tag of tags) {
    const doneId = `${id}/${tag}/done`;
    pcollections[doneId] = pcollections[mainId];
    inputs[tag] = doneId;
    transforms[`${id}/${tag}/collect`] = PTransform.create({
      uniqueName: `${transform.uniqueName}/collect ${tag}`,
      spec: { urn: COLLECT_SIDE_URN, payload: encodeCollectSide({ transformId: id, tag }) },
      inputs: { side: transform.inputs[tag] },
      outputs: { done: doneId },
    });
  }
  const heldId = `${id}/held`;
  pcollections[heldId] = pcollections[mainId];
  transforms[`${id}/hold`] = PTransform.create({
    uniqueName: `${transform.uniqueName}/hold`,
    spec: { urn: HOLD_MAIN_URN, payload: new Uint8Array() },
    inputs,
    outputs: { held: heldId },
  });
  transform.inputs[mainTag] = heldId;
}
