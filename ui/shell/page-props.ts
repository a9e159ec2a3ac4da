/** What a page is given. */
export interface PageProps {
  /** The parts of the path that its route names with a colon. */
  params: Record<string, string>;
  query: URLSearchParams;
}
