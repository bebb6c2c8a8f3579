/** Every command: what it is called and what it does. Menus, shortcuts and toolbars are in schema/plugin.json. */
import { Notification, type ICommandPalette } from '@jupyterlab/apputils';
import type { ISharedCell, SharedCell } from '@jupyter/ydoc';
import { CodeCell } from '@jupyterlab/cells';
import { NotebookActions, type NotebookPanel } from '@jupyterlab/notebook';
import type { CommandRegistry } from '@lumino/commands';

import { isSql, toggleSql } from './document';
import { flowIcon, runStaleIcon } from './icons';
import { goTo } from './navigate';
import type { RunKind } from './protocol';
import type { NotebookSession } from './session';
import type { Sessions } from './sessions';
import { dependencyOrder, differing } from './sort';
import { cellName, counts, markOf } from './views';

export const ids = {
  runStale: 'reactive:run-stale',
  runAll: 'reactive:run-all',
  runUpstream: 'reactive:run-upstream',
  runAlone: 'reactive:run-alone',
  interrupt: 'reactive:interrupt',
  toggleLazy: 'reactive:toggle-lazy',
  toggleDisabled: 'reactive:toggle-disabled',
  toggleSql: 'reactive:toggle-sql',
  newSql: 'reactive:new-sql-cell',
  sort: 'reactive:sort-cells',
  show: 'reactive:show-dependencies',
  why: 'reactive:why'
};

/** What a command acts on: the notebook in front, if its kernel is reactive. */
interface Place {
  readonly panel: NotebookPanel;
  readonly session: NotebookSession;
}

interface Spec {
  readonly label: string | ((place: Place | null) => string);
  readonly caption?: string;
  readonly run: (place: Place) => unknown;
  readonly toggled?: (place: Place) => boolean;
  readonly icon?: typeof flowIcon;
  readonly enabled?: (place: Place) => boolean;
  readonly visible?: (place: Place) => boolean;
}

function runSpecs(commands: CommandRegistry): Record<string, Spec> {
  return {
    [ids.runStale]: {
      label: place => staleLabel(place),
      caption: 'Run every stale cell that had run before, each once',
      icon: runStaleIcon,
      enabled: ({ session }) => counts(session.state).stale > 0,
      run: ({ session }) => session.run('stale')
    },
    [ids.runAll]: {
      label: 'Make All Cells Fresh',
      caption: 'Run every cell that is not fresh, each once, in dependency order',
      run: ({ session }) => session.run('all')
    },
    [ids.runUpstream]: {
      label: 'Run Cell and What It Needs Only',
      run: place => runCell(place, { run: 'upstream' })
    },
    [ids.runAlone]: {
      label: 'Run Cell Alone',
      run: place => runCell(place, { cascade: false })
    },
    [ids.interrupt]: {
      label: 'Interrupt the Cascade',
      run: () => commands.execute('notebook:interrupt-kernel')
    },
    [ids.toggleLazy]: {
      label: 'Lazy: Only Mark Dependents Stale',
      toggled: ({ session }) => session.state.mode === 'lazy',
      run: ({ session }) => session.setMode(session.state.mode === 'lazy' ? 'auto' : 'lazy')
    }
  };
}

function cellSpecs(showPanel: () => void): Record<string, Spec> {
  return {
    [ids.toggleDisabled]: {
      label: place => (place !== null && isDisabled(place) ? 'Enable Cell' : 'Disable Cell'),
      caption: 'Cascades leave out a disabled cell and what depends on it',
      run: toggleDisabled
    },
    [ids.toggleSql]: {
      label: place => (place !== null && isSql(source(place)) ? 'SQL' : 'Python'),
      caption: 'The language of the cell: change between Python and SQL',
      visible: place => activeCode(place) !== null,
      run: place => activeCode(place)?.model.sharedModel.setSource(toggleSql(source(place)))
    },
    [ids.newSql]: { label: 'New SQL Cell Below', run: newSqlCell },
    [ids.sort]: {
      label: 'Sort Cells Into Dependency Order',
      caption: 'Move each cell below the cells that it reads from; one step to undo',
      run: sortCells
    },
    [ids.show]: { label: 'Show Dependencies', icon: flowIcon, run: showPanel },
    [ids.why]: { label: 'Why Is This Cell Stale?', run: why }
  };
}

