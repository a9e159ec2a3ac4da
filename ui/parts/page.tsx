/** A page: its title, which is the browser's too, what can be done with what it shows, and its content. */
import type { ComponentChildren } from 'preact';
import { useEffect } from 'preact/hooks';

export interface PageHeader {
  title: string;
  /** One line under the title. */
  lead?: ComponentChildren;
  /** Buttons and links beside the title. */
  actions?: ComponentChildren;
  /** The pages above this one, as address and title. */
  above?: readonly (readonly [href: string, title: string])[];
}

export function Page({
  title,
  lead,
  actions,
  above = [],
  children,
}: PageHeader & { children: ComponentChildren }) {
  useEffect(() => {
    document.title = `${title} – Trainyard`;
  }, [title]);
  return (
    <article class="page">
      <header class="page-header">
        <div>
          {above.length > 0 && (
            <nav aria-label="Above this page" class="breadcrumbs">
              {above.map(([href, name]) => (
                <a key={href} href={href}>
                  {name}
                </a>
              ))}
            </nav>
          )}
          <h1>{title}</h1>
          {lead !== undefined && <p class="lead">{lead}</p>}
        </div>
        {actions !== undefined && <div class="actions">{actions}</div>}
      </header>
      {children}
    </article>
  );
}

/** A part of a page with a heading of its own. */
export function Section({
  title,
  actions,
  children,
}: {
  title: string;
  actions?: ComponentChildren;
  children: ComponentChildren;
}) {
  return (
    <section class="section">
      <header class="section-header">
        <h2>{title}</h2>
        {actions !== undefined && <div class="actions">{actions}</div>}
      </header>
      {children}
    </section>
  );
}

/** What is shown where there is nothing yet: why, and what to do. */
export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children}
    </div>
  );
}
