/**
 * What the kernel has told us about a notebook's cells, as a value: messages in, new state out.
 *
 * Decides nothing about what depends on what (the kernel does) and knows neither the page nor the wire.
 */
import type { Edge, Entry, Mode, OutputMark, State, Status } from './protocol';

/** A cascade in progress: how far it is. */
export interface Cascade {
  readonly id: string;
  readonly cells: readonly string[];
  /** Position of the running cell, from 0. */
  readonly index: number;
  readonly total: number;
  /** Cells that ran and ended in this cascade. */
  readonly ended: ReadonlySet<string>;
  /** Cells that turned out to need no run. */
  readonly skipped: ReadonlySet<string>;
}

export interface NotebookState {
  readonly revision: number;
  readonly mode: Mode;
  readonly cells: ReadonlyMap<string, Entry>;
  readonly edges: readonly Edge[];
  readonly cascade: Cascade | null;
  /** The cascade before, until the next one begins. */
  readonly last: Cascade | null;
}

/** A new state, and which cells look different in it: those that changed, and those that tell of them. */
export interface Change {
  readonly state: NotebookState;
  readonly changed: ReadonlySet<string>;
}

/** The answer to a request: the whole state, or only what the request changed. */
export interface StateReply extends Partial<State> {
  readonly revision: number;
}

export interface CellsEvent {
  readonly event: 'cells';
  readonly revision: number;
  readonly cells: readonly Entry[];
  readonly removed?: readonly string[];
  readonly edges?: readonly Edge[];
}

export interface CascadeEvent {
  readonly event: 'cascade_started' | 'cascade_finished';
  readonly cascade_id: string;
  readonly cells: readonly string[];
  /** As a cascade starts: the cell that ended, and the one that runs now. Kernels before this field send none. */
  readonly entries?: readonly Entry[];
  readonly revision?: number;
}

export type ReactiveEvent = CellsEvent | CascadeEvent;

export const EMPTY: NotebookState = {
  revision: -1,
  mode: 'auto',
  cells: new Map(),
  edges: [],
  cascade: null,
  last: null
};

const ENDED = new Set<Status>(['success', 'error', 'blocked']);

/** Take the whole notebook, as `sync` and `state` answer. Entries that say the same as before stay the same objects. */
export function applyState(state: NotebookState, reply: StateReply): Change {
  if (reply.revision < state.revision) {
    return unchanged(state);
  }
  const cells = new Map<string, Entry>();
  const news: Entry[] = [];
  for (const entry of reply.cells ?? []) {
    const known = state.cells.get(entry.cell_id);
    const same = known !== undefined && JSON.stringify(known) === JSON.stringify(entry);
    cells.set(entry.cell_id, same ? known : entry);
    if (!same) {
      news.push(entry);
    }
  }
  const removed = [...state.cells.keys()].filter(id => !cells.has(id));
  const told = reply.edges ?? state.edges;
  const turned = differing(state.edges, told);
  return {
    state: {
      ...state,
      revision: reply.revision,
      mode: reply.mode ?? state.mode,
      cells,
      edges: turned.length === 0 ? state.edges : told
    },
    changed: affected(state, news, removed, turned)
  };
}

/** Take the cells that a small request changed, as `edit` and its like answer. */
export function applyEntries(
  state: NotebookState,
  news: {
    revision: number;
    cells?: readonly Entry[];
    removed?: readonly string[];
    edges?: readonly Edge[];
    mode?: Mode;
  }
): Change {
  if (news.revision < state.revision) {
    return unchanged(state);
  }
  const cells = new Map(state.cells);
  const entries = news.cells ?? [];
  entries.forEach(entry => cells.set(entry.cell_id, entry));
  const removed = (news.removed ?? []).filter(id => cells.delete(id));
  const { edges, turned } = withEdges(state.edges, cells, new Set(entries.map(entry => entry.cell_id)), news.edges);
  return {
    state: {
      ...state,
      revision: news.revision,
      mode: news.mode ?? state.mode,
      cells,
      edges,
      cascade: withEnded(state, entries)
    },
    changed: affected(state, entries, removed, turned)
  };
}

