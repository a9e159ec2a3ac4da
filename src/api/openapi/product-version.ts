/** The version of the service, from package.json. */
import { createRequire } from 'node:module';

export const { version: productVersion } = createRequire(import.meta.url)('../../../package.json') as {
  version: string;
};
