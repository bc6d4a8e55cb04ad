import type { XmppSettings } from './settings.ts';
import { demandConsistent, hasTarget } from './user/contradictions.ts';
import { bracketed } from '../lib/text/bracketed.ts';
import { messageOf, systemCode } from '../lib/errors.ts';
import { connectOptions, domainOf } from './user/target.ts';
import type { ConnectOptions } from './connect-options.ts';
import { startEmbeddedServer } from './embedded/server.ts';
import { ConnectError, StanzaError } from './errors.ts';
import { connect } from './login/connect.ts';
import type { ConnectContext } from './login/connect.ts';
import { LoginRecord } from './login/login-record.ts';
import type { ServerOffer } from './login/login-record.ts';
import { look } from './login/look.ts';
import { ping } from './stanzas/index.ts';
import type { CertificateFacts } from './wire/tls-facts.ts';
import { transportOf } from './wire/transports.ts';
import type { Finding } from '../drivers/mod.ts';

/** How long a look without a login may take. */
const LOOK_MS = 5000;

const IS_IT_THERE =
  'is the server running there, and are AMOC_XMPP_HOST, _PORT, _DOMAIN and _TLS right?';

/**
 * Takes the steps of a user's login, with the code and the settings of a run, up to the login itself. So no check
 * passes here that would fail in a run.
 */
export async function checkTarget(settings: XmppSettings): Promise<Finding[]> {
  const notTried: Finding = {
    ok: true,
    text: 'login: not tried; amoc doctor --login 1 logs user 1 in',
  };
  if (!hasTarget(settings)) {
    const text = 'target: none is set (AMOC_XMPP_HOST); runs use the embedded server';
    return [{ ok: true, text }, notTried];
  }
  const found = await withOptions(settings, 1, async (options) => {
    const record = new LoginRecord();
    try {
      const timeoutMs = Math.min(options.timeoutMs, LOOK_MS);
      await look({ ...options, timeoutMs }, contextOf(record));
    } catch (error) {
      return [
        ...(await certificateOf(error, options)),
        failure(`target: domain ${options.domain}`, error, options),
      ];
    }
    const reached = {
      ok: true,
      text: `${whereOf(options)}: reachable, offers ${sayOffers(record.offers)}`,
    };
    return [reached, sayTls(record, options)];
  });
  return [...found, notTried];
}

/** Logs the user in, and reports each step. */
export async function checkLogin(settings: XmppSettings, id: number): Promise<Finding[]> {
  if (hasTarget(settings)) return logIn(settings, id);
  const { xmppUser: user, xmppPassword: password } = settings;
  await using own = await startEmbeddedServer({ port: 0, patterns: { user, password } });
  const there = { xmppHost: '127.0.0.1', xmppPort: own.port, xmppDomain: own.domain };
  const text = 'target: none is set (AMOC_XMPP_HOST); using the embedded server';
  return [{ ok: true, text }, ...(await logIn({ ...settings, ...there }, id))];
}

function logIn(settings: XmppSettings, id: number): Promise<Finding[]> {
  return withOptions(settings, id, async (options) => {
    const record = new LoginRecord();
    const findings: Finding[] = [];
    const began = performance.now();
    const context = contextOf(record, (text) =>
      findings.push({ ok: true, text: `login: ${text}` }),
    );
    const account = `${options.username}@${options.domain}`;
    try {
      await using session = await connect(options, context);
      const bound = `login: user ${id} is logged in as ${session.jid} after ${msSince(began)}`;
      findings.unshift(...stepsOf(record, options));
      findings.push({ ok: true, text: bound });
      const asked = performance.now();
      try {
        await session.sendIq(ping());
        findings.push({ ok: true, text: `ping: answered after ${msSince(asked)}` });
      } catch (error) {
        const ok = error instanceof StanzaError;
        findings.push({ ok, text: `ping: ${messageOf(error)}` });
      }
    } catch (error) {
      const certificate = await certificateOf(error, options);
      const failed = failure(`login: user ${id} (${account})`, error, options);
      findings.unshift(...stepsOf(record, options));
      findings.push(...certificate, failed);
    }
    return findings;
  });
}

