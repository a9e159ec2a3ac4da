/** Goes through a list page by page. The API says only whether there is more, so the way back is kept here. */
import { useState } from 'preact/hooks';

export interface Pages {
  /** The last item of the page before; undefined: this is the first page. */
  after: string | undefined;
  goBack: () => void;
  goOn: (last: string) => void;
}

export function usePages(): Pages {
  const [ends, setEnds] = useState<readonly string[]>([]);
  return {
    after: ends.at(-1),
    goBack: () => setEnds((all) => all.slice(0, -1)),
    goOn: (last) => setEnds((all) => [...all, last]),
  };
}

/** Nothing where all is on one page. `last` is the last item of this page. */
export function Pager({
  pages: { after, goBack, goOn },
  hasMore,
  last,
}: {
  pages: Pages;
  hasMore: boolean;
  last: string;
}) {
  if (!hasMore && after === undefined) return null;
  return (
    <div class="actions">
      <button type="button" disabled={after === undefined} onClick={goBack}>
        Back
      </button>
      <button type="button" disabled={!hasMore} onClick={() => goOn(last)}>
        More
      </button>
    </div>
  );
}
