/** Fields of a request that datasets of another kind have. */
import { TrainyardError } from '../../../errors.js';
import type { JobRequest, SplitRequest } from '../../runs/job-request.js';

/** @throws TrainyardError INVALID_REQUEST for what only a dataset of pictures has */
export function refuseImage({ image }: JobRequest, name: string): void {
  if (image === undefined) return;
  const message = `image is for datasets of pictures (a ZIP or tar of folders), and ${name} is none. Leave it out.`;
  throw new TrainyardError('INVALID_REQUEST', message, { pointer: '/image' });
}

export const tableFields = ['target', 'columns', 'class_weight', 'encoding', 'bins', 'task'] as const;

/** @throws TrainyardError INVALID_REQUEST for what only a table has */
export function refuseTableFields(
  request: JobRequest,
  name: string,
  fields: readonly (keyof JobRequest | `split/${keyof SplitRequest}`)[],
): void {
  const { split = {} } = request;
  const isGiven = (field: (typeof fields)[number]): boolean => {
    const value = field.startsWith('split/')
      ? split[field.slice('split/'.length) as keyof SplitRequest]
      : request[field as keyof JobRequest];
    return value !== undefined && value !== 'auto';
  };
  const field = fields.find(isGiven);
  if (field === undefined) return;
  const message = `${field.replace('/', '.')} is for tables, and ${name} has no columns: its samples come with their targets.`;
  throw new TrainyardError('INVALID_REQUEST', message, { pointer: `/${field}` });
}
