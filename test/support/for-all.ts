/** Does `work` for each number from 1 to `count`, at most `width` of them at once. The first failure is its own. */
export async function forAll(
  count: number,
  width: number,
  work: (id: number) => Promise<unknown>,
): Promise<void> {
  let next = 1;
  const lane = async (): Promise<void> => {
    while (next <= count) await work(next++);
  };
  await Promise.all(Array.from({ length: width }, lane));
}
