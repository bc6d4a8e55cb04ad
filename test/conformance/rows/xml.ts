import { RawStream } from '../../support/raw-stream.ts';
import type { Row } from '../row.ts';
import { on } from '../row.ts';

/** A stream that is ended by an error when that is sent. */
function refused(
  what: string,
  sent: string | Buffer,
  spec: string,
  wanted: RegExp,
  differs: Row['differs'] = {},
): Row {
  return {
    what: `${what} ends the stream`,
    spec,
    differs,
    check: async (place) => {
      using stream = new RawStream(place.settings().xmppPort as number);
      await stream.open();
      stream.send(sent);
      await stream.read(wanted);
      await stream.read(/<\/stream:stream>/);
    },
  };
}

const notWellFormed = /<(?:not-well-formed|xml-not-well-formed)/;
const restricted = /<(?:not-well-formed|restricted-xml)/;
const ejabberdSkips = on(['ejabberd 23.01', 'ejabberd 24.12'], { why: 'skips it' });
const inBody = (text: string): string => `<message><body>a${text}b</body></message>`;

export const xmlRows: readonly Row[] = [
  refused('the character U+0002', inBody('\u0002'), 'XML 1.0 §2.2', notWellFormed),
  refused('the character U+000C', inBody('\f'), 'XML 1.0 §2.2', notWellFormed),
  refused('the character U+FFFF', inBody('\uffff'), 'XML 1.0 §2.2', notWellFormed),
  refused('a reference to U+0002', inBody('&#2;'), 'XML 1.0 §4.1', notWellFormed),
  refused('a reference to an entity', inBody('&nbsp;'), 'RFC 6120 §11.1', notWellFormed),
  refused('a tag that closes nothing', '<a></b>', 'XML 1.0 §3', notWellFormed),
  refused(
    'bytes that are not UTF-8',
    Buffer.from(inBody('\u00c3'), 'latin1'),
    'RFC 6120 §11.6',
    notWellFormed,
  ),
  refused('a comment', inBody('<!-- c -->'), 'RFC 6120 §11.1', restricted, ejabberdSkips),
  refused('an instruction', inBody('<?pi x?>'), 'RFC 6120 §11.1', restricted, ejabberdSkips),
  refused('a document type', '<!DOCTYPE a>', 'RFC 6120 §11.1', restricted),
];
