import { distance } from 'fastest-levenshtein';

/** The candidates that an operator who typed `word` may have meant, the likeliest first; at most three. */
export function nearest(word: string, candidates: readonly string[]): string[] {
  const wanted = word.toLowerCase();
  const limit = Math.max(2, Math.floor(word.length / 3));
  return candidates
    .map((candidate) => ({ candidate, steps: steps(wanted, candidate.toLowerCase()) }))
    .filter(({ steps }) => steps <= limit)
    .sort((a, b) => a.steps - b.steps)
    .slice(0, 3)
    .map(({ candidate }) => candidate);
}

/** `; did you mean 'a' or 'b'?`, or a list of the candidates when none is near. */
export function didYouMean(word: unknown, candidates: readonly string[]): string {
  const near = typeof word === 'string' ? nearest(word, candidates) : [];
  if (near.length > 0) return `; did you mean ${near.map((name) => `'${name}'`).join(' or ')}?`;
  if (candidates.length === 0) return '';
  const shown = candidates.slice(0, 12).join(', ');
  return `; there ${candidates.length === 1 ? 'is' : 'are'} ${shown}${candidates.length > 12 ? ' …' : ''}`;
}

function steps(wanted: string, candidate: string): number {
  if (wanted.length >= 3 && candidate.startsWith(wanted)) return 1;
  return distance(wanted, candidate);
}
