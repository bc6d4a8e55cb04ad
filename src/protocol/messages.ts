/** What master and slaves say to each other; a file in `messages/` for each subject. */
export { masterMessage, requests, slaveMessage, slaveRequests } from './messages/exchange.ts';
export type {
  Exchange,
  MasterMessage,
  Operation,
  Params,
  Result,
  SlaveMessage,
  SlaveOperation,
  WireError,
} from './messages/exchange.ts';
export { FEATURE_BOUNDS } from './messages/feature.ts';
export type { FeatureMessage } from './messages/feature.ts';
export { handshakeMessage, MAX_STRANGER_BYTES, PROTOCOL_VERSION } from './messages/handshake.ts';
export type { HandshakeMessage, Refusal } from './messages/handshake.ts';
export { readLogRecord } from './messages/log.ts';
export type { LogRecord, ShippedRecord } from './messages/log.ts';
export { nodeInfo } from './messages/node.ts';
export type { ClockEstimate, NodeInfo, NodeLoad, StackFrame } from './messages/node.ts';
export { variables } from './messages/run.ts';
export type { Pace, UserCounts } from './messages/users.ts';
export { idRanges, json, JSON_BOUNDS, settings } from './messages/values.ts';

/** Maximum size of a frame in bytes, on either side: a scenario with its maps is the largest message. */
export const MAX_FRAME_BYTES = 16 * 1024 * 1024;

/** Maximum depth of a complete message; the values in it have the limits of their schemas. */
export const MAX_NESTING = 100;
