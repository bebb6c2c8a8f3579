/** The notebook's cells as a layered graph: live marks, click to go there, zoom and fit. */
import type { Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';

import { h, setHidden, svg } from './dom';
import { neighbour } from './graphkeys';
import { ARROW, arrow, curve } from './graphshapes';
import type { Layout } from './layout';
import { Layouter } from './layouter';
import type { NotebookState } from './model';
import type { Edge, Entry } from './protocol';
import { Slices } from './slices';
import { cellName, kindOf, markOf, ordered } from './views';
import { LEGIBLE, Viewport } from './viewport';

const HEIGHT = 28;
const LONGEST_LABEL = 12;
/** What a node needs beside its label (number, sign), and for each letter of it. */
const ROOM = 48;
const LETTER = 7.3;
const NARROWEST = 62;

export interface GraphActions {
  go(cell: string): void;
  /** How a cell without any name begins. */
  firstLine(cell: string): string;
}

export class GraphView extends Widget {
  constructor(private readonly _actions: GraphActions) {
    super();
    this.addClass('jp-ReactiveGraph');
    this._behind = svg('g', {});
    this._content = svg('g', {}, this._behind);
    this._frame = svg(
      'svg',
      { class: 'jp-ReactiveGraph-frame', role: 'group', 'aria-label': 'Cells and what they pass on' },
      svg('defs', {}, arrow()),
      this._content
    );
    this._viewport = new Viewport(this._frame, this._content);
    this._empty = h('div', { class: 'jp-ReactivePanel-empty' }, 'No code cells yet.');
    this.node.append(this._frame, this._empty);
    this.toolbar = new Widget({ node: this._tools() });
  }

  /** The panel puts it into the section's title. */
  readonly toolbar: Widget;

  private _tools(): HTMLElement {
    const button = (label: string, title: string, act: () => void) =>
      h('button', { type: 'button', title, 'aria-label': title, click: act }, label);
    return h(
      'div',
      { class: 'jp-ReactiveGraph-tools', role: 'toolbar', 'aria-label': 'Zoom' },
      button('+', 'Zoom in', () => this._viewport.zoom(1.3)),
      button('−', 'Zoom out', () => this._viewport.zoom(1 / 1.3)),
      button('Fit', 'Show the whole graph', () => this._showAll())
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
    setHidden(this._empty, (state?.cells.size ?? 0) > 0);
    if (this.isVisible) {
      this._refresh();
    }
  }

  /** Show which cell is the active one. */
  select(cell: string | null, reveal: boolean): void {
    const before = this._selected;
    if (cell !== before) {
      this._emphasize(before, false);
      this._selected = cell;
      this._emphasize(cell, true);
      if (!this.node.contains(document.activeElement)) {
        this._reach(cell);
      }
    }
    const at = cell === null ? undefined : this._drawn?.nodes[cell];
    const follow = cell !== before && !this._viewport.touched && at !== undefined;
    if (at !== undefined && (reveal || (follow && this._placed && !this._viewport.shows(at.x, at.y)))) {
      this._viewport.center(at.x, at.y, this._drawn?.width ?? 0, this._drawn?.height ?? 0);
    }
  }

  /** Make a cell, its neighbours and the edges between them stand out, or not any more. */
  private _emphasize(cell: string | null, on: boolean): void {
    if (cell === null) {
      return;
    }
    this._nodes.get(cell)?.classList.toggle('jp-mod-active', on);
    for (const { node, from, to } of this._edges.get(cell) ?? []) {
      node.classList.toggle('jp-mod-active', on);
      this._nodes.get(from === cell ? to : from)?.classList.toggle('jp-mod-near', on);
    }
  }

  private _onKey(event: KeyboardEvent, id: string): void {
    if (event.ctrlKey || event.altKey || event.metaKey) {
      return;
    }
    const state = this._state;
    const order = state === null ? [] : ordered(state).map(entry => entry.cell_id);
    const next = neighbour(event.key, id, order, state?.edges ?? []);
    if (event.key === 'Enter' || event.key === ' ') {
      this._actions.go(id);
    } else if (event.key === '+' || event.key === '-') {
      this._viewport.zoom(event.key === '+' ? 1.3 : 1 / 1.3);
    } else if (next !== null) {
      this._reach(next);
      this._nodes.get(next)?.focus({ preventScroll: true });
      this._bringIn(next);
    } else if (!event.key.startsWith('Arrow')) {
      return;
    }
    // JupyterLab's own keys are for the notebook.
    event.preventDefault();
    event.stopPropagation();
  }

  /** Of all nodes one is reached by the Tab key; the arrow keys lead from there to the others. */
  private _reach(cell: string | null): void {
    const node = this._nodes.get(cell ?? '') ?? this._reachable ?? [...this._nodes.values()][0];
    this._reachable?.setAttribute('tabindex', '-1');
    node?.setAttribute('tabindex', '0');
    this._reachable = node ?? null;
  }

  private _bringIn(cell: string): void {
    const at = this._drawn?.nodes[cell];
    if (at !== undefined && !this._viewport.shows(at.x, at.y)) {
      this._viewport.center(at.x, at.y, this._drawn?.width ?? 0, this._drawn?.height ?? 0);
    }
  }

  /** Not `fit`: Lumino calls that after a change of the theme. */
  private _showAll(): void {
    if (this._drawn !== null) {
      this._viewport.fit(this._drawn.width, this._drawn.height);
    }
  }

  dispose(): void {
    this._layouter.dispose();
    this._slices.stop();
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
      keepOnly(this._nodes, new Map(), this._content);
      keepOnly(this._lines, new Map(), this._behind);
      this._edges.clear();
      this._structure = '';
      return;
    }
    const cells = ordered(state);
    const structure = cells.map(cell => cell.cell_id).join();
    if (structure === this._structure && state.edges === this._links) {
      cells.forEach(entry => this._mark(state, entry));
      return;
    }
    this._structure = structure;
    this._links = state.edges;
    const nodes = cells.map(cell => ({ id: cell.cell_id, width: this._width(cell), height: HEIGHT }));
    this._layouter.ask({ nodes, edges: state.edges });
  }

  private _draw(layout: Layout): void {
    const state = this._state;
    if (state === null || this.isDisposed) {
      return;
    }
    this._drawn = layout;
    this._emphasize(this._selected, false);
    const changes = this._drawEdges(layout);
    const cells = ordered(state).filter(entry => layout.nodes[entry.cell_id] !== undefined);
    const nodes = new Map(cells.map(({ cell_id: id }) => [id, this._nodes.get(id) ?? this._node(id)]));
    keepOnly(this._nodes, nodes, this._content);
    this._slices.run([
      ...cells.map(entry => () => this._place(nodes.get(entry.cell_id) as SVGGElement, entry.cell_id, layout)),
      ...changes
    ]);
    this._emphasize(this._selected, true);
    if (this._reachable?.isConnected !== true) {
      this._reachable = null;
      this._reach(this._selected);
    }
    this._first();
  }

  /** What is left to do: give each line its course. */
  private _drawEdges(layout: Layout): (() => boolean)[] {
    const changes: (() => boolean)[] = [];
    const lines = new Map<string, SVGPathElement>();
    this._edges.clear();
    for (const { from, to, points } of layout.edges) {
      const key = `${from}>${to}`;
      const node = this._lines.get(key) ?? svg('path', { class: 'jp-ReactiveEdge', 'marker-end': `url(#${ARROW})` });
      changes.push(() => change(node, 'd', curve(points)));
      lines.set(key, node);
      for (const end of [from, to]) {
        const known = this._edges.get(end) ?? [];
        known.push({ node, from, to });
        this._edges.set(end, known);
      }
    }
    keepOnly(this._lines, lines, this._behind);
    return changes;
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

  private _node(id: string): SVGGElement {
    const act = () => this._actions.go(id);
    const node = svg(
      'g',
      {
        class: 'jp-ReactiveNode',
        'data-cell': id,
        tabindex: '-1',
        role: 'button',
        click: act,
        keydown: (event: KeyboardEvent) => this._onKey(event, id)
      },
      svg('rect', { height: HEIGHT, rx: 3 }),
      svg('path', { class: 'jp-ReactiveNode-bar', d: `M1.5 3v${HEIGHT - 6}` }),
      svg('text', { x: 22, y: 18, class: 'jp-ReactiveNode-number', 'text-anchor': 'end' }),
      svg('text', { x: 28, y: 18, class: 'jp-ReactiveNode-label' }),
      svg('text', { y: 18, class: 'jp-ReactiveNode-sign', 'text-anchor': 'end' }),
      svg('title', {})
    );
    node.addEventListener('pointerenter', () => this._explain(node, id));
    return node;
  }

  /** Move a node to its place, and show its cell's state there; whether it was elsewhere. */
  private _place(node: SVGGElement, id: string, { nodes }: Layout): boolean {
    const { x, y } = nodes[id];
    const width = this._widths.get(id) ?? NARROWEST;
    const [frame, , , , sign] = Array.from(node.children);
    if (change(frame, 'width', String(width))) {
      sign.setAttribute('x', String(width - 6));
      // Its label may have more room now, or less.
      this._shown.delete(node);
    }
    const entry = this._state?.cells.get(id);
    if (this._state !== null && entry !== undefined) {
      this._mark(this._state, entry);
    }
    return change(node, 'transform', `translate(${x - width / 2},${y - HEIGHT / 2})`);
  }

  private _mark(state: NotebookState, entry: Entry): void {
    const node = this._nodes.get(entry.cell_id);
    const kind = graphKind(state, entry);
    if (node === undefined || (this._shown.get(node) === entry && node.dataset.kind === kind)) {
      return;
    }
    this._shown.set(node, entry);
    const label = this._label(entry);
    node.dataset.kind = kind;
    const [, , number, text, sign] = Array.from(node.children);
    number.textContent = String(entry.index + 1);
    const room = ((this._widths.get(entry.cell_id) ?? NARROWEST) - ROOM) / LETTER;
    text.textContent = short(label, Math.round(room));
    sign.textContent = SIGNS[kind] ?? '';
    node.setAttribute('aria-label', `${cellName(state, entry.cell_id)}, ${label}, ${kind}`);
  }

  /** The reason may name other cells, so it is looked up when it is wanted. */
  private _explain(node: SVGGElement, id: string): void {
    const entry = this._state?.cells.get(id);
    const title = node.querySelector('title');
    if (this._state !== null && entry !== undefined && title !== null) {
      const { reason } = markOf(this._state, entry);
      title.textContent = `${cellName(this._state, id)}: ${this._label(entry)}${reason === '' ? '' : `\n${reason}`}`;
    }
  }

  private _label(entry: Entry): string {
    const names = [...new Set([...entry.writes, ...entry.mutates])].join(', ');
    return short(names === '' ? this._actions.firstLine(entry.cell_id) : names, LONGEST_LABEL);
  }

  private readonly _content: SVGGElement;
  /** The lines, behind the nodes. */
  private readonly _behind: SVGGElement;
  private readonly _frame: SVGSVGElement;
  private readonly _empty: HTMLElement;
  private readonly _viewport: Viewport;
  private readonly _layouter = new Layouter(layout => this._draw(layout));
  private readonly _slices = new Slices();
  private readonly _widths = new Map<string, number>();
  private readonly _nodes = new Map<string, SVGGElement>();
  private readonly _lines = new Map<string, SVGPathElement>();
  /** The lines that begin or end at each cell. */
  private readonly _edges = new Map<string, { node: SVGPathElement; from: string; to: string }[]>();
  /** What each node shows. */
  private readonly _shown = new WeakMap<SVGGElement, Entry>();
  private _drawn: Layout | null = null;
  private _state: NotebookState | null = null;
  private _notebook: object | null = null;
  private _structure = '';
  private _links: readonly Edge[] = [];
  private _selected: string | null = null;
  private _reachable: SVGGElement | null = null;
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

/** Set an attribute that may have that value already; whether it had another. */
function change(node: Element, name: string, value: string): boolean {
  const news = node.getAttribute(name) !== value;
  if (news) {
    node.setAttribute(name, value);
  }
  return news;
}

/** Have exactly these elements on the page, of which some are there. */
function keepOnly<T extends Element>(shown: Map<string, T>, wanted: ReadonlyMap<string, T>, parent: Element): void {
  shown.forEach((node, key) => wanted.has(key) || node.remove());
  parent.append(...[...wanted].filter(([key]) => !shown.has(key)).map(([, node]) => node));
  shown.clear();
  wanted.forEach((node, key) => shown.set(key, node));
}
