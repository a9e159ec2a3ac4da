/** Turns what the validator found into sentences for people: which field is wrong, and what it must be. */
import type { FastifyError, FastifySchemaValidationError } from 'fastify';
import { modelNamePattern, whyNoModelName } from '../../model/registry/model-folder.js';
import { pointerTo } from '../../lib/json-pointer.js';
import { nearestTo } from '../../lib/nearest-word.js';

export interface InvalidField {
  detail: string;
  /** JSON pointer (RFC 6901) into the body. */
  pointer?: string;
  /** Name of the parameter in the path, the query string or the headers. */
  parameter?: string;
}

/** The first invalid field, and the list of all. */
export interface InvalidFields extends InvalidField {
  errors: InvalidField[];
}

/** Limits the length of the answer to a request with many mistakes. */
const mostErrors = 20;

/** An error of Ajv with `verbose`. */
interface Finding extends FastifySchemaValidationError {
  /** The invalid key, if a key is invalid. */
  propertyName?: string;
  /** The invalid value. */
  data?: unknown;
  /** The title names the branch that a condition has chosen, so that the message can say whose fields these are. */
  parentSchema?: {
    title?: string;
    description?: string;
    properties?: Record<string, unknown>;
    oneOf?: { required?: string[] }[];
  };
}

/** `error` is Fastify's FST_ERR_VALIDATION. */
export function describeInvalid(error: Partial<FastifyError>): InvalidField & Partial<InvalidFields> {
  const findings = (error.validation ?? []) as Finding[];
  const describe = error.validationContext === 'body' ? describeField : describeParameter;
  const errors = new Map<string, InvalidField>();
  for (const finding of findings) {
    if (isPartOfAnother(finding, findings)) continue;
    const invalid = describe(finding);
    const field = invalid.pointer ?? invalid.parameter ?? '';
    // The first finding about a field is the cause; the others follow from it.
    if (!errors.has(field)) errors.set(field, invalid);
    if (errors.size === mostErrors) break;
  }
  const [first] = errors.values();
  if (first === undefined) return { detail: error.message ?? 'The request is not valid.' };
  return { ...first, errors: [...errors.values()] };
}

/**
 * When one of several fields is required, Ajv reports each as missing before it reports the `oneOf`. A failed `if` says
 * less than the failures inside its branch.
 */
function isPartOfAnother({ keyword, schemaPath }: Finding, findings: Finding[]): boolean {
  if (keyword === 'if') return true;
  return findings.some((other) => other.keyword === 'oneOf' && schemaPath.startsWith(`${other.schemaPath}/`));
}

function describeField(finding: Finding): InvalidField {
  const pointer = finding.instancePath + ownPart(finding);
  return { detail: sentence(nameOf(pointer) ?? 'The body', finding), pointer };
}

function describeParameter(finding: Finding): InvalidField {
  const parameter = parameterOf(finding.instancePath + ownPart(finding));
  // A repeated parameter is read as a list.
  if (Array.isArray(finding.data)) return { detail: `${parameter} is given more than once.`, parameter };
  if (finding.keyword === 'type' && finding.params['type'] === 'object') {
    return { detail: `${parameter} must be written ${parameter}[key]=value.`, parameter };
  }
  return { detail: sentence(parameter || 'A parameter', finding), parameter };
}

function isObject(data: unknown): boolean {
  return typeof data === 'object' && data !== null && !Array.isArray(data);
}

/** The path of an unknown or a missing field is that of the field, not of its object. */
function ownPart({ keyword, params }: Finding): string {
  const name =
    keyword === 'additionalProperties'
      ? params['additionalProperty']
      : keyword === 'required'
        ? params['missingProperty']
        : undefined;
  // A long name from a client must not make the answer long.
  if (typeof name !== 'string' || name.length > 100) return '';
  return pointerTo([name]);
}

/** `/network/hidden/0/units` becomes network.hidden[0].units; undefined for the whole body. */
export function nameOf(pointer: string): string | undefined {
  if (pointer === '') return undefined;
  const path = keysOf(pointer).map((key) => (/^\d+$/.test(key) ? `[${key}]` : `.${key}`));
  return path.join('').replace(/^\./, '');
}

/** `/metadata/owner` becomes metadata[owner]. */
function parameterOf(pointer: string): string {
  const [name = '', ...keys] = keysOf(pointer);
  return name + keys.map((key) => `[${key}]`).join('');
}

function keysOf(pointer: string): string[] {
  const keys = pointer.slice(1).split('/');
  return keys.map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
}

const typeNames: Record<string, string> = {
  object: 'an object',
  array: 'an array',
  string: 'a string',
  number: 'a finite number',
  integer: 'an integer',
  boolean: 'true or false',
};

function sentence(name: string, { keyword, params, propertyName, parentSchema, data }: Finding): string {
  const subject = propertyName === undefined ? name : `A key of ${name}`;
  const limit = Number(params['limit']);
  switch (keyword) {
    case 'type': {
      const types = [params['type']].flat().map(String);
      return `${subject} must be ${types.map((type) => typeNames[type] ?? type).join(' or ')}.`;
    }
    case 'required':
      return `${subject} is missing.`;
    case 'additionalProperties': {
      const known = Object.keys(parentSchema?.properties ?? {});
      const where = parentSchema?.title === undefined ? 'here' : `to ${parentSchema.title}`;
      const there = known.length > 0 ? `are: ${known.join(', ')}` : 'is nothing to set';
      return `${subject} is unknown ${where}; there ${there}.${didYouMean(params['additionalProperty'], known)}`;
    }
    case 'enum': {
      const allowed = (params['allowedValues'] as unknown[]).map(String);
      return `${subject} must be one of: ${allowed.join(', ')}.${didYouMean(data, allowed)}`;
    }
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
    case 'uniqueItems':
      return `${subject} must not have the same item twice.`;
    case 'maxProperties':
      return `${subject} must have at most ${counted(limit, 'key')}.`;
    case 'minLength':
      return `${subject} must have at least ${counted(limit, 'character')}.`;
    case 'maxLength':
      return `${subject} must have at most ${counted(limit, 'character')}.`;
    case 'pattern':
      if (params['pattern'] === modelNamePattern.source) return whyNoModelName(String(data));
      return `${subject} is not of the form ${String(params['pattern'])}. ${parentSchema?.description ?? ''}`.trimEnd();
    case 'oneOf': {
      const names = parentSchema?.oneOf?.flatMap(({ required = [] }) => required) ?? [];
      if (names.length === 0) return `${subject} is not valid.`;
      if (!isObject(data)) return `${subject} must be ${typeNames['object']}.`;
      return `${subject} must have one of these, and no more than one: ${names.join(', ')}.`;
    }
    default:
      return `${subject} is not valid.`;
  }
}

function didYouMean(written: unknown, known: string[]): string {
  const meant = typeof written === 'string' ? nearestTo(written, known) : undefined;
  return meant === undefined ? '' : ` Did you mean ${meant}?`;
}

function counted(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? '' : 's'}`;
}
