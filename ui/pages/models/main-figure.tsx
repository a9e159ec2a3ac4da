/** The figure of a model's newest version that is shown where there is room for one. */
import { formatName } from '../../parts/format.js';
import type { Schemas } from '../../service/api.js';
import { formatFigure } from './figures-text.js';
import { mainFigureOf } from './model-data.js';

export function MainFigure({
  model: { evaluation },
  valueClass,
}: {
  model: Schemas['ModelList']['data'][number];
  valueClass?: string;
}) {
  const figures = (evaluation?.test ?? evaluation?.validation)?.figures;
  const name = mainFigureOf(figures);
  if (name === undefined) return <span class="muted">not evaluated</span>;
  return (
    <span>
      <span class={valueClass}>{formatFigure(name, figures?.[name])}</span>{' '}
      <span class="muted">{formatName(name).replace(/^A/, 'a')}</span>
    </span>
  );
}
