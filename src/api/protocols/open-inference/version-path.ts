/** The paths of a model, with and without a version, and which version they mean. */
import Type from 'typebox';
import { TrainyardError } from '../../../errors.js';

export const ModelPath = Type.Object({
  name: Type.String({ description: 'The name of the model.', examples: ['mnist-mlp'] }),
});

const VersionPath = Type.Object({
  ...ModelPath.properties,
  version: Type.String({
    description: 'The number of the version, or an alias.',
    examples: ['1'],
  }),
});

/** Each model route exists twice: the suffix of its operation id, its path and its parameters. */
export const paths = [
  { suffix: '', path: '/models/:name', params: ModelPath },
  { suffix: 'Version', path: '/models/:name/versions/:version', params: VersionPath },
] as const;

interface VersionChoice {
  model: string;
  version?: number;
  alias?: string;
}

/** The parameters of both paths. */
export interface ModelVersionPath {
  name: string;
  version?: string | undefined;
}

/** @throws TrainyardError VERSION_NOT_FOUND for a number that no version has */
export function choiceOf({ name: model, version }: ModelVersionPath): VersionChoice {
  if (version === undefined) return { model };
  if (/^[1-9]\d{0,8}$/.test(version)) return { model, version: Number(version) };
  if (!/^\d+$/.test(version)) return { model, alias: version };
  throw new TrainyardError('VERSION_NOT_FOUND', `The model ${model} has no version ${version}.`);
}
