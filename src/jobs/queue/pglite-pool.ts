/** PGlite with the interface of `pg.Pool`, for BullMQ. All clients share its one session, and each receives every notification. */
import { EventEmitter } from 'node:events';
import type { PGlite } from '@electric-sql/pglite';
import type { PgNotification, PgPool, PgPoolClient } from 'bullmq';

export function pglitePool(database: PGlite): PgPool {
  const query: PgPool['query'] = async <R>(text: string, params?: readonly unknown[]) => {
    if (params === undefined) {
      const results = await database.exec(text);
      return (results.at(-1) ?? { rows: [] }) as { rows: R[] };
    }
    const { rows, affectedRows } = await database.query<R>(text, [...params]);
    return { rows, rowCount: affectedRows ?? rows.length };
  };

  const connect = (): Promise<PgPoolClient> => {
    const client = new EventEmitter();
    const stop = database.onNotification((channel, payload) => {
      client.emit('notification', { channel, payload } satisfies PgNotification);
    });
    return Promise.resolve(Object.assign(client, { query, release: stop }));
  };

  // Each queue and worker adds a listener for errors. This pool emits none.
  return Object.assign(new EventEmitter().setMaxListeners(0), {
    query,
    connect,
    end: () => Promise.resolve(),
  });
}
