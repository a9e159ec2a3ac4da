/** A place to drop a file on. */
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';

export function FileDrop({
  class: className,
  onFile,
  children,
}: {
  /** With the class `over` beside it while a file is held over the place. */
  class: string;
  onFile: (file: File) => void;
  children: ComponentChildren;
}) {
  const [isOver, setIsOver] = useState(false);
  return (
    <div
      class={`${className}${isOver ? ' over' : ''}`}
      onDragOver={(event) => {
        event.preventDefault();
        setIsOver(true);
      }}
      onDragLeave={() => setIsOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setIsOver(false);
        takeFirst(event.dataTransfer?.files, onFile);
      }}
    >
      {children}
    </div>
  );
}

/** Of what was dropped or chosen. */
export function takeFirst(files: FileList | null | undefined, onFile: (file: File) => void): void {
  const file = files?.[0];
  if (file) onFile(file);
}
