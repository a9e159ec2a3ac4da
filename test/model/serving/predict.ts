/** Named classes from a model server, as the API makes them of its probabilities. */
import { likeliest, rankClasses, refuseIfOverflown } from '../../../src/model/heads/class-ranking.js';
import type { ModelChoice, ModelServer } from '../../../src/model/serving/model-server.js';
import { packRows } from '../../../src/model/serving/raw-inputs.js';

interface Asked extends ModelChoice {
  inputs: number[][];
  topK?: number;
}

export async function predict(server: ModelServer, { inputs: rows, topK, ...choice }: Asked) {
  return server.use(choice, async (model) => {
    const { labels, network, manifest } = model;
    const packed = packRows(rows, network.inputs);
    const { probabilities } = await model.predict({ inputs: packed, count: rows.length });
    refuseIfOverflown(probabilities, labels.length);
    const predictions = rows.map((_, sample) => {
      const row = probabilities.subarray(sample * labels.length, (sample + 1) * labels.length);
      return {
        ...likeliest(row, labels),
        probabilities: [...row],
        ...(topK !== undefined && { top: rankClasses(row, labels, topK) }),
      };
    });
    return { model: manifest.model, version: manifest.version, predictions };
  });
}
