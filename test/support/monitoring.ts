import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Daemon } from './daemon.ts';
import { freePort } from './ports.ts';
import { isOpen } from './servers.ts';

/** Debian's: another python on the path has none of the packages. */
const PYTHON = '/usr/bin/python3';
const START_MS = 60_000;

/** Starts a program with little environment, in a folder. */
function service(
  command: string,
  args: readonly string[],
  folder: string,
  env: Readonly<Record<string, string>> = {},
): Daemon {
  const all = { PATH: '/usr/bin:/bin', HOME: folder, LANG: 'C.UTF-8', ...env };
  const name = [command, ...args].find((part) => !part.includes('python')) ?? command;
  return Daemon.start(name.replace(/.*\//, ''), command, args, { cwd: folder, env: all });
}

/** Waits until a URL answers. @throws {Error} with the last lines of the service */
function answers(of: Daemon, url: string): Promise<void> {
  const ask = (): Promise<boolean> =>
    fetch(url).then(
      (response) => response.ok,
      () => false,
    );
  return of.ready(ask, START_MS);
}

/** carbon-cache with a store of its own; can be killed and started again on the same ports. */
export class Carbon implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'amoc-carbon-'));
  #service: Daemon | undefined;
  readonly port: number;
  readonly queryPort: number;

  private constructor(port: number, queryPort: number, pickle: number) {
    this.port = port;
    this.queryPort = queryPort;
    for (const name of ['conf', 'log', 'whisper']) mkdirSync(join(this.folder, name));
    const { folder } = this;
    writeFileSync(
      join(folder, 'conf', 'carbon.conf'),
      `[cache]
STORAGE_DIR = ${folder}
CONF_DIR = ${folder}/conf
LOG_DIR = ${folder}/log
PID_DIR = ${folder}
LOCAL_DATA_DIR = ${folder}/whisper
LINE_RECEIVER_INTERFACE = 127.0.0.1
LINE_RECEIVER_PORT = ${port}
PICKLE_RECEIVER_INTERFACE = 127.0.0.1
PICKLE_RECEIVER_PORT = ${pickle}
CACHE_QUERY_INTERFACE = 127.0.0.1
CACHE_QUERY_PORT = ${queryPort}
MAX_CREATES_PER_MINUTE = inf
MAX_UPDATES_PER_SECOND = 5000
ENABLE_LOGROTATION = False
USER =
`,
    );
    writeFileSync(
      join(folder, 'conf', 'storage-schemas.conf'),
      '[all]\npattern = .*\nretentions = 1s:1h\n',
    );
  }

  static async start(): Promise<Carbon> {
    const carbon = new Carbon(await freePort(), await freePort(), await freePort());
    await carbon.start();
    return carbon;
  }

  async start(): Promise<void> {
    rmSync(join(this.folder, 'carbon-cache-a.pid'), { force: true });
    const config = join(this.folder, 'conf', 'carbon.conf');
    const carbon = service(
      PYTHON,
      ['/usr/bin/carbon-cache', `--config=${config}`, '--nodaemon', 'start'],
      this.folder,
    );
    this.#service = carbon;
    await carbon.ready(() => isOpen(this.port), START_MS);
  }

  async kill(): Promise<void> {
    await this.#service?.[Symbol.asyncDispose]();
    this.#service = undefined;
  }

  /** What whisper has of a metric: the known values in the order of their times. */
  fetch(metric: string): number[] {
    const file = join(this.folder, 'whisper', `${metric.replaceAll('.', '/')}.wsp`);
    let text: string;
    try {
      text = execFileSync(PYTHON, ['/usr/bin/whisper-fetch', '--from=0', file], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
        maxBuffer: 64 * 1024 * 1024,
      });
    } catch {
      return [];
    }
    return text
      .split('\n')
      .map((line) => line.split(/\s+/)[1])
      .filter((value) => value !== undefined && value !== 'None')
      .map(Number);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 10 });
  }
}

/** graphite-web over a carbon's store. */
export class GraphiteWeb implements AsyncDisposable {
  readonly url: string;
  readonly #folder: string;
  readonly #service: Daemon;

