import type { Row } from '../row.ts';

export const rosters: readonly Row[] = [];
