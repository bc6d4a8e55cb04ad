import type { UserHost } from '../../drivers/mod.ts';
import { errorName } from '../../lib/errors.ts';
import type { Labels } from '../../metrics/labels.ts';
import { ConnectError } from '../errors.ts';
import { connectComponent } from '../login/component.ts';
import { connect, register } from '../login/connect.ts';
import type { ConnectContext } from '../login/connect.ts';
import type { Session } from '../session/session.ts';
import { followClient } from './foreign-client.ts';
import type { ForeignClient } from './foreign-client.ts';
import type { XmppRun } from './run.ts';
import { componentOptions, connectOptions, domainOf, nameOf } from './target.ts';
import type { UserComponentOptions, UserConnectOptions } from './target.ts';

/** What a user can do over XMPP: `user.connect()` is `user.xmpp.connect()`. */
export interface XmppUser {
  /** The user's bare JID. */
  readonly jid: string;
  /** The bare JID of another user, in that user's domain (see `xmppDomain`). */
  jidOf(id: number): string;
  /** Logs in to the XMPP server. */
  connect(options?: UserConnectOptions): Promise<Session>;
  /** Connects as a component of the server (XEP-0114). */
  connectComponent(options: UserComponentOptions): Promise<Session>;
  /**
   * Counts what a client of `@xmpp/client` does as if it were one of the user's own sessions, and stops the
   * client when the user ends.
   */
  follow<C extends ForeignClient>(client: C): C;
  /** Creates the user's account in-band (XEP-0077). */
  register(options?: UserConnectOptions): Promise<'created' | 'exists'>;
}

/** The {@link XmppUser} of a user in the pool. */
export class XmppFacet implements XmppUser {
  readonly #run: XmppRun;
  readonly #host: UserHost;

  constructor(run: XmppRun, host: UserHost) {
    this.#run = run;
    this.#host = host;
  }

  get jid(): string {
    return this.jidOf(this.#host.id);
  }

  jidOf(id: number): string {
    const { settings } = this.#run;
    return `${nameOf(settings, id)}@${domainOf(settings, id)}`;
  }

  async connect(options: UserConnectOptions = {}): Promise<Session> {
    const { settings } = this.#run;
    const { id } = this.#host;
    return open(this.#run, this.#host, async (context) => {
      return connect(await connectOptions(settings, id, options), context);
    });
  }

  async connectComponent(options: UserComponentOptions): Promise<Session> {
    const { settings } = this.#run;
    const { id } = this.#host;
    return open(this.#run, this.#host, (context) => {
      return connectComponent(componentOptions(settings, id, options), context);
    });
  }

  follow<C extends ForeignClient>(client: C): C {
    const { context, observer } = this.#run;
    this.#host.hold(followClient(client, context.metrics, observer));
    return client;
  }

  async register(options: UserConnectOptions = {}): Promise<'created' | 'exists'> {
    const host = this.#host;
    host.demandPresent();
    const outcome = await register(
      await connectOptions(this.#run.settings, host.id, options),
      this.#run.connectContext(host),
    );
    host.demandPresent();
    return outcome;
  }
}

/** Opens a session that ends with its user, and counts it. */
async function open(
  run: XmppRun,
  host: UserHost,
  begin: (context: ConnectContext) => Promise<Session>,
): Promise<Session> {
  host.demandPresent();
  const { metrics } = run.context;
  let session: Session;
  try {
    session = await begin(run.connectContext(host));
  } catch (error) {
    if (!host.isRemoved()) {
      metrics.counter('connection_failures').add();
      metrics.counter('connection_failures_by', failureLabels(error)).add();
      const isOurs = error instanceof ConnectError && error.isLocal;
      if (isOurs) metrics.counter('connection_failures_of_the_generator').add();
    }
    throw error;
  }
  if (host.isRemoved()) {
    session.kill();
    throw host.removal();
  }
  metrics.counter('connections').add();
  metrics.gauge('connections_open').add();
  host.hold(session);
  endWith(session, host);
  return session;
}

/** A function of its own, so that the session does not keep alive what its login needed. */
function endWith(session: Session, host: UserHost): void {
  session.onEnd = () => {
    host.metrics.gauge('connections_open').add(-1);
    host.release(session);
  };
}

/** The stage that a login had reached, and what stopped it. */
function failureLabels(error: unknown): Labels {
  if (error instanceof ConnectError) {
    return { stage: error.stage, reason: error.condition ?? error.name };
  }
  return { stage: 'connect', reason: errorName(error) };
}
