import { z } from 'zod';
import { command } from './command.ts';

/** Changes settings of the running test. */
export const update = command({
  name: 'update',
  use: "update({ interarrival: '10ms' })",
  summary: 'change settings of the running test',
  args: {
    change: {
      schema: z.record(z.string(), z.unknown()),
      description: 'settings with their new values',
      completes: 'setting',
      wrong: () => "give the settings to change, as in update({ interarrival: '10ms' })",
    },
  },
  options: {},
  examples: ["amocLocal.update({ interarrival: '10ms', messageInterval: '5s' })"],
  erlang: 'amoc_local:update([{interarrival,10}]).',
  erlangNames: ['update_settings'],
  effect: 'change',
  run: (control, { change }) => control.update(change),
});
