/** `make docs`: writes what the pages take from the code. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withTable } from './metrics-table.ts';
import { ROOT } from './project.ts';

const page = join(ROOT, 'docs', 'metrics.md');
writeFileSync(page, withTable(readFileSync(page, 'utf8')));
