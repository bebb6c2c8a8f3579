import { describe, expect, it } from 'vitest';

import { applyEntries, applyEvent, applyMark, applyState, EMPTY, endCascade } from '../src/model';
import type { Entry } from '../src/protocol';
import { chain, entry } from './make';

const mark = { cell_id: 'b', cascade_id: 'k', cascade_index: 1, cascade_total: 4, is_last: false };

describe('the whole state', () => {
  it('replaces what was known and names every cell that was or is', () => {
    const change = applyState(chain(), { revision: 2, mode: 'lazy', cells: [entry('z')], edges: [] });
    expect([...change.state.cells.keys()]).toEqual(['z']);
    expect(change.state.mode).toBe('lazy');
    expect([...change.changed].sort()).toEqual(['a', 'b', 'c', 'z']);
  });

  it('that says little new changes little', () => {
    const state = chain();
    const news = chain({ c: { fresh: false } });
    const change = applyState(state, { revision: 2, cells: [...news.cells.values()], edges: [...news.edges] });
    expect([...change.changed]).toEqual(['c']);
    expect(change.state.cells.get('a')).toBe(state.cells.get('a'));
    expect(change.state.edges).toBe(state.edges);
  });

  it('is ignored when it is older than what is known', () => {
    const state = chain({}, 5);
    expect(applyState(state, { revision: 4, cells: [] }).state).toBe(state);
  });
});

describe('changed entries', () => {
  it('leave the other cells and the edges as they were', () => {
    const state = chain();
    const change = applyEntries(state, { revision: 2, cells: [entry('b', { fresh: false })] });
    expect(change.state.cells.get('b')?.fresh).toBe(false);
    expect(change.state.cells.get('a')).toBe(state.cells.get('a'));
    expect(change.state.edges).toBe(state.edges);
    expect([...change.changed]).toEqual(['b']);
  });

  it('change the looks of the cells that tell of them, and of no others', () => {
    const stale = chain({ a: { fresh: false }, b: { fresh: false } });
    const a = stale.cells.get('a') as Entry;
    expect([...applyEntries(stale, { revision: 2, cells: [{ ...a, fresh: true }] }).changed]).toEqual(['a', 'b', 'c']);
    expect([...applyEntries(stale, { revision: 2, cells: [{ ...a, index: 5 }] }).changed]).toEqual(['a', 'b', 'c']);
    expect([...applyEntries(stale, { revision: 2, cells: [{ ...a, version: 'w' }] }).changed]).toEqual(['a']);
  });

  it('do not change the state that they are applied to', () => {
    const state = chain();
    applyEntries(state, { revision: 2, cells: [entry('b', { fresh: false })], removed: ['c'] });
    expect(state.cells.size).toBe(3);
    expect(state.cells.get('b')?.fresh).toBe(true);
  });

  it('that are older than what is known are ignored', () => {
    const state = chain({}, 5);
    expect(applyEntries(state, { revision: 4, removed: ['a'] }).state).toBe(state);
  });

  it('bring the edges into them, and leave the others', () => {
    const edges = [{ from: 'a', to: 'c', names: ['x'] }];
    const change = applyEntries(chain(), { revision: 2, cells: [entry('c')], edges });
    // Those at the ends of what came and what went look different.
    expect([...change.changed].sort()).toEqual(['a', 'b', 'c']);
    expect(change.state.edges).toEqual([{ from: 'a', to: 'b', names: ['x'] }, ...edges]);
    const none = applyEntries(chain(), { revision: 2, cells: [entry('c')], edges: [] });
    expect(none.state.edges).toEqual([{ from: 'a', to: 'b', names: ['x'] }]);
  });

  it('whose edges are as before change no edges', () => {
    const state = chain();
    const change = applyEntries(state, { revision: 2, cells: [entry('c')], edges: [state.edges[1]] });
    expect([...change.changed]).toEqual(['c']);
    expect(change.state.edges).toBe(state.edges);
  });

  it('take the edges of removed cells along', () => {
    expect(applyEntries(chain(), { revision: 2, removed: ['b'] }).state.edges).toEqual([]);
  });

  it('remove cells, and an unknown one is no change', () => {
    const change = applyEvent(chain(), { event: 'cells', revision: 2, cells: [], removed: ['c', 'nobody'] });
    expect([...change.state.cells.keys()]).toEqual(['a', 'b']);
    // What b writes has no user any more.
    expect([...change.changed].sort()).toEqual(['b', 'c']);
  });
});

describe('a cascade', () => {
  const started = applyEvent(chain(), { event: 'cascade_started', cascade_id: 'k', cells: ['a', 'b', 'c'] }).state;

  it('starts with its cells', () => {
    expect(started.cascade).toMatchObject({ id: 'k', index: 0, total: 3 });
  });

  it('gets further with the cell that runs, also before it is announced', () => {
    const running = applyEntries(started, { revision: 2, cells: [entry('c', { status: 'running' })] });
    expect(running.state.cascade?.index).toBe(2);
    const before = chain({ b: { status: 'running' } });
    const late = applyEvent(before, { event: 'cascade_started', cascade_id: 'k', cells: ['a', 'b', 'c'] });
    expect(late.state.cascade?.index).toBe(1);
  });

  it('tells as it is announced how its first cell ended', () => {
    const before = chain({ a: { status: 'running' } });
    const entries = [entry('a', { execution_count: 4 }), entry('b', { status: 'running' })];
    const { state } = applyEvent(before, {
      event: 'cascade_started', cascade_id: 'k', cells: ['a', 'b', 'c'], revision: 2, entries
    });
    expect([state.cells.get('a')?.status, state.cells.get('b')?.status]).toEqual(['success', 'running']);
    expect(state.cascade?.index).toBe(1);
    expect([...(state.cascade?.ended ?? [])]).toEqual(['a']);
  });

  it('gets further, and its total may grow, as the marks of outputs say', () => {
    expect(applyMark(started, mark).state.cascade).toMatchObject({ index: 1, total: 4 });
  });

  it('does not listen to the marks of another', () => {
    expect(applyMark(started, { ...mark, cascade_id: 'other' }).state).toBe(started);
  });

  it('tells cells that ran from cells that needed no run', () => {
    const stale = [entry('b', { fresh: false }), entry('c', { fresh: false, status: 'queued' })];
    const waiting = applyEntries(started, { revision: 2, cells: stale }).state;
    const cells = [entry('b', { execution_count: 7 }), entry('c', { execution_count: 1 })];
    const { cascade } = applyEntries(waiting, { revision: 3, cells }).state;
    expect([...(cascade?.ended ?? [])]).toEqual(['b']);
    expect([...(cascade?.skipped ?? [])]).toEqual(['c']);
  });

  it('is kept as the last one when it is finished', () => {
    const state = applyEvent(started, { event: 'cascade_finished', cascade_id: 'k', cells: [] }).state;
    expect(state.cascade).toBeNull();
    expect(state.last?.id).toBe('k');
  });

  it('is not finished by the end of another', () => {
    const state = applyEvent(started, { event: 'cascade_finished', cascade_id: 'old', cells: [] }).state;
    expect(state.cascade?.id).toBe('k');
  });

  it('ends when the kernel is idle, and there may be none to end', () => {
    expect(endCascade(started).state.cascade).toBeNull();
    expect(endCascade(EMPTY).state).toBe(EMPTY);
  });
});
