/** Where the threads of a trainer wait for each other. */

/** Some tenths of a millisecond: for a thread that is about to arrive, sleeping and waking would take longer. */
const spins = 100_000;

/**
 * Returns once `threads` threads have called it; what one of them wrote before, all of them see after. At `barrier` lie
 * three u32, 0 at first: how many have arrived, how often all of them have, and how many sleep.
 */
export function meet(barrier: usize, threads: u32): void {
  if (threads == 1) return;
  const round = atomic.load<u32>(barrier, 4);
  if (atomic.add<u32>(barrier, 1) == threads - 1) {
    atomic.store<u32>(barrier, 0);
    atomic.store<u32>(barrier, round + 1, 4);
    // A thread that counts itself as asleep only after this look finds the new round, and does not sleep.
    if (atomic.load<u32>(barrier, 8) != 0) atomic.notify(barrier + 4, threads);
    return;
  }
  for (let spin = 0; spin < spins; spin++) {
    if (atomic.load<u32>(barrier, 4) != round) return;
  }
  atomic.add<u32>(barrier, 1, 8);
  while (atomic.load<u32>(barrier, 4) == round) atomic.wait<u32>(barrier + 4, round, -1);
  atomic.sub<u32>(barrier, 1, 8);
}
