import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { Ownership } from '../src/ownership';

/** Who is there, as a browser has heard so far. */
class Awareness {
  constructor(readonly clientID: number) {}

  readonly states = new Map<number, Record<string, unknown>>();
  changed: (change: { added: number[] }) => void = () => undefined;

  getStates(): Map<number, Record<string, unknown>> {
    return this.states;
  }

  on(_: 'change', changed: (change: { added: number[] }) => void): void {
    this.changed = changed;
  }

  setLocalStateField(field: string, value: unknown): void {
    this.hear(this.clientID, { [field]: value });
  }

  hear(client: number, state: Record<string, unknown>): void {
    const added = this.states.has(client) ? [] : [client];
    this.states.set(client, { ...this.states.get(client), ...state });
    this.changed({ added });
  }
}

describe('of browsers that share a document', () => {
  let heard: Awareness;
  let alone: number;

  function come(collaborative = true): Ownership {
    heard = new Awareness(5);
    alone = 0;
    const model = { collaborative, sharedModel: { awareness: heard } };
    const ownership = new Ownership(model as unknown as ConstructorParameters<typeof Ownership>[0]);
    ownership.watch(
      () => undefined,
      () => alone++
    );
    ownership.announce('ours');
    return ownership;
  }

  beforeEach(() => {
    vi.useFakeTimers();
    vi.stubGlobal('window', Object.assign(new EventTarget(), { setTimeout }));
  });

  afterEach(() => {
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it('each writes the outputs of its own requests', () => {
    const ownership = come();
    expect(ownership.owns('ours')).toBe(true);
    heard.hear(7, { reactiveKernelSession: 'theirs' });
    vi.runAllTimers();
    expect(ownership.owns('ours')).toBe(true);
    expect(ownership.owns('theirs')).toBe(false);
  });

  it('one that has just come leaves those of others to others that it may not know yet', () => {
    const ownership = come();
    expect(ownership.owns('theirs')).toBe(false);
    expect(ownership.alone).toBe(false);
    heard.hear(7, { reactiveKernelSession: 'theirs' });
    vi.runAllTimers();
    expect(ownership.owns('theirs')).toBe(false);
    expect(alone).toBe(0);
  });

  it('one that heard of nobody is alone, and writes all', () => {
    const ownership = come();
    expect(alone).toBe(0);
    vi.runAllTimers();
    expect(ownership.alone).toBe(true);
    expect(alone).toBe(1);
    expect(ownership.owns('theirs')).toBe(true);
    heard.hear(5, { cursor: 3 });
    expect(alone).toBe(1);
  });

  it('the oldest writes what is of a browser that is gone', () => {
    const ownership = come();
    vi.runAllTimers();
    heard.hear(7, { reactiveKernelSession: 'theirs' });
    expect(ownership.owns('gone')).toBe(true);
    heard.hear(2, { reactiveKernelSession: 'older' });
    expect(ownership.owns('gone')).toBe(false);
  });

  it('one whose page is closed or reloaded says so', () => {
    come();
    const told = () => heard.states.get(5)?.reactiveKernelSession;
    expect(told()).toBe('ours');
    window.dispatchEvent(new Event('pagehide'));
    expect(told()).toBeUndefined();
    window.dispatchEvent(new Event('pageshow'));
    expect(told()).toBe('ours');
  });

  it('without sharing there are none', () => {
    const ownership = come(false);
    expect(ownership.owns('theirs')).toBe(true);
    expect(ownership.alone).toBe(true);
  });
});
