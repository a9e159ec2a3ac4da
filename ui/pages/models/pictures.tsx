/** Samples of a dataset of pictures, by their numbers. */
import type { ComponentChildren } from 'preact';
import { formatNumber } from '../../parts/format.js';
import { useResource } from '../../parts/use-resource.js';
import { api, type Evaluation } from '../../service/api.js';
import { PixelPicture } from '../../parts/pixel-picture.js';

export function Pictures({
  dataset,
  split,
  rows,
  side,
  children,
}: {
  dataset: Evaluation['dataset'];
  /** Whose rows they are. Validation rows are counted among the samples to learn from. */
  split: 'test' | 'validation' | undefined;
  rows: readonly number[];
  side: number;
  /** What stands below the picture at this place. */
  children: (place: number) => ComponentChildren;
}) {
  const part = split === 'validation' ? 'train' : 'test';
  const { data, error } = useResource(
    (signal) =>
      api.get('/v1/datasets/{name}/versions/{version}/samples', {
        params: {
          path: { name: dataset.name, version: String(dataset.version ?? 1) },
          query: { part, rows: rows.join(',') },
        },
        signal,
      }),
    [dataset.name, dataset.version, part, rows.join()],
  );
  if (error !== undefined) return <RowNumbers rows={rows} />;
  return (
    <ul class="plain-list pictures">
      {rows.map((row, place) => (
        <li key={row}>
          <PixelPicture
            label={`The picture of row ${row}`}
            pixels={data?.data.find((each) => each.row === row)?.inputs}
            side={side}
          />
          <span class="small muted">{children(place)}</span>
        </li>
      ))}
    </ul>
  );
}

/** Where the dataset is gone, or may not be read. */
export function RowNumbers({ rows }: { rows: readonly number[] }) {
  return (
    <p class="muted">
      Rows {rows.map((row) => formatNumber(row)).join(', ')}, counted from 0. The dataset cannot be read now.
    </p>
  );
}
