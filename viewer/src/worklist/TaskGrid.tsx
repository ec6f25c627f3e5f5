/** The list itself: only the rows that are seen are there, the chosen one always is. */
import { defaultRangeExtractor, useVirtualizer } from '@tanstack/react-virtual';
import { type ReactNode, type RefObject, useCallback, useImperativeHandle, useLayoutEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import type { KnownTask } from '../api/tasks';
import classes from './TaskGrid.module.css';
import { TaskRow } from './TaskRow';
import { useNow } from './useNow';

const COLUMNS = [
  'priority',
  'waiting',
  'images',
  'site',
  'modality',
  'description',
  'question',
  'priors',
  'person',
  'state',
  'flags',
  'actions',
] as const;
const ROW = 38; // pixels
const HEADS = 30;
const TICK_MS = 10_000;

export interface GridHandle {
  focus: () => void;
  /** How many rows fit. */
  page: () => number;
  /** Where the row is on the screen. */
  placeOf: (id: string) => { x: number; y: number };
}

interface Props {
  handle: RefObject<GridHandle | null>;
  tasks: readonly KnownTask[];
  chosen: string | null;
  opening: string | null;
  onChoose: (id: string) => void;
  onOpen: (id: string) => void;
  onMenu: (id: string, x: number, y: number) => void;
  children?: ReactNode;
}

export function TaskGrid({ handle, tasks, chosen, opening, onChoose, onOpen, onMenu, children }: Props) {
  const { t } = useTranslation();
  const scroller = useRef<HTMLDivElement>(null);
  const now = useNow(TICK_MS);
  const index = chosen === null ? -1 : tasks.findIndex((task) => task.id === chosen);
  const virtual = useVirtualizer({
    count: tasks.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    getItemKey: useCallback((at: number) => tasks[at]?.id ?? at, [tasks]),
    scrollMargin: HEADS,
    scrollPaddingStart: HEADS,
    overscan: 8,
    rangeExtractor: (range) => {
      const shown = defaultRangeExtractor(range);
      if (index < 0 || index >= tasks.length || shown.includes(index)) return shown;
      return [...shown, index].sort((a, b) => a - b);
    },
  });

  useImperativeHandle(handle, () => ({
    focus: () => scroller.current?.focus({ preventScroll: true }),
    page: () => Math.max(1, Math.floor(((scroller.current?.clientHeight ?? 0) - HEADS) / ROW) - 1),
    placeOf: (id) => {
      const box = document.getElementById(`task-${id}`)?.getBoundingClientRect();
      return { x: (box?.left ?? 0) + 120, y: box?.bottom ?? 0 };
    },
  }));

  useKeepPlace(scroller, index, chosen);

  const items = virtual.getVirtualItems();
  return (
    <div
      ref={scroller}
      className={classes.grid}
      role="grid"
      tabIndex={0}
      aria-label={t('nav.reading')}
      aria-rowcount={tasks.length + 1}
      aria-colcount={COLUMNS.length}
      aria-activedescendant={index >= 0 ? `task-${chosen}` : undefined}
    >
      <div role="rowgroup" className={classes.head}>
        <div className={classes.heads} role="row" aria-rowindex={1}>
          {COLUMNS.map((column) => (
            <span key={column} role="columnheader">
              <span className={column === 'actions' ? 'visually-hidden' : undefined}>
                {t(`worklist.column.${column}`)}
              </span>
            </span>
          ))}
        </div>
      </div>
      {tasks.length > 0 && (
        <div role="rowgroup" className={classes.rows} style={{ height: virtual.getTotalSize() }}>
          {items.map((item) => {
            const task = tasks[item.index];
            return (
              task && (
                <TaskRow
                  key={task.id}
                  task={task}
                  index={item.index}
                  top={item.start - HEADS}
                  selected={item.index === index}
                  opening={task.id === opening}
                  now={now}
                  onChoose={onChoose}
                  onOpen={onOpen}
                  onMenu={onMenu}
                />
              )
            );
          })}
        </div>
      )}
      {children}
    </div>
  );
}

/**
 * The chosen row stays where it is on the screen when the list changes around it, and comes into sight when another is
 * chosen.
 */
function useKeepPlace(scroller: RefObject<HTMLDivElement | null>, index: number, chosen: string | null): void {
  const before = useRef({ index, chosen });
  useLayoutEffect(() => {
    const was = before.current;
    before.current = { index, chosen };
    const element = scroller.current;
    if (!element || index < 0) return;
    const height = element.clientHeight - HEADS;
    const top = element.scrollTop;
    if (was.chosen === chosen && was.index >= 0) {
      const seen = was.index * ROW >= top - ROW && was.index * ROW <= top + height;
      if (seen && was.index !== index && top > 0) element.scrollTop = top + (index - was.index) * ROW;
      return;
    }
    if (index * ROW < top) element.scrollTop = index * ROW;
    else if ((index + 1) * ROW > top + height) element.scrollTop = (index + 1) * ROW - height;
  }, [scroller, index, chosen]);
}