/** Runs a check, unless the settings of the user's connection are wrong already: files, SRV records. */
async function withOptions(
  settings: XmppSettings,
  id: number,
  check: (options: ConnectOptions) => Promise<Finding[]>,
): Promise<Finding[]> {
  let options: ConnectOptions;
  try {
    demandConsistent(settings);
    options = await connectOptions(settings, id, {});
  } catch (error) {
    const text = `target: domain ${domainOf(settings, id)}: ${messageOf(error)}`;
    return [{ ok: false, text }];
  }
  return check(options);
}

function contextOf(record: LoginRecord, onWarning?: (text: string) => void): ConnectContext {
  return {
    observer: {
      ...{ connected: nothing, sent: nothing, received: nothing, delivered: nothing },
      ...{ delayed: nothing, answered: nothing, dropped: nothing, lost: nothing },
    },
    now: () => performance.now(),
    schedule: (delayMs, callback) => {
      const timer = setTimeout(callback, delayMs);
      return () => clearTimeout(timer);
    },
    onWarning: (_, text) => onWarning?.(text),
    ...record.hooks,
  };
}

function nothing(): void {}

function stepsOf(record: LoginRecord, options: ConnectOptions): Finding[] {
  const { target, connectedMs, mechanism, offers } = record;
  if (connectedMs === undefined) return [];
  const { host, port, transport } = options;
  const sentOn = target === addressText(host, port) ? '' : `, redirected to ${target}`;
  const text = `${whereOf(options)}: connected over ${transport} after ${ms(connectedMs)}${sentOn}`;
  const findings: Finding[] = [{ ok: true, text }];
  // A stream that was not answered has not come to TLS.
  if (record.isSecure || offers.length > 0) findings.push(sayTls(record, options));
  if (offers.length > 0) findings.push({ ok: true, text: `offers: ${sayOffers(offers)}` });
  if (mechanism === undefined) return findings;
  const over = record.usesSasl2 ? ` over SASL2${record.usesBind2 ? ' and Bind 2' : ''}` : '';
  findings.push({ ok: true, text: `chosen: ${mechanism}${over}, ${whyChosen(options, record)}` });
  return findings;
}

function whyChosen({ mechanism, certificate }: ConnectOptions, record: LoginRecord): string {
  if (mechanism !== 'auto') return 'because xmppMechanism names it';
  if (certificate !== undefined && record.mechanism === 'EXTERNAL') {
    return 'because the user has a certificate (xmppCertificate)';
  }
  if (record.mechanism?.startsWith('HT-') === true)
    return 'a token in place of the password (FAST)';
  if (record.mechanism?.endsWith('-PLUS') === true) {
    return 'the strongest that both sides have, tied to the TLS connection (xmppMechanism auto)';
  }
  return 'the strongest that both sides have, not tied to the connection (xmppMechanism auto)';
}

function sayTls({ isSecure, tls, offers }: LoginRecord, options: ConnectOptions): Finding {
  if (tls !== undefined) {
    const { version, cipher, certificate, fault } = tls;
    const whose = certificate === undefined ? '' : `; ${sayCertificate(certificate)}`;
    const trust =
      fault === undefined
        ? 'trusted'
        : `not trusted (${fault}), but accepted because of xmppTlsVerify=false`;
    return { ok: true, text: `TLS: ${version}, ${cipher}${whose}: ${trust}` };
  }
  if (isSecure) return { ok: true, text: 'TLS: that of the HTTPS connection' };
  return { ok: true, text: `TLS: none, because ${whyNoTls(offers, options)}` };
}

function whyNoTls(offers: readonly ServerOffer[], { tls, transport }: ConnectOptions): string {
  if (!transportOf(transport).tlsModes.includes('starttls'))
    return `over ${transport} it needs xmppTls=direct`;
  if (tls === 'none') {
    const isOffered = offers.some(({ startTls }) => startTls);
    return `xmppTls is none${isOffered ? ', though the server offers STARTTLS' : ''}`;
  }
  return 'the server does not offer STARTTLS';
}

