/** A dataset of pictures: how many there are of each class, with the first ones to look at. */
import { useState } from 'preact/hooks';
import { formatNumber } from '../../parts/format.js';
import { Notice } from '../../parts/notice.js';
import { useResource } from '../../parts/use-resource.js';
import { api, type Dataset } from '../../service/api.js';

/** Of a class, and of classes until more are asked for. */
const picturesShown = 8;
const classesShown = 10;

export function ClassPictures({
  dataset,
  pictures: { labels, counts, splits, image },
}: {
  dataset: Dataset;
  pictures: NonNullable<Dataset['pictures']>;
}) {
  const [shown, setShown] = useState(classesShown);
  const left = labels.length - shown;
  return (
    <>
      {dataset.warnings.map(({ code, message }) => (
        <Notice key={code + message} kind="warning">
          {message}
        </Notice>
      ))}
      <p class="muted">
        {formatNumber(labels.length)} classes. {splitsText(splits)} A network gets each picture as{' '}
        {image.width} × {image.height} {image.channels === 3 ? 'pixels in colour' : 'grey pixels'}, unless a
        job says otherwise.
      </p>
      <ul class="plain-list class-pictures">
        {labels.slice(0, shown).map((label, index) => (
          <li key={label}>
            <h3>
              {label} <span class="muted small">{formatNumber(counts[index])}</span>
            </h3>
            <FirstPictures dataset={dataset} label={label} />
          </li>
        ))}
      </ul>
      {left > 0 && (
        <button type="button" onClick={() => setShown(shown + classesShown)}>
          Show more classes ({formatNumber(left)} left)
        </button>
      )}
    </>
  );
}

function FirstPictures({ dataset: { name, version }, label }: { dataset: Dataset; label: string }) {
  const { data, error } = useResource(
    (signal) =>
      api.get('/v1/datasets/{name}/versions/{version}/samples', {
        params: { path: { name, version: String(version) }, query: { label, limit: picturesShown } },
        signal,
      }),
    [name, version, label],
  );
  if (error !== undefined) return <p class="muted small">The pictures cannot be shown now.</p>;
  return (
    <div class="thumbnails" aria-busy={data === undefined}>
      {data?.data.map(({ row, picture }) =>
        picture === undefined ? null : (
          <img
            key={row}
            src={`data:image/png;base64,${picture.png}`}
            alt={picture.file}
            title={picture.file}
          />
        ),
      )}
    </div>
  );
}

function splitsText(splits: Record<string, number> | null): string {
  if (splits === null) return 'A job sets some apart to validate and to test with.';
  const parts = [
    ['train', 'to learn from'],
    ['validation', 'to validate with'],
    ['test', 'to test with'],
    ['left_out', 'left out'],
  ] as const;
  const named = parts
    .filter(([split]) => (splits[split] ?? 0) > 0)
    .map(([split, what]) => `${formatNumber(splits[split])} ${what}`);
  return `By its folders: ${named.join(', ')}.`;
}
