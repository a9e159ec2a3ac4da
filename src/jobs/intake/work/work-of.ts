/** From a request and its dataset to what there is to train on. */
import type { ArraysInfo, PicturesInfo } from '../../../data/dataset.js';
import type { JobRequest } from '../../runs/job-request.js';
import { defaults } from '../defaults.js';
import { fitToSource, type Source } from '../resolve-source.js';
import { workOfArrays } from './arrays.js';
import { refuseImage } from './foreign-fields.js';
import { workOfPictures } from './pictures.js';
import { workOfTable } from './table.js';
import type { TableWork, Work } from './work.js';

export function workOf(
  request: JobRequest,
  dataset: ArraysInfo | PicturesInfo | TableWork,
  { seed, source, limitBytes }: { seed: number; source: Source | null; limitBytes: number },
): Work {
  if (dataset.kind === 'pictures') return workOfPictures(request, dataset, seed, source);
  refuseImage(request, dataset.kind === 'table' ? dataset.info.name : dataset.name);
  return dataset.kind === 'table'
    ? workOfTable(request, dataset, limitBytes)
    : workOfArrays(request, dataset, seed);
}

/** What the source decides is neither the data's nor the preset's. */
export function startingFrom(source: Source, request: JobRequest, work: Work): Work {
  const { inputs, hidden } = fitToSource(source, request.network?.hidden, {
    ...work,
    columns: work.table?.columns,
    ensemble: request.ensemble ?? defaults.ensemble,
  });
  const { reasons, ...recipe } = work.recipe;
  const others = Object.entries(reasons).filter(([field]) => field !== 'network.hidden');
  return { ...work, inputs, recipe: { ...recipe, hidden, reasons: Object.fromEntries(others) } };
}
