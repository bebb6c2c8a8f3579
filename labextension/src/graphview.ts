/** The notebook's cells as a layered graph: live marks, click to go there, zoom and fit. */
import type { Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';

import { h, svg } from './dom';
import type { Layout, Point } from './layout';
import { Layouter } from './layouter';
import type { NotebookState } from './model';
import type { Entry } from './protocol';
import { cellName, kindOf, markOf, ordered } from './views';
import { LEGIBLE, Viewport } from './viewport';

const HEIGHT = 28;
const LONGEST_LABEL = 13;
/** What a node needs beside its label (number, sign), and for each letter of it. */
const ROOM = 52;
const LETTER = 7.3;
const NARROWEST = 68;

export interface GraphActions {
  go(cell: string): void;
  /** How a cell without any name begins. */
  firstLine(cell: string): string;
}

export class GraphView extends Widget {
  constructor(private readonly _actions: GraphActions) {
    super();
    this.addClass('jp-ReactiveGraph');
    this._content = svg('g', {});
    this._frame = svg(
      'svg',
      { class: 'jp-ReactiveGraph-frame', role: 'group', 'aria-label': 'Cells and what they pass on' },
      svg('defs', {}, arrow()),
      this._content
    );
    this._viewport = new Viewport(this._frame, this._content);
    const button = (label: string, title: string, act: () => void) =>
      h('button', { type: 'button', title, 'aria-label': title, click: act }, label);
    this._empty = h('div', { class: 'jp-ReactivePanel-empty' }, 'No code cells yet.');
    this.node.append(
      this._frame,
      this._empty,
      h(
        'div',
        { class: 'jp-ReactiveGraph-tools', role: 'toolbar', 'aria-label': 'Zoom' },
        button('+', 'Zoom in', () => this._viewport.zoom(1.3)),
        button('−', 'Zoom out', () => this._viewport.zoom(1 / 1.3)),
        button('Fit', 'Show the whole graph', () => this.fit())
      )
    );
  }

  /** Show a state; `null` while no reactive notebook is in front. */
  present(state: NotebookState | null, notebook: object | null): void {
    const other = notebook !== this._notebook;
    this._notebook = notebook;
    this._state = state;
    if (other) {
      this._structure = '';
      this._placed = false;
      this._viewport.touched = false;
    }
    this._empty.hidden = (state?.cells.size ?? 0) > 0;
    if (this.isVisible) {
      this._refresh();
    }
  }

  /** Show which cell is the active one. */
  select(cell: string | null, reveal: boolean): void {
    const before = this._selected;
    this._selected = cell;
    this._nodes.forEach((node, id) => node.classList.toggle('jp-mod-active', id === cell));
    const neighbours = new Set<string>();
    this._edges.forEach(({ node, from, to }) => {
      const near = cell !== null && (from === cell || to === cell);
      node.classList.toggle('jp-mod-active', near);
      if (near) {
        neighbours.add(from).add(to);
      }
    });
    this._nodes.forEach((node, id) => node.classList.toggle('jp-mod-near', neighbours.has(id) && id !== cell));
    const at = cell === null ? undefined : this._drawn?.nodes[cell];
    const follow = cell !== before && !this._viewport.touched && at !== undefined;
    if (at !== undefined && (reveal || (follow && this._placed && !this._viewport.shows(at.x, at.y)))) {
      this._viewport.center(at.x, at.y, this._drawn?.width ?? 0, this._drawn?.height ?? 0);
    }
  }

  fit(): void {
    if (this._drawn !== null) {
      this._viewport.fit(this._drawn.width, this._drawn.height);
    }
  }

  dispose(): void {
    this._layouter.dispose();
    super.dispose();
  }

  protected onAfterShow(_: Message): void {
    this._refresh();
  }

  protected onResize(_: Message): void {
    if (this.isVisible && !this._viewport.touched) {
      this._placed = false;
      this._first();
    }
  }

  private _refresh(): void {
    const state = this._state;
    if (state === null) {
      this._content.replaceChildren();
      this._nodes.clear();
      this._edges = [];
      this._structure = '';
      return;
    }
    const cells = ordered(state);
    const links = state.edges.map(edge => `${edge.from}>${edge.to}`);
    const structure = cells.map(cell => cell.cell_id).join() + links.join();
    if (structure === this._structure) {
      this._marks(cells);
      return;
    }
    this._structure = structure;
    const nodes = cells.map(cell => ({ id: cell.cell_id, width: this._width(cell), height: HEIGHT }));
    this._layouter.ask({ nodes, edges: state.edges });
  }

  private _draw(layout: Layout): void {
    const state = this._state;
    if (state === null || this.isDisposed) {
      return;
    }
    this._drawn = layout;
    this._nodes.clear();
    this._edges = layout.edges.map(({ from, to, points }) => ({
      from,
      to,
      node: svg('path', { d: curve(points), class: 'jp-ReactiveEdge', 'marker-end': 'url(#jp-reactive-arrow)' })
    }));
    for (const entry of ordered(state)) {
      const at = layout.nodes[entry.cell_id];
      if (at !== undefined) {
        this._nodes.set(entry.cell_id, this._node(entry, at));
      }
    }
    this._content.replaceChildren(...this._edges.map(edge => edge.node), ...this._nodes.values());
    this._marks(ordered(state));
    this.select(this._selected, false);
    this._first();
  }

  /** The first time: everything, if that can be read; else the active cell. */
  private _first(): void {
    if (this._placed || this._drawn === null || this.node.clientWidth === 0) {
      return;
    }
    this._placed = true;
    const { width, height, nodes } = this._drawn;
    if (this._viewport.fitScale(width, height) >= LEGIBLE) {
      this._viewport.fit(width, height);
    } else {
      const at = (this._selected === null ? undefined : nodes[this._selected]) ?? Object.values(nodes)[0];
      this._viewport.center(at.x, at.y, width, height);
    }
  }

  /** As wide as its label, as it was when the graph was laid out. */
  private _width(entry: Entry): number {
    const width = Math.max(NARROWEST, Math.round(ROOM + LETTER * this._label(entry).length));
    this._widths.set(entry.cell_id, width);
    return width;
  }

  private _node(entry: Entry, { x, y }: Point): SVGGElement {
    const id = entry.cell_id;
    const act = () => this._actions.go(id);
    const width = this._widths.get(id) ?? NARROWEST;
    return svg(
      'g',
      {
        class: 'jp-ReactiveNode',
        'data-cell': id,
        tabindex: '0',
        role: 'button',
        transform: `translate(${x - width / 2},${y - HEIGHT / 2})`,
        click: act,
        keydown: (event: KeyboardEvent) => (event.key === 'Enter' || event.key === ' ' ? act() : undefined)
      },
      svg('rect', { width, height: HEIGHT, rx: 3 }),
      svg('path', { class: 'jp-ReactiveNode-bar', d: `M1.5 3v${HEIGHT - 6}` }),
      svg('text', { x: 24, y: 18, class: 'jp-ReactiveNode-number', 'text-anchor': 'end' }),
      svg('text', { x: 30, y: 18, class: 'jp-ReactiveNode-label' }),
      svg('text', { x: width - 8, y: 18, class: 'jp-ReactiveNode-sign', 'text-anchor': 'end' }),
      svg('title', {})
    );
  }

  private _marks(cells: readonly Entry[]): void {
    const state = this._state;
    if (state === null) {
      return;
    }
    for (const entry of cells) {
      const node = this._nodes.get(entry.cell_id);
      if (node !== undefined) {
        this._mark(node, state, entry);
      }
    }
  }

  private _mark(node: SVGGElement, state: NotebookState, entry: Entry): void {
    const kind = graphKind(state, entry);
    const label = this._label(entry);
    if (node.dataset.kind === kind && node.dataset.label === label && node.dataset.index === `${entry.index}`) {
      return;
    }
    Object.assign(node.dataset, { kind, label, index: `${entry.index}` });
    const name = cellName(state, entry.cell_id);
    const reason = markOf(state, entry).reason;
    const [, , number, text, sign, title] = Array.from(node.children);
    number.textContent = String(entry.index + 1);
    const room = ((this._widths.get(entry.cell_id) ?? NARROWEST) - ROOM) / LETTER;
    text.textContent = short(label, Math.round(room));
    sign.textContent = SIGNS[kind] ?? '';
    title.textContent = `${name}: ${label}${reason === '' ? '' : `\n${reason}`}`;
    node.setAttribute('aria-label', `${name}, ${label}, ${kind}`);
  }

  private _label(entry: Entry): string {
    const names = [...new Set([...entry.writes, ...entry.mutates])].join(', ');
    return short(names === '' ? this._actions.firstLine(entry.cell_id) : names, LONGEST_LABEL);
  }

  private readonly _content: SVGGElement;
  private readonly _frame: SVGSVGElement;
  private readonly _empty: HTMLElement;
  private readonly _viewport: Viewport;
  private readonly _layouter = new Layouter(layout => this._draw(layout));
  private readonly _widths = new Map<string, number>();
  private readonly _nodes = new Map<string, SVGGElement>();
  private _edges: { node: SVGPathElement; from: string; to: string }[] = [];
  private _drawn: Layout | null = null;
  private _state: NotebookState | null = null;
  private _notebook: object | null = null;
  private _structure = '';
  private _selected: string | null = null;
  private _placed = false;
}

/** A sign for each mark, so that colour is never needed. */
const SIGNS: Record<string, string> = {
  stale: '◷',
  queued: '…',
  running: '▶',
  blocked: '⊘',
  error: '✕',
  disabled: '‖',
  done: '✓',
  skipped: '='
};

/** The cell's mark; and in the last cascade, whether it was run or turned out to need no run. */
function graphKind(state: NotebookState, entry: Entry): string {
  const kind = kindOf(entry);
  const cascade = state.cascade ?? state.last;
  if (kind !== 'fresh' || cascade === null) {
    return kind;
  }
  if (cascade.ended.has(entry.cell_id)) {
    return 'done';
  }
  return cascade.skipped.has(entry.cell_id) ? 'skipped' : kind;
}

function short(text: string, longest: number): string {
  const most = Math.max(longest, 3);
  return text.length > most ? `${text.slice(0, most - 1)}…` : text;
}

function arrow(): SVGMarkerElement {
  return svg(
    'marker',
    {
      id: 'jp-reactive-arrow',
      viewBox: '0 0 8 8',
      refX: 7,
      refY: 4,
      markerWidth: 7,
      markerHeight: 7,
      orient: 'auto'
    },
    svg('path', { d: 'M1 1l6 3-6 3' })
  );
}

/** A smooth line through dagre's points. */
function curve(points: readonly Point[]): string {
  const [first, ...rest] = points;
  let d = `M${first.x} ${first.y}`;
  for (let i = 0; i < rest.length - 1; i++) {
    const middle = i === rest.length - 2 ? rest[i + 1] : between(rest[i], rest[i + 1]);
    d += `Q${rest[i].x} ${rest[i].y} ${middle.x} ${middle.y}`;
  }
  const last = points[points.length - 1];
  return rest.length < 2 ? `${d}L${last.x} ${last.y}` : d;
}

function between(a: Point, b: Point): Point {
  return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
}
