/**
 * Does something again and again, `width` times at once, until each has said that it is enough. The first
 * failure ends all.
 */
export async function inParallel(
  width: number,
  one: () => Promise<'more' | 'enough'>,
): Promise<void> {
  let isOver = false;
  const lane = async (): Promise<void> => {
    try {
      while (!isOver && (await one()) === 'more');
    } catch (error) {
      isOver = true;
      throw error;
    }
  };
  await Promise.all(Array.from({ length: width }, lane));
}

/** Waits for a promise, at most so long. @returns whether it came */
export async function within(ms: number, promise: Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => (timer = setTimeout(() => resolve(false), ms)));
  const came = await Promise.race([promise.then(() => true), late]);
  clearTimeout(timer);
  return came;
}
