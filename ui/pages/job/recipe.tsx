/** All settings of a job as they were resolved, and why a preset chose them; folded, because few need them all. */
import { DataTable } from '../../parts/data-table.js';
import { formatNumber } from '../../parts/format.js';
import type { Job } from '../../service/api.js';
import { settingsOf } from './settings.js';

export function Recipe({ job }: { job: Job }) {
  const { rows, columns = [] } = job.spec;
  const settings = settingsOf(job).filter(({ path }) => !path.startsWith('columns.'));
  const features = columns.filter(({ role }) => role === 'feature').length;
  return (
    <details class="section recipe">
      <summary>
        Recipe <span class="muted">: all settings, and why they are so</span>
      </summary>
      {rows && (
        <p class="muted">
          {formatNumber(rows.train)} rows train, {formatNumber(rows.validation)} validate,{' '}
          {formatNumber(rows.test)} test
          {rows.left_out > 0 && `, ${formatNumber(rows.left_out)} are left out`}. The network learns from{' '}
          {formatNumber(features)} of {formatNumber(columns.length)} columns.
        </p>
      )}
      <DataTable
        label="Settings"
        rows={settings}
        keyOf={({ path }) => path}
        columns={[
          { id: 'name', title: 'Setting', cell: ({ name }) => name },
          { id: 'value', title: 'Value', cell: ({ text }) => text },
          { id: 'reason', title: 'Why', cell: ({ reason }) => <span class="muted">{reason ?? ''}</span> },
        ]}
      />
    </details>
  );
}
