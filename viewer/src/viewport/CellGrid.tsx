/** The cells, row by row. One that is maximised lies over the others, which keep what they show. */
import { memo, useCallback } from 'react';

import { Cell, type CellProps } from './Cell';
import classes from './CellGrid.module.css';
import { maximise, type Place, placesOn } from './grid';
import type { Cells } from './useGrid';

interface Props
  extends Omit<
    CellProps,
    'number' | 'study' | 'place' | 'active' | 'among' | 'onActivate' | 'onPlace' | 'onMaximise' | 'wanted'
  > {
  cells: Cells;
  studies: ReadonlyMap<string, CellProps['current']>;
  wanted: (NonNullable<CellProps['wanted']> & { cell: number }) | null;
}

const kindOf = (place: Place) => (place?.kind === 'reformat' ? `${place.study}/${place.series}` : 'series');

export const CellGrid = memo(function CellGrid({ cells, studies, wanted, ...shared }: Props) {
  const { by } = cells;
  const onMaximise = useCallback(() => by(maximise), [by]);
  const { grid } = cells;
  const places = placesOn(grid);
  return (
    <div
      className={classes.grid}
      data-maximised={grid.maximised || undefined}
      style={{
        gridTemplateColumns: `repeat(${grid.columns}, minmax(0, 1fr))`,
        gridTemplateRows: `repeat(${grid.rows}, minmax(0, 1fr))`,
      }}
    >
      {places.map((place, number) => (
        <Cell
          // biome-ignore lint/suspicious/noArrayIndexKey: a cell is its place on the screen
          key={`${number}-${kindOf(place)}`}
          {...shared}
          onMaximise={onMaximise}
          number={number}
          place={place}
          study={place ? studies.get(place.study) : undefined}
          active={number === grid.active}
          among={places.length > 1}
          wanted={wanted?.cell === number ? wanted : null}
          onActivate={cells.activate}
          onPlace={cells.put}
        />
      ))}
    </div>
  );
});
