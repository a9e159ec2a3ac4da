/** A client's own notes on a job: sent with it, shown with it, and asked for in lists. */
export const metadata = {
  type: 'object',
  maxProperties: 16,
  propertyNames: { minLength: 1, maxLength: 64 },
  additionalProperties: { type: 'string', maxLength: 512 },
} as const;
