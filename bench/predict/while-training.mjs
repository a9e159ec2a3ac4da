/** One job trains all the while, and is halted where it is to be still. */
import { load } from '../http-load.mjs';
import { startService } from '../service-process.mjs';
import { inPercentiles, inTurn, ratioOf } from './in-turn.mjs';
import { requests } from './requests.mjs';

export async function whileTraining(dataDir, job, { connectionCounts, rounds, seconds }) {
  const service = await startService(dataDir);
  const { pid } = await service.train({ epochs: 10_000, ...job });
  const route = `${service.url}/predict`;
  try {
    await load(route, requests.JSON, { connections: 1, seconds: 2 });
    const signals = { idle: 'SIGSTOP', training: 'SIGCONT' };
    for (const connections of connectionCounts) {
      const results = await inTurn(Object.keys(signals), rounds, (state) => {
        process.kill(pid, signals[state]);
        return load(route, requests.JSON, { connections, seconds });
      });
      const [idle, training] = [results.get('idle'), results.get('training')];
      const ratio = (key) => ratioOf(training, idle, key).toFixed(2);
      console.log(`\nThe whole service, connections: ${connections}`);
      console.log(`  idle ${inPercentiles(idle)}`);
      console.log(
        `  while a job trains ${inPercentiles(training)}; p50 ${ratio('p50')} ×, p99 ${ratio('p99')} × idle`,
      );
    }
  } finally {
    // A halted process would hear of nothing.
    process.kill(pid, 'SIGCONT');
    await service.stop();
  }
}
