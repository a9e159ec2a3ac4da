/** What the service stands on: its health with reasons, its queues, its engines and its storage. */
import { DataTable, type Column } from '../../parts/data-table.js';
import { formatBytes, formatNumber } from '../../parts/format.js';
import { Notice } from '../../parts/notice.js';
import { Section } from '../../parts/page.js';
import { ProgressBar } from '../../parts/progress-bar.js';
import type { Schemas } from '../../service/api.js';

export type System = Schemas['System'];
type Queue = NonNullable<System['queue']['queues']>[number];

export function Health({ system: { checks, warnings, damaged_jobs: damaged } }: { system: System }) {
  return (
    <Section title="Health">
      <ul class="checks plain-list">
        {checks.map(({ name, status, reason }) => (
          <li key={name}>
            <span class={`badge ${status === 'ok' ? 'good' : 'bad'}`}>
              {status === 'ok' ? 'works' : 'fails'}
            </span>
            <strong>{name}</strong>
            {reason !== null && <span class="bad-text">{reason}</span>}
          </li>
        ))}
      </ul>
      {damaged > 0 && (
        <Notice
          kind="warning"
          title={damaged === 1 ? '1 job is damaged' : `${formatNumber(damaged)} jobs are damaged`}
        >
          Their files cannot be read. The log names them; npm run check-data checks the whole store.
        </Notice>
      )}
      {warnings.map((warning) => (
        <Notice key={warning} kind="warning">
          {warning}
        </Notice>
      ))}
    </Section>
  );
}

const queueColumns: readonly Column<Queue>[] = [
  { id: 'name', title: 'Queue', cell: ({ name }) => name },
  { id: 'waiting', title: 'Wait', isNumber: true, cell: ({ waiting }) => formatNumber(waiting) },
  { id: 'active', title: 'Under way', isNumber: true, cell: ({ active }) => formatNumber(active) },
  {
    id: 'workers',
    title: 'Workers',
    isNumber: true,
    cell: ({ workers, waiting }) => (
      <span class={workers === 0 && waiting > 0 ? 'bad-text' : undefined}>{formatNumber(workers)}</span>
    ),
  },
];

export function Queues({ system: { queue } }: { system: System }) {
  const stuck = (queue.queues ?? []).filter(({ workers, waiting }) => workers === 0 && waiting > 0);
  return (
    <Section title="Queues and workers">
      <p class="muted">{queue.place}</p>
      {queue.queues === null ? (
        <Notice kind="error" title="The queue does not answer">
          Jobs that are accepted meanwhile are kept, and begin when it is back.
        </Notice>
      ) : (
        <DataTable label="Queues" columns={queueColumns} rows={queue.queues} keyOf={({ name }) => name} />
      )}
      {stuck.map(({ name }) => (
        <Notice key={name} kind="warning">
          What waits in {name} begins when a worker for it connects.
        </Notice>
      ))}
    </Section>
  );
}

export function Engines({ system: { engines } }: { system: System }) {
  return (
    <Section title="Engines">
      <ul class="checks plain-list">
        {engines.map(({ name, installed, predicts, device, reason }) => (
          <li key={name}>
            <span class={`badge ${installed ? 'good' : 'off'}`}>{installed ? 'installed' : 'not here'}</span>
            <strong>{name}</strong>
            {predicts && <span class="muted">answers predictions, on {device}</span>}
            {reason !== null && <span class="muted">{reason}</span>}
          </li>
        ))}
      </ul>
    </Section>
  );
}

export function Storage({ system: { storage } }: { system: System }) {
  const { place, free_bytes: free, size_bytes: size } = storage;
  return (
    <Section title="Storage">
      <p class="muted">{place}</p>
      {free !== null && size !== null && (
        <>
          <ProgressBar value={1 - free / size} label="How full the disk is" />
          <p>
            {formatBytes(free)} free of {formatBytes(size)}
          </p>
        </>
      )}
    </Section>
  );
}
