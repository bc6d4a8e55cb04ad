import type { MetricDoc } from '../../metrics/catalogue.ts';

/** What is measured of each request of `user.http`. */
export const httpMetrics: Readonly<Record<string, MetricDoc>> = {
  http_requests: {
    kind: 'counter',
    unit: 'count',
    description: 'HTTP requests sent; a redirect that is followed is one more',
    chart: 'Requests',
    isHeadline: true,
  },
  http_failed: {
    kind: 'counter',
    unit: 'count',
    description: 'HTTP requests without a complete answer: refused, cut, too slow, too long',
    chart: 'Requests',
    isHeadline: true,
  },
  http_failed_by: {
    kind: 'counter',
    unit: 'count',
    description:
      'the same by reason: refused, unknown host, unreachable, tls, cut, timeout, too long, malformed, generator (a limit of this machine), other',
    labels: ['reason'],
  },
  http_errors: {
    kind: 'counter',
    unit: 'count',
    description: 'HTTP answers with a status of 400 or more',
    chart: 'Requests',
    isHeadline: true,
  },
  http_request: {
    kind: 'histogram',
    unit: 'ms',
    description: 'time from an HTTP request to the last byte of its answer',
  },
  http_request_by: {
    kind: 'histogram',
    unit: 'ms',
    description:
      'the same by method, by the name that the scenario gives the request, and by class of the status: 2xx',
    labels: ['method', 'name', 'status'],
  },
  http_bytes_sent: { kind: 'counter', unit: 'bytes', description: 'bodies of HTTP requests' },
  http_bytes_received: { kind: 'counter', unit: 'bytes', description: 'bodies of HTTP answers' },
  http_connections_open: {
    kind: 'gauge',
    unit: 'count',
    description: 'HTTP connections that are open now',
  },
};
