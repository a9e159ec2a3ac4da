/** The number of a row of the data, which leads to the question of what a version answers for it. */
import { formatNumber } from '../../parts/format.js';
import type { Evaluation } from '../../service/api.js';
import { linkTo } from '../../shell/router.js';

export function RowLink({ model: { name, version }, row }: { model: Evaluation['model']; row: number }) {
  return (
    <a href={linkTo(['models', name], { version: String(version), tab: 'try', row: String(row) })}>
      {formatNumber(row)}
    </a>
  );
}
