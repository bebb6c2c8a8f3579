/**
 * What the coordinator has kept of cells' outputs, whoever looked when they came.
 */
import { URLExt } from '@jupyterlab/coreutils';
import type { IOutput } from '@jupyterlab/nbformat';
import { ServerConnection } from '@jupyterlab/services';

/** A cell as the coordinator tells it. */
export interface KeptCell {
  readonly cell_id: string;
  readonly code: string;
  readonly outputs?: readonly IOutput[];
  /** The execution count of the run that showed these outputs, once all have come; null if that can't be said (yet). */
  readonly outputs_run?: number | null;
}

/** So many cells are named in one request: an address may not become too long. */
const MANY = 50;

/** These cells of a notebook with their outputs; null without a coordinator. */
export async function keptCells(path: string, cells: readonly string[]): Promise<readonly KeptCell[] | null> {
  const settings = ServerConnection.makeSettings();
  const url = URLExt.join(settings.baseUrl, 'reactive-kernel/notebooks', URLExt.encodeParts(path));
  const found: KeptCell[] = [];
  for (let from = 0; from < cells.length; from += MANY) {
    const query = new URLSearchParams(cells.slice(from, from + MANY).map(cell => ['outputs_of', cell]));
    const response = await ServerConnection.makeRequest(`${url}?${query}`, {}, settings);
    if (!response.ok) {
      return null;
    }
    const told = ((await response.json()) as { cells: readonly KeptCell[] }).cells;
    found.push(...told.filter(cell => cell.outputs !== undefined));
  }
  return found;
}
