/**
 * Calls `work` for every item, for at most `atOnce` of them at a time. After the first failure no other item is begun, and
 * that failure is thrown.
 */
export async function forEachBounded<Item>(
  items: Iterable<Item>,
  atOnce: number,
  work: (item: Item) => Promise<unknown>,
): Promise<void> {
  // All loops take from the same generator. A loop that throws closes it, which ends the others.
  const waiting = (function* () {
    yield* items;
  })();
  const loop = async (): Promise<void> => {
    for (const item of waiting) await work(item);
  };
  await Promise.all(Array.from({ length: atOnce }, loop));
}
