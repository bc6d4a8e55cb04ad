import { SaxesParser } from 'saxes';
import type { Random } from '../../src/lib/ids/random.ts';
import type { Element } from '../../src/xmpp/element.ts';

function int(random: Random, below: number): number {
  return random.integer(0, below - 1);
}

const names = ['message', 'iq', 'presence', 'body', 'x', 'stream:features', 'a', 'éa', 'a-b.c'];
const texts = [
  'hi',
  '&amp;',
  '&#xe9;',
  '&#38;',
  'é',
  '漢字',
  '🦜',
  ' ',
  '>',
  '\'"',
  ']',
  'a>b',
  '-->',
  '?>',
  'one\r\ntwo\rthree',
  '&#13;&#xA;',
];
const inAttributes = [
  'one\r\ntwo\tthree\n',
  '&#10;&#x9;',
  'v',
  '>',
  '/>',
  '&lt;',
  "it's",
  'é🦜',
  ' ',
  '--',
  ']]&gt;',
];

function attributes(random: Random): string {
  let text = '';
  for (let count = int(random, 3); count > 0; count--) {
    const value = random.pick(inAttributes);
    const quote = value.includes("'") || random.float() < 0.5 ? '"' : "'";
    text += `${random.pick([' ', '\n\t'])}a${count}${random.pick(['=', ' = '])}${quote}${value}${quote}`;
  }
  return text;
}

/** A random element that is well-formed, with all that XMPP lets stand in one. */
export function element(random: Random, depth: number): string {
  const name = random.pick(names);
  const tag = `<${name}${attributes(random)}`;
  if (random.float() < 0.25) return `${tag}${random.pick(['', ' '])}/>`;
  let inner = '';
  for (let count = int(random, 3); count > 0; count--) {
    const kind = random.float();
    if (kind < 0.4 && depth < 4) inner += element(random, depth + 1);
    else if (kind < 0.5)
      inner += `<![CDATA[${random.pick(['<a>', ']]', ']', '&', 'é<', '\r\n', ''])}]]>`;
    else inner += `${random.pick(texts)} `;
  }
  return `${tag}>${inner}</${name}${random.pick(['', ' '])}>`;
}

/** What saxes, a strict parser, makes of a document: tags, attributes and text in order. */
export function saxes(document: string): string[] {
  const parser = new SaxesParser();
  const events: string[] = [];
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', ({ name, attributes: its }) =>
    events.push(`<${name} ${JSON.stringify(its)}`),
  );
  parser.on('closetag', ({ name }) => events.push(`>${name}`));
  const text = (part: string): void => {
    const last = events.length - 1;
    if (events[last]?.startsWith('t:') === true) events[last] += part;
    else if (part !== '') events.push(`t:${part}`);
  };
  parser.on('text', text);
  parser.on('cdata', text);
  parser.write(document).close();
  return events;
}

/** The same of a tree. */
export function eventsOf(node: Element): string[] {
  const events = [`<${node.name} ${JSON.stringify(node.attrs)}`];
  for (const child of node.children) {
    if (typeof child !== 'string') events.push(...eventsOf(child));
    else if (events.at(-1)?.startsWith('t:') === true) events.push(`${events.pop() ?? ''}${child}`);
    else events.push(`t:${child}`);
  }
  return [...events, `>${node.name}`];
}
