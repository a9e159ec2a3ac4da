/** Asks for a key when the service wants one. The key stays in this tab: it is gone when the tab is closed. */
import { useState } from 'preact/hooks';
import { Dialog } from '../parts/dialog.js';
import { Field } from '../parts/field.js';
import { key, keyRefusal, setKey } from '../service/key.js';

export function KeyDialog() {
  const refusal = keyRefusal.value;
  const [text, setText] = useState('');
  if (refusal === null) return null;
  const submit = (event: Event): void => {
    event.preventDefault();
    setKey(text.trim());
    setText('');
  };
  return (
    <Dialog title="This service needs a key" onClose={() => (keyRefusal.value = null)}>
      <form onSubmit={submit} class="stack">
        {refusal !== '' && <p>{refusal}</p>}
        <Field label="Key" hint="It begins with ty_. The key stays in this tab until you close it.">
          <input
            type="password"
            autoComplete="off"
            required
            value={text}
            onInput={({ currentTarget }) => setText(currentTarget.value)}
          />
        </Field>
        <div class="actions">
          <button type="submit" class="primary">
            Use this key
          </button>
        </div>
      </form>
    </Dialog>
  );
}

/** Shown when a key is in use, to change or forget it. */
export function KeyButton() {
  if (key.value === '') {
    return (
      <button type="button" class="quiet" onClick={() => (keyRefusal.value = '')}>
        Use a key
      </button>
    );
  }
  return (
    <button type="button" class="quiet" onClick={() => setKey('')}>
      Forget the key
    </button>
  );
}
