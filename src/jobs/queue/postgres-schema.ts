/** BullMQ's tables and functions in PostgreSQL, both on a server and embedded. */
import { runMigrations, type PgPool } from 'bullmq';

/** BullMQ uses this schema when it is given a pool. */
export const schema = 'bullmq';

export async function migrate(pool: PgPool): Promise<void> {
  const client = await pool.connect();
  try {
    await runMigrations(client, schema);
  } finally {
    client.release();
  }
}
