/** The small line under a cell's input: its mark, why, and "reads x, df · writes y" with links. */
import { Widget } from '@lumino/widgets';

import { h } from './dom';
import { markIcon } from './icons';
import type { NotebookState } from './model';
import type { Entry } from './protocol';
import { cellName, type Mark, type MarkKind, markOf, type NameLink, readLinks, writeLinks } from './views';

/** More names than these are only counted; the graph panel shows them all. */
const MOST_NAMES = 6;
/** Marks whose word says enough; the sentence is their tooltip. */
const SELF_EVIDENT: ReadonlySet<MarkKind> = new Set(['new', 'running', 'queued']);
const OPAQUE = 'What this cell reads and writes can only be learnt by running it.';

export interface LineActions {
  /** Go to one of these cells, asking which if there are several. */
  go(cells: readonly string[], event: MouseEvent): void;
  /** Highlight what the cell depends on and feeds, or stop. */
  hover(entry: Entry | null): void;
}

export class GutterLine extends Widget {
  constructor(private readonly _actions: LineActions) {
    super();
    this.addClass('jp-ReactiveLine');
    this.node.setAttribute('role', 'note');
    this.node.addEventListener('mouseenter', () => this._actions.hover(this._entry));
    this.node.addEventListener('mouseleave', () => this._actions.hover(null));
    this.hide();
  }

  /** Show an entry's state, or nothing; `shows`: whether the cell has an output or a number. */
  present(state: NotebookState, entry: Entry | null, shows: boolean): void {
    this._entry = entry;
    const parts = entry === null ? null : contents(state, entry, shows);
    const signature = JSON.stringify(parts);
    if (signature === this._signature) {
      return;
    }
    this._signature = signature;
    if (parts === null || entry === null || isEmpty(parts)) {
      this.hide();
      return;
    }
    this.show();
    this.node.dataset.kind = parts.mark.kind;
    this.node.setAttribute('aria-label', sentence(state, entry, parts));
    this.node.replaceChildren(...this._render(state, parts));
  }

  private _render(state: NotebookState, parts: Contents): Node[] {
    const nodes: Node[] = [];
    const { mark } = parts;
    if (mark.label !== '') {
      nodes.push(chip(mark.kind, mark.label, mark.reason));
    }
    if (parts.opaque || parts.remarks.length > 0) {
      const why = parts.remarks.length > 0 ? parts.remarks.join('\n') : OPAQUE;
      nodes.push(chip('opaque', parts.opaque ? 'opaque' : 'note', why));
    }
    if (mark.label !== '' && !SELF_EVIDENT.has(mark.kind)) {
      nodes.push(this._reason(state, mark));
    }
    const names = [this._names('reads', parts.reads), this._names('writes', parts.writes)];
    const shown = names.filter(part => part !== null);
    if (shown.length > 0) {
      nodes.push(h('span', { class: 'jp-ReactiveLine-flow' }, ...join(shown, ' · ')));
    }
    return nodes;
  }

  private _reason(state: NotebookState, mark: Mark): HTMLElement {
    const links = mark.culprits.slice(0, 3).map(id =>
      h(
        'button',
        {
          class: 'jp-ReactiveLink',
          type: 'button',
          click: (event: MouseEvent) => this._actions.go([id], event)
        },
        `go to ${cellName(state, id)}`
      )
    );
    const text = h('span', { title: mark.reason }, mark.reason);
    return h('span', { class: 'jp-ReactiveLine-reason' }, text, ...links);
  }

  private _names(verb: string, links: readonly NameLink[]): HTMLElement | null {
    if (links.length === 0) {
      return null;
    }
    const nodes = links.slice(0, MOST_NAMES).map(link => this._name(verb, link));
    const more = links.length - nodes.length;
    return h(
      'span',
      {},
      h('span', { class: 'jp-ReactiveLine-verb' }, `${verb} `),
      ...join(nodes, ', '),
      more > 0 ? ` and ${more} more` : null
    );
  }

  private _name(verb: string, link: NameLink): HTMLElement {
    const note = link.note === undefined ? '' : ` (${link.note})`;
    if (link.cells.length === 0) {
      return h('span', { class: 'jp-ReactiveName' }, link.name + note);
    }
    const where = verb === 'reads' ? 'where it is defined' : 'where it is used';
    return h(
      'button',
      {
        class: 'jp-ReactiveName jp-ReactiveLink',
        type: 'button',
        title: `Go to ${where}`,
        'aria-label': `${link.name}: go to ${where}`,
        click: (event: MouseEvent) => this._actions.go(link.cells, event)
      },
      link.name + note
    );
  }

  private _entry: Entry | null = null;
  private _signature = 'null';
}

interface Contents {
  readonly mark: Mark;
  readonly opaque: boolean;
  readonly remarks: readonly string[];
  readonly reads: readonly NameLink[];
  readonly writes: readonly NameLink[];
}

function contents(state: NotebookState, entry: Entry, shows: boolean): Contents {
  return {
    mark: markOf(state, entry, shows),
    opaque: entry.opaque,
    // Kernels before this field send none.
    remarks: entry.remarks ?? [],
    reads: readLinks(state, entry),
    writes: writeLinks(state, entry)
  };
}

function isEmpty(parts: Contents): boolean {
  const quiet = parts.mark.label === '' && !parts.opaque && parts.remarks.length === 0;
  return quiet && parts.reads.length + parts.writes.length === 0;
}

function chip(kind: Parameters<typeof markIcon>[0], label: string, title: string): HTMLElement {
  return h('span', { class: 'jp-ReactiveChip', 'data-kind': kind, title }, markIcon(kind), label);
}

function join(nodes: readonly HTMLElement[], text: string): (Node | string)[] {
  return nodes.flatMap((node, index) => (index === 0 ? [node] : [text, node]));
}

/** What a screen reader says of the line: as much as is to be seen of it. */
function sentence(state: NotebookState, entry: Entry, parts: Contents): string {
  const { kind, label, reason } = parts.mark;
  const how = label === '' ? '' : kind === 'error' ? ' failed' : ` is ${label}`;
  return [
    `${cellName(state, entry.cell_id)}${how}.`,
    label === '' ? '' : reason,
    ...(parts.opaque && parts.remarks.length === 0 ? [`Opaque: ${OPAQUE}`] : parts.remarks),
    parts.reads.length > 0 ? `Reads ${list(parts.reads)}.` : '',
    parts.writes.length > 0 ? `Writes ${list(parts.writes)}.` : ''
  ]
    .filter(part => part !== '')
    .map(part => (part.endsWith('.') ? part : `${part}.`))
    .join(' ');
}

function list(links: readonly NameLink[]): string {
  const more = links.length - MOST_NAMES;
  const names = links.slice(0, MOST_NAMES).map(link => link.name);
  return names.join(', ') + (more > 0 ? ` and ${more} more` : '');
}
