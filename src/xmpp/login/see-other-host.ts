import { AmocError } from '../../lib/errors.ts';

/** The server sends its client elsewhere (RFC 6120 §4.9.3.19). */
export class SeeOtherHost extends AmocError {
  /** `host`, `host:port` or `[address]:port`, as the server wrote it. */
  readonly elsewhere: string;

  constructor(elsewhere: string) {
    const where = elsewhere === '' ? 'without saying which' : elsewhere;
    super(
      'CONNECTION',
      `the server sends its clients to another host (see-other-host): ${where}; set AMOC_XMPP_HOST to it, or AMOC_XMPP_FOLLOW_HOST=true`,
    );
    this.elsewhere = elsewhere;
  }
}
