/** Entries and states for tests: only what a test is about needs to be said. */
import { applyState, EMPTY, type NotebookState } from '../src/model';
import type { Edge, Entry } from '../src/protocol';

export function entry(cell_id: string, news: Partial<Entry> = {}): Entry {
  return {
    cell_id,
    index: 0,
    language: 'python',
    status: 'success',
    fresh: true,
    has_run: true,
    reads: [],
    writes: [],
    mutates: [],
    opaque: false,
    forward_reads: [],
    upstream: [],
    downstream: [],
    version: 'v',
    execution_count: 1,
    seconds: 0.01,
    disabled: false,
    problem: null,
    remarks: [],
    ...news
  };
}

/** A chain: a writes x, b reads x and writes y, c reads y. */
export function chain(news: Record<string, Partial<Entry>> = {}, revision = 1): NotebookState {
  const cells = [
    entry('a', { index: 0, writes: ['x'], downstream: ['b', 'c'], ...news.a }),
    entry('b', { index: 1, reads: ['x'], writes: ['y'], upstream: ['a'], downstream: ['c'], ...news.b }),
    entry('c', { index: 2, reads: ['y'], upstream: ['b', 'a'], ...news.c })
  ];
  const edges: Edge[] = [
    { from: 'a', to: 'b', names: ['x'] },
    { from: 'b', to: 'c', names: ['y'] }
  ];
  return applyState(EMPTY, { revision, mode: 'auto', cells, edges }).state;
}
