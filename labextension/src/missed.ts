/**
 * Outputs that came while nobody looked, or whose writer is gone: the coordinator has kept them, where there is one.
 *
 * A page that opens (or comes back) in the middle of a cascade then shows what it would have shown all along. An output
 * that can't be had, while the page shows an older one, is said to be lost: then the kernel has the cell stale.
 */
import type { ICellModel, ICodeCellModel } from '@jupyterlab/cells';

import type { KeptCell } from './kept';
import type { NotebookState } from './model';

/** The notebook as it is seen here. */
export interface MissedHost {
  model(cell: string): ICodeCellModel | null;
  state(): NotebookState;
  /** Whether the notebook is marked and its kernel runs nothing. */
  idle(): boolean;
  /** Whether the document is one that several browsers may share. */
  readonly shared: boolean;
  /** Whether it is sure that no other browser shares it. */
  alone(): boolean;
  /** Of several browsers that share the document, whether it is this one that speaks for it. */
  leads(): boolean;
  /** These cells as the coordinator has them; null or rejected without one. */
  kept(cells: readonly string[]): Promise<readonly KeptCell[] | null>;
  /** Tell the kernel that what a cell's run showed is lost. */
  lost(cell: string, executionCount: number): void;
}

/** After an undo: until the kernel has heard of it; once more, should it take long. */
const SETTLED = [300, 2000];
/** Pauses until outputs are asked for again that are on their way to the coordinator, or to here. */
const AGAIN = [100, 300, 1000, 3000];
/** What others write into a shared document they have written by then; who speaks for it mends first. */
const OTHERS = { leads: 2000, follows: 5000 };

export class Missed {
  constructor(private readonly _host: MissedHost) {}

  /** Outputs of a cell may have been missed, or of any cell: look as soon as the kernel is idle. */
  suspect(cell?: string): void {
    this._tries = 0;
    if (cell === undefined) {
      this._all = true;
    } else {
      this._suspects.add(cell);
    }
  }

  /** Forget what was awaited: there is another kernel, or none. */
  reset(): void {
    window.clearTimeout(this._timer);
    this._settling.forEach(timer => window.clearTimeout(timer));
    this._connection++;
    this._all = false;
    this._suspects.clear();
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
    // Nobody says that a run has ended whose cell was gone by then.
    cells.forEach(cell => this._awaited.delete(cell.id));
    const old = cells.filter(cell => {
      const last = entries.get(cell.id)?.execution_count ?? null;
      return cell.type === 'code' && last !== (cell as ICodeCellModel).executionCount;
    });
    old.forEach(cell => this._inserted.add(cell.id));
    if (old.length > 0) {
      this._settling.forEach(timer => window.clearTimeout(timer));
      this._settling = SETTLED.map(pause =>
        window.setTimeout(() => {
          // No other browser is about to write what they show.
          this._inserted.forEach(id => this.suspect(id));
          this._now(this._inserted);
        }, pause)
      );
    }
  }

  /** Show what was missed, if the kernel runs nothing. */
  look(): void {
    this._tries = 0;
    if (this._host.alone()) {
      this._now();
    } else if (this._isSuspicious) {
      this._later(this._patience);
    }
  }

  /** Show outputs that were made before this page listened; those of a running cell when it has ended. */
  begin(): void {
    if (this._host.alone() && this._isSuspicious) {
      void this._catchUp(this._taken());
    } else {
      this.look();
    }
  }

  /** How long others may take. */
  private get _patience(): number {
    return this._host.alone() ? 0 : this._host.leads() ? OTHERS.leads : OTHERS.follows;
  }

  private get _isSuspicious(): boolean {
    return this._all || this._suspects.size > 0;
  }

  private _now(only?: ReadonlySet<string>): void {
    if (this._isSuspicious && this._host.idle()) {
      void this._catchUp(this._taken(only));
    }
  }

  private _later(pause: number): void {
    window.clearTimeout(this._timer);
    this._timer = window.setTimeout(() => this._now(), pause);
  }

  /** The cells that are suspect, or some of them: they are not any more. */
  private _taken(only?: ReadonlySet<string>): string[] {
    if (this._all && only === undefined) {
      this._all = false;
      this._suspects.clear();
      return [...this._host.state().cells.keys()];
    }
    const taken = [...this._suspects].filter(id => only?.has(id) ?? true);
    taken.forEach(id => this._suspects.delete(id));
    return taken;
  }

  private async _catchUp(suspects: readonly string[]): Promise<void> {
    const connection = this._connection;
    this._heard.clear();
    const wanting = suspects.filter(id => this._isBehind(id));
    const kept = wanting.length === 0 ? [] : await this._host.kept(wanting).catch(() => null);
    if (connection === this._connection) {
      const known = new Map((kept ?? []).map(cell => [cell.cell_id, cell]));
      const again = suspects.filter(id => !this._settle(id, known.get(id)));
      again.forEach(id => this._suspects.add(id));
      if (again.length > 0 && this._tries < AGAIN.length) {
        this._later(AGAIN[this._tries++] + this._patience);
      }
    }
  }

  /** Whether the page shows another run of the cell than the last one. */
  private _isBehind(id: string): boolean {
    const count = this._host.state().cells.get(id)?.execution_count ?? null;
    const model = this._host.model(id);
    return model !== null && count !== null && count !== model.executionCount;
  }

  /** Have the cell show its last run; whether that is done, or can't be. */
  private _settle(id: string, kept: KeptCell | undefined): boolean {
    const entry = this._host.state().cells.get(id);
    const model = this._host.model(id);
    if (entry === undefined) {
      return true;
    }
    // Left in a shared document by a browser that has gone away, it says nothing.
    const left = this._host.shared && this._host.idle() && model?.executionState === 'running';
    const runs = entry.status === 'running' || (model?.executionState === 'running' && !left);
    if (runs || this._heard.has(id) || this._awaited.has(id)) {
      return false;
    }
    if (model === null) {
      return true;
    }
    if (this._isBehind(id)) {
      // What an undo brought into a shared document is not ours to replace.
      const mine = this._host.alone() || !this._inserted.has(id);
      if (mine && kept?.outputs_run === entry.execution_count && kept.code === model.sharedModel.getSource()) {
        fill(kept, model);
      } else if (mine && kept !== undefined && this._tries < AGAIN.length) {
        return false;
      } else if (entry.fresh && entry.execution_count !== null && this._deceives(id, model)) {
        this._host.lost(id, entry.execution_count);
      }
    }
    if (left) {
      model.executionState = 'idle';
    }
    return true;
  }

  /** Whether what is shown may be taken for the last run's. Nothing at all, in a page just opened, deceives nobody. */
  private _deceives(id: string, model: ICodeCellModel): boolean {
    return model.executionCount !== null || model.outputs.length > 0 || this._inserted.has(id);
  }

  /** Whether all cells are suspect. */
  private _all = false;
  private readonly _suspects = new Set<string>();
  /** How often the suspects were asked for in vain. */
  private _tries = 0;
  private _timer = 0;
  private _settling: number[] = [];
  private _connection = 0;
  /** Cells that sent messages since the kept outputs were asked for. */
  private readonly _heard = new Set<string>();
  private readonly _awaited = new Set<string>();
  /** Cells that came by an undo, say, with another run's output than the kernel's last. */
  private readonly _inserted = new Set<string>();
}

/** Show the kept outputs of the last run. */
function fill(cell: KeptCell, model: ICodeCellModel): void {
  model.trusted = true;
  model.outputs.fromJSON([...(cell.outputs ?? [])]);
  model.executionCount = cell.outputs_run ?? null;
}
