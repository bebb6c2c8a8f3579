/** Small helpers to make DOM nodes and to keep them current; all text goes in as text, never as markup. */

type Child = Node | string | null;

/** Make an element: attributes that are functions become listeners, null and false ones are left out. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Record<string, unknown>,
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const node = document.createElement(tag);
  assign(node, attributes);
  node.append(...children.filter(child => child !== null));
  return node;
}

const SVG = 'http://www.w3.org/2000/svg';

/** The same for SVG. */
export function svg<K extends keyof SVGElementTagNameMap>(
  tag: K,
  attributes: Record<string, unknown>,
  ...children: Child[]
): SVGElementTagNameMap[K] {
  const node = document.createElementNS(SVG, tag);
  assign(node, attributes);
  node.append(...children.filter(child => child !== null));
  return node;
}

function assign(node: Element, attributes: Record<string, unknown>): void {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') {
      node.addEventListener(name, value as EventListener);
    } else if (value !== null && value !== undefined && value !== false) {
      node.setAttribute(name, String(value));
    }
  }
}

/** Hide an element or show it; the page is left alone when it is so already. */
export function setHidden(node: HTMLElement, hidden: boolean): void {
  if (node.hidden !== hidden) {
    node.hidden = hidden;
  }
}

/** A row of a list: which it is, all that it shows, and how it is made. */
export interface Row {
  readonly key: string;
  readonly signature: string;
  make(): HTMLElement;
}

/** The rows of a list or table. Of a change only the rows that look different are made anew. */
export class Rows {
  constructor(private readonly _parent: HTMLElement) {}

  present(rows: readonly Row[]): void {
    const before = this._shown;
    this._shown = new Map();
    const staying = new Set(rows.map(row => row.key));
    before.forEach(({ node }, key) => staying.has(key) || node.remove());
    let next = this._parent.firstElementChild;
    for (const row of rows) {
      const known = before.get(row.key);
      const same = known?.signature === row.signature;
      const node = same ? known.node : row.make();
      if (known !== undefined && !same) {
        next = next === known.node ? node : next;
        replace(known.node, node);
      }
      if (node === next) {
        next = node.nextElementSibling;
      } else {
        this._parent.insertBefore(node, next);
      }
      this._shown.set(row.key, { signature: row.signature, node });
    }
  }

  private _shown = new Map<string, { signature: string; node: HTMLElement }>();
}

/** Put one row in another's place; who had the old one's button in focus has the new one's. */
function replace(old: HTMLElement, node: HTMLElement): void {
  const buttons = [...old.querySelectorAll('button')];
  const focused = buttons.findIndex(button => button === document.activeElement);
  old.replaceWith(node);
  if (focused >= 0) {
    node.querySelectorAll('button')[focused]?.focus();
  }
}
