/** The frame around every page: navigation, theme, key, and what happens while a page is loaded or when it fails. */
import { Component, type ComponentChildren, type ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Notice } from '../parts/notice.js';
import { routeAt, sections, type Route } from '../routes.js';
import type { PageProps } from './page-props.js';
import { KeyDialog, KeyButton } from './key-dialog.js';
import { linkTo, place } from './router.js';
import { nextTheme, theme } from './theme.js';

export function App() {
  return (
    <div class="shell">
      <a class="skip-link" href="#content" onClick={skipToContent}>
        Skip to the content
      </a>
      <Navigation />
      <main id="content" tabIndex={-1}>
        <CurrentPage />
      </main>
      <KeyDialog />
    </div>
  );
}

/** The hash is the router's, so the link cannot be an ordinary one. */
function skipToContent(event: Event): void {
  event.preventDefault();
  document.getElementById('content')?.focus();
}

function Navigation() {
  const current = place.value.path[0] ?? '';
  return (
    <header class="navigation">
      <a class="brand" href={linkTo([])}>
        <img src="icon.svg" alt="" width="28" height="28" />
        Trainyard
      </a>
      <nav aria-label="Main">
        {sections.map(([path, title]) => (
          <a
            key={path}
            href={linkTo(path === '' ? [] : [path])}
            aria-current={path === current ? 'page' : undefined}
          >
            {title}
          </a>
        ))}
      </nav>
      <div class="navigation-end">
        <a href="docs">API</a>
        <KeyButton />
        <button type="button" class="quiet" onClick={nextTheme} title="Light, dark, or as the system says">
          Theme: {theme.value}
        </button>
      </div>
    </header>
  );
}

function CurrentPage() {
  const { value } = place;
  const found = routeAt(value);
  const address = value.path.join('/');
  useEffect(() => {
    scrollTo(0, 0);
  }, [address]);
  if (!found) {
    return (
      <Notice kind="error" title="There is no such page">
        <a href={linkTo([])}>Go to the first page</a>
      </Notice>
    );
  }
  return (
    <PageErrors key={address}>
      <LoadedPage route={found.route} params={found.params} query={value.query} />
    </PageErrors>
  );
}

function LoadedPage({ route, ...props }: { route: Route } & PageProps) {
  const [loaded, setLoaded] = useState<{ Page: ComponentType<PageProps> } | { error: unknown }>();
  useEffect(() => {
    let isShown = true;
    route.load().then(
      ({ default: Page }) => isShown && setLoaded({ Page }),
      (error: unknown) => isShown && setLoaded({ error }),
    );
    return () => (isShown = false);
  }, [route]);
  if (!loaded) return <p class="loading" aria-busy="true" />;
  if ('error' in loaded) {
    return (
      <Notice kind="error" title="This page could not be loaded">
        The service may have been updated or stopped. Reload the page.
      </Notice>
    );
  }
  return <loaded.Page {...props} />;
}

/** A page that fails does not take the navigation with it. */
class PageErrors extends Component<{ children: ComponentChildren }, { message?: string }> {
  static override getDerivedStateFromError(error: unknown): { message: string } {
    return { message: error instanceof Error ? error.message : String(error) };
  }

  override render({ children }: { children: ComponentChildren }, { message }: { message?: string }) {
    if (message === undefined) return children;
    return (
      <Notice kind="error" title="This page has failed">
        {message}
      </Notice>
    );
  }
}
