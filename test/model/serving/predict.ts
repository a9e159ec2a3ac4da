/** Named classes from a model server, as the API makes them of its probabilities. */
import { answeredClass, classRows, rankClasses } from '../../../src/model/heads/class-ranking.js';
import { refuseOverflow, requireLabels } from '../../../src/model/heads/head.js';
import type { ModelChoice, ModelServer } from '../../../src/model/serving/model-server.js';
import { packRows } from '../../../src/model/serving/raw-inputs.js';

interface Asked extends ModelChoice {
  inputs: number[][];
  topK?: number;
}

export async function predict(server: ModelServer, { inputs: rows, topK, ...choice }: Asked) {
  return server.use(choice, async (model) => {
    const { head, network, manifest } = model;
    const labels = requireLabels(head);
    const packed = packRows(rows, network.inputs);
    const { results } = await model.predict({ inputs: packed, count: rows.length });
    refuseOverflow(results, network.outputs);
    const predictions = classRows(results, labels.length).map((row) => ({
      ...answeredClass(row, { labels }),
      probabilities: [...row],
      ...(topK !== undefined && { top: rankClasses(row, labels, topK) }),
    }));
    return { model: manifest.model, version: manifest.version, predictions };
  });
}
