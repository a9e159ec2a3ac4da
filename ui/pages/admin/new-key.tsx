/** Makes a key and shows it this once. */
import { useState } from 'preact/hooks';
import { CopyButton } from '../../parts/copy-button.js';
import { Dialog } from '../../parts/dialog.js';
import { Field } from '../../parts/field.js';
import { ErrorNotice, Notice } from '../../parts/notice.js';
import { api, type Schemas } from '../../service/api.js';
import { adoptKey } from '../../service/key.js';

type Made = Schemas['NewApiKey'];
type Scope = Made['scopes'][number];

const meanings: readonly (readonly [Scope, string])[] = [
  ['predict', 'ask models'],
  ['train', 'add data, train, and read what comes of it'],
  ['admin', 'everything, keys too'],
];

const expiries: readonly (readonly [days: number, title: string])[] = [
  [0, 'Never'],
  [7, 'In a week'],
  [30, 'In 30 days'],
  [90, 'In 90 days'],
  [365, 'In a year'],
];

export function NewKey({
  isFirst,
  onClose,
  onMade,
}: {
  isFirst: boolean;
  onClose: () => void;
  onMade: () => void;
}) {
  const [made, setMade] = useState<Made>();
  if (made) {
    return (
      <ShownOnce
        made={made}
        isFirst={isFirst}
        onClose={() => {
          onClose();
          onMade();
        }}
      />
    );
  }
  return (
    <Dialog title={isFirst ? 'Make the first key' : 'Make a key'} onClose={onClose}>
      <KeyForm
        isFirst={isFirst}
        onMade={(key) => {
          // From now on the service answers only requests that have a key.
          if (isFirst) adoptKey(key.key);
          setMade(key);
        }}
      />
    </Dialog>
  );
}

function KeyForm({ isFirst, onMade }: { isFirst: boolean; onMade: (made: Made) => void }) {
  const [name, setName] = useState('');
  const [scopes, setScopes] = useState<Scope[]>(isFirst ? ['admin'] : ['predict']);
  const [days, setDays] = useState(0);
  const [error, setError] = useState<unknown>();
  const [isBusy, setIsBusy] = useState(false);
  const make = async (): Promise<void> => {
    setIsBusy(true);
    setError(undefined);
    try {
      const expires = days === 0 ? null : new Date(Date.now() + days * 86_400_000).toISOString();
      onMade(await api.post('/v1/keys', { body: { name: name.trim(), scopes, expires_at: expires } }));
    } catch (reason) {
      setError(reason);
      setIsBusy(false);
    }
  };
  return (
    <form
      class="stack"
      onSubmit={(event) => {
        event.preventDefault();
        void make();
      }}
    >
      {isFirst && (
        <p>It must be an admin key, so that you can make others. From then on every request needs a key.</p>
      )}
      {error !== undefined && <ErrorNotice error={error} />}
      <Field label="Name" hint="What or who the key is for.">
        <input
          required
          maxLength={64}
          value={name}
          onInput={({ currentTarget }) => setName(currentTarget.value)}
        />
      </Field>
      <fieldset class="scopes">
        <legend>What it allows</legend>
        {meanings.map(([scope, meaning]) => (
          <label key={scope}>
            <input
              type="checkbox"
              checked={scopes.includes(scope)}
              disabled={isFirst && scope === 'admin'}
              onChange={({ currentTarget: { checked } }) =>
                setScopes(checked ? [...scopes, scope] : scopes.filter((each) => each !== scope))
              }
            />
            <span>
              <strong>{scope}</strong> <span class="muted">{meaning}</span>
            </span>
          </label>
        ))}
      </fieldset>
      <Field label="Expires">
        <select value={days} onChange={({ currentTarget }) => setDays(Number(currentTarget.value))}>
          {expiries.map(([count, title]) => (
            <option key={count} value={count}>
              {title}
            </option>
          ))}
        </select>
      </Field>
      <div class="actions">
        <button type="submit" class="primary" disabled={isBusy || scopes.length === 0}>
          Make it
        </button>
      </div>
    </form>
  );
}

function ShownOnce({ made, isFirst, onClose }: { made: Made; isFirst: boolean; onClose: () => void }) {
  return (
    <Dialog title={`The key ${made.name ?? made.id}`} onClose={onClose}>
      <div class="stack">
        <Notice kind="warning" title="Copy it now">
          It is shown this once: the service keeps only its hash.
        </Notice>
        <code class="secret" data-testid="new-key">
          {made.key}
        </code>
        {made.note !== null && <p>{made.note}</p>}
        <div class="actions">
          <CopyButton text={made.key} label="Copy the key" />
          <button type="button" class="primary" onClick={onClose}>
            {isFirst ? 'I have it, go on with it' : 'I have it'}
          </button>
        </div>
      </div>
    </Dialog>
  );
}
