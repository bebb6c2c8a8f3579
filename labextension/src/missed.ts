/**
 * Outputs that were made while nobody looked: the coordinator has kept them, where there is one.
 *
 * A page that opens (or comes back) in the middle of a cascade then shows what it would have shown all along. An output
 * that can't be had, while the page shows an older one, is said to be lost: then the kernel has the cell stale.
 */
import { URLExt } from '@jupyterlab/coreutils';
import type { ICellModel, ICodeCellModel } from '@jupyterlab/cells';
import type { IOutput } from '@jupyterlab/nbformat';
import { ServerConnection } from '@jupyterlab/services';

import type { NotebookState } from './model';
import type { Entry } from './protocol';

/** A cell as the coordinator tells it. */
interface KeptCell extends Entry {
  readonly code: string;
  readonly outputs?: readonly IOutput[];
}

/** The notebook as it is seen here. */
export interface MissedHost {
  path(): string;
  model(cell: string): ICodeCellModel | null;
  state(): NotebookState;
  /** Whether the notebook is marked and its kernel runs nothing. */
  idle(): boolean;
  /** Whether no other browser shares the document. */
  alone(): boolean;
  /** Of several browsers that share the document, whether it is this one that speaks for it. */
  leads(): boolean;
  /** Tell the kernel that what a cell's run showed is lost. */
  lost(cell: string, executionCount: number): void;
}

/** After an undo: until the kernel has heard of it; once more, should it take long. */
const SETTLED = [300, 2000];

export class Missed {
  constructor(private readonly _host: MissedHost) {}

  /** Outputs may have been missed: look as soon as the kernel is idle. */
  suspect(): void {
    this._behind = true;
  }

  /** Forget what was awaited: there is another kernel, or none. */
  reset(): void {
    this._timers.forEach(timer => window.clearTimeout(timer));
    this._connection++;
    this._awaited.clear();
    this._inserted.clear();
  }

  /** This page runs the cell: its outputs are on their way to it, and would be there twice. */
  awaits(cell: string): void {
    this._awaited.add(cell);
  }

  arrived(cell: string): void {
    this._awaited.delete(cell);
  }

  /** A message of the cell's run came. */
  heard(cell: string): void {
    this._heard.add(cell);
    this._inserted.delete(cell);
  }

  /** Cells came: an undo may bring one back with what it showed then, while the kernel knows of a later run. */
  inserted(cells: readonly ICellModel[]): void {
    const { cells: entries } = this._host.state();
    const old = cells.filter(cell => {
      const last = entries.get(cell.id)?.execution_count ?? null;
      return cell.type === 'code' && last !== (cell as ICodeCellModel).executionCount;
    });
    old.forEach(cell => this._inserted.add(cell.id));
    if (old.length > 0) {
      this._timers.forEach(timer => window.clearTimeout(timer));
      this._timers = SETTLED.map(pause =>
        window.setTimeout(() => {
          this.suspect();
          this.look();
        }, pause)
      );
    }
  }

  look(): void {
    if (this._host.idle()) {
      this.begin();
    }
  }

  /** Show outputs that were made before this page listened; those of a running cell when it has ended. */
  begin(): void {
    if (this._behind) {
      void this._catchUp();
    }
  }

  private async _catchUp(): Promise<void> {
    this._behind = false;
    const connection = this._connection;
    if (![...this._host.state().cells.values()].some(entry => entry.has_run) || !this._host.leads()) {
      return;
    }
    this._heard.clear();
    const kept = (this._host.alone() && (await keptCells(this._host.path()).catch(() => null))) || [];
    if (connection === this._connection) {
      const known = new Map(kept.map(cell => [cell.cell_id, cell]));
      for (const entry of this._host.state().cells.values()) {
        this._look(entry, known.get(entry.cell_id));
      }
    }
  }

  private _look(entry: Entry, kept: KeptCell | undefined): void {
    const id = entry.cell_id;
    const model = this._host.model(id);
    const awaited = this._awaited.has(id) || model?.executionState === 'running';
    if (entry.status === 'running' || this._heard.has(id) || awaited) {
      this._behind = true;
    } else if (model !== null && kept !== undefined && isMissed(kept, model)) {
      fill(kept, model);
    } else if (model !== null && entry.fresh && entry.execution_count !== null && this._isOld(entry, model)) {
      this._host.lost(id, entry.execution_count);
    }
  }

  /** Whether the page shows what is not of the cell's last run. Nothing at all, in a page just opened, deceives nobody. */
  private _isOld(entry: Entry, model: ICodeCellModel): boolean {
    const shows = this._host.alone() && (model.executionCount !== null || model.outputs.length > 0);
    return entry.execution_count !== model.executionCount && (shows || this._inserted.has(entry.cell_id));
  }

  private _behind = false;
  private _timers: number[] = [];
  private _connection = 0;
  /** Cells that sent messages since the kept outputs were asked for. */
  private readonly _heard = new Set<string>();
  private readonly _awaited = new Set<string>();
  /** Cells that came by an undo, say, with another run's output than the kernel's last. */
  private readonly _inserted = new Set<string>();
}

/** The cells of a notebook with their outputs; null without a coordinator. */
async function keptCells(path: string): Promise<readonly KeptCell[] | null> {
  const settings = ServerConnection.makeSettings();
  const url = URLExt.join(settings.baseUrl, 'reactive-kernel/notebooks', URLExt.encodeParts(path));
  const response = await ServerConnection.makeRequest(url, {}, settings);
  if (!response.ok) {
    return null;
  }
  return ((await response.json()) as { cells: readonly KeptCell[] }).cells;
}

/** Whether the page shows another run of the cell than the last one. */
function isMissed(cell: KeptCell, model: ICodeCellModel): boolean {
  return (
    cell.outputs !== undefined &&
    cell.execution_count !== null &&
    cell.code === model.sharedModel.getSource() &&
    cell.execution_count !== model.executionCount
  );
}

/** Show the kept outputs of the last run. */
function fill(cell: KeptCell, model: ICodeCellModel): void {
  model.trusted = true;
  model.outputs.fromJSON([...(cell.outputs ?? [])]);
  model.executionCount = cell.execution_count;
}
