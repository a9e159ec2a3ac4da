/** Members that are null, which many serializers write for what is left out. */
import type { preValidationHookHandler } from 'fastify';

/** Removes them where the protocol has members: of the body, of its tensors, and of the parameters of either. */
export const leaveOutNulls: preValidationHookHandler = (request, _reply, done) => {
  const body: unknown = request.body;
  leaveOutOf(body);
  if (isObject(body)) {
    for (const tensors of [body['inputs'], body['outputs']]) {
      if (Array.isArray(tensors)) for (const tensor of tensors) leaveOutOf(tensor);
    }
  }
  done();
};

function leaveOutOf(object: unknown): void {
  if (!isObject(object)) return;
  for (const name in object) if (object[name] === null) Reflect.deleteProperty(object, name);
  if (isObject(object['parameters'])) leaveOutOf(object['parameters']);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
