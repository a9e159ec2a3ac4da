/** The keys of the service: listed, made, shown once, revoked. */
import { useState } from 'preact/hooks';
import { DataTable, type Column } from '../../parts/data-table.js';
import { ConfirmButton } from '../../parts/dialog.js';
import { formatTime } from '../../parts/format.js';
import { ErrorNotice, Notice } from '../../parts/notice.js';
import { Section } from '../../parts/page.js';
import { Age } from '../../parts/time.js';
import { useResource } from '../../parts/use-resource.js';
import { api, type Schemas } from '../../service/api.js';
import { NewKey } from './new-key.js';

type ApiKey = Schemas['ApiKey'];

const tones: Record<ApiKey['status'], string> = {
  valid: 'good',
  expired: 'off',
  revoked: 'off',
  damaged: 'bad',
};

export function Keys() {
  const [isMaking, setIsMaking] = useState(false);
  const { data, error, reload } = useResource(async (signal) => {
    const [keys, current] = await Promise.all([
      api.get('/v1/keys', { signal }),
      api.get('/v1/keys/current', { signal }),
    ]);
    return { keys: keys.data, current };
  }, []);
  const isOpen = data?.current.anonymous === true;
  return (
    <Section
      title="Keys"
      actions={
        data && (
          <button type="button" class="primary" onClick={() => setIsMaking(true)}>
            Make a key
          </button>
        )
      }
    >
      {error !== undefined && <ErrorNotice error={error} />}
      {!data && error === undefined && <div class="keys-place" aria-busy="true" />}
      {isOpen && (
        <Notice kind="info" title="The service is open">
          Whoever reaches it may do everything. The first key closes it: from then on every request needs a
          key.
        </Notice>
      )}
      {data && data.keys.length > 0 && (
        <DataTable
          label="Keys"
          columns={columnsOf(data.current.id, reload)}
          rows={data.keys}
          keyOf={({ id }) => id}
        />
      )}
      {isMaking && <NewKey isFirst={isOpen} onClose={() => setIsMaking(false)} onMade={reload} />}
    </Section>
  );
}

function columnsOf(ownId: string | null, reload: () => void): Column<ApiKey>[] {
  return [
    {
      id: 'name',
      title: 'Name',
      cell: ({ id, name }) => (
        <>
          <strong>{name ?? 'unreadable'}</strong>
          {id === ownId && <span class="muted"> (yours)</span>}
          <div class="small muted">
            <code>{id}</code>
          </div>
        </>
      ),
    },
    { id: 'scopes', title: 'Allows', cell: ({ scopes }) => scopes.join(', ') },
    {
      id: 'status',
      title: 'Status',
      cell: ({ status }) => <span class={`badge ${tones[status]}`}>{status}</span>,
    },
    { id: 'made', title: 'Made', cell: ({ created_at: at }) => (at === null ? '–' : <Age of={at} />) },
    {
      id: 'used',
      title: 'Last used here',
      cell: ({ last_used_at: at }) => (at === null ? <span class="muted">not yet</span> : <Age of={at} />),
    },
    {
      id: 'expires',
      title: 'Expires',
      cell: ({ expires_at: at }) => (at === null ? 'never' : formatTime(at)),
    },
    {
      id: 'revoke',
      title: 'Revoke',
      cell: (key) =>
        key.status === 'valid' && <Revoke apiKey={key} isOwn={key.id === ownId} onRevoked={reload} />,
    },
  ];
}

function Revoke({
  apiKey: { id, name },
  isOwn,
  onRevoked,
}: {
  apiKey: ApiKey;
  isOwn: boolean;
  onRevoked: () => void;
}) {
  return (
    <ConfirmButton
      label="Revoke"
      question={`Revoke the key ${name ?? id}?`}
      confirm="Revoke it for ever"
      onConfirm={async () => {
        await api.delete('/v1/keys/{id}', { params: { path: { id } } });
        onRevoked();
      }}
    >
      <p>Whoever uses it is refused within a second. This cannot be undone.</p>
      {isOwn && <p>It is the key that you use now: afterwards this page asks you for another one.</p>}
    </ConfirmButton>
  );
}
