/** The key with which the pages ask the service. */
import { signal } from '@preact/signals';

const storageKey = 'trainyard.key';

/** '' without one. */
export const key = signal(sessionStorage.getItem(storageKey) ?? '');

/** Why the service refused the last request without a good key; '' to ask without a reason, null not to ask. */
export const keyRefusal = signal<string | null>(null);

/** A key that was just made here: what is shown stays, and later requests have the key. */
export function adoptKey(text: string): void {
  sessionStorage.setItem(storageKey, text);
  key.value = text;
  keyRefusal.value = null;
}

/** Everything that is shown was asked for with the old key, so the pages begin again. */
export function setKey(text: string): void {
  sessionStorage.setItem(storageKey, text);
  key.value = text;
  keyRefusal.value = null;
  location.reload();
}
