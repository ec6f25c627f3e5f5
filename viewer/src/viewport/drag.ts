/** A series that is dragged from the strip onto a cell. */

export const SERIES_DRAG = 'application/x-lientuyen-series';

export interface Dragged {
  readonly study: string;
  readonly series: string;
}

export function startDrag(transfer: DataTransfer, { study, series }: Dragged): void {
  transfer.effectAllowed = 'copy';
  transfer.setData(SERIES_DRAG, `${study}/${series}`);
}

/** What was dropped, if it was a series of ours. */
export function dropped(transfer: DataTransfer): Dragged | null {
  const [study, series] = transfer.getData(SERIES_DRAG).split('/');
  return study && series ? { study, series } : null;
}
