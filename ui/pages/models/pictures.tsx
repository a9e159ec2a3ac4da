/** Samples of a dataset of pictures, by their numbers. */
import type { ComponentChildren } from 'preact';
import { formatNumber } from '../../parts/format.js';
import { useResource } from '../../parts/use-resource.js';
import { api, type Evaluation } from '../../service/api.js';
import { PixelPicture, type PictureShape } from '../../parts/pixel-picture.js';

export function Pictures({
  dataset,
  split,
  rows,
  shape,
  children,
}: {
  dataset: Evaluation['dataset'];
  /** Whose rows they are. Validation rows are counted among the samples to learn from. */
  split: 'test' | 'validation' | undefined;
  rows: readonly number[];
  shape: PictureShape;
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
      {rows.map((row, place) => {
        const sample = data?.data.find((each) => each.row === row);
        return (
          <li key={row}>
            {sample?.picture ? (
              <img
                class="pixel-picture"
                src={`data:image/png;base64,${sample.picture.png}`}
                alt={sample.picture.file}
                title={sample.picture.file}
              />
            ) : (
              <PixelPicture label={`The picture of row ${row}`} pixels={sample?.inputs} shape={shape} />
            )}
            <span class="small muted">{children(place)}</span>
          </li>
        );
      })}
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
