/**
 * Outputs that were made while nobody looked: the coordinator has kept them, where there is one.
 *
 * A page that opens (or comes back) in the middle of a cascade then shows what it would have shown all along.
 */
import { URLExt } from '@jupyterlab/coreutils';
import type { ICodeCellModel } from '@jupyterlab/cells';
import type { IOutput } from '@jupyterlab/nbformat';
import { ServerConnection } from '@jupyterlab/services';

import type { Entry } from './protocol';

/** A cell as the coordinator tells it. */
export interface KeptCell extends Entry {
  readonly code: string;
  readonly outputs?: readonly IOutput[];
}

/** The cells of a notebook with their outputs; null without a coordinator. */
export async function keptCells(path: string): Promise<readonly KeptCell[] | null> {
  const settings = ServerConnection.makeSettings();
  const url = URLExt.join(settings.baseUrl, 'reactive-kernel/notebooks', URLExt.encodeParts(path));
  const response = await ServerConnection.makeRequest(url, {}, settings);
  if (!response.ok) {
    return null;
  }
  return ((await response.json()) as { cells: readonly KeptCell[] }).cells;
}

/** Whether the page shows another run of the cell than the last one. */
export function isMissed(cell: KeptCell, model: ICodeCellModel): boolean {
  return (
    cell.outputs !== undefined &&
    cell.execution_count !== null &&
    cell.code === model.sharedModel.getSource() &&
    cell.execution_count !== model.executionCount
  );
}

/** Show the kept outputs of the last run. */
export function fill(cell: KeptCell, model: ICodeCellModel): void {
  model.trusted = true;
  model.outputs.fromJSON([...(cell.outputs ?? [])]);
  model.executionCount = cell.execution_count;
}
