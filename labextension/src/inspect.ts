/**
 * Asks the kernel for the types and sizes of some variables, through a silent request when its shell is idle.
 *
 * Bounded: so many names, and only sizes that cost nothing to know. The values themselves never travel.
 */
import type { Kernel } from '@jupyterlab/services';

export interface ValueInfo {
  readonly type: string;
  readonly size: string;
}

/** Plain containers tell their length, arrays and frames their shape; nothing else is touched. */
const SIZE = [
  "(lambda v: 'x'.join(map(str, v.shape)) if isinstance(getattr(type(v), 'shape', None), (property, type(int.real)))",
  'or type(v).__module__.split(".")[0] in ("numpy", "pandas", "polars", "pyarrow", "torch")',
  "and isinstance(getattr(v, 'shape', None), tuple)",
  "else str(len(v)) if type(v) in (str, bytes, list, tuple, dict, set, frozenset, range) else '')"
].join(' ');

/** An expression whose value is the answer as JSON, in hexadecimal so that no quoting can go wrong. */
function expression(names: readonly string[]): string {
  const list = JSON.stringify(names);
  return (
    `__import__('json').dumps((lambda g, size: {n: [type(g[n]).__name__, size(g[n])] for n in ${list} if n in g})` +
    `(globals(), ${SIZE})).encode().hex()`
  );
}

export async function inspect(
  kernel: Kernel.IKernelConnection,
  names: readonly string[]
): Promise<ReadonlyMap<string, ValueInfo>> {
  const future = kernel.requestExecute({
    code: '',
    silent: true,
    store_history: false,
    allow_stdin: false,
    user_expressions: { values: expression(names) }
  });
  const reply = await future.done;
  const found = (reply?.content as { user_expressions?: Record<string, unknown> }).user_expressions;
  const value = found?.values as { status?: string; data?: Record<string, string> } | undefined;
  const hex = value?.status === 'ok' ? /^'([0-9a-f]*)'$/.exec(value.data?.['text/plain'] ?? '') : null;
  return hex === null ? new Map() : decode(hex[1]);
}

/** Undo the expression's encoding. */
export function decode(hex: string): ReadonlyMap<string, ValueInfo> {
  const bytes = Uint8Array.from(hex.match(/../g) ?? [], pair => parseInt(pair, 16));
  const values = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, [string, string]>;
  return new Map(Object.entries(values).map(([name, [type, size]]) => [name, { type, size }]));
}
