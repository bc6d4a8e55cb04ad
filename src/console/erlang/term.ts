/** An Erlang term, as far as a shell command needs them (no funs, pids, references). */
export type Term =
  | { readonly kind: 'atom'; readonly name: string }
  | { readonly kind: 'integer'; readonly value: bigint }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'string'; readonly text: string }
  | { readonly kind: 'binary'; readonly text: string }
  | { readonly kind: 'list'; readonly items: readonly Term[] }
  | { readonly kind: 'tuple'; readonly items: readonly Term[] }
  | { readonly kind: 'map'; readonly entries: readonly (readonly [Term, Term])[] };

/** A call, with or without its module: `amoc_local:add(10)`, `help()`. */
export interface Call {
  readonly module: string | undefined;
  readonly name: string;
  readonly args: readonly Term[];
}
