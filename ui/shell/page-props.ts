/** What every page is given. Apart from the routes, which know the pages: so a page need not know them. */

/** `params` are the parts of the path that its route names with a colon. */
export interface PageProps {
  params: Record<string, string>;
  query: URLSearchParams;
}
