/** Does a list of small changes to the page, so many per frame that none takes long. A newer list replaces an older one. */

/** Changes per frame: with so many elements moved, a frame of a large drawing stays well below 50 ms. */
const MOST = 60;

export class Slices {
  /** Each change says whether it changed anything; what didn't costs nothing. The first slice is done at once. */
  run(changes: readonly (() => boolean)[]): void {
    this._changes = changes;
    this._next = 0;
    this.stop();
    this._step();
  }

  /** Leave the rest undone. */
  stop(): void {
    cancelAnimationFrame(this._frame);
    this._frame = 0;
  }

  private _step(): void {
    let done = 0;
    while (this._next < this._changes.length && done < MOST) {
      done += this._changes[this._next++]() ? 1 : 0;
    }
    this._frame = this._next < this._changes.length ? requestAnimationFrame(() => this._step()) : 0;
  }

  private _changes: readonly (() => boolean)[] = [];
  private _next = 0;
  private _frame = 0;
}
