/** `make docs`: writes what the pages take from the code. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withConformance } from '../conformance/table.ts';
import { withCommands } from './commands-table.ts';
import { withEnvironment } from './environment-table.ts';
import { withTable } from './metrics-table.ts';
import { ROOT } from './root.ts';

const rewrite = (path: string, change: (page: string) => string): void =>
  writeFileSync(path, change(readFileSync(path, 'utf8')));
rewrite(join(ROOT, 'docs', 'metrics.md'), withTable);
rewrite(join(ROOT, 'README.md'), (page) => withCommands(withEnvironment(page)));
rewrite(join(ROOT, 'docs', 'conformance.md'), withConformance);
