import { escapeAttribute as escape } from '../lib/text/escape.ts';
import { failuresOf, judgeRun } from './outcome.ts';
import { sayVerdict } from './thresholds.ts';
import type { RunResult } from './result.ts';

/**
 * A run as JUnit XML, the form that CI systems show: a test case for the run, one for the load generator,
 * one for each threshold.
 */
export function renderJUnit(result: RunResult, failure?: string): string {
  const { verdicts, ranForMs, run, scenario, startedAt } = result;
  const { saturated } = judgeRun(result, failure);
  const failures = failuresOf(result, failure);
  const seconds = (ranForMs / 1000).toFixed(3);
  const cases = [
    testCase('users and processes', failures.length === 0 ? undefined : failures.join('; ')),
    testCase('the load generator keeps up', saturated[0]),
    ...verdicts.map((verdict) =>
      testCase(verdict.threshold, verdict.passed ? undefined : sayVerdict(verdict)),
    ),
  ];
  const failed = cases.filter((text) => text.includes('<failure')).length;
  const counts = `tests="${cases.length}" failures="${failed}" errors="0" skipped="0" time="${seconds}"`;
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites ${counts}>`,
    `  <testsuite name="${escape(`amoc ${scenario}`)}" ${counts} timestamp="${new Date(startedAt).toISOString()}" id="${escape(run)}">`,
    ...cases,
    '  </testsuite>',
    '</testsuites>',
    '',
  ].join('\n');

  function testCase(name: string, why: string | undefined): string {
    const head = `    <testcase classname="${escape(`amoc.${scenario}`)}" name="${escape(name)}" time="${seconds}"`;
    if (why === undefined) return `${head}/>`;
    return `${head}>\n      <failure message="${escape(why)}">${escape(why)}</failure>\n    </testcase>`;
  }
}
