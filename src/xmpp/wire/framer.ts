import { beforeServing } from '../../lib/system/serving-guard.ts';
import { isUtf8 } from 'node:buffer';
import {
  defaultFrameLimits,
  AMP,
  BANG,
  CDATA_WORD,
  DASH,
  XML_WORD,
  DOUBLE_QUOTE,
  EQUALS,
  GT,
  LEFT_BRACKET,
  LETTERS,
  MAX_ENTITY_LENGTH,
  LT,
  QUESTION,
  restricted,
  SEMICOLON,
  SINGLE_QUOTE,
  SLASH,
  SPACE,
  State,
  StreamFault,
  stepMarkup,
  stopsText,
  stopsValue,
  tooLong,
  extend,
  forbiddenAfter,
  isForbidden,
  noncharacterIn,
  isEntity,
  isNameStart,
} from './frame-grammar.ts';
import type { FrameLimits, FrameTarget } from './frame-grammar.ts';

/**
 * Finds the stanzas in the bytes of a stream (RFC 6120 §4) without building a tree: in one pass, with no
 * allocation except the text of each stanza, and with memory limited by the longest stanza that is allowed.
 *
 * Tags are matched by a hash of their names, and elements and attributes are counted, so that the tree of an
 * accepted stanza takes a bounded time. The inside of a stanza is not checked further until its element is
 * used.
 */
export class Framer {
  /** Is told what is found; may be changed at any time, also during a call. */
  target: FrameTarget;
  /** May be changed between two stanzas. */
  limits: FrameLimits;
  readonly #isFramed: boolean;
  /** Whether the next tag is the stream's. */
  #opening: boolean;
  #state: number = State.text;
  /** 0: before the stream's tag; 1: between stanzas. */
  #depth: number;
  /** Hashes of the names of the open elements. */
  #names: number[] = [];
  #hash = 0;
  /** How much of `CDATA[` or of an entity has been read. */
  #matched = 0;
  #entity = '';
  #returnTo: number = State.text;
  /** The beginning of a stanza that continues in the next chunk. */
  #carry: Buffer | undefined;
  #carried = 0;
  /** All bytes of the stanza combined by OR: the stanza is ASCII when the highest bit is unset. */
  #bits = 0;
  /** Elements of the stanza, and attributes of the tag, so far. */
  #elements = 0;
  #attributes = 0;
  /** Changes with every {@link reset}, so that the rest of a chunk is not read as the new stream. */
  #generation = 0;
  #isDead = false;

  /** @param isFramed the bytes are stanzas without a stream around them (RFC 7395 §3.3) */
  constructor(target: FrameTarget, limits: FrameLimits = defaultFrameLimits, isFramed = false) {
    this.target = target;
    this.limits = limits;
    this.#isFramed = isFramed;
    this.#opening = !isFramed;
    this.#depth = isFramed ? 1 : 0;
  }

  /** Whether it is between two stanzas of a stream: then none of its state need be kept. */
  get isAtRest(): boolean {
    return this.#depth === 1 && this.#state === State.text && this.#carried === 0 && !this.#isDead;
  }

  /** Begins a new stream, and drops what is left of the old one. */
  reset(): void {
    this.#generation++;
    this.#state = State.text;
    this.#depth = this.#isFramed ? 1 : 0;
    this.#opening = !this.#isFramed;
    this.#names.length = 0;
    this.#carry = undefined;
    this.#carried = 0;
    this.#bits = 0;
    this.#isDead = false;
  }

  /** Stops for good: further bytes are not read. */
  stop(): void {
    this.#generation++;
    this.#isDead = true;
    this.#carry = undefined;
  }