/** News of edges are those into the changed cells; the others stay. The same list comes back if nothing changed. */
function withEdges(
  edges: readonly Edge[],
  cells: ReadonlyMap<string, Entry>,
  changed: ReadonlySet<string>,
  news: readonly Edge[] | undefined
): { edges: readonly Edge[]; turned: readonly Edge[] } {
  const kept: Edge[] = [];
  const gone: Edge[] = [];
  for (const edge of edges) {
    const stays = cells.has(edge.from) && cells.has(edge.to) && (news === undefined || !changed.has(edge.to));
    (stays ? kept : gone).push(edge);
  }
  const turned = differing(gone, news ?? []);
  return { edges: turned.length === 0 ? edges : [...kept, ...(news ?? [])], turned };
}

/** The edges that only one of two lists has. */
function differing(before: readonly Edge[], after: readonly Edge[]): Edge[] {
  if (before === after) {
    return [];
  }
  const key = (edge: Edge) => JSON.stringify([edge.from, edge.to, edge.names]);
  const only = (list: readonly Edge[], other: readonly Edge[]) => {
    const known = new Set(other.map(key));
    return list.filter(edge => !known.has(key(edge)));
  };
  return [...only(before, after), ...only(after, before)];
}

/**
 * The cells that look different: the changed ones, those at the ends of edges that came or went, and those whose marks
 * name a cell that is now stale, in trouble, at another place, or none of these any more.
 */
function affected(
  before: NotebookState,
  news: readonly Entry[],
  removed: readonly string[],
  turned: readonly Edge[]
): Set<string> {
  const found = new Set([...removed, ...turned.flatMap(edge => [edge.from, edge.to])]);
  for (const entry of news) {
    found.add(entry.cell_id);
    const old = before.cells.get(entry.cell_id);
    if (
      old?.fresh !== entry.fresh ||
      old.status !== entry.status ||
      old.disabled !== entry.disabled ||
      old.index !== entry.index
    ) {
      entry.downstream.forEach(id => found.add(id));
    }
  }
  return found;
}

/** Take an event from iopub. */
export function applyEvent(state: NotebookState, event: ReactiveEvent): Change {
  if (event.event === 'cells') {
    return applyEntries(state, event);
  }
  if (event.event === 'cascade_started') {
    const { entries: cells = [], revision = state.revision } = event;
    const told = applyEntries(state, { revision, cells });
    const cascade = {
      id: event.cascade_id,
      cells: event.cells,
      // It is announced when its second cell begins.
      index: Math.max(0, event.cells.findIndex(id => told.state.cells.get(id)?.status === 'running')),
      total: event.cells.length,
      ended: new Set(cells.filter(entry => ENDED.has(entry.status)).map(entry => entry.cell_id)),
      skipped: new Set<string>()
    };
    return { state: { ...told.state, cascade, last: null }, changed: new Set([...told.changed, ...event.cells]) };
  }
  if (state.cascade !== null && state.cascade.id === event.cascade_id) {
    return endCascade(state);
  }
  return unchanged(state);
}

/** Take the mark of an output: it tells how far the cascade is. */
export function applyMark(state: NotebookState, mark: OutputMark): Change {
  const now = state.cascade;
  if (now === null || now.id !== mark.cascade_id) {
    return unchanged(state);
  }
  if (now.index === mark.cascade_index && now.total === mark.cascade_total) {
    return unchanged(state);
  }
  const cascade = { ...now, index: mark.cascade_index, total: mark.cascade_total };
  return { state: { ...state, cascade }, changed: new Set() };
}

/** The kernel is not running anything any more (it died, restarted, or told us that it is idle). */
export function endCascade(state: NotebookState): Change {
  if (state.cascade === null) {
    return unchanged(state);
  }
  return {
    state: { ...state, cascade: null, last: state.cascade },
    changed: new Set(state.cascade.cells)
  };
}

function unchanged(state: NotebookState): Change {
  return { state, changed: new Set() };
}

/** A cell that ended with the execution count that it had was not run: what it depends on turned out equal. */
function withEnded(state: NotebookState, entries: readonly Entry[]): Cascade | null {
  const now = state.cascade;
  if (now === null) {
    return null;
  }
  const ended = new Set(now.ended);
  const skipped = new Set(now.skipped);
  let { index } = now;
  for (const entry of entries) {
    if (entry.status === 'running') {
      index = Math.max(index, now.cells.indexOf(entry.cell_id));
    }
    const before = state.cells.get(entry.cell_id);
    if (ENDED.has(entry.status) && before?.execution_count !== entry.execution_count) {
      ended.add(entry.cell_id);
    } else if (entry.fresh && before !== undefined && !before.fresh) {
      skipped.add(entry.cell_id);
    }
  }
  return { ...now, index, ended, skipped };
}
