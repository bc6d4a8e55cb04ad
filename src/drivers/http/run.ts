import type { DriverContext } from '../driver.ts';
import type { Labels } from '../../metrics/labels.ts';
import { HttpClient } from './client.ts';
import type { HttpAnswer, HttpMessage } from './client.ts';
import type { HttpError } from './http-error.ts';
import { bodyLength } from './message.ts';
import type { HttpSettings } from './settings.ts';

/** What the HTTP users of one run in one process share: the connections, the settings, and what counts. */
export class HttpRun implements Disposable {
  readonly context: DriverContext;
  /** Live: an update changes the object. */
  readonly settings: HttpSettings;
  #client: Promise<HttpClient> | undefined;
  #loaded: HttpClient | undefined;
  #isOver = false;

  constructor(context: DriverContext) {
    this.context = context;
    this.settings = context.settings as unknown as HttpSettings;
  }

  get openConnections(): number {
    return this.#loaded?.open ?? 0;
  }

  /** The client of the process, loaded at the first request. @throws {AmocError} `CONFIG` for a bad `httpTlsCa` */
  client(): Promise<HttpClient> {
    return (this.#client ??= this.#load());
  }

  /** Counts a request that is about to be sent. */
  countSent({ body }: HttpMessage): void {
    const { metrics } = this.context;
    metrics.counter('http_requests').add();
    if (body !== undefined) metrics.counter('http_bytes_sent').add(bodyLength(body));
  }

  /** Counts an answer. @param name that of the request, if the scenario gave it one */
  countAnswer(
    message: HttpMessage,
    answer: HttpAnswer,
    ms: number,
    name: string | undefined,
  ): void {
    const { metrics } = this.context;
    metrics.histogram('http_request').record(ms);
    const labels: Labels = {
      method: message.method,
      ...(name === undefined ? {} : { name }),
      status: `${Math.floor(answer.status / 100)}xx`,
    };
    metrics.histogram('http_request_by', 'ms', labels).record(ms);
    metrics.counter('http_bytes_received').add(answer.body.byteLength);
    if (answer.status >= 400) metrics.counter('http_errors').add();
  }

  /** Counts a request without a complete answer. */
  countFailure({ reason }: HttpError): void {
    const { metrics } = this.context;
    metrics.counter('http_failed').add();
    metrics.counter('http_failed_by', { reason }).add();
  }

  [Symbol.dispose](): void {
    this.#isOver = true;
    this.#close();
  }

  async #load(): Promise<HttpClient> {
    const client = await HttpClient.load(this.settings);
    this.#loaded = client;
    client.onChange = () => {
      this.context.metrics.gauge('http_connections_open').set(client.open);
    };
    if (this.#isOver) this.#close();
    return client;
  }

  #close(): void {
    const client = this.#loaded;
    if (client === undefined) return;
    // The connections end a little later, when the next run may count already.
    client.onChange = () => {};
    client.close();
  }
}
