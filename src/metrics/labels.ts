import { AmocError } from '../lib/errors.ts';
import { cut, labelText, oneLine } from '../lib/text/foreign-text.ts';

/** The labels of a metric, which distinguish its values. */
export type Labels = Readonly<Record<string, string | number | boolean>>;

/** Letters, digits, _ and . in a metric's name; `__proto__` is not an ordinary property of an object. */
const NAME = /^(?!__proto__$)[A-Za-z_][A-Za-z0-9_.]{0,99}$/;
const LABEL = /^(?!__proto__$)[A-Za-z_][A-Za-z0-9_]{0,99}$/;
const PAIR = /^([A-Za-z0-9_]+)="([^"]*)"$/;
/** A longer value is cut: labels are kinds of things, not texts. */
const MAX_VALUE_LENGTH = 100;
const MAX_LABELS = 20;
/** Maximum length of name and labels together, in UTF-16 units: the limit of the wire. */
const MAX_KEY_LENGTH = 1000;

/** The value of a label that stands for all values beyond the limit. */
export const OTHER = 'other';

/** Whether a text can be the name of a metric: letters, digits, `_` and `.`, at most 100 of them. */
export function isMetricName(text: string): boolean {
  return NAME.test(text);
}

/**
 * The name of one series of a metric: `requests{kind="get"}`, as Prometheus writes it; the labels are in the
 * order of their names. At most 1,000 characters: a value is cut at 100, or earlier when there are many.
 * Characters of a value that an output could not show become `_`.
 *
 * @throws {AmocError} `ARGUMENT` when a name is invalid, or there are more than 20 labels
 */
export function seriesKey(name: string, labels: Labels | undefined): string {
  if (!isMetricName(name)) {
    throw new AmocError(
      'ARGUMENT',
      `invalid metric name '${oneLine(name, 100)}'; use letters, digits, _ and .`,
    );
  }
  if (labels === undefined) return name;
  const pairs = Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1));
  if (pairs.length === 0) return name;
  if (pairs.length > MAX_LABELS) {
    throw new AmocError(
      'ARGUMENT',
      `${name} has ${pairs.length} labels; a metric has at most ${MAX_LABELS}`,
    );
  }
  for (const [label] of pairs) {
    if (!LABEL.test(label)) {
      throw new AmocError('ARGUMENT', `${name}: invalid label name '${oneLine(label, 100)}'`);
    }
  }
  const key = keyOf(name, pairs, MAX_VALUE_LENGTH);
  if (key.length <= MAX_KEY_LENGTH) return key;
  const left = MAX_KEY_LENGTH - keyOf(name, pairs, 0).length;
  if (left < pairs.length) {
    throw new AmocError(
      'ARGUMENT',
      `${name}: its name and those of its ${pairs.length} labels are too long together; with the values they may have at most ${MAX_KEY_LENGTH} characters`,
    );
  }
  return keyOf(name, pairs, Math.floor(left / pairs.length));
}

/** The series that stands for all series beyond the limit. */
export function otherKey(name: string, labels: Labels): string {
  return seriesKey(name, Object.fromEntries(Object.keys(labels).map((label) => [label, OTHER])));
}

/** The metric of a series: its name without labels. */
export function metricOf(series: string): string {
  return series.split('{', 1)[0] as string;
}

/** Whether {@link seriesKey} can return this text; no other text is the name of a series. */
export function isSeriesKey(text: string): boolean {
  const begin = text.indexOf('{');
  if (begin < 0) return NAME.test(text);
  if (text.length > MAX_KEY_LENGTH || !text.endsWith('}') || !NAME.test(text.slice(0, begin))) {
    return false;
  }
  const pairs = text.slice(begin + 1, -1).split(',');
  if (pairs.length > MAX_LABELS) return false;
  let before = '';
  return pairs.every((pair) => {
    const match = PAIR.exec(pair);
    const label = match?.[1] ?? '';
    const value = match?.[2] ?? '';
    const isNext =
      label > before && LABEL.test(label) && valueText(value, MAX_VALUE_LENGTH) === value;
    before = label;
    return isNext;
  });
}

/** Takes apart what {@link seriesKey} returned. */
export function parseSeries(key: string): { name: string; labels: Record<string, string> } {
  const [name = '', rest = ''] = key.split('{', 2);
  const labels = new Map<string, string>();
  for (const [, label, value] of rest.matchAll(/([A-Za-z0-9_]+)="([^"]*)"/g)) {
    labels.set(label as string, value as string);
  }
  return { name, labels: Object.fromEntries(labels) };
}

/**
 * Labels for an output that has labels of its own: a label with the same name is called `exported_NAME`, as
 * in Prometheus.
 *
 * @param isReserved whether the output has a label of that name
 */
export function exportLabels(
  labels: Readonly<Record<string, string>>,
  isReserved: (name: string) => boolean,
): Record<string, string> {
  const exported = new Map<string, string>();
  const isFree = (name: string): boolean =>
    !isReserved(name) && !exported.has(name) && !Object.hasOwn(labels, name);
  for (const [label, value] of Object.entries(labels)) {
    let name = label;
    if (isReserved(name)) {
      do name = `exported_${name}`;
      while (!isFree(name));
    }
    exported.set(name, value);
  }
  return Object.fromEntries(exported);
}

function keyOf(
  name: string,
  pairs: readonly (readonly [label: string, value: Labels[string]])[],
  longest: number,
): string {
  const texts = pairs.map(([label, value]) => `${label}="${valueText(String(value), longest)}"`);
  return `${name}{${texts.join(',')}}`;
}

/** Replaces by `_` the characters that would end or split a value or a line in any of the outputs. */
function valueText(value: string, longest: number): string {
  return labelText(cut(value, longest)).replace(/["\\{}=,]/g, '_');
}
