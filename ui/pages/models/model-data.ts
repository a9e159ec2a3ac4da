/** What the page of a model shows: the model, the version that is looked at, and its evaluation. */
import type { PictureShape } from '../../parts/pixel-picture.js';
import { ApiError, api, type Evaluation, type Model, type ModelVersion } from '../../service/api.js';

export type Column = NonNullable<ModelVersion['columns']>[number];
export type Split = NonNullable<Evaluation['test']>;
export type SplitName = 'test' | 'validation' | 'training';

export interface ShownModel {
  model: Model;
  /** null: the model has no version that can be read. */
  version: ModelVersion | null;
  /** null: the version was published without one. */
  evaluation: Evaluation | null;
}

/** @param wanted the number of the version; by default `latest`, or the newest */
export async function loadModel(
  name: string,
  wanted: string | null,
  signal: AbortSignal,
): Promise<ShownModel> {
  const model = await api.get('/v1/models/{name}', { params: { path: { name } }, signal });
  const number = wanted ?? model.latest_version ?? model.versions.at(-1)?.version;
  if (number === undefined) return { model, version: null, evaluation: null };
  const path = { name, version: String(number) };
  const [version, evaluation] = await Promise.all([
    api.get('/v1/models/{name}/versions/{version}', { params: { path }, signal }),
    api
      .get('/v1/models/{name}/versions/{version}/evaluation', { params: { path }, signal })
      .catch((error: unknown) => {
        if (error instanceof ApiError && error.code === 'EVALUATION_NOT_FOUND') return null;
        throw error;
      }),
  ]);
  return { model, version, evaluation };
}

/** The rows that decided nothing, or else those that decided, or else some of those that it learned from. */
export function mainSplit(evaluation: Evaluation): [SplitName, Split] | undefined {
  for (const name of ['test', 'validation', 'training'] as const) {
    const split = evaluation[name];
    if (split) return [name, split];
  }
  return undefined;
}

/** The picture that the model takes; undefined where it takes something else. */
export function pictureOf({ columns, network, image }: ModelVersion): PictureShape | undefined {
  if (image) return image;
  const side = Math.sqrt(network.inputs);
  if (columns !== undefined || !Number.isInteger(side) || side < 8) return undefined;
  return { width: side, height: side, channels: 1 };
}

/** The figure that is shown where there is room for one. */
export function mainFigureOf(figures: Split['figures'] | undefined): 'accuracy' | 'r2' | 'rmse' | undefined {
  return (['accuracy', 'r2', 'rmse'] as const).find((name) => figures?.[name] !== undefined);
}
