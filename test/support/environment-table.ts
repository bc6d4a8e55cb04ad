import { environmentVariables } from '../../src/app/variables.ts';

const BEGIN = '<!-- environment -->';
const END = '<!-- /environment -->';

/** The README with its table of variables as the code has them. */
export function withEnvironment(page: string): string {
  const rows = Object.entries(environmentVariables).map(([name, spec]) => {
    const otherwise = spec.default === undefined ? '' : `; ${spec.default}`;
    return `| \`${name}\` | ${spec.description}${otherwise} |`;
  });
  const table = ['| variable | |', '|---|---|', ...rows].join('\n');
  const [before = '', rest = ''] = page.split(BEGIN);
  const [, after = ''] = rest.split(END);
  return `${before}${BEGIN}\n${table}\n${END}${after}`;
}
