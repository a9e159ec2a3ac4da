/** Checkpoints as they are listed. */
import Type from 'typebox';
import { component, listOf } from '../../lib/named-schema.js';
import { Time } from './training-schemas.js';

export const Checkpoint = component(
  'Checkpoint',
  Type.Object(
    {
      object: Type.Literal('checkpoint'),
      step: Type.Integer({ description: 'Steps done.' }),
      epoch: Type.Integer({ description: 'Epochs done.' }),
      size_bytes: Type.Integer(),
      created_at: Time('When it was complete.'),
    },
    { description: 'A state that the training can go on from.' },
  ),
);

export const CheckpointList = component(
  'CheckpointList',
  listOf(Checkpoint, 'The checkpoints that are kept, newest first.', {
    object: 'checkpoint',
    step: 4690,
    epoch: 5,
    size_bytes: 2_445_112,
    created_at: '2026-01-02T03:04:16.215Z',
  }),
);
