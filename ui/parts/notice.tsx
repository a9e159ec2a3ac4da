/** A message that stands in the page: an error, a warning, or something to know. */
import type { ComponentChildren } from 'preact';
import { ApiError } from '../service/api.js';

export type NoticeKind = 'error' | 'warning' | 'info' | 'success';

export function Notice({
  kind,
  title,
  children,
}: {
  kind: NoticeKind;
  title?: string;
  children?: ComponentChildren;
}) {
  return (
    <div class={`notice ${kind}`} role={kind === 'error' ? 'alert' : 'status'}>
      {title !== undefined && <p class="notice-title">{title}</p>}
      {children !== undefined && <div>{children}</div>}
    </div>
  );
}

/** What the service answered, with the field that is wrong; or that it did not answer. */
export function ErrorNotice({ error, title }: { error: unknown; title?: string }) {
  if (!(error instanceof ApiError)) {
    const message = error instanceof Error ? error.message : String(error);
    return (
      <Notice kind="error" title={title ?? 'The service does not answer'}>
        {message}
      </Notice>
    );
  }
  return (
    <Notice kind="error" title={title ?? error.title}>
      <p>{error.message}</p>
      <p class="small muted">
        <code>{error.code}</code>
        {error.pointer !== undefined && (
          <>
            {' '}
            at <code>{error.pointer}</code>
          </>
        )}
      </p>
    </Notice>
  );
}
