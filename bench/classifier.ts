/** classifier: a model on the face boxes of photographs, against onnxruntime-node and sharp called by hand. */
import { contest } from './contest.js';
import { startNode } from './contestant.js';
import { medianOf, type Outcome, speedRatio } from './figures.js';
import { needFile, type Options } from './options.js';

/** As fast, within 10 %. */
const GOAL = 0.9;

export async function classifier(options: Options): Promise<Outcome> {
  const args = [needFile(options.portraits, 'portraits'), needFile(options.classifier, 'classifier')] as const;
  const { entries, absent } = await contest(
    [
      () => startNode('m4-balance', 'classify.js', 'ours', ...args),
      () => startNode('onnxruntime-node and sharp', 'classify.js', 'alone', ...args),
    ],
    options.runs,
  );
  const [ours, alone] = entries;
  const same = ours !== undefined && alone !== undefined && medianOf(ours, 'female') === medianOf(alone, 'female');
  return {
    title: 'photographs with face boxes in memory, a gender model of 32 by 32 pixels',
    entries,
    ratios: ours === undefined || alone === undefined ? [] : [speedRatio(ours, alone, GOAL)],
    notes: [...absent, same ? 'All counts agree.' : 'COUNTS DIFFER.'],
  };
}
