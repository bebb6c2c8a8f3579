/** Going to cells and highlighting them in one view of a notebook. */
import type { Cell } from '@jupyterlab/cells';
import type { NotebookPanel } from '@jupyterlab/notebook';
import { Menu } from '@lumino/widgets';
import { CommandRegistry } from '@lumino/commands';

const FLASH = 'jp-mod-reactiveFlash';
export const UPSTREAM = 'jp-mod-reactiveUpstream';
export const DOWNSTREAM = 'jp-mod-reactiveDownstream';

export function findCell(panel: NotebookPanel, id: string): Cell | undefined {
  return panel.content.widgets.find(cell => cell.model.id === id);
}

/** Make the cell the active one, bring it into view, and show for a moment which it is. */
export async function goTo(panel: NotebookPanel, id: string): Promise<void> {
  const index = panel.content.widgets.findIndex(cell => cell.model.id === id);
  if (index < 0) {
    return;
  }
  panel.content.activeCellIndex = index;
  panel.content.deselectAll();
  await panel.content.scrollToItem(index, 'smart');
  const node = panel.content.widgets[index].node;
  node.classList.remove(FLASH);
  // A new animation starts only after the class was really gone.
  void node.offsetWidth;
  node.classList.add(FLASH);
  window.setTimeout(() => node.classList.remove(FLASH), 1200);
}

/** Mark the cells that a cell depends on and those that depend on it; null takes the marks away. */
export function highlight(
  panel: NotebookPanel,
  ids: { upstream: readonly string[]; downstream: readonly string[] } | null
): void {
  const [upstream, downstream] = [new Set(ids?.upstream), new Set(ids?.downstream)];
  for (const cell of panel.content.widgets) {
    const id = cell.model?.id;
    cell.toggleClass(UPSTREAM, upstream.has(id));
    cell.toggleClass(DOWNSTREAM, downstream.has(id));
  }
}

/** Go to the only one of some cells, or let people choose among them at a place on the screen. */
export function choose(
  panel: NotebookPanel,
  targets: readonly { id: string; label: string }[],
  at: { x: number; y: number }
): void {
  if (targets.length === 1) {
    void goTo(panel, targets[0].id);
    return;
  }
  const commands = new CommandRegistry();
  const menu = new Menu({ commands });
  targets.forEach(({ id, label }, index) => {
    commands.addCommand(`go:${index}`, { label, execute: () => goTo(panel, id) });
    menu.addItem({ command: `go:${index}` });
  });
  menu.aboutToClose.connect(() => requestAnimationFrame(() => menu.dispose()));
  menu.open(at.x, at.y);
}
