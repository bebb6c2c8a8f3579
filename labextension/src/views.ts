/**
 * What to show for a state: marks, sentences, counts, links. Pure, and the only place with words about cells.
 */
import type { NotebookState } from './model';
import type { Edge, Entry } from './protocol';

export type MarkKind =
  | 'fresh'
  | 'new'
  | 'stale'
  | 'queued'
  | 'running'
  | 'blocked'
  | 'error'
  | 'disabled';

/** How a cell is marked: a word, a sentence that says why, and the cells to blame. */
export interface Mark {
  readonly kind: MarkKind;
  readonly label: string;
  readonly reason: string;
  readonly culprits: readonly string[];
}

/** A name in the gutter line and the cells at its other end. */
export interface NameLink {
  readonly name: string;
  readonly cells: readonly string[];
  readonly note?: 'changes' | 'from below';
}

export interface Counts {
  readonly cells: number;
  readonly stale: number;
  readonly blocked: number;
  readonly failed: number;
  readonly unrun: number;
  /** Running or about to run. */
  readonly busy: number;
}

export interface Finding {
  readonly cell: string;
  readonly kind: 'problem' | 'forward' | 'opaque';
  readonly text: string;
}

export interface Variable {
  readonly name: string;
  readonly definedIn: readonly string[];
  readonly usedIn: readonly string[];
}

const LABELS: Record<MarkKind, string> = {
  fresh: '',
  new: '',
  stale: 'stale',
  queued: 'queued',
  running: 'running',
  blocked: 'blocked',
  error: 'error',
  disabled: 'disabled'
};

export function kindOf(entry: Entry): MarkKind {
  if (entry.status === 'running' || entry.status === 'queued') {
    return entry.status;
  }
  if (entry.disabled) {
    return 'disabled';
  }
  if (entry.status === 'error' || entry.status === 'blocked') {
    return entry.status;
  }
  if (!entry.has_run) {
    return entry.problem === null ? 'new' : 'blocked';
  }
  return entry.fresh ? 'fresh' : 'stale';
}

/** `shows`: whether the page has an output or a number for the cell. */
export function markOf(state: NotebookState, entry: Entry, shows = false): Mark {
  const kind = kindOf(entry);
  if (kind === 'new' && shows) {
    const reason = 'Not run by this kernel yet: what it shows is from before.';
    return { kind, label: 'not run', reason, culprits: [] };
  }
  return { kind, label: LABELS[kind], ...explain(state, entry, kind) };
}

/** How people are told of a cell: its place among the code cells. */
export function cellName(state: NotebookState, id: string): string {
  const entry = state.cells.get(id);
  return entry === undefined ? 'a deleted cell' : `cell ${entry.index + 1}`;
}

function explain(
  state: NotebookState,
  entry: Entry,
  kind: MarkKind
): { reason: string; culprits: readonly string[] } {
  if (entry.problem !== null) {
    return { reason: entry.problem.message, culprits: others(entry) };
  }
  switch (kind) {
    case 'disabled':
      return { reason: 'Disabled: cascades leave out this cell and what depends on it.', culprits: [] };
    case 'stale':
      return explainStale(state, entry);
    case 'blocked': {
      const bad = entry.upstream.filter(id => isBad(state.cells.get(id)));
      return { reason: 'Waits for a cell that it depends on.', culprits: bad };
    }
    case 'error':
      return { reason: 'Its last run failed, or was interrupted; nothing that it had bound was kept.', culprits: [] };
    case 'queued':
      return { reason: 'Will run in this cascade.', culprits: [] };
    case 'new':
      return { reason: 'Not run yet.', culprits: [] };
    default:
      return { reason: '', culprits: [] };
  }
}

function explainStale(
  state: NotebookState,
  entry: Entry
): { reason: string; culprits: readonly string[] } {
  const causes = entry.upstream.filter(id => state.cells.get(id)?.fresh === false);
  const into = edgesInto(state, entry.cell_id);
  if (causes.length > 0) {
    const names = namesOf(into.filter(edge => causes.includes(edge.from)));
    const what = names.length > 0 ? names.join(', ') : 'What it depends on';
    return { reason: `${what} ${names.length > 1 ? 'are' : 'is'} out of date.`, culprits: causes };
  }
  const missing = entry.reads.filter(name => !into.some(edge => edge.names.includes(name)));
  if (missing.length > 0) {
    const what = missing.join(', ');
    return { reason: `${what} ${missing.length > 1 ? 'are' : 'is'} defined in no cell now.`, culprits: [] };
  }
  const ran = (id: string) => state.cells.get(id)?.execution_count ?? 0;
  if (entry.status === 'idle') {
    return { reason: 'What its last run showed is there no more.', culprits: [] };
  }
  const newer = into.filter(edge => ran(edge.from) > (entry.execution_count ?? 0));
  const what = ['Its code', ...namesOf(newer)].join(' or ');
  return { reason: `${what} changed since it ran.`, culprits: [...new Set(newer.map(edge => edge.from))] };
}

function namesOf(edges: readonly Edge[]): string[] {
  return [...new Set(edges.flatMap(edge => edge.names))].sort();
}

function others(entry: Entry): string[] {
  return (entry.problem?.cells ?? []).filter(id => id !== entry.cell_id);
}

function isBad(entry: Entry | undefined): boolean {
  return entry !== undefined && (entry.disabled || entry.status === 'error' || entry.status === 'blocked');
}

