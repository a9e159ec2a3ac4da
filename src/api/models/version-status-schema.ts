/** How a version stands, as TensorFlow Serving says it. */
import Type, { type Static } from 'typebox';
import { component } from '../../lib/named-schema.js';

export const ModelVersionStatus = component(
  'ModelVersionStatus',
  Type.Object(
    {
      version: Type.String(),
      state: Type.Unsafe<'AVAILABLE' | 'LOADING' | 'END'>({
        type: 'string',
        enum: ['AVAILABLE', 'LOADING', 'END'],
        description: 'AVAILABLE: it answers. END: it is unloaded or cannot be loaded.',
      }),
      status: Type.Object({
        error_code: Type.String({ description: 'OK, or of which kind the error is.' }),
        error_message: Type.String(),
      }),
    },
    { description: 'How a version stands, as TensorFlow Serving says it.' },
  ),
);

export type ModelVersionStatus = Static<typeof ModelVersionStatus.schema>;

export const versionStatusExample = {
  version: '1',
  state: 'AVAILABLE' as const,
  status: { error_code: 'OK', error_message: '' },
};
