/** What a schema's validator found wrong, said to a person: which field, and what it must be. */
import type { FastifyError, FastifySchemaValidationError } from 'fastify';

export interface InvalidField {
  detail: string;
  /** JSON pointer (RFC 6901) into the body. */
  pointer?: string;
  /** Of the path or the query string. */
  parameter?: string;
}

/** As Ajv reports it when it is verbose. */
interface Finding extends FastifySchemaValidationError {
  /** The key at fault, when it is one. */
  propertyName?: string;
  /** A title names what a condition has chosen, so that the person can tell whose fields these are. */
  parentSchema?: { title?: string; description?: string; properties?: Record<string, unknown> };
}

/** `error` is Fastify's FST_ERR_VALIDATION. */
export function describeInvalid(error: Partial<FastifyError>): InvalidField {
  const finding = error.validation?.[0] as Finding | undefined;
  if (finding === undefined) return { detail: error.message ?? 'The request is not valid.' };
  const pointer = finding.instancePath + ownPart(finding);
  if (error.validationContext === 'body') {
    return { detail: sentence(nameOf(pointer) ?? 'The body', finding), pointer };
  }
  const parameter = nameOf(pointer) ?? '';
  return { detail: sentence(parameter, finding), parameter };
}

/** An unknown or a missing field is to blame itself, not the object that has or lacks it. */
function ownPart({ keyword, params }: Finding): string {
  const name =
    keyword === 'additionalProperties'
      ? params['additionalProperty']
      : keyword === 'required'
        ? params['missingProperty']
        : undefined;
  // No answer is made long by a name that the client made long.
  if (typeof name !== 'string' || name.length > 100) return '';
  return `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

/** `/network/hidden/0/units` is network.hidden[0].units; nothing for the whole. */
function nameOf(pointer: string): string | undefined {
  if (pointer === '') return undefined;
  const keys = pointer.slice(1).split('/');
  const path = keys.map((key) => {
    const plain = key.replaceAll('~1', '/').replaceAll('~0', '~');
    return /^\d+$/.test(plain) ? `[${plain}]` : `.${plain}`;
  });
  return path.join('').replace(/^\./, '');
}

const typeNames: Record<string, string> = {
  object: 'an object',
  array: 'an array',
  string: 'a string',
  number: 'a finite number',
  integer: 'an integer',
  boolean: 'true or false',
};

function sentence(name: string, { keyword, params, propertyName, parentSchema }: Finding): string {
  const subject = propertyName === undefined ? name : `A key of ${name}`;
  const limit = Number(params['limit']);
  switch (keyword) {
    case 'type':
      return `${subject} must be ${typeNames[String(params['type'])] ?? String(params['type'])}.`;
    case 'required':
      return `${subject} is missing.`;
    case 'additionalProperties': {
      const known = Object.keys(parentSchema?.properties ?? {});
      const where = parentSchema?.title === undefined ? 'here' : `to ${parentSchema.title}`;
      return `${subject} is unknown ${where}; there ${known.length > 0 ? `are: ${known.join(', ')}` : 'is nothing to set'}.`;
    }
    case 'enum':
      return `${subject} must be one of: ${(params['allowedValues'] as unknown[]).join(', ')}.`;
    case 'minimum':
      return `${subject} must be at least ${limit}.`;
    case 'maximum':
      return `${subject} must be at most ${limit}.`;
    case 'exclusiveMinimum':
      return `${subject} must be greater than ${limit}.`;
    case 'exclusiveMaximum':
      return `${subject} must be less than ${limit}.`;
    case 'minItems':
      return `${subject} must have at least ${counted(limit, 'item')}.`;
    case 'maxItems':
      return `${subject} must have at most ${counted(limit, 'item')}.`;
    case 'maxProperties':
      return `${subject} must have at most ${counted(limit, 'key')}.`;
    case 'minLength':
      return `${subject} must have at least ${counted(limit, 'character')}.`;
    case 'maxLength':
      return `${subject} must have at most ${counted(limit, 'character')}.`;
    case 'pattern':
      return `${subject} is not of the form ${String(params['pattern'])}. ${parentSchema?.description ?? ''}`.trimEnd();
    default:
      return `${subject} is not valid.`;
  }
}

function counted(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? '' : 's'}`;
}
