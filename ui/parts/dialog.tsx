/** A dialog over the page. The browser's own element keeps the focus inside and closes on Escape. */
import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import { ErrorNotice } from './notice.js';

export function Dialog({
  title,
  onClose,
  children,
}: {
  title: string;
  onClose: () => void;
  children: ComponentChildren;
}) {
  const element = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useEffect(() => {
    const dialog = element.current;
    dialog?.showModal();
    return () => dialog?.close();
  }, []);
  return (
    <dialog
      ref={element}
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
    >
      <header class="dialog-header">
        <h2 id={titleId}>{title}</h2>
        <button type="button" class="quiet" aria-label="Close" onClick={onClose}>
          ✕
        </button>
      </header>
      {children}
    </dialog>
  );
}

/** A button for what takes long or cannot be undone: it says what will happen, and asks. */
export function ConfirmButton({
  label,
  question,
  children,
  confirm = label,
  kind = 'danger',
  isDisabled = false,
  onConfirm,
}: {
  label: string;
  question: string;
  children?: ComponentChildren;
  confirm?: string;
  kind?: 'danger' | 'primary';
  isDisabled?: boolean;
  onConfirm: () => Promise<void>;
}) {
  const [isOpen, setIsOpen] = useState(false);
  const [isBusy, setIsBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const close = (): void => {
    setIsOpen(false);
    setError(undefined);
  };
  const act = async (): Promise<void> => {
    setIsBusy(true);
    try {
      await onConfirm();
      close();
    } catch (reason) {
      setError(reason);
    } finally {
      setIsBusy(false);
    }
  };
  return (
    <>
      <button
        type="button"
        class={kind === 'danger' ? 'danger-outline' : undefined}
        disabled={isDisabled}
        onClick={() => setIsOpen(true)}
      >
        {label}
      </button>
      {isOpen && (
        <Dialog title={question} onClose={close}>
          <div class="stack">
            {children}
            {error !== undefined && <ErrorNotice error={error} />}
            <div class="actions">
              <button type="button" onClick={close}>
                Leave it
              </button>
              <button type="button" class={kind} disabled={isBusy} onClick={() => void act()}>
                {confirm}
              </button>
            </div>
          </div>
        </Dialog>
      )}
    </>
  );
}
