/**
 * Ends the run when a test file does not end. Vitest ends a test that waits too long, but not one whose process computes for
 * ever or never exits: the run would hang, and nothing would say where.
 */
import { spawnSync } from 'node:child_process';
import type { Reporter, TestModule } from 'vitest/node';
import { patience } from './patience.js';

export default class StuckFiles implements Reporter {
  readonly #timers = new Map<string, NodeJS.Timeout>();

  onTestModuleQueued({ id, relativeModuleId }: TestModule): void {
    const timer = setTimeout(() => {
      console.error(
        `${relativeModuleId} has not ended within ${patience.fileMs / 60_000} minutes. The run ends here.`,
      );
      // Its process would compute on without its parent.
      spawnSync('pkill', ['-KILL', '-P', String(process.pid)]);
      process.exit(1);
    }, patience.fileMs);
    this.#timers.set(id, timer.unref());
  }

  onTestModuleEnd({ id }: TestModule): void {
    clearTimeout(this.#timers.get(id));
    this.#timers.delete(id);
  }
}
