/** The paths of a model, with and without a version or label, and which version they mean. */
import Type from 'typebox';
import { VersionParams } from '../../models/model-schemas.js';

const { name, version } = VersionParams.properties;

const label = Type.String({ description: 'An alias of the model.', examples: ['latest'] });

export const labelPath = {
  suffix: 'Label',
  path: '/:name(.+)/labels/:label(.+)',
  params: Type.Object({ name, label }),
} as const;

/** Under /v1/models; each route exists three times. The patterns let several verbs end a path. */
export const paths = [
  { suffix: '', path: '/:name(.+)', params: Type.Object({ name }) },
  {
    suffix: 'Version',
    path: '/:name(.+)/versions/:version(.+)',
    params: Type.Object({ name, version }),
  },
  labelPath,
] as const;

interface PathParameters {
  name: string;
  version?: string;
  label?: string;
}

export function choiceOf({ name: model, version, label }: PathParameters): {
  model: string;
  version?: number;
  alias?: string;
} {
  return {
    model,
    ...(version !== undefined && { version: Number(version) }),
    ...(label !== undefined && { alias: label }),
  };
}
