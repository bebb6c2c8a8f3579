/**
 * Has layouts made: small ones at once, large ones by a worker, one after the other and not while changes follow each
 * other quickly. Of several asked for, only the last counts.
 */
import { type Layout, type LayoutInput, place } from './layout';

/** From about here on a layout takes longer than a frame. */
const LARGE = 40;
/** A large layout that follows another wish within so many milliseconds waits for a pause: somebody types. */
const SOON = 1000;
const PAUSE = 300;
/** Drawing so many cells anew takes most of a frame or two: always when nobody has typed for a while. */
const HUGE = 200;
const REST = 1000;

export class Layouter {
  constructor(private readonly _done: (layout: Layout) => void) {}

  ask(input: LayoutInput): void {
    this._last++;
    window.clearTimeout(this._timer);
    if (input.nodes.length < LARGE || !this._start()) {
      this._next = null;
      this._done(place(input));
      return;
    }
    this._next = input;
    this._timer = window.setTimeout(() => this._send(), this._pause(input.nodes.length));
    this._asked = performance.now();
  }

  dispose(): void {
    window.clearTimeout(this._timer);
    this._worker?.terminate();
    this._worker = null;
  }

  private _pause(nodes: number): number {
    const since = performance.now() - this._asked;
    return since < SOON ? (nodes < HUGE ? PAUSE : REST) : nodes < HUGE || since === Infinity ? 0 : REST;
  }

  /** Give the worker what it should do next, unless it still works: then that follows. */
  private _send(): void {
    if (this._next !== null && this._working === null) {
      this._working = this._last;
      this._sent = this._next;
      this._next = null;
      this._worker?.postMessage(this._sent);
    }
  }

  private _onLayout(layout: Layout): void {
    const current = this._working === this._last;
    this._working = null;
    if (current) {
      this._done(layout);
    } else {
      window.clearTimeout(this._timer);
      this._timer = window.setTimeout(() => this._send(), PAUSE);
    }
  }

  private _start(): boolean {
    if (this._worker === null && !this._failed) {
      try {
        this._worker = new Worker(new URL('./layout.worker.js', import.meta.url));
        this._worker.onmessage = (event: MessageEvent<Layout>) => this._onLayout(event.data);
        this._worker.onerror = () => this._onFailure();
      } catch {
        this._failed = true;
      }
    }
    return this._worker !== null;
  }

  /** No worker can be had here (a content policy, say): the page does it itself. */
  private _onFailure(): void {
    const wanted = this._next ?? this._sent;
    this._failed = true;
    this.dispose();
    if (wanted !== null) {
      this.ask(wanted);
    }
  }

  private _worker: Worker | null = null;
  private _failed = false;
  private _last = 0;
  private _asked = -Infinity;
  private _timer = 0;
  private _next: LayoutInput | null = null;
  /** The wish that the worker is at. */
  private _working: number | null = null;
  private _sent: LayoutInput | null = null;
}
