import type { Driver } from '../drivers/mod.ts';
import type { XmppSettings } from './settings.ts';
import { xmppVariables } from './settings.ts';
import { xmppMetrics } from './metrics.ts';
import { demandConsistent, hasTarget } from './user/contradictions.ts';
import type { XmppUser } from './user/facet.ts';
import { maskSecrets } from './user/mask.ts';

/** Members that a user has directly: `user.connect()`. */
type XmppShortcut = keyof XmppUser;

/** XMPP: what a user needs to log in and to exchange stanzas. */
export const xmpp: Driver<'xmpp', XmppUser, XmppShortcut> = {
  name: 'xmpp',
  settings: xmppVariables,
  metrics: xmppMetrics,
  headline: {
    title: 'messages',
    sent: 'messages_sent',
    received: 'messages_received',
    latency: { metric: 'message_ttd', words: 'time to delivery', short: 'ttd' },
  },
  shortcuts: {
    getters: ['jid'],
    methods: ['jidOf', 'connect', 'connectComponent', 'follow', 'register'],
  },
  target: {
    isNamed: hasTarget,
    nameOf: (environment) =>
      [environment['AMOC_XMPP_URL'], environment['AMOC_XMPP_HOST']].find(
        (each) => each !== undefined && each !== '',
      ),
    missing: 'no XMPP target is set (AMOC_XMPP_HOST)',
    whyCrash: (scenario) =>
      `${scenario} runs without an XMPP target, so users crash when they connect; set AMOC_XMPP_HOST=… where the console is started, or xmppHost in amoc.json or in the settings of do()`,
  },
  embedded: {
    // Loaded by the one process that serves: no slave needs it.
    serve: async (port, settings) => {
      const { startEmbeddedServer } = await import('./embedded/server.ts');
      const { xmppUser: user, xmppPassword: password } = settings as unknown as XmppSettings;
      const server = await startEmbeddedServer({ port, patterns: { user, password } });
      return {
        port: server.port,
        settings: { xmppHost: '127.0.0.1', xmppPort: server.port, xmppDomain: server.domain },
      };
    },
  },
  demandConsistent: (settings) => demandConsistent(settings as unknown as XmppSettings),
  load: async () => (await import('./user/open.ts')).open,
  check: async (settings, login) => {
    const { checkLogin, checkTarget } = await import('./check.ts');
    const resolved = settings as unknown as XmppSettings;
    return login === undefined ? checkTarget(resolved) : checkLogin(resolved, login);
  },
  mask: maskSecrets,
};
