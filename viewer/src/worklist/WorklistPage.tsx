/** The reading worklist: what waits, how long, who has it. */
import { Button } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { lazy, Suspense, useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import * as node from '../api/node';
import { queries } from '../api/queries';
import type { KnownTask } from '../api/tasks';
import type { Priority } from '../api/types';
import { useSession } from '../session';
import { Empty, ErrorNote, Loading } from '../ui/states';
import { faceOf } from './clock';
import { FilterBar } from './FilterBar';
import { isNarrow, NO_FILTERS, narrowed, VIEWS } from './filters';
import { ACTION_KEYS, type Action, actionsFor, nextToRead } from './order';
import { type GridHandle, TaskGrid } from './TaskGrid';
import { TaskStrip } from './TaskStrip';
import { useFilters } from './useFilters';
import { useKeys } from './useKeys';
import { useNow } from './useNow';
import { useOpen } from './useOpen';
import { usePrefetchNext } from './usePrefetchNext';
import classes from './WorklistPage.module.css';

const TaskMenu = lazy(() => import('./TaskMenu').then((m) => ({ default: m.TaskMenu })));
const PeopleDialog = lazy(() => import('./PeopleDialog').then((m) => ({ default: m.PeopleDialog })));
const OpinionDialog = lazy(() => import('./OpinionDialog').then((m) => ({ default: m.OpinionDialog })));
const ScopeDialog = lazy(() => import('./ScopeDialog').then((m) => ({ default: m.ScopeDialog })));

const EXPECTED = 2; // studies whose images are fetched ahead
const OVERDUE_MS = 30_000;
const KEYS_OF_ACTIONS = Object.entries(ACTION_KEYS).map(([action, key]) => [key, action as Action] as const);
type Dialog = { kind: 'assign' | 'hand-over' | 'opinion'; task: KnownTask };
type Place = { id: string; x: number; y: number };

export function WorklistPage() {
  const { t } = useTranslation();
  const session = useSession();
  const client = useQueryClient();
  const state = useFilters();
  const { filters } = state;
  const opened = useQuery(queries.tasks('open'));
  const signed = useQuery({ ...queries.tasks('final'), enabled: filters.view === 'signed' });
  const query = filters.view === 'signed' ? signed : opened;
  const desk = useOpen(session.role);
  const [chosen, setChosen] = useState<string | null>(null);
  const [menu, setMenu] = useState<Place | null>(null);
  const [dialog, setDialog] = useState<Dialog | null>(null);
  const [notice, setNotice] = useState('');
  const grid = useRef<GridHandle>(null);
  const search = useRef<HTMLInputElement>(null);
  const reads = session.role === 'radiologist';
  const minute = useNow(OVERDUE_MS);

  useEffect(() => {
    document.title = `${t('nav.reading')} · Liên Tuyến`;
  }, [t]);

  const all = query.data?.items;
  const rows = useMemo(
    () => narrowed(all ?? [], filters, session.username, (task) => faceOf(task, minute).mood === 'over'),
    [all, filters, session.username, minute],
  );
  const place = useRef(0);
  const found = rows.findIndex((task) => task.id === chosen);
  const at = found >= 0 ? found : chosen === null ? 0 : Math.min(place.current, Math.max(0, rows.length - 1));
  place.current = at;
  // what was chosen has left the list: Enter must not take the neighbour that moved into its place
  const selected = found >= 0 || chosen === null ? rows[at] : undefined;
  const following = useMemo(() => {
    const first = nextToRead(opened.data?.items ?? []);
    const rest = (opened.data?.items ?? []).filter((task) => task.state === 'ready' && task.in_scope && task !== first);
    return [first, ...rest].filter((task) => task !== undefined).slice(0, EXPECTED);
  }, [opened.data]);
  usePrefetchNext(reads ? following : []);

  const priority = useMutation({
    mutationFn: ({ id, to }: { id: string; to: Priority }) => node.setPriority(id, to),
    onError: desk.setError,
    onSettled: () => client.invalidateQueries({ queryKey: ['tasks'] }),
  });
  const next = async () => {
    setNotice('');
    if (!(await desk.next())) setNotice(t('worklist.no-next'));
  };
  const showMenu = (task: KnownTask) => {
    const place = grid.current?.placeOf(task.id);
    if (place) setMenu({ id: task.id, ...place });
  };
  const act = (action: Action, task: KnownTask) => {
    setMenu(null);
    if (!actionsFor(task, session.role).includes(action)) return;
    if (action === 'open') desk.open(task);
    else if (action === 'look') desk.look(task);
    else if (action === 'release') void desk.release(task);
    else if (action === 'take-over') desk.takeOver(task);
    else if (action === 'priority') showMenu(task);
    else setDialog({ kind: action, task });
  };
  const choose = (index: number) => {
    const task = rows[Math.min(rows.length - 1, Math.max(0, index))];
    if (task) setChosen(task.id);
    grid.current?.focus();
  };

  const page = () => grid.current?.page() ?? 10;
  const moves: Record<string, () => number> = {
    ArrowDown: () => at + 1,
    j: () => at + 1,
    ArrowUp: () => at - 1,
    k: () => at - 1,
    PageDown: () => at + page(),
    PageUp: () => at - page(),
    Home: () => 0,
    End: () => rows.length - 1,
  };
  useKeys((event) => {
    const { key } = event;
    const move = moves[key];
    const action = KEYS_OF_ACTIONS.find(([name]) => name === key)?.[1];
    const picked = /^[1-9]$/.test(key) ? state.saved.filters[Number(key) - 1] : undefined;
    if (move) choose(move());
    else if (key === '/') search.current?.focus();
    else if (picked) state.pick(picked.name);
    else if (key === 'v' || key === 'V') {
      const step = key === 'v' ? 1 : VIEWS.length - 1;
      state.change({ view: VIEWS[(VIEWS.indexOf(filters.view) + step) % VIEWS.length]! });
    } else if (key === 'n' && reads) {
      if (!desk.opening && !event.repeat) void next(); // each press claims a study
    } else if ((key === '.' || key === 'ContextMenu' || (key === 'F10' && event.shiftKey)) && selected)
      showMenu(selected);
    else if (action && selected && !desk.opening && !event.repeat) act(action, selected);
    else return false;
    return true;
  });

  const byId = useRef(rows);
  byId.current = rows;
  const deskNow = useRef(desk);
  deskNow.current = desk;
  const onOpen = useCallback((id: string) => {
    const task = byId.current.find((one) => one.id === id);
    if (task && !deskNow.current.opening) deskNow.current.open(task);
  }, []);
  const onMenu = useCallback((id: string, x: number, y: number) => {
    setChosen(id);
    setMenu({ id, x, y });
  }, []);
  const close = () => {
    setMenu(null);
    setDialog(null);
    grid.current?.focus();
  };
  const menuTask = menu && rows.find((task) => task.id === menu.id);

  return (
    <div className={classes.page}>
      <div className={classes.bar}>
        <h1 className="visually-hidden">{t('nav.reading')}</h1>
        <FilterBar
          state={state}
          tasks={opened.data?.items ?? []}
          username={session.username}
          search={search}
          onDone={() => grid.current?.focus()}
        />
        <span className={classes.count} aria-live="polite">
          {notice || (query.data && t('worklist.count', { n: rows.length, total: query.data.items.length }))}
        </span>
        {reads && (
          <Button
            size="xs"
            className={classes.next ?? ''}
            loading={desk.opening === 'next'}
            rightSection={<kbd className={classes.key}>N</kbd>}
            onClick={() => void next()}
          >
            {t('worklist.read-next')}
          </Button>
        )}
      </div>
      {[desk.error, state.error, query.error].map(
        (error, index) =>
          error !== null && (
            // biome-ignore lint/suspicious/noArrayIndexKey: always these three
            <div key={index} className={classes.note}>
              <ErrorNote error={error} onRetry={error === query.error ? () => void query.refetch() : undefined} />
            </div>
          ),
      )}
      {query.isPending && !query.error && <Loading />}
      {query.data && (
        <>
          <TaskGrid
            handle={grid}
            tasks={rows}
            chosen={selected?.id ?? null}
            opening={desk.opening}
            onChoose={setChosen}
            onOpen={onOpen}
            onMenu={onMenu}
          >
            {rows.length === 0 && (
              <Nothing
                narrow={isNarrow(filters)}
                view={filters.view}
                onClear={() => state.change({ ...NO_FILTERS, view: filters.view })}
              />
            )}
          </TaskGrid>
          <TaskStrip task={selected} />
        </>
      )}
      <p className={classes.keys}>{t('worklist.keys')}</p>
      <Suspense fallback={null}>
        {menu && menuTask && (
          <TaskMenu
            key={`${menu.id} ${menu.x} ${menu.y}`}
            task={menuTask}
            role={session.role}
            place={menu}
            onDo={(action) => act(action, menuTask)}
            onPriority={(to) => priority.mutate({ id: menuTask.id, to })}
            onClose={close}
          />
        )}
        {dialog && dialog.kind !== 'opinion' && <PeopleDialog task={dialog.task} kind={dialog.kind} onClose={close} />}
        {dialog?.kind === 'opinion' && <OpinionDialog task={dialog.task} onClose={close} />}
        {desk.doubtful && (
          <ScopeDialog
            description={desk.doubtful.task.description}
            onConfirm={() => void desk.doubtful?.claim()}
            onClose={() => {
              desk.dismiss();
              grid.current?.focus();
            }}
          />
        )}
      </Suspense>
    </div>
  );
}

function Nothing({ narrow, view, onClear }: { narrow: boolean; view: (typeof VIEWS)[number]; onClear: () => void }) {
  const { t } = useTranslation();
  if (narrow)
    return (
      <Empty title={t('worklist.nothing-found')}>
        <Button size="xs" variant="default" onClick={onClear}>
          {t('worklist.clear')}
        </Button>
      </Empty>
    );
  return <Empty title={t(`worklist.empty.${view}`)}>{view === 'to-read' && t('worklist.empty-hint')}</Empty>;
}
