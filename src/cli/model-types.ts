/** TypeScript types for what one model takes and answers, from the OpenAPI document that the service makes of it. */

interface Schema {
  type?: string | string[];
  enum?: unknown[];
  const?: unknown;
  examples?: unknown[];
  description?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  prefixItems?: Schema[];
  oneOf?: Schema[];
  anyOf?: Schema[];
}

interface ModelDocument {
  info: { title: string; version: string };
  paths: {
    '/predict': {
      post: {
        requestBody: { content: { 'application/json': { schema: Schema } } };
        responses: { 200: { content: { 'application/json': { schema: Schema } } } };
      };
    };
  };
}

/** `document` is the answer of `GET /v1/models/{name}/openapi.json`. */
export function modelTypes(document: object): string {
  const { info, paths } = document as ModelDocument;
  const { requestBody, responses } = paths['/predict'].post;
  const request = requestBody.content['application/json'].schema;
  const answer = responses[200].content['application/json'].schema;
  const input = request.properties?.['inputs']?.items ?? {};
  const prediction = answer.properties?.['predictions']?.items ?? {};
  const name = typeName(info.title);
  return [
    `/** Types of the model ${info.title}, version ${info.version}. Made by 'trainyard types ${info.title}'. */`,
    '',
    `/** One row that ${info.title} predicts for. */`,
    `export type ${name}Input = ${typeText(input, '')};`,
    '',
    '/** What it answers for the row. */',
    `export type ${name}Prediction = ${typeText(prediction, '')};`,
    '',
  ].join('\n');
}

/** `house-prices.v2` → `HousePricesV2` */
function typeName(model: string): string {
  const name = model
    .split(/[^A-Za-z0-9]+/)
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join('');
  return /^\d/.test(name) ? `Model${name}` : name;
}

function typeText(schema: Schema, indent: string): string {
  const { enum: values, properties, items, oneOf, anyOf } = schema;
  if ('const' in schema) return JSON.stringify(schema.const);
  if (values !== undefined) return values.map((value) => JSON.stringify(value)).join(' | ');
  const choices = oneOf ?? anyOf;
  if (choices !== undefined) return choices.map((choice) => typeText(choice, indent)).join(' | ');
  if (properties !== undefined) return objectText(schema, indent);
  const types = [schema.type ?? []].flat();
  if (types.length === 0) return 'unknown';
  return types.map((type) => simpleText(type, items, indent)).join(' | ');
}

function simpleText(type: string, items: Schema | undefined, indent: string): string {
  switch (type) {
    case 'integer':
    case 'number':
      return 'number';
    case 'string':
    case 'boolean':
    case 'null':
      return type;
    case 'array': {
      const item = typeText(items ?? {}, indent);
      return item.includes(' | ') ? `(${item})[]` : `${item}[]`;
    }
    default:
      return 'Record<string, unknown>';
  }
}

function objectText({ properties = {}, required = [] }: Schema, indent: string): string {
  const deeper = `${indent}  `;
  const lines = Object.entries(properties).flatMap(([name, property]) => {
    const key = /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);
    const isOptional = required.includes(name) ? '' : '?';
    return [
      ...commentLines(property, deeper),
      `${deeper}${key}${isOptional}: ${typeText(property, deeper)};`,
    ];
  });
  return `{\n${lines.join('\n')}\n${indent}}`;
}

function commentLines({ description, examples }: Schema, indent: string): string[] {
  const listed = examples?.map((example) => JSON.stringify(example)).join(', ');
  const text = [description, listed && `For example ${listed}.`].filter(Boolean).join(' ');
  return text === '' ? [] : [`${indent}/** ${text.replaceAll('*/', '* /')} */`];
}
