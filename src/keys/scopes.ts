/** What a key may be allowed. None includes another, save `admin`, which includes all. */
export const scopes = ['predict', 'train', 'admin'] as const;

export type Scope = (typeof scopes)[number];
