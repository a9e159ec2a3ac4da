/**
 * Which page is shown: the part of the URL behind `#`. So the service serves one document, and the pages work under any
 * path of a proxy.
 *
 *   #/jobs/job_01JD…?tab=log   →   path ['jobs', 'job_01JD…'], query tab=log
 */
import { computed, signal } from '@preact/signals';

export interface Place {
  path: string[];
  query: URLSearchParams;
}

const hash = signal(location.hash);

addEventListener('hashchange', () => (hash.value = location.hash));

export const place = computed<Place>(() => placeOf(hash.value));

function placeOf(text: string): Place {
  const [path = '', query = ''] = text.replace(/^#?\/?/, '').split('?', 2);
  return {
    path: path === '' ? [] : path.split('/').map(decodeURIComponent),
    query: new URLSearchParams(query),
  };
}

/** The address of a page, for `href`. */
export function linkTo(path: readonly (string | number)[], query: Record<string, string> = {}): string {
  const search = new URLSearchParams(query).toString();
  const target = path.map((part) => encodeURIComponent(part)).join('/');
  return `#/${target}${search === '' ? '' : `?${search}`}`;
}

export function goTo(path: readonly (string | number)[], query: Record<string, string> = {}): void {
  location.hash = linkTo(path, query);
}

/** Changes the query without a new entry in the browser's history, for what a page lets its reader choose. */
export function replaceQuery(query: Record<string, string>): void {
  history.replaceState(null, '', linkTo(place.value.path, query));
  hash.value = location.hash;
}
