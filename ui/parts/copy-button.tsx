/** Copies a text, and says that it did. */
import { useState } from 'preact/hooks';

export function CopyButton({ text, label = 'Copy' }: { text: string; label?: string }) {
  const [said, setSaid] = useState<string>();
  const copy = async (): Promise<void> => {
    // Browsers offer the clipboard only on https and localhost.
    const clipboard = (navigator as { clipboard?: Clipboard }).clipboard;
    try {
      if (!clipboard) throw new Error('no clipboard');
      await clipboard.writeText(text);
      setSaid('Copied');
    } catch {
      setSaid('Select and copy it by hand');
    }
    setTimeout(() => setSaid(undefined), 2_000);
  };
  return (
    <button type="button" class="small-button" onClick={() => void copy()} aria-live="polite">
      {said ?? label}
    </button>
  );
}
