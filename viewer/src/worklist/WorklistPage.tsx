/** The reading worklist: what waits, how long, who has it. */
import { Button, Select, TextInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useNavigate } from 'react-router';
import * as node from '../api/node';
import { queries } from '../api/queries';
import type { Task, TaskFilter } from '../api/types';
import { useSession } from '../session';
import { IconSearch } from '../ui/icons';
import { Empty, ErrorNote, Loading } from '../ui/states';
import { type Filters, modalitiesOf, narrowed, nextToRead } from './order';
import { TaskRow } from './TaskRow';
import { useNow } from './useNow';
import classes from './WorklistPage.module.css';

const COLUMNS = [
  'priority',
  'waiting',
  'state',
  'images',
  'modality',
  'description',
  'site',
  'person',
  'patient',
] as const;
const PAGE = 12;
const NO_FILTERS: Filters = { text: '', modality: null, state: null };

export function WorklistPage() {
  const { t } = useTranslation();
  const session = useSession();
  const client = useQueryClient();
  const navigate = useNavigate();
  const [list, setList] = useState<TaskFilter>('open');
  const [filters, setFilters] = useState<Filters>(NO_FILTERS);
  const [chosen, setChosen] = useState<string | null>(null);
  const [opening, setOpening] = useState<string | null>(null);
  const [error, setError] = useState<unknown>(null);
  const grid = useRef<HTMLDivElement>(null);
  const search = useRef<HTMLInputElement>(null);
  const query = useQuery({ ...queries.tasks(list), refetchInterval: 60_000 });
  const now = useNow(1_000);
  const tasks = query.data ?? [];
  const rows = useMemo(() => narrowed(query.data ?? [], filters), [query.data, filters]);
  const index = Math.max(
    0,
    rows.findIndex((task) => task.id === chosen),
  );
  const selected: Task | undefined = rows[index];
  const reads = session.role === 'radiologist';
  const filtered = filters.text !== '' || filters.modality !== null || filters.state !== null;

  useEffect(() => {
    document.title = `${t('nav.reading')} · Liên Tuyến`;
  }, [t]);
  useEffect(() => {
    if (chosen) document.getElementById(`task-${chosen}`)?.scrollIntoView({ block: 'nearest' });
  }, [chosen]);
  useEffect(() => {
    const onKey = (event: globalThis.KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (event.target instanceof Element && event.target.closest('input, textarea, [role="menu"], [role="listbox"]'))
        return;
      if (event.key === '/') {
        event.preventDefault();
        search.current?.focus();
      } else if (event.key === 'j' || event.key === 'k') {
        grid.current?.focus();
        move(event.key === 'j' ? 1 : -1);
      }
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  });

  const move = (by: number) => {
    const next = rows[Math.min(rows.length - 1, Math.max(0, index + by))];
    if (next) setChosen(next.id);
  };
  const open = async (task: Task) => {
    setError(null);
    setOpening(task.id);
    try {
      if (reads && (task.state === 'ready' || task.mine) && task.state !== 'final') await node.claim(task.id);
      await navigate(`/reading/${encodeURIComponent(task.id)}`);
    } catch (reason) {
      setError(reason);
      void client.invalidateQueries({ queryKey: ['tasks'] });
    } finally {
      setOpening(null);
    }
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const steps: Record<string, number> = {
      ArrowDown: 1,
      ArrowUp: -1,
      PageDown: PAGE,
      PageUp: -PAGE,
      Home: -rows.length,
      End: rows.length,
    };
    const by = steps[event.key];
    if (by !== undefined) move(by);
    else if (event.key === 'Enter' && selected && !opening) void open(selected);
    else return;
    event.preventDefault();
  };
  const next = nextToRead(tasks);

  return (
    <div className={classes.page}>
      <div className={classes.bar}>
        <h1>{t('nav.reading')}</h1>
        <span className={classes.count} aria-live="polite">
          {query.data && t('worklist.count', { n: rows.length, total: tasks.length })}
        </span>
        <Select
          size="xs"
          w={120}
          aria-label={t('worklist.which')}
          allowDeselect={false}
          value={list}
          onChange={(value) => setList((value ?? 'open') as TaskFilter)}
          data={(['open', 'final', 'all'] as const).map((value) => ({ value, label: t(`worklist.list.${value}`) }))}
        />
        <Select
          size="xs"
          w={130}
          aria-label={t('worklist.state')}
          placeholder={t('worklist.any-state')}
          clearable
          value={filters.state}
          onChange={(value) => setFilters({ ...filters, state: value as Filters['state'] })}
          data={[
            { value: 'mine', label: t('worklist.mine') },
            ...(['ready', 'incomplete', 'claimed', 'drafting'] as const).map((value) => ({
              value,
              label: t(`task-state.${value}`),
            })),
          ]}
        />
        <Select
          size="xs"
          w={110}
          aria-label={t('worklist.modality')}
          placeholder={t('worklist.any-modality')}
          clearable
          value={filters.modality}
          onChange={(modality) => setFilters({ ...filters, modality })}
          data={modalitiesOf(tasks)}
        />
        <TextInput
          ref={search}
          size="xs"
          w={220}
          aria-label={t('worklist.search')}
          placeholder={t('worklist.search')}
          leftSection={<IconSearch size={14} />}
          rightSection={<kbd className={classes.slash}>/</kbd>}
          value={filters.text}
          onChange={(event) => setFilters({ ...filters, text: event.currentTarget.value })}
          onKeyDown={(event) => {
            if (event.key === 'Escape') setFilters({ ...filters, text: '' });
            if (event.key === 'ArrowDown' || event.key === 'Enter') {
              event.preventDefault();
              grid.current?.focus();
            }
          }}
        />
        {reads && (
          <Button
            size="xs"
            disabled={!next}
            loading={opening === next?.id && opening !== null}
            onClick={() => next && void open(next)}
          >
            {t('worklist.read-next')}
          </Button>
        )}
      </div>
      {error !== null && (
        <div className={classes.note}>
          <ErrorNote error={error} />
        </div>
      )}
      {query.error && (
        <div className={classes.note}>
          <ErrorNote error={query.error} onRetry={() => void query.refetch()} />
        </div>
      )}
      {query.isPending && <Loading />}
      {query.data && (
        <div
          ref={grid}
          className={classes.grid}
          role="grid"
          tabIndex={0}
          aria-label={t('nav.reading')}
          aria-rowcount={rows.length + 1}
          aria-activedescendant={selected ? `task-${selected.id}` : undefined}
          onKeyDown={onKeyDown}
        >
          <div className={classes.heads} role="row">
            {COLUMNS.map((column) => (
              <span key={column} role="columnheader">
                {t(`worklist.column.${column}`)}
              </span>
            ))}
          </div>
          {rows.map((task) => (
            <TaskRow
              key={task.id}
              task={task}
              selected={task === selected}
              opening={task.id === opening}
              since={(now - query.dataUpdatedAt) / 1000}
              onChoose={() => setChosen(task.id)}
              onOpen={() => void open(task)}
            />
          ))}
          {rows.length === 0 &&
            (filtered ? (
              <Empty title={t('worklist.nothing-found')}>
                <Button size="xs" variant="default" onClick={() => setFilters(NO_FILTERS)}>
                  {t('worklist.clear')}
                </Button>
              </Empty>
            ) : (
              <Empty title={t('worklist.empty')}>{t('worklist.empty-hint')}</Empty>
            ))}
        </div>
      )}
      <p className={classes.keys}>{t('worklist.keys')}</p>
    </div>
  );
}
