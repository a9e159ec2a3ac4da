/** The error body of the standard protocols. */
import Type from 'typebox';
import { component } from '../../lib/named-schema.js';

export const ProtocolError = component(
  'ProtocolError',
  Type.Object(
    { error: Type.String({ description: 'What is wrong, and what to do about it.' }) },
    { description: 'An error as the standard protocols answer it; `X-Error-Code` has the stable code.' },
  ),
);
