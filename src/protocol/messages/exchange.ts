import { z } from 'zod';
import { featureMessage, featureRequests } from './feature.ts';
import { logsMessage } from './log.ts';
import {
  blockedMessage,
  goneMessage,
  killMessage,
  leavingMessage,
  masterBeat,
  nodeRequests,
  slaveBeat,
  unblockedMessage,
} from './node.ts';
import { reportMessage } from './report.ts';
import { runRequests } from './run.ts';
import { userRequests } from './users.ts';
import { count, text } from './values.ts';

/** Every request of the master, with its parameters and the slave's answer. */
export const requests = {
  ...runRequests,
  ...userRequests,
  ...nodeRequests,
  ...featureRequests,
} as const;

/** Name of a request of the master. */
export type Operation = keyof typeof requests;
/** The parameters of a request of the master. */
export type Params<O extends Operation> = z.infer<(typeof requests)[O]['params']>;
/** The answer to a request of the master. */
export type Result<O extends Operation> = z.infer<(typeof requests)[O]['result']>;

/** Every request of a slave, with its parameters and the master's answer. */
export const slaveRequests = { ...featureRequests } as const;

/** Name of a request of a slave. */
export type SlaveOperation = keyof typeof slaveRequests;

const wireError = z.object({
  name: text,
  code: text.optional(),
  message: text,
  stack: text.optional(),
});

/** An error on its way to the other side. */
export type WireError = z.infer<typeof wireError>;

const requestOf = <T extends Readonly<Record<string, unknown>>>(table: T) =>
  z.object({
    type: z.literal('request'),
    /** Each side counts its own requests. */
    id: count,
    operation: z.enum(Object.keys(table) as [keyof T & string, ...(keyof T & string)[]]),
    params: z.unknown(),
  });

/** The answers to requests; either side sends them. */
const reply = z.object({ type: z.literal('reply'), id: count, result: z.unknown() });
const failure = z.object({ type: z.literal('failure'), id: count, error: wireError });

/** Everything that a slave process sends after its welcome. */
export const slaveMessage = z.discriminatedUnion('type', [
  requestOf(slaveRequests),
  reply,
  failure,
  reportMessage,
  logsMessage,
  blockedMessage,
  unblockedMessage,
  leavingMessage,
  goneMessage,
  slaveBeat,
  featureMessage,
]);

/** A message from a slave process or its watchdog. */
export type SlaveMessage = z.infer<typeof slaveMessage>;

/** Everything that the master sends after its welcome. */
export const masterMessage = z.discriminatedUnion('type', [
  requestOf(requests),
  reply,
  failure,
  masterBeat,
  killMessage,
  featureMessage,
]);

/** A message from the master. */
export type MasterMessage = z.infer<typeof masterMessage>;

/** The types of messages that belong to requests. */
export type Exchange = 'request' | 'reply' | 'failure';
