import { didYouMean } from '../src/lib/text/nearest.ts';

/** A machine of the inventory, in one of its groups. */
export interface InventoryHost {
  readonly name: string;
  readonly group: string;
  readonly line: number;
  readonly variables: Readonly<Record<string, string>>;
}

/** The contents of `hosts`, and its mistakes. */
export interface Inventory {
  readonly hosts: readonly InventoryHost[];
  readonly variables: Readonly<Record<string, string>>;
  /** One sentence for each mistake, with its line. */
  readonly mistakes: readonly string[];
}

const MASTER = 'amoc-master';
const SLAVE = 'amoc-slave';
const sections = [MASTER, SLAVE, 'amoc:children', 'amoc:vars', `${MASTER}:vars`, `${SLAVE}:vars`];

/** Variables that must be set: the pattern of a valid value, and its description. */
const required: Readonly<Record<string, [pattern: RegExp, wanted: string]>> = {
  user: [/^[a-z_][a-z0-9_-]{0,31}$/, 'the name of an account'],
  master_install_dir: [/^\/[\w./-]+$/, 'an absolute path without spaces'],
  slave_install_dir: [/^\/[\w./-]+$/, 'an absolute path without spaces'],
  master_address: [/^[\w.:-]+$/, 'a host name or an address'],
  master_port: [/^\d{1,5}$/, 'a port'],
  fileno: [/^\d{4,9}$/, 'a number ≥ 1024'],
};

const optional: Readonly<Record<string, [pattern: RegExp, wanted: string]>> = {
  authorized_key: [/^$|\.pub$/, 'a public key, as in ~/.ssh/id_ed25519.pub'],
  node_tarball: [/^$|\.tar(\.\w+)?$/, 'a tarball of Node.js'],
  xmpp_host: [/^\S*$/, 'a host'],
  graphite: [/^$|^[\w.-]+(:\d{1,5})?$/, 'host or host:port'],
  graphite_events: [/^$|^https?:\/\//, 'a URL'],
  graphite_prefix: [/^[\w.-]+$/, 'a name'],
  service: [/^(auto|systemd|none)$/, 'auto, systemd or none'],
};

const ofHosts: Readonly<Record<string, [pattern: RegExp, wanted: string]>> = {
  node_name: [/^[A-Za-z0-9_.-]{1,64}$/, 'letters, digits, . _ and -'],
  processes: [/^[1-9]\d{0,3}$/, 'a number ≥ 1'],
  labels: [/^$|^[\w.-]+=[^=,\s]+(,[\w.-]+=[^=,\s]+)*$/, 'labels, as in zone=a,weight=2'],
};

/** Reads an inventory in Ansible's INI form, as far as amoc's inventory uses it, and checks it. */
export function readInventory(text: string): Inventory {
  const hosts: InventoryHost[] = [];
  const variables: Record<string, string> = {};
  const mistakes: string[] = [];
  const names = { ...required, ...optional, ...ofHosts };
  let section = '';
  if (text.startsWith('\uFEFF')) {
    mistakes.push(
      'line 1: the file begins with a byte order mark, which Ansible cannot read; save it as UTF-8 without one',
    );
  }
  for (const [at, raw] of text.split('\n').entries()) {
    const line = raw.replace(/(^|\s)[#;].*$/, '').trim();
    const where = `line ${at + 1}`;
    const check = (name: string, value: string): void => {
      // Ansible checks its own variables (how to log in) itself.
      if (name.startsWith('ansible_')) return;
      const rule = Object.hasOwn(names, name) ? names[name] : undefined;
      if (rule === undefined) {
        mistakes.push(
          `${where}: there is no variable '${name}'${didYouMean(name, Object.keys(names))}`,
        );
      } else if (!rule[0].test(value)) {
        mistakes.push(`${where}: ${name}: '${value}' is not ${rule[1]}`);
      }
    };
    if (line === '') continue;
    const header = /^\[(.+)\]$/.exec(line)?.[1];
    if (header !== undefined) {
      section = header;
      if (!sections.includes(header)) {
        mistakes.push(`${where}: there is no group [${header}]${didYouMean(header, sections)}`);
      }
    } else if (section.endsWith(':vars')) {
      const [, name, value] = /^([\w-]+)\s*=\s*(.*)$/.exec(line) ?? [];
      if (name === undefined || value === undefined) {
        mistakes.push(`${where}: '${line}' is not name=value`);
      } else {
        variables[name] = unquoted(value);
        check(name, unquoted(value));
      }
    } else if (section === MASTER || section === SLAVE) {
      const [name = '', ...rest] = line.split(/\s+/);
      const own = Object.fromEntries(
        rest.map((pair) => {
          const [key = '', ...value] = pair.split('=');
          return [key, unquoted(value.join('='))];
        }),
      );
      for (const [key, value] of Object.entries(own)) check(key, value);
      const before = hosts.find((each) => each.group === section && each.name === name);
      if (before === undefined) hosts.push({ name, group: section, line: at + 1, variables: own });
      else mistakes.push(`${where}: ${name} is in [${section}] already, in line ${before.line}`);
    } else if (section !== 'amoc:children') {
      mistakes.push(`${where}: '${line}' is in no group`);
    }
  }
  return { hosts, variables, mistakes: [...mistakes, ...wrongAsAWhole(hosts, variables)] };
}

function wrongAsAWhole(
  hosts: readonly InventoryHost[],
  variables: Readonly<Record<string, string>>,
): string[] {
  const mistakes: string[] = [];
  const masters = hosts.filter(({ group }) => group === MASTER);
  const slaves = hosts.filter(({ group }) => group === SLAVE);
  if (masters.length !== 1) {
    mistakes.push(`[${MASTER}] must have one machine, but has ${masters.length}`);
  }
  if (slaves.length === 0) mistakes.push(`[${SLAVE}] has no machine`);
  for (const name of Object.keys(required)) {
    if (variables[name] === undefined) mistakes.push(`[amoc:vars] must have ${name}`);
  }
  const taken = new Map<string, InventoryHost>();
  for (const slave of slaves) {
    const { node_name: name } = slave.variables;
    if (name === undefined) {
      mistakes.push(`line ${slave.line}: ${slave.name} needs a node_name, as in node_name=slave1`);
      continue;
    }
    const other = taken.get(name);
    if (name === 'master') {
      mistakes.push(`line ${slave.line}: node_name: 'master' is the master's name`);
    } else if (other !== undefined) {
      mistakes.push(
        `line ${slave.line}: node_name: '${name}' is the name of ${other.name} already, in line ${other.line}`,
      );
    }
    taken.set(name, slave);
  }
  if (
    variables['master_install_dir'] !== undefined &&
    variables['master_install_dir'] === variables['slave_install_dir']
  ) {
    mistakes.push('master_install_dir and slave_install_dir must differ');
  }
  const examples = [...hosts.map(({ name }) => name), variables['master_address'] ?? ''].filter(
    (name) => /(^|\.)example\.(org|com|net)$/.test(name),
  );
  if (examples.length > 0) {
    mistakes.push(
      `${[...new Set(examples)].join(', ')}: these are examples; name machines of your own`,
    );
  }
  return mistakes;
}

function unquoted(value: string): string {
  return value.trim().replace(/^(['"])(.*)\1$/, '$2');
}