interface EdgeIndex {
  readonly into: ReadonlyMap<string, Edge[]>;
  readonly outOf: ReadonlyMap<string, Edge[]>;
}

const indexes = new WeakMap<readonly Edge[], EdgeIndex>();

function edgeIndex(edges: readonly Edge[]): EdgeIndex {
  let found = indexes.get(edges);
  if (found === undefined) {
    const into = new Map<string, Edge[]>();
    const outOf = new Map<string, Edge[]>();
    for (const edge of edges) {
      put(into, edge.to, edge);
      put(outOf, edge.from, edge);
    }
    found = { into, outOf };
    indexes.set(edges, found);
  }
  return found;
}

function put(map: Map<string, Edge[]>, key: string, edge: Edge): void {
  const list = map.get(key);
  if (list === undefined) {
    map.set(key, [edge]);
  } else {
    list.push(edge);
  }
}

export function edgesInto(state: NotebookState, id: string): readonly Edge[] {
  return edgeIndex(state.edges).into.get(id) ?? [];
}

export function edgesOutOf(state: NotebookState, id: string): readonly Edge[] {
  return edgeIndex(state.edges).outOf.get(id) ?? [];
}

/** What the cell reads, each name with the cells that produce it. */
export function readLinks(state: NotebookState, entry: Entry): NameLink[] {
  const into = edgesInto(state, entry.cell_id);
  return entry.reads.map(name => ({
    name,
    cells: into.filter(edge => edge.names.includes(name)).map(edge => edge.from),
    note: entry.forward_reads.includes(name) ? 'from below' : undefined
  }));
}

/** What the cell binds or changes in place, each name with the cells that use it. */
export function writeLinks(state: NotebookState, entry: Entry): NameLink[] {
  const out = edgesOutOf(state, entry.cell_id);
  const names = [...new Set([...entry.writes, ...entry.mutates])].sort();
  return names.map(name => ({
    name,
    cells: out.filter(edge => edge.names.includes(name)).map(edge => edge.to),
    note: entry.mutates.includes(name) && !entry.writes.includes(name) ? 'changes' : undefined
  }));
}

const counted = new WeakMap<ReadonlyMap<string, Entry>, Counts>();

/** How many cells are in which state; counted once for each state, however many ask. */
export function counts(state: NotebookState): Counts {
  let found = counted.get(state.cells);
  if (found === undefined) {
    const kinds = [...state.cells.values()].map(kindOf);
    const number = (...wanted: MarkKind[]) => kinds.filter(kind => wanted.includes(kind)).length;
    found = {
      cells: kinds.length,
      stale: number('stale'),
      blocked: number('blocked'),
      failed: number('error'),
      unrun: number('new'),
      busy: number('running', 'queued')
    };
    counted.set(state.cells, found);
  }
  return found;
}

/** One line for the status bar. */
export function summary(state: NotebookState): { text: string; kind: MarkKind } {
  if (state.cascade !== null) {
    const total = Math.max(state.cascade.total, 1);
    return { text: `running ${Math.min(state.cascade.index + 1, total)} of ${total}`, kind: 'running' };
  }
  const now = counts(state);
  if (now.busy > 0) {
    // A run that is not announced as a cascade yet, or never will be because it is one cell alone.
    return { text: `running 1 of ${now.busy}`, kind: 'running' };
  }
  const parts = [
    now.failed > 0 ? `${now.failed} failed` : '',
    now.blocked > 0 ? `${now.blocked} blocked` : '',
    now.stale > 0 ? `${now.stale} stale` : ''
  ].filter(part => part !== '');
  const kind = now.failed > 0 ? 'error' : now.blocked > 0 ? 'blocked' : now.stale > 0 ? 'stale' : 'fresh';
  if (parts.length === 0 && now.unrun > 0) {
    return { text: `${now.unrun} not run yet`, kind: 'new' };
  }
  return { text: parts.length > 0 ? parts.join(' · ') : 'settled', kind };
}

/** Entries in document order. */
export function ordered(state: NotebookState): Entry[] {
  return [...state.cells.values()].sort((a, b) => a.index - b.index);
}

/** What a first analysis found that people should know. */
export function findings(state: NotebookState): Finding[] {
  const found: Finding[] = [];
  for (const entry of ordered(state)) {
    const cell = entry.cell_id;
    if (entry.problem !== null) {
      found.push({ cell, kind: 'problem', text: entry.problem.message });
    } else if (entry.forward_reads.length > 0) {
      const names = entry.forward_reads.join(', ');
      found.push({ cell, kind: 'forward', text: `reads ${names} from further down` });
    }
    if (entry.opaque) {
      found.push({ cell, kind: 'opaque', text: 'can only be understood by running it' });
    }
  }
  return found;
}

/** Every name that some cell binds or changes, by name. */
export function variables(state: NotebookState): Variable[] {
  const found = new Map<string, { definedIn: string[]; usedIn: string[] }>();
  const at = (name: string) => {
    let row = found.get(name);
    if (row === undefined) {
      row = { definedIn: [], usedIn: [] };
      found.set(name, row);
    }
    return row;
  };
  for (const entry of ordered(state)) {
    new Set([...entry.writes, ...entry.mutates]).forEach(name => at(name).definedIn.push(entry.cell_id));
  }
  for (const entry of ordered(state)) {
    entry.reads.filter(name => found.has(name)).forEach(name => at(name).usedIn.push(entry.cell_id));
  }
  return [...found].map(([name, row]) => ({ name, ...row })).sort((a, b) => (a.name < b.name ? -1 : 1));
}
