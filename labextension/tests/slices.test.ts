import { afterEach, describe, expect, it, vi } from 'vitest';

import { Slices } from '../src/slices';

/** A page whose frames come when they are asked for. */
function frames(): (() => void)[] {
  const waiting: (() => void)[] = [];
  vi.stubGlobal('requestAnimationFrame', (step: () => void) => waiting.push(step));
  vi.stubGlobal('cancelAnimationFrame', () => waiting.splice(0));
  return waiting;
}

describe('changes in slices', () => {
  afterEach(() => vi.unstubAllGlobals());

  it('are done in order, some at once and the rest frame by frame', () => {
    const waiting = frames();
    const done: number[] = [];
    new Slices().run(Array.from({ length: 200 }, (_, i) => () => done.push(i) > 0));
    expect(done.length).toBeLessThan(200);
    while (waiting.length > 0) {
      waiting.shift()?.();
    }
    expect(done).toEqual(Array.from({ length: 200 }, (_, i) => i));
  });

  it('cost nothing where nothing changes', () => {
    const waiting = frames();
    new Slices().run(Array.from({ length: 1000 }, () => () => false));
    expect(waiting).toEqual([]);
  });

  it('give way to newer ones', () => {
    const waiting = frames();
    const slices = new Slices();
    const old = vi.fn(() => true);
    slices.run(Array.from({ length: 200 }, () => old));
    const before = old.mock.calls.length;
    slices.run([() => true]);
    expect(waiting).toEqual([]);
    expect(old.mock.calls.length).toBe(before);
  });
});