  /**
   * Reads `length` bytes. The buffer may be used again when this returns.
   *
   * @returns whether all of them were read: none is read after the end of a stream
   */
  push(bytes: Buffer, length: number = bytes.length): boolean {
    beforeServing();
    if (this.#isDead) return false;
    const generation = this.#generation;
    const { depth: deepest, elements: mostElements, attributes: mostAttributes } = this.limits;
    let state = this.#state;
    let depth = this.#depth;
    let hash = this.#hash;
    let bits = this.#bits;
    let elements = this.#elements;
    let attributes = this.#attributes;
    const names = this.#names;
    // Where the stanza begins in these bytes; -1 outside of one.
    let start = this.#carried > 0 ? 0 : -1;

    for (let at = 0; at < length; at++) {
      const byte = bytes[at] as number;
      bits |= byte;
      switch (state) {
        case State.text:
          if (byte === LT) {
            state = State.tagStart;
            if (start < 0) {
              start = at;
              bits = byte;
              elements = 0;
            }
          } else if (depth <= 1) {
            if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09)
              return this.#fail('text between stanzas');
          } else if (byte === AMP) {
            this.#returnTo = state;
            this.#entity = '';
            state = State.entity;
          } else {
            if (byte < SPACE && isForbidden(byte)) return this.#forbid(bytes, start, at);
            // Most bytes are text: stay here without going through the switch.
            while (at + 1 < length) {
              const next = bytes[at + 1] as number;
              if (stopsText[next] === 1) break;
              bits |= next;
              at++;
            }
          }
          break;
        case State.tagStart:
          if (byte === SLASH) {
            hash = 0;
            state = State.closeName;
          } else if (byte === BANG) state = State.bang;
          else if (byte === QUESTION) {
            if (depth > (this.#isFramed ? 1 : 0))
              return this.#fail(restricted.instruction, 'restricted-xml');
            this.#matched = 0;
            state = State.declarationStart;
          } else if (isNameStart(byte)) {
            hash = extend(0, byte);
            state = State.openName;
          } else return this.#fail('a tag without a name');
          break;
        case State.openName:
          if (byte > 0x20 && byte !== GT && byte !== SLASH) {
            if (byte === LT || byte === EQUALS) return this.#fail('a tag in a tag');
            hash = extend(hash, byte);
            // The rest of a usual name: none of these bytes needs a check of its own.
            while (at + 1 < length) {
              const next = bytes[at + 1] as number;
              if (next < LETTERS || next > 0x7f) break;
              hash = extend(hash, next);
              at++;
            }
            break;
          }
          if (depth >= deepest)
            return this.#fail(`more than ${deepest} nested elements`, 'policy-violation');
          if (++elements > mostElements)
            return this.#fail(
              `a stanza of more than ${mostElements} elements (see xmppStanzaBytes)`,
              'policy-violation',
            );
          attributes = 0;
          names[depth] = hash;
          depth++;
          state = State.inTag;
          // Reads the same byte again, in the new state.
          at--;
          break;
        case State.inTag:
          if (byte === GT) {
            state = State.text;
            if (depth === 1) {
              this.#save(state, depth, hash, bits);
              this.#deliver(bytes, start, at + 1);
              if (generation !== this.#generation) return false;
              start = -1;
            }
          } else if (byte === DOUBLE_QUOTE || byte === SINGLE_QUOTE) {
            if (++attributes > mostAttributes)
              return this.#fail(
                `an element with more than ${mostAttributes} attributes`,
                'policy-violation',
              );
            state = byte === DOUBLE_QUOTE ? State.doubleQuoted : State.singleQuoted;
          } else if (byte === SLASH) state = State.emptyTag;
          else if (byte === LT) {
            return this.#fail('a tag in a tag');
          } else {
            if (byte < SPACE && isForbidden(byte)) return this.#forbid(bytes, start, at);
            // Names of attributes.
            while (at + 1 < length) {
              const next = bytes[at + 1] as number;
              if ((next < LETTERS && next !== EQUALS) || next > 0x7f) break;
              at++;
            }
          }
          break;
        case State.doubleQuoted:
        case State.singleQuoted: {
          const quote = state === State.doubleQuoted ? DOUBLE_QUOTE : SINGLE_QUOTE;
          if (byte === quote) state = State.inTag;
          else if (byte > 0x3c || (byte > 0x27 && byte < 0x3c)) {
            // Letters, digits and the like: skip to the next byte that may matter.
            while (at + 1 < length) {
              const next = bytes[at + 1] as number;
              if (stopsValue[next] === 1) break;
              bits |= next;
              at++;
            }
          } else if (byte === AMP) {
            this.#returnTo = state;
            this.#entity = '';
            state = State.entity;
          } else if (byte === LT) {
            return this.#fail('< in the value of an attribute');
          } else if (byte < SPACE && isForbidden(byte)) return this.#forbid(bytes, start, at);
          break;
        }
        case State.emptyTag:
          if (byte !== GT) return this.#fail('/ within a tag');
          state = State.text;
          depth--;
          if (depth <= 1) {
            this.#save(state, depth, hash, bits);
            this.#deliver(bytes, start, at + 1);
            if (depth === 0 && generation === this.#generation) this.#end();
            if (generation !== this.#generation) return false;
            start = -1;
          }
          break;
        case State.closeName:
          if (byte > 0x20 && byte !== GT) {
            hash = extend(hash, byte);
            break;
          }
          state = State.closeRest;
          at--;
          break;
        case State.closeRest:
          if (byte !== GT) {
            if (byte > 0x20) return this.#fail('something after the name of an end tag');
            if (byte < SPACE && isForbidden(byte)) return this.#forbid(bytes, start, at);
            break;
          }
          if (depth === 0 || names[depth - 1] !== hash)
            return this.#fail('an end tag that closes nothing');
          state = State.text;
          depth--;
          if (depth <= 1) {
            this.#save(state, depth, hash, bits);
            if (depth === 1) this.#deliver(bytes, start, at + 1);
            else this.#end();
            if (generation !== this.#generation) return false;
            start = -1;
          }
          break;
        case State.bang:
          if (byte === DASH) return this.#fail(restricted.comment, 'restricted-xml');
          if (byte !== LEFT_BRACKET || depth <= 1)
            return this.#fail(restricted.typeDefinition, 'restricted-xml');
          this.#matched = 0;
          state = State.cdataStart;
          break;
        case State.declarationStart:
          if (this.#matched === XML_WORD.length && byte <= SPACE) state = State.declaration;
          else if (byte !== XML_WORD[this.#matched++])
            return this.#fail(restricted.instruction, 'restricted-xml');
          break;
        case State.cdataStart:
          if (byte !== CDATA_WORD[this.#matched]) return this.#fail('<![ that begins no CDATA');
          if (++this.#matched === CDATA_WORD.length) state = State.cdata;
          break;
        case State.entity:
          if (byte === SEMICOLON) {
            if (!isEntity(this.#entity)) return this.#fail(`the entity &${this.#entity};`);
            state = this.#returnTo;
          } else {
            if (this.#entity.length >= MAX_ENTITY_LENGTH || byte <= 0x20 || byte > 0x7f)
              return this.#fail('an & that begins no entity');
            this.#entity += String.fromCharCode(byte);
          }
          break;
        default:
          // CDATA, and the declaration before a stream.
          if (byte < SPACE && isForbidden(byte)) return this.#forbid(bytes, start, at);
          state = stepMarkup(state, byte);
          if (state === State.text && depth <= 1) start = this.#forget();
      }
    }
    this.#save(state, depth, hash, bits);
    if (start >= 0) {
      this.#elements = elements;
      this.#attributes = attributes;
      this.#keep(bytes, start, length);
    }
    return !this.#isDead;
  }

  #save(state: number, depth: number, hash: number, bits: number): void {
    this.#state = state;
    this.#depth = depth;
    this.#hash = hash;
    this.#bits = bits;
  }

  /** Gives the target the element that ends here, with its bytes from earlier chunks and from this one. */
  #deliver(bytes: Buffer, start: number, end: number): void {
    let whole = bytes;
    let from = start;
    let to = end;
    const carry = this.#carry;
    if (carry !== undefined && this.#carried > 0) {
      from = 0;
      to = this.#carried + end;
      whole = carry.length >= to ? carry : Buffer.allocUnsafeSlow(to);
      if (whole !== carry) carry.copy(whole, 0, 0, this.#carried);
      bytes.copy(whole, this.#carried, 0, end);
    }
    this.#forget();
    const isAscii = this.#bits < 0x80;
    if (to - from > this.limits.stanzaBytes) this.#fail(tooLong(this.limits), 'policy-violation');
    else if (!isAscii && !isUtf8(whole.subarray(from, to))) this.#fail('bytes that are not UTF-8');
    else {
      const text = whole.toString(isAscii ? 'latin1' : 'utf8', from, to);
      const forbidden = isAscii ? -1 : noncharacterIn(text);
      if (forbidden >= 0) {
        this.#fail(forbiddenAfter(text.slice(0, forbidden), text.charCodeAt(forbidden)));
      } else if (this.#opening) {
        this.#opening = false;
        this.target.opened(text);
      } else this.target.stanza(text);
    }
  }

  #keep(bytes: Buffer, start: number, end: number): void {
    const needed = this.#carried + end - start;
    if (needed > this.limits.stanzaBytes) {
      this.#fail(tooLong(this.limits), 'policy-violation');
      return;
    }
    let carry = this.#carry;
    if (carry === undefined || carry.length < needed) {
      const grown = Buffer.allocUnsafeSlow(Math.max(needed, (carry?.length ?? 0) * 2));
      carry?.copy(grown, 0, 0, this.#carried);
      this.#carry = carry = grown;
    }
    bytes.copy(carry, this.#carried, start, end);
    this.#carried = needed;
  }

  /** @returns -1, the start when there is no stanza */
  #forget(): number {
    this.#carry = undefined;
    this.#carried = 0;
    return -1;
  }

  #end(): void {
    this.stop();
    this.target.ended();
  }

  /** Refuses a character that XML forbids (RFC 6120 §4.9.3.13); a reference to one is not a valid entity. */
  #forbid(bytes: Buffer, start: number, at: number): false {
    const here = bytes.subarray(Math.max(start, 0), at);
    const before =
      this.#carried > 0 ? [this.#carry?.subarray(0, this.#carried) ?? here, here] : [here];
    return this.#fail(forbiddenAfter(Buffer.concat(before).toString(), bytes[at] as number));
  }

  /** @returns `false`, for {@link push} */
  #fail(what: string, condition: StreamFault['condition'] = 'not-well-formed'): false {
    this.stop();
    this.target.malformed(new StreamFault(what, condition));
    return false;
  }
}
