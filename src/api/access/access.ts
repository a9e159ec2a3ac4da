/** Who may use a route; every one says so in its `config.access`. */
import type { Scope } from '../../keys/key.js';

/** `public`: whoever reaches the service. `any`: whoever has a key. Else a key with that scope. */
export type Access = 'public' | 'any' | Scope;

declare module 'fastify' {
  interface FastifyContextConfig {
    access?: Access;
  }
}
