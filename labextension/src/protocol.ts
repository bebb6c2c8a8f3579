// Generated from reactive_kernel/protocol.py by labextension/generate_protocol.py: do not edit.

export const PROTOCOL = 1;

export const FEATURE = 'reactive';

export const REQUEST = 'reactive_request';

export const REPLY = 'reactive_reply';

export const EVENT = 'reactive_event';

export type Status = 'idle' | 'queued' | 'running' | 'success' | 'error' | 'blocked';

export type Mode = 'auto' | 'lazy';

export type RunKind = 'cell' | 'stale' | 'all' | 'upstream';

export interface ProblemDict {
  code: string;
  message: string;
  names: string[];
  cells: string[];
}

export interface CellText {
  cell_id: string;
  source: string;
  language?: 'python' | 'sql';
  disabled?: boolean;
}

export interface Entry {
  cell_id: string;
  index: number;
  language: string;
  status: Status;
  fresh: boolean;
  has_run: boolean;
  reads: string[];
  writes: string[];
  mutates: string[];
  opaque: boolean;
  forward_reads: string[];
  upstream: string[];
  downstream: string[];
  version: string | null;
  execution_count: number | null;
  seconds: number | null;
  disabled: boolean;
  problem: ProblemDict | null;
  remarks: string[];
}

export interface Edge {
  from: string;
  to: string;
  names: string[];
}

export interface State {
  revision: number;
  mode: Mode;
  cells: Entry[];
  edges: Edge[];
}

export interface OutputMark {
  cell_id: string;
  cascade_id: string;
  cascade_index: number;
  cascade_total: number;
  is_last: boolean;
}

export interface RanCell {
  cell_id: string;
  status: Status;
  execution_count: number | null;
  seconds: number | null;
}

export interface ReplyMark {
  cascade_id: string;
  cells: RanCell[];
  skipped: number;
  stale: string[];
}
