import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import type { ICellModel } from '@jupyterlab/cells';

import type { KeptCell } from '../src/kept';
import { Missed, type MissedHost } from '../src/missed';
import { applyState, EMPTY, type NotebookState } from '../src/model';
import { entry } from './make';

/** A cell of a page, as far as it is looked at. */
class Shown {
  id = 'a';
  type = 'code';
  executionCount: number | null = null;
  executionState = 'idle';
  trusted = false;
  sharedModel = { getSource: () => '1 + 1' };
  texts: string[] = [];
  outputs = {
    fromJSON: (outputs: { text: string }[]) => {
      this.texts = outputs.map(output => output.text);
    },
    length: 0
  };
}

/** What the coordinator has: the outputs of some run, or of none that it could name. */
function kept(run: number | null, ...texts: string[]): KeptCell {
  const outputs = texts.map(text => ({ output_type: 'stream', name: 'stdout', text }));
  return { cell_id: 'a', code: '1 + 1', outputs_run: run, outputs };
}

function ran(count: number): NotebookState {
  return applyState(EMPTY, { revision: count, cells: [entry('a', { execution_count: count })], edges: [] }).state;
}

describe('missed outputs', () => {
  let cell: Shown;
  let answers: (KeptCell | null)[];
  let asked: (readonly string[])[];
  let lost: [string, number][];
  let page: { state: NotebookState; idle: boolean; alone: boolean; leads: boolean; shared: boolean };

  beforeEach(() => {
    vi.useFakeTimers();
    vi.stubGlobal('window', globalThis);
    cell = new Shown();
    answers = [];
    asked = [];
    lost = [];
    page = { state: ran(3), idle: true, alone: true, leads: true, shared: false };
  });

  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  /** The page opens; the coordinator gives these answers, one after the other, and the last one from then on. */
  function open(...those: (KeptCell | null)[]): Missed {
    answers = those;
    const missed = new Missed({
      shared: page.shared,
      model: id => (id === 'a' ? cell : null),
      state: () => page.state,
      idle: () => page.idle,
      alone: () => page.alone,
      leads: () => page.leads,
      kept: async cells => {
        asked.push(cells);
        const answer = answers.length > 1 ? answers.shift() : answers[0];
        return answer ? [answer] : null;
      },
      lost: (id, count) => lost.push([id, count])
    } as MissedHost);
    missed.suspect();
    missed.begin();
    return missed;
  }

  it('are shown when the page opens', async () => {
    open(kept(3, '2'));
    await vi.runAllTimersAsync();
    expect(cell.texts).toEqual(['2']);
    expect(cell.executionCount).toBe(3);
    expect(asked).toEqual([['a']]);
  });

  it('are asked for again while they are on their way to the coordinator', async () => {
    open(kept(null), kept(2, 'old'), kept(3, '2'));
    await vi.runAllTimersAsync();
    expect(cell.texts).toEqual(['2']);
    expect(cell.executionCount).toBe(3);
    expect(lost).toEqual([]);
  });

  it('that never come are lost, if an older run is shown', async () => {
    cell.executionCount = 2;
    cell.texts = ['old'];
    open(kept(null));
    await vi.runAllTimersAsync();
    expect(cell.texts).toEqual(['old']);
    expect(lost).toEqual([['a', 3]]);
    expect(asked.length).toBeLessThan(10);
  });

  it('are lost at once without a coordinator', async () => {
    cell.executionCount = 2;
    open(null);
    await vi.advanceTimersByTimeAsync(0);
    expect(lost).toEqual([['a', 3]]);
  });

  it('are not asked for if they are there', async () => {
    cell.executionCount = 3;
    open(kept(3, '2'));
    await vi.runAllTimersAsync();
    expect(asked).toEqual([]);
  });

  it('of a cell that this page runs come by themselves', async () => {
    const missed = open(null);
    missed.suspect();
    missed.awaits('a');
    cell.executionCount = 2;
    missed.look();
    await vi.runAllTimersAsync();
    expect(lost).toEqual([]);
    expect(cell.texts).toEqual([]);
  });

  it('of a run whose cell an undo has replaced meanwhile do not come by themselves', async () => {
    cell.executionCount = 3;
    const missed = open(kept(3, '2'));
    missed.awaits('a');
    cell = new Shown();
    cell.executionCount = 1;
    missed.inserted([cell as unknown as ICellModel]);
    await vi.runAllTimersAsync();
    expect(cell.texts).toEqual(['2']);
    expect(cell.executionCount).toBe(3);
  });

  it('are waited for while others may write them into a shared document', async () => {
    page = { ...page, shared: true, alone: false };
    cell.executionState = 'running';
    const missed = open(kept(3, '2'));
    await vi.advanceTimersByTimeAsync(1000);
    expect(asked).toEqual([]);
    await vi.advanceTimersByTimeAsync(4000);
    expect(cell.texts).toEqual(['2']);
    expect(cell.executionState).toBe('idle');
    // Then another browser runs the cell, and writes what it shows.
    page.state = ran(4);
    missed.suspect('a');
    missed.look();
    cell.texts = ['theirs'];
    cell.executionCount = 4;
    await vi.runAllTimersAsync();
    expect(cell.texts).toEqual(['theirs']);
    expect(asked.length).toBe(1);
  });

  it('are left for a while to who speaks for a shared document', async () => {
    page = { ...page, shared: true, alone: false, leads: false };
    open(kept(3, '2'));
    await vi.advanceTimersByTimeAsync(3000);
    expect(cell.texts).toEqual([]);
    await vi.runAllTimersAsync();
    expect(cell.texts).toEqual(['2']);
  });

  it('are shown when the kernel runs nothing any more', async () => {
    page = { ...page, shared: true, alone: false, idle: false };
    const missed = open(kept(3, '2'));
    await vi.runAllTimersAsync();
    expect(asked).toEqual([]);
    page.idle = true;
    missed.look();
    await vi.runAllTimersAsync();
    expect(cell.texts).toEqual(['2']);
  });
});
