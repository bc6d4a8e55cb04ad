import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { table } from '../src/console/views/render.ts';
import { paintFor } from '../src/console/views/paint.ts';
import { packageRootOf } from '../src/lib/system/package-root.ts';

/** Where the package is. */
export const ROOT = packageRootOf(fileURLToPath(import.meta.url));

/** One figure; `must` is the bound that it has to meet. */
export interface Figure {
  name: string;
  value: number;
  unit: string;
  must: string;
}

/** Prints the figures and writes them to `bench/results/NAME.json`. */
export function report(name: string, figures: readonly Figure[]): void {
  const path = join(ROOT, 'bench', 'results', `${name}.json`);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${JSON.stringify(figures, null, 2)}\n`);
  const rows = figures.map((figure) => [
    figure.name,
    format(figure.value),
    figure.unit,
    figure.must,
    holds(figure) ? '' : 'missed',
  ]);
  process.stdout.write(
    `${table(['figure', 'value', 'unit', 'must', ''], rows, paintFor(false), [1])}\n`,
  );
  const [cpu] = cpus();
  process.stdout.write(
    `\n  Node ${process.versions.node}, ${cpus().length} × ${cpu?.model ?? 'unknown'}\n`,
  );
}

/** Whether a figure meets its bound; a figure without a bound always does. */
export function holds({ value, must }: Figure): boolean {
  const bound = Number(/[\d.]+/.exec(must.replaceAll(',', ''))?.[0] ?? NaN);
  if (Number.isNaN(bound)) return true;
  return must.startsWith('≥') ? value >= bound : value <= bound;
}

function format(value: number): string {
  if (value >= 1000) return Math.round(value).toLocaleString('en-US');
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}

/** CPU time of a process so far, in milliseconds; from /proc, in steps of 10 ms. */
export function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
    .replace(/^.*\) /s, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

/** Resident memory of a process, in bytes. */
export function rssBytes(pid: number): number {
  const match = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(match?.[1] ?? 0) * 1024;
}

/** The middle of the values. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}
