/** All pages: where they are, and how their code is loaded. The first route that matches is shown. */
import type { ComponentType } from 'preact';
import type { PageProps } from './shell/page-props.js';
import type { Place } from './shell/router.js';

export interface Route {
  path: string;
  load: () => Promise<{ default: ComponentType<PageProps> }>;
}

const routes: readonly Route[] = [
  { path: '', load: () => import('./pages/home/home-page.js') },
  { path: 'data', load: () => import('./pages/data/datasets-page.js') },
  { path: 'data/:name', load: () => import('./pages/data/dataset-page.js') },
  { path: 'data/:name/train', load: () => import('./pages/data/train-page.js') },
  { path: 'jobs', load: () => import('./pages/compare/compare-page.js') },
  { path: 'jobs/:id', load: () => import('./pages/job/job-page.js') },
  { path: 'sweeps', load: () => import('./pages/sweeps/sweeps-page.js') },
  { path: 'sweeps/:id', load: () => import('./pages/sweeps/sweep-page.js') },
  { path: 'models', load: () => import('./pages/models/models-page.js') },
  { path: 'models/:name', load: () => import('./pages/models/model-page.js') },
  { path: 'models/:name/inside', load: () => import('./pages/look-inside/look-inside-page.js') },
  { path: 'draw', load: () => import('./pages/look-inside/draw-page.js') },
  { path: 'playground', load: () => import('./pages/playground/playground-page.js') },
  { path: 'admin', load: () => import('./pages/admin/admin-page.js') },
];

/** The entries of the navigation: the first part of the path, and the title. */
export const sections: readonly (readonly [path: string, title: string])[] = [
  ['', 'Home'],
  ['data', 'Data'],
  ['jobs', 'Jobs'],
  ['sweeps', 'Sweeps'],
  ['models', 'Models'],
  ['playground', 'Playground'],
  ['admin', 'Admin'],
];

export function routeAt({ path }: Place): { route: Route; params: Record<string, string> } | undefined {
  for (const route of routes) {
    const params = paramsOf(route.path === '' ? [] : route.path.split('/'), path);
    if (params) return { route, params };
  }
  return undefined;
}

function paramsOf(pattern: readonly string[], path: readonly string[]): Record<string, string> | undefined {
  if (pattern.length !== path.length) return undefined;
  const params: Record<string, string> = {};
  for (const [i, part] of pattern.entries()) {
    const actual = path[i] ?? '';
    if (part.startsWith(':')) params[part.slice(1)] = actual;
    else if (part !== actual) return undefined;
  }
  return params;
}
