/** The code cells of a notebook's file as the server has it now. */
import { URLExt } from '@jupyterlab/coreutils';
import { ServerConnection } from '@jupyterlab/services';

import type { CellText } from './protocol';

interface RawCell {
  readonly cell_type: string;
  readonly id?: string;
  readonly source: string | string[];
  readonly metadata?: { readonly reactive?: { readonly disabled?: boolean } };
}

export async function savedCells(path: string): Promise<CellText[]> {
  const settings = ServerConnection.makeSettings();
  const url = URLExt.join(settings.baseUrl, 'api/contents', URLExt.encodeParts(path));
  const response = await ServerConnection.makeRequest(`${url}?type=notebook&content=1`, {}, settings);
  if (!response.ok) {
    throw new ServerConnection.ResponseError(response);
  }
  const { content } = (await response.json()) as { content: { cells: readonly RawCell[] } };
  return content.cells
    .filter(cell => cell.cell_type === 'code' && cell.id !== undefined)
    .map(cell => ({
      cell_id: cell.id as string,
      source: typeof cell.source === 'string' ? cell.source : cell.source.join(''),
      disabled: cell.metadata?.reactive?.disabled === true
    }));
}
