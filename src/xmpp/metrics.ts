import type { MetricDoc } from '../metrics/catalogue.ts';

/** What is measured of each session, without code in the scenario. */
export const xmppMetrics: Readonly<Record<string, MetricDoc>> = {
  connections: {
    kind: 'counter',
    unit: 'count',
    description: 'sessions that were opened',
    chart: 'Connections',
  },
  connections_open: { kind: 'gauge', unit: 'count', description: 'sessions that are open now' },
  connections_lost: {
    kind: 'counter',
    unit: 'count',
    description: 'sessions that ended without being closed from this side',
    chart: 'Connections',
  },
  connections_lost_by: {
    kind: 'counter',
    unit: 'count',
    description: 'lost sessions by reason: the condition of a stream error, or what happened',
    labels: ['reason'],
  },
  connection_failures: {
    kind: 'counter',
    unit: 'count',
    description: 'sessions that could not be opened',
    chart: 'Connections',
  },
  connection_failures_by: {
    kind: 'counter',
    unit: 'count',
    description:
      'sessions that could not be opened, by stage (connect, tls, stream, authenticate, bind) and reason',
    labels: ['stage', 'reason'],
  },
  connection_failures_of_the_generator: {
    kind: 'counter',
    unit: 'count',
    description:
      'sessions that a limit of this machine kept from opening: ports, open files, memory',
  },
  connection: {
    kind: 'histogram',
    unit: 'ms',
    description:
      'time from connect() to the bound session: the login; includes logins that replace a lost connection',
  },
  connection_by: {
    kind: 'histogram',
    unit: 'ms',
    description:
      'time of a login, by kind: new, by token (FAST), resumed (XEP-0198), not resumed (a new session, though it should have been resumed)',
    labels: ['kind'],
  },
  stanzas_sent: {
    kind: 'counter',
    unit: 'count',
    description: 'stanzas sent, after the login',
    chart: 'Stanzas',
  },
  stanzas_received: {
    kind: 'counter',
    unit: 'count',
    description: 'stanzas received',
    chart: 'Stanzas',
  },
  stanzas_dropped: {
    kind: 'counter',
    unit: 'count',
    description: 'stanzas not sent: the send buffer was full, and xmppSendPolicy is drop',
    chart: 'Stanzas',
  },
  bytes_sent: {
    kind: 'counter',
    unit: 'bytes',
    description: 'length of the stanzas sent, in characters: bytes where they are ASCII',
  },
  bytes_received: {
    kind: 'counter',
    unit: 'bytes',
    description: 'length of the stanzas received, in characters',
  },
  messages_sent: {
    kind: 'counter',
    unit: 'count',
    description: 'message stanzas sent',
    chart: 'Messages',
    isHeadline: true,
  },
  messages_received: {
    kind: 'counter',
    unit: 'count',
    description: 'message stanzas received',
    chart: 'Messages',
    isHeadline: true,
  },
  message_ttd: {
    kind: 'histogram',
    unit: 'ms',
    description: 'time to delivery: from the creation of a message to its arrival at another user',
  },
  messages_delayed: {
    kind: 'counter',
    unit: 'count',
    description:
      'messages that the server had stored (offline storage, the history of a room, a cut session); they are not in message_ttd',
  },
  message_delay: {
    kind: 'histogram',
    unit: 'ms',
    description: 'age of such stored messages at their arrival',
  },
  iq: { kind: 'histogram', unit: 'ms', description: 'time from an IQ to its answer' },
};
