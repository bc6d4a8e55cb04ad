/** How two samples differ. */
export interface Difference {
  /** The two-sided p-value of the Mann–Whitney U test (normal approximation, corrected for ties). */
  p: number;
  /** Cliff's delta: share of pairs in which b is greater, minus that in which it is less. */
  delta: number;
}

/**
 * The Mann–Whitney U test (Mann and Whitney 1947), and Cliff's delta, which is U on another scale. Reliable
 * from about eight values in each sample.
 */
export function mannWhitney(a: readonly number[], b: readonly number[]): Difference {
  const all = [
    ...a.map((value) => ({ value, ofB: false })),
    ...b.map((value) => ({ value, ofB: true })),
  ];
  all.sort((x, y) => x.value - y.value);
  const size = all.length;
  let rankSumB = 0;
  let ties = 0;
  for (let at = 0; at < size;) {
    let end = at;
    while (end < size && all[end]?.value === all[at]?.value) end++;
    const count = end - at;
    const rank = (at + 1 + end) / 2;
    ties += count ** 3 - count;
    for (let index = at; index < end; index++) if (all[index]?.ofB === true) rankSumB += rank;
    at = end;
  }
  const [n, m] = [a.length, b.length];
  const u = rankSumB - (m * (m + 1)) / 2;
  const mean = (n * m) / 2;
  const variance = ((n * m) / 12) * (size + 1 - ties / (size * (size - 1)));
  const delta = n === 0 || m === 0 ? 0 : (2 * u) / (n * m) - 1;
  if (!(variance > 0)) return { p: 1, delta };
  const z = Math.max(0, Math.abs(u - mean) - 0.5) / Math.sqrt(variance);
  return { p: 2 * upperTail(z), delta };
}

/**
 * Which of several tests are significant together at `alpha` (Holm 1979): the least p against
 * alpha / n, the next against alpha / (n − 1) …
 */
export function holm(ps: readonly number[], alpha: number): boolean[] {
  const order = ps.map((p, index) => ({ p, index })).sort((x, y) => x.p - y.p);
  const significant = ps.map(() => false);
  for (const [rank, { p, index }] of order.entries()) {
    if (p > alpha / (ps.length - rank)) break;
    significant[index] = true;
  }
  return significant;
}

/** The middle value; `NaN` when there are no values. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  if (sorted.length === 0) return NaN;
  return sorted.length % 2 === 1
    ? (sorted[Math.floor(middle)] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2;
}

/** The upper tail of the standard normal distribution (Abramowitz and Stegun 7.1.26, to 1.5e-7). */
function upperTail(z: number): number {
  const x = z / Math.SQRT2;
  const t = 1 / (1 + 0.3275911 * x);
  const series =
    t *
    (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  return (series * Math.exp(-x * x)) / 2;
}
