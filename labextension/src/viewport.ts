/** Zooming and moving of one SVG group: wheel, drag, keys, and fitting it into the window. */

const SMALLEST = 0.05;
const LARGEST = 3;
/** Below this the text is too small to be read comfortably: show a part instead. */
export const LEGIBLE = 0.75;
/** How large a part is shown at least. */
const COMFORTABLE = 0.95;

/** A graph that leaves room stands at the top. */
const TOP = 12;
const MARGIN = 20;

export class Viewport {
  constructor(
    private readonly _frame: SVGSVGElement,
    private readonly _content: SVGGElement
  ) {
    _frame.addEventListener('wheel', event => this._onWheel(event), { passive: false });
    _frame.addEventListener('pointerdown', event => this._onDown(event));
  }

  /** Whether somebody has chosen what to see. */
  touched = false;

  /** The scale at which all would be seen. */
  fitScale(width: number, height: number): number {
    const box = this._frame.getBoundingClientRect();
    return Math.min(1, box.width / Math.max(width, 1), box.height / Math.max(height, 1));
  }

  fit(width: number, height: number): void {
    const box = this._frame.getBoundingClientRect();
    this._scale = Math.max(SMALLEST, this.fitScale(width, height));
    this._x = (box.width - width * this._scale) / 2;
    this._y = Math.max(0, Math.min(TOP, (box.height - height * this._scale) / 2));
    this._apply();
  }

  /** Bring a place into the middle, at a scale that can be read, without leaving room empty beside the graph. */
  center(x: number, y: number, width: number, height: number): void {
    const box = this._frame.getBoundingClientRect();
    this._scale = Math.max(this._scale, COMFORTABLE);
    this._x = within(box.width / 2 - x * this._scale, box.width, width * this._scale);
    this._y = Math.min(TOP, within(box.height / 2 - y * this._scale, box.height, height * this._scale));
    this._apply();
  }

  /** Whether a place can be seen, with some room around it. */
  shows(x: number, y: number): boolean {
    const box = this._frame.getBoundingClientRect();
    const inside = (at: number, size: number) => at >= MARGIN && at <= size - MARGIN;
    return inside(this._x + x * this._scale, box.width) && inside(this._y + y * this._scale, box.height);
  }

  zoom(factor: number, at?: { x: number; y: number }): void {
    this.touched = true;
    const box = this._frame.getBoundingClientRect();
    const x = at?.x ?? box.width / 2;
    const y = at?.y ?? box.height / 2;
    const scale = Math.min(LARGEST, Math.max(SMALLEST, this._scale * factor));
    this._x = x - ((x - this._x) * scale) / this._scale;
    this._y = y - ((y - this._y) * scale) / this._scale;
    this._scale = scale;
    this._apply();
  }

  private _onWheel(event: WheelEvent): void {
    event.preventDefault();
    if (event.ctrlKey || event.metaKey) {
      const box = this._frame.getBoundingClientRect();
      const at = { x: event.clientX - box.left, y: event.clientY - box.top };
      this.zoom(Math.exp(-event.deltaY / 300), at);
    } else {
      this.touched = true;
      this._x -= event.deltaX;
      this._y -= event.deltaY;
      this._apply();
    }
  }

  private _onDown(event: PointerEvent): void {
    if ((event.target as Element).closest('[data-cell]') !== null) {
      return;
    }
    this.touched = true;
    const start = { x: event.clientX - this._x, y: event.clientY - this._y };
    const move = (now: PointerEvent) => {
      this._x = now.clientX - start.x;
      this._y = now.clientY - start.y;
      this._apply();
    };
    const up = () => {
      this._frame.removeEventListener('pointermove', move);
      this._frame.removeEventListener('pointerup', up);
    };
    this._frame.setPointerCapture(event.pointerId);
    this._frame.addEventListener('pointermove', move);
    this._frame.addEventListener('pointerup', up);
  }

  private _apply(): void {
    const at = `translate(${this._x},${this._y}) scale(${this._scale})`;
    this._content.setAttribute('transform', at);
  }

  private _x = 0;
  private _y = 0;
  private _scale = 1;
}

/** Where something begins that is wanted at a place, in a window of some size. */
function within(wanted: number, window: number, size: number): number {
  return size <= window ? (window - size) / 2 : Math.min(0, Math.max(window - size, wanted));
}
