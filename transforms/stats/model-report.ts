/** The bias of a trained model, from its predictions: RB and AB by the paper's definitions 3 and 4, in the form of the data's. */
import type { StatsModel } from '../../schemas/stats-report.js';
import type { State, StateModel } from '../../schemas/stats-state.js';
import { wilson } from './intervals.js';
import { twoSidedZ } from './normal.js';
import { decodePredictions, labelsOf, momentsOf, predictedShare } from './predictions.js';
import { stageReport } from './report.js';
import { countedStage, pairReports } from './stats-stages.js';

/** Throws InputError where the state's bytes are not of its attributes. */
export function modelReport(model: StateModel, options: State['options']): StatsModel {
  const predictions = decodePredictions(
    new Uint8Array(Buffer.from(model.predictions, 'base64')),
    model.attributes.length,
  );
  const names = { attributes: model.attributes.map((a) => a.name), labels: labelsOf(predictions) };
  const context = { names, targets: model.attributes.map((a) => a.target), options };
  const stage = countedStage('model', momentsOf(predictions), options);
  const { pairs, total } = pairReports([stage], context);
  const z = twoSidedZ(options.confidence);
  return {
    name: model.name,
    rows: predictions.rows,
    predicts: model.predicts,
    representation: model.attributes.flatMap(({ name, target }, k) => {
      const { share, support } = predictedShare(predictions, k);
      if (share === null) return [];
      return [
        {
          attribute: name,
          target,
          share,
          interval: wilson(share, support, z),
          support,
          unknown: 1 - support / predictions.rows,
          rb: Math.abs(target - share),
        },
      ];
    }),
    bias: [stageReport(stage, context)],
    pairs,
    pairsLeftOut: Math.max(0, total - pairs.length),
  };
}
