/** For operators: whether the service works, what it runs on, and who may use it. */
import { Figure, Figures } from '../../parts/figure.js';
import { formatBytes, formatNumber } from '../../parts/format.js';
import { ErrorNotice, Notice } from '../../parts/notice.js';
import { Page } from '../../parts/page.js';
import { Age } from '../../parts/time.js';
import { useResource } from '../../parts/use-resource.js';
import { api, isForbidden } from '../../service/api.js';
import { Keys } from './keys.js';
import { Engines, Health, Queues, Storage, type System } from './system-parts.js';
import './admin.css';

const everyMs = 3_000;

export default function AdminPage() {
  const { data, error } = useResource((signal) => api.get('/v1/system', { signal }), [], everyMs);
  if (isForbidden(error)) {
    return (
      <Page title="Admin">
        <Notice kind="info" title="Your key does not allow this">
          This page needs a key with the scope admin. Choose “Forget the key” above to use another one.
        </Notice>
      </Page>
    );
  }
  return (
    <Page
      title="Admin"
      lead="What the service runs on, and who may use it."
      actions={data && <Links system={data} />}
    >
      {error !== undefined && <ErrorNotice error={error} />}
      {data && (
        <>
          <Overview system={data} />
          <Keys />
          <div class="columns">
            <Health system={data} />
            <Queues system={data} />
            <Engines system={data} />
            <Storage system={data} />
          </div>
        </>
      )}
    </Page>
  );
}

function Links({ system: { queue_board: hasBoard } }: { system: System }) {
  return (
    <>
      {hasBoard && (
        <a class="button" href="admin/queues">
          Jobs in the queues
        </a>
      )}
      <a class="button" href="docs">
        API
      </a>
    </>
  );
}

function Overview({ system }: { system: System }) {
  const {
    version,
    started_at: startedAt,
    node,
    role,
    jobs,
    datasets,
    models,
    memory_bytes: memory,
    threads,
  } = system;
  const { running = 0, queued = 0, succeeded = 0, failed = 0 } = jobs;
  return (
    <Figures>
      <Figure name="Version" value={version}>
        Node.js {node.replace(/^v/, '')}
      </Figure>
      <Figure name="Started" value={<Age of={startedAt} />}>
        {role === 'all' ? 'serves and trains' : role === 'api' ? 'serves; workers train' : 'trains'}
      </Figure>
      <Figure name="Memory" value={formatBytes(memory)}>
        {threads === 1 ? '1 thread' : `${threads} threads`} for a training
      </Figure>
      <Figure name="Jobs" value={formatNumber(running + queued)}>
        under way · {formatNumber(succeeded)} succeeded · {formatNumber(failed)} failed
      </Figure>
      <Figure name="Models" value={formatNumber(models)}>
        and {formatNumber(datasets)} {datasets === 1 ? 'dataset' : 'datasets'}
      </Figure>
    </Figures>
  );
}
