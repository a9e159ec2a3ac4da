/** Names that are a segment of a storage key and of a URL, and that no file system confuses with another. */

/** Valid names of models and datasets. */
export const storedNamePattern = /^[a-z0-9][a-z0-9._-]{0,63}$/;

/** The nearest valid name; '' where no character of the text is valid. */
export function nearestStoredName(text: string): string {
  return text
    .slice(0, 200)
    .normalize('NFKD')
    .replace(/\p{Mark}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[^a-z0-9]+|-+$/g, '')
    .slice(0, 64);
}