  private constructor(url: string, folder: string, daemon: Daemon) {
    this.url = url;
    this.#folder = folder;
    this.#service = daemon;
  }

  static async start(carbon: Carbon): Promise<GraphiteWeb> {
    const folder = mkdtempSync(join(tmpdir(), 'amoc-graphite-'));
    const port = await freePort();
    writeFileSync(
      join(folder, 'amoc_settings.py'),
      `from graphite.settings import *
SECRET_KEY = 'of a test'
LOG_DIR = '${folder}'
STORAGE_DIR = '${folder}'
WHISPER_DIR = '${carbon.folder}/whisper'
STANDARD_DIRS = [WHISPER_DIR]
INDEX_FILE = '${folder}/index'
CARBONLINK_HOSTS = ['127.0.0.1:${carbon.queryPort}:a']
DATABASES = {'default': {'NAME': '${folder}/graphite.db', 'ENGINE': 'django.db.backends.sqlite3'}}
ALLOWED_HOSTS = ['*']
`,
    );
    const env = { PYTHONPATH: folder, DJANGO_SETTINGS_MODULE: 'amoc_settings' };
    execFileSync(PYTHON, ['-m', 'django', 'migrate', '--run-syncdb'], {
      cwd: folder,
      env: { PATH: '/usr/bin:/bin', ...env },
      stdio: 'pipe',
    });
    const daemon = service(
      PYTHON,
      ['/usr/bin/gunicorn', '-b', `127.0.0.1:${port}`, 'graphite.wsgi:application'],
      folder,
      env,
    );
    const url = `http://127.0.0.1:${port}`;
    await answers(daemon, `${url}/events/get_data`);
    return new GraphiteWeb(url, folder, daemon);
  }

  /** `/render`: the known values of the last hour. */
  async render(target: string): Promise<number[]> {
    const query = new URLSearchParams({
      target,
      from: '-1h',
      format: 'json',
      noCache: '1',
    }).toString();
    const response = await fetch(`${this.url}/render?${query}`);
    const [first] = (await response.json()) as { datapoints: [number | null, number][] }[];
    return (first?.datapoints ?? []).flatMap(([value]) => (value === null ? [] : [value]));
  }

  /** `/events/get_data` */
  async events(tags: string): Promise<{ what: string; tags: string[]; data: string }[]> {
    const response = await fetch(
      `${this.url}/events/get_data?${new URLSearchParams({ tags }).toString()}`,
    );
    return (await response.json()) as { what: string; tags: string[]; data: string }[];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#service[Symbol.asyncDispose]();
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 10 });
  }
}

/** Prometheus, scraping one port each second. */
export class Prometheus implements AsyncDisposable {
  readonly url: string;
  readonly #folder: string;
  readonly #service: Daemon;

  private constructor(url: string, folder: string, daemon: Daemon) {
    this.url = url;
    this.#folder = folder;
    this.#service = daemon;
  }

  static async start(target: number): Promise<Prometheus> {
    const folder = mkdtempSync(join(tmpdir(), 'amoc-prometheus-'));
    const port = await freePort();
    const config = join(folder, 'prometheus.yml');
    writeFileSync(
      config,
      `global: { scrape_interval: 1s }\nscrape_configs:\n  - job_name: amoc\n    static_configs: [{ targets: ['127.0.0.1:${target}'] }]\n`,
    );
    const daemon = service(
      '/usr/bin/prometheus',
      [
        `--config.file=${config}`,
        `--storage.tsdb.path=${folder}/data`,
        `--web.listen-address=127.0.0.1:${port}`,
      ],
      folder,
    );
    const url = `http://127.0.0.1:${port}`;
    await answers(daemon, `${url}/-/ready`);
    return new Prometheus(url, folder, daemon);
  }

  /** A query's first value. */
  async query(query: string): Promise<number | undefined> {
    const response = await fetch(
      `${this.url}/api/v1/query?${new URLSearchParams({ query }).toString()}`,
    );
    const { data } = (await response.json()) as {
      data: { result: { value: [number, string] }[] };
    };
    const value = data.result[0]?.value[1];
    return value === undefined ? undefined : Number(value);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#service[Symbol.asyncDispose]();
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 10 });
  }
}
