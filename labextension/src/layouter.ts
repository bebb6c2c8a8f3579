/** Has layouts made: small ones at once, large ones by a worker. Of several asked for, only the last counts. */
import { type Layout, type LayoutInput, place } from './layout';

/** From about here on a layout takes longer than a frame. */
const LARGE = 40;

export class Layouter {
  constructor(private readonly _done: (layout: Layout) => void) {}

  ask(input: LayoutInput): void {
    this._last++;
    if (input.nodes.length < LARGE || !this._start()) {
      this._done(place(input));
      return;
    }
    this._worker?.postMessage({ id: this._last, input });
  }

  dispose(): void {
    this._worker?.terminate();
    this._worker = null;
  }

  private _start(): boolean {
    if (this._worker === null && !this._failed) {
      try {
        this._worker = new Worker(new URL('./layout.worker.js', import.meta.url));
        this._worker.onmessage = (event: MessageEvent<{ id: number; layout: Layout }>) => {
          if (event.data.id === this._last) {
            this._done(event.data.layout);
          }
        };
        this._worker.onerror = () => {
          this._failed = true;
          this.dispose();
        };
      } catch {
        this._failed = true;
      }
    }
    return this._worker !== null;
  }

  private _worker: Worker | null = null;
  private _failed = false;
  private _last = 0;
}
