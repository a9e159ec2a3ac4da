/** BullMQ's tables and functions in PostgreSQL, whether that is a server or the embedded one. */
import { runMigrations, type PgPool } from 'bullmq';

/** The one that BullMQ takes when it is given a pool. */
export const schema = 'bullmq';

export async function migrate(pool: PgPool): Promise<void> {
  const client = await pool.connect();
  try {
    await runMigrations(client, schema);
  } finally {
    client.release();
  }
}
