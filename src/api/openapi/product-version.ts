/** The version of the running service, as its package says. */
import { createRequire } from 'node:module';

export const { version: productVersion } = createRequire(import.meta.url)('../../../package.json') as {
  version: string;
};
