/** What a person can do with a sweep. */
import { useState } from 'preact/hooks';
import { ConfirmButton } from '../../parts/dialog.js';
import { ErrorNotice } from '../../parts/notice.js';
import { PauseButton } from '../../parts/pause-button.js';
import { api, type Sweep } from '../../service/api.js';
import { goTo } from '../../shell/router.js';

export function SweepActions({
  sweep: { id, status, finished_at: end },
  reload,
}: {
  sweep: Sweep;
  reload: () => void;
}) {
  const [error, setError] = useState<unknown>();
  const path = { params: { path: { id } } };
  const act = async (action: 'pause' | 'resume'): Promise<void> => {
    setError(undefined);
    try {
      await api.post(`/v1/sweeps/{id}/${action}`, path);
    } catch (reason) {
      setError(reason);
    }
    reload();
  };
  if (end !== null) {
    return (
      <ConfirmButton
        label="Delete"
        question="Delete this sweep?"
        onConfirm={async () => {
          await api.delete('/v1/sweeps/{id}', path);
          goTo(['sweeps']);
        }}
      >
        <p>The jobs of its trials are deleted with it. The version that it published stays.</p>
      </ConfirmButton>
    );
  }
  if (status === 'cancelled') return null;
  return (
    <>
      {error !== undefined && <ErrorNotice error={error} />}
      <PauseButton isPaused={status === 'paused'} act={act} />
      <ConfirmButton
        label="Cancel"
        confirm="Cancel the sweep"
        question="Cancel this sweep?"
        onConfirm={async () => {
          await api.post('/v1/sweeps/{id}/cancel', path);
          reload();
        }}
      >
        <p>Its trials under way are cancelled, and nothing is published. To go on later, pause it instead.</p>
      </ConfirmButton>
    </>
  );
}