export function addCommands(
  commands: CommandRegistry,
  sessions: Sessions,
  palette: ICommandPalette | null,
  showPanel: () => void
): void {
  for (const [id, spec] of Object.entries({ ...runSpecs(commands), ...cellSpecs(showPanel) })) {
    const { label, toggled, enabled, visible } = spec;
    commands.addCommand(id, {
      label: typeof label === 'string' ? label : () => label(sessions.current),
      caption: spec.caption,
      icon: spec.icon,
      isVisible: () => sessions.current !== null && (visible?.(sessions.current) ?? true),
      isEnabled: () => sessions.current !== null && (enabled?.(sessions.current) ?? true),
      isToggled: toggled && (() => sessions.current !== null && toggled(sessions.current)),
      isToggleable: toggled !== undefined,
      execute: () => (sessions.current === null ? undefined : spec.run(sessions.current))
    });
    palette?.addItem({ command: id, category: 'Reactive Notebook' });
  }
  // Buttons and menus look again only when a label is another one: there may be many.
  let labels: string[] = [];
  let frame = 0;
  sessions.changed.connect(() => {
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      const changing = [ids.runStale, ids.toggleSql];
      const cell = sessions.current?.panel.content.activeCell?.model.id;
      const now = changing.map(id => `${commands.isVisible(id)} ${commands.label(id)} ${cell}`);
      changing.filter((_, i) => now[i] !== labels[i]).forEach(id => commands.notifyCommandChanged(id));
      labels = now;
    });
  });
}

function staleLabel(place: Place | null): string {
  const stale = place === null ? 0 : counts(place.session.state).stale;
  return stale === 0 ? 'Run Stale Cells' : `Run Stale Cells (${stale})`;
}

function activeCode({ panel }: Place): CodeCell | null {
  const cell = panel.content.activeCell;
  return cell instanceof CodeCell ? cell : null;
}

function source(place: Place): string {
  return activeCode(place)?.model.sharedModel.getSource() ?? '';
}

/** Run the active cell with a wish of this one request, which is never saved. */
async function runCell(place: Place, wish: { run?: RunKind; cascade?: boolean }): Promise<void> {
  const cell = activeCode(place);
  if (cell === null) {
    return;
  }
  await place.session.flush();
  const own = cell.model.getMetadata('reactive') as object | undefined;
  await CodeCell.execute(cell, place.panel.sessionContext, {
    deletedCells: [],
    recordTiming: place.panel.content.notebookConfig.recordTiming,
    reactive: { ...own, ...wish } as never
  });
}

function isDisabled(place: Place): boolean {
  const own = activeCode(place)?.model.getMetadata('reactive') as { disabled?: boolean } | undefined;
  return own?.disabled === true;
}

function toggleDisabled(place: Place): void {
  const cell = activeCode(place);
  if (cell === null) {
    return;
  }
  const { disabled, ...rest } = (cell.model.getMetadata('reactive') ?? {}) as { disabled?: boolean };
  const next = disabled === true ? rest : { ...rest, disabled: true };
  if (Object.keys(next).length === 0) {
    cell.model.deleteMetadata('reactive');
  } else {
    cell.model.setMetadata('reactive', next);
  }
}

async function newSqlCell({ panel }: Place): Promise<void> {
  NotebookActions.insertBelow(panel.content);
  const cell = panel.content.activeCell;
  cell?.model.sharedModel.setSource('%%sql\n');
  await cell?.ready;
  panel.content.mode = 'edit';
  cell?.editor?.setCursorPosition({ line: 1, column: 0 });
}

function sortCells({ panel, session }: Place): void {
  const notebook = panel.content.model?.sharedModel;
  if (notebook === undefined) {
    return;
  }
  const items = notebook.cells.map(cell => ({ id: cell.getId(), code: cell.cell_type === 'code' }));
  const after = dependencyOrder(items, session.state.edges);
  const [first, end] = differing(
    items.map(item => item.id),
    after
  );
  if (first === end) {
    Notification.info('The cells are in dependency order already.', { autoClose: 3000 });
    return;
  }
  // Not move by move: within a transaction the shared model still lists the cells as they were before it.
  const cells = new Map(notebook.cells.map(cell => [cell.getId(), cell]));
  const sorted = after.slice(first, end).map(id => (cells.get(id) as ISharedCell).toJSON() as SharedCell.Cell);
  notebook.transact(() => {
    notebook.deleteCellRange(first, end);
    notebook.insertCells(first, sorted);
  });
}

function why(place: Place): void {
  const cell = activeCode(place);
  const state = place.session.state;
  const entry = cell === null ? undefined : state.cells.get(cell.model.id);
  if (entry === undefined) {
    return;
  }
  const mark = markOf(state, entry);
  const name = cellName(state, entry.cell_id);
  const label = mark.label === '' ? 'not run yet' : mark.label;
  const text =
    mark.kind === 'fresh'
      ? `${name} is fresh: it shows what a clean run would show.`
      : `${name} is ${label}: ${mark.reason}`;
  Notification.info(text.charAt(0).toUpperCase() + text.slice(1), {
    autoClose: 10_000,
    actions: mark.culprits.slice(0, 3).map(id => ({
      label: `Go to ${cellName(state, id)}`,
      callback: () => void goTo(place.panel, id)
    }))
  });
}
