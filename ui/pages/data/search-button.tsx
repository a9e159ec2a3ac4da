/** Has the service try other settings of a training for some minutes, and publish what learns best. */
import { useState } from 'preact/hooks';
import { ConfirmButton } from '../../parts/dialog.js';
import { Field } from '../../parts/field.js';
import { api, type JobRequest } from '../../service/api.js';
import { goTo } from '../../shell/router.js';

const usualMinutes = '10';

export function SearchButton({ request, isDisabled }: { request: JobRequest; isDisabled: boolean }) {
  const [minutes, setMinutes] = useState(usualMinutes);
  const search = async (): Promise<void> => {
    const body = { job: request, max_seconds: Number(minutes) * 60 };
    const { id } = await api.post('/v1/sweeps', { body });
    goTo(['sweeps', id]);
  };
  return (
    <ConfirmButton
      label="Search"
      question="Search for better settings"
      confirm="Start the search"
      kind="primary"
      isDisabled={isDisabled}
      onConfirm={search}
    >
      <p>
        The service trains with other settings and compares them by the validation rows. What you have changed
        in the recipe stays as it is. At the end the best settings are trained again and published.
      </p>
      <Field label="Minutes" hint="The last training comes after that">
        <input
          type="number"
          inputMode="decimal"
          min="0"
          step="any"
          value={minutes}
          onInput={({ currentTarget: { value } }) => setMinutes(value)}
        />
      </Field>
    </ConfirmButton>
  );
}
