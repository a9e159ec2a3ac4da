/** A figure in large type with its name, and what it is compared with. */
import type { ComponentChildren } from 'preact';

export function Figure({
  name,
  value,
  children,
}: {
  name: string;
  value: ComponentChildren;
  children?: ComponentChildren;
}) {
  return (
    <div class="figure">
      <p class="figure-name">{name}</p>
      <p class="figure-value">{value}</p>
      {children !== undefined && <p class="figure-note">{children}</p>}
    </div>
  );
}

export function Figures({ children }: { children: ComponentChildren }) {
  return <div class="figures">{children}</div>;
}
