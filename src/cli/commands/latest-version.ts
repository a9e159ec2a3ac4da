/** The version that a command means where it names none. */
import { Failure } from '../failures.js';
import type { Session } from '../session.js';

/** @throws Failure when all versions are held back */
export async function latestOf({ client, signal }: Session, name: string): Promise<string> {
  const { latest_version: latest } = await client.get('/v1/models/{name}', {
    params: { path: { name } },
    signal,
  });
  if (latest === null) throw new Failure(`${name} has no latest version; name one.`);
  return String(latest);
}
