/** The parts of a source map (ECMA-426) that are used here. */
export interface InlineSourceMap {
  version: number;
  file: string;
  sources: string[];
  mappings: string;
}

const INLINE = /(sourceMappingURL=data:application\/json[^,]*;base64,)([A-Za-z0-9+/=]+)(?=\s*$)/;

/** The source map that code carries in its last line. @throws when the map is broken */
export function inlineSourceMap(code: string): InlineSourceMap | undefined {
  const encoded = INLINE.exec(code)?.[2];
  if (encoded === undefined) return undefined;
  return JSON.parse(Buffer.from(encoded, 'base64').toString('utf8')) as InlineSourceMap;
}

/** The same code with another source map. */
export function withInlineSourceMap(code: string, map: InlineSourceMap): string {
  const encoded = Buffer.from(JSON.stringify(map)).toString('base64');
  return code.replace(INLINE, (_all, prefix: string) => prefix + encoded);
}
