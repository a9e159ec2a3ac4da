/** What a job makes of a dataset of pictures: the input that each becomes, and the split that each belongs to. */
import type { PicturesInfo } from '../../data/dataset.js';
import { usualInput } from '../../data/picture-index.js';
import { rowsIn, type TableSplit } from '../../data/splits.js';
import { TrainyardError } from '../../errors.js';
import type { PictureInput } from '../../lib/picture-input.js';
import type { ImageRequest, SplitRequest } from '../runs/job-request.js';
import { dividePictures, namedSplits } from '../runs/picture-rows.js';
import type { RowCounts } from '../runs/run-spec.js';
import { splitDefaults } from './resolve-table.js';

export interface ResolvedPictures {
  image: PictureInput;
  split: TableSplit;
  rows: RowCounts;
}

/**
 * `earlier`: the input of the model that the job starts from.
 * @throws TrainyardError INVALID_REQUEST
 */
export function resolvePictures(
  request: { image?: ImageRequest; split?: SplitRequest; seed: number },
  info: PicturesInfo,
  earlier: PictureInput | null,
): ResolvedPictures {
  const image = resolveImage(request.image ?? {}, earlier ?? usualInput(info.index));
  const split = resolveSplit(request.split ?? {}, info);
  const { splits, counts } = dividePictures(info.index, split, request.seed);
  refuseEmptySplits(split, counts, info);
  refuseUnlearnedClasses(splits, info);
  return { image, split, rows: counts };
}

/** Where only one side is asked for, the other keeps the proportions. */
function resolveImage(asked: ImageRequest, usual: PictureInput): PictureInput {
  const scaled = (side: number, from: number, to: number): number =>
    Math.max(1, Math.round((side * to) / from));
  const width =
    asked.width ??
    (asked.height === undefined ? usual.width : scaled(asked.height, usual.height, usual.width));
  const height = asked.height ?? scaled(width, usual.width, usual.height);
  const isOther = width * usual.height !== height * usual.width && asked.height !== undefined;
  const fit = asked.fit ?? (isOther && usual.fit === 'stretch' ? 'cover' : usual.fit);
  const channels = asked.channels ?? (fit === 'digit' ? 1 : usual.channels);
  if (fit === 'digit' && (channels !== 1 || width !== height)) {
    const message = `image.fit digit is for grey squares, and the input would be ${width} × ${height} pixels of ${channels} channels.`;
    throw invalid(
      '/image/fit',
      `${message} Set image.channels to 1 and both sides alike, or choose another fit.`,
    );
  }
  return { width, height, channels, fit };
}

function resolveSplit(asked: SplitRequest, { name, index }: PicturesInfo): TableSplit {
  if (asked.column !== undefined) {
    throw invalid('/split/column', `split.column is for tables, and ${name} holds pictures. Leave it out.`);
  }
  const named = namedSplits(index);
  const by = asked.by ?? (named.size > 0 ? 'column' : 'stratified');
  if (by === 'time' || by === 'group' || (by === 'column' && named.size === 0)) {
    const message = `split.by ${by} is for tables${by === 'column' ? ', and for pictures in folders train and test' : ''}; ${name} has neither. Use stratified or random.`;
    throw invalid('/split/by', message);
  }
  const fractionOf = (part: 'validation' | 'test'): number => {
    if (by !== 'column' || !named.has(part)) return asked[part] ?? splitDefaults[part];
    if (asked[part] === undefined) return 0;
    const message = `The folders of ${name} name the ${part} pictures: leave split.${part} out, or set split.by to stratified.`;
    throw invalid(`/split/${part}`, message);
  };
  return { by, column: null, validation: fractionOf('validation'), test: fractionOf('test') };
}

function refuseEmptySplits(split: TableSplit, counts: RowCounts, { name }: PicturesInfo): void {
  const empty = (['train', 'validation', 'test'] as const).find(
    (part) => counts[part] === 0 && (part === 'train' || split[part] > 0),
  );
  if (empty === undefined) return;
  const { train, validation, test } = counts;
  const message =
    `No picture of ${name} would be in the ${empty} split: train ${train}, validation ${validation}, test ${test}. ` +
    'Use other fractions, or add pictures.';
  throw invalid(empty === 'train' ? '/split' : `/split/${empty}`, message);
}

/** @throws TrainyardError INVALID_REQUEST for classes of which no picture is left to train on */
function refuseUnlearnedClasses(splits: Uint8Array, { name, index }: PicturesInfo): void {
  const learned = new Set(Array.from(rowsIn(splits, 'train'), (row) => index.classes[row]));
  const missing = index.labels.filter((_, label) => !learned.has(label));
  if (missing.length === 0) return;
  const shown = missing.slice(0, 10).map((label) => JSON.stringify(label));
  const message = `No picture of the ${missing.length === 1 ? 'class' : 'classes'} ${shown.join(', ')} of ${name} would be trained on. Add pictures of them, or divide the pictures otherwise.`;
  throw invalid('/split', message);
}

function invalid(pointer: string, message: string): TrainyardError {
  return new TrainyardError('INVALID_REQUEST', message, { pointer });
}
