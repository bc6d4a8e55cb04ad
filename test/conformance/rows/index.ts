import type { Row } from '../row.ts';
import { accounts } from './accounts.ts';
import { archive } from './archive.ts';
import { components } from './components.ts';
import { login } from './login.ts';
import { messages } from './messages.ts';
import { pubsub } from './pubsub.ts';
import { requests } from './requests.ts';
import { rooms } from './rooms.ts';
import { rosters } from './rosters.ts';
import { services } from './services.ts';
import { streamManagement } from './stream-management.ts';
import { xmlRows } from './xml.ts';

/** All of the table, in its order. */
export const rows: readonly Row[] = [
  ...login,
  ...accounts,
  ...messages,
  ...requests,
  ...xmlRows,
  ...rosters,
  ...rooms,
  ...archive,
  ...pubsub,
  ...services,
  ...streamManagement,
  ...components,
];
