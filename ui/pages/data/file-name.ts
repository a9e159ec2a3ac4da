/** The name that a dataset gets from its file. */

/** `Customer Data.csv.gz` → `customer-data`; '' where nothing is left. */
export function datasetNameOf(fileName: string): string {
  return fileName
    .replace(/(?<=.)(?:\.[A-Za-z0-9]{1,8}){1,2}$/, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/g, '-')
    .replace(/^[^a-z0-9]+/, '')
    .replace(/[^a-z0-9]+$/, '')
    .slice(0, 64);
}

/** What the service accepts. */
export const datasetNamePattern = '[a-z0-9][a-z0-9._\\-]{0,63}';