function sayCertificate({ names, issuer, validTo }: CertificateFacts): string {
  return `certificate of ${names.join(', ')}, by ${issuer}, until ${validTo}`;
}

function sayOffers(offers: readonly ServerOffer[]): string {
  const any = (has: (offer: ServerOffer) => boolean): boolean => offers.some(has);
  const all = (which: (offer: ServerOffer) => string[]): string[] => [
    ...new Set(offers.flatMap(which)),
  ];
  const mechanisms = all((offer) => [...offer.mechanisms, ...offer.sasl2]);
  const bindings = all(({ channelBindings }) => channelBindings);
  const others = all((offer) => offer.others);
  const said = [
    any(({ startTls }) => startTls) ? 'STARTTLS' : '',
    mechanisms.length === 0 ? 'no login before TLS' : mechanisms.join(', '),
    any(({ sasl2 }) => sasl2.length > 0) ? 'SASL2' : '',
    any(({ bind2 }) => bind2) ? 'Bind 2' : '',
    any(({ fast }) => fast) ? 'FAST' : '',
    any(({ streamManagement }) => streamManagement) ? 'stream management' : '',
    bindings.length === 0 ? '' : `channel binding (${bindings.join(', ')})`,
    any(({ registration }) => registration) ? 'in-band registration' : '',
    others.length === 0 ? '' : `also: ${others.join(', ')}`,
  ];
  return said.filter((each) => each !== '').join(', ');
}

/** Describes the certificate at which a login failed. A connection that accepts it reads it, and sends nothing. */
async function certificateOf(error: unknown, options: ConnectOptions): Promise<Finding[]> {
  if (!(error instanceof ConnectError) || error.stage !== 'tls' || !options.tlsVerify) return [];
  const record = new LoginRecord();
  const timeoutMs = Math.min(options.timeoutMs, LOOK_MS);
  const trusting = { ...options, tlsVerify: false, tlsResume: false, timeoutMs };
  await look(trusting, contextOf(record)).catch(() => {});
  const { certificate, fault } = record.tls ?? {};
  if (certificate === undefined || fault === undefined) return [];
  return [{ ok: false, text: `TLS: ${sayCertificate(certificate)}: not trusted (${fault})` }];
}

function failure(what: string, error: unknown, options: ConnectOptions): Finding {
  return { ok: false, text: `${what}: ${messageOf(error)}`, remedy: remedyFor(error, options) };
}

/** What to do, where the error message itself does not say it. */
function remedyFor(error: unknown, { domain }: ConnectOptions): string | undefined {
  if (!(error instanceof ConnectError)) return undefined;
  const { stage, condition, cause } = error;
  const word = condition ?? systemCode(cause);
  if (word === 'not-authorized') {
    return 'if the account is missing: amoc accounts writes files for the server to import, and user.register() makes one';
  }
  if (word === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return `AMOC_XMPP_DOMAIN (now ${domain}) must be a name of the certificate; AMOC_XMPP_TLS_VERIFY=false switches the check off`;
  }
  if (word === 'CERT_HAS_EXPIRED') return 'AMOC_XMPP_TLS_VERIFY=false switches the check off';
  if (word === 'host-unknown') {
    return `the server does not serve ${domain}; set AMOC_XMPP_DOMAIN to a domain that it serves`;
  }
  if (word === 'ECONNREFUSED' || word === 'see-other-host') return undefined;
  return stage === 'connect' || stage === 'stream' ? IS_IT_THERE : undefined;
}

function whereOf({ host, port, domain }: ConnectOptions): string {
  return `target: ${addressText(host, port)}, domain ${domain}`;
}

function addressText(host: string, port: number): string {
  return `${bracketed(host)}:${port}`;
}

function msSince(began: number): string {
  return ms(performance.now() - began);
}

function ms(value: number): string {
  return `${value.toFixed(1)} ms`;
}
