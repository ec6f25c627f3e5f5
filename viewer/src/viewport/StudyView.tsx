/** Series, a grid of images and, beside them, whatever the page has to say about the study. */
import { type ReactNode, useCallback, useEffect, useMemo, useState, useSyncExternalStore } from 'react';
import { useTranslation } from 'react-i18next';
import type { Series, StudyDetail } from '../api/types';
import { presetsFor } from '../imaging/presets';
import { MarkDesk } from '../tools/MarkDesk';
import { Cell, type Wanted } from './Cell';
import { CheatSheet } from './CheatSheet';
import { SeriesStrip } from './SeriesStrip';
import classes from './StudyView.module.css';
import { inReadingOrder, isDocument, openingSeries, seriesOf } from './series';
import { type Command, useShortcuts } from './shortcuts';
import { Toolbar } from './Toolbar';
import { useViewState, ViewRegistry, ViewsContext } from './views';

interface Props {
  study: StudyDetail;
  header: ReactNode;
  panel?: ((images: { show: (sop: string, frame?: number) => void }) => ReactNode) | undefined;
  keyImages: readonly string[];
  /** Absent: this reader cannot mark images. */
  onToggleKeyImage?: ((sop: string) => void) | undefined;
  onNextStudy?: (() => void) | undefined;
  onWrite?: (() => void) | undefined;
}

/** What each place of the grid holds: the UID of a series, or nothing. */
interface Grid {
  rows: number;
  columns: number;
  cells: readonly (string | null)[];
}

export function StudyView({ study, header, panel, keyImages, onToggleKeyImage, onNextStudy, onWrite }: Props) {
  const { t } = useTranslation();
  const [registry] = useState(() => new ViewRegistry());
  const series = useMemo(() => inReadingOrder(study.series), [study.series]);
  const [grid, setGrid] = useState<Grid>(() => ({
    rows: 1,
    columns: 1,
    cells: [openingSeries(series)?.series_instance_uid ?? null],
  }));
  const [active, setActive] = useState(0);
  const [wanted, setWanted] = useState<(Wanted & { cell: number }) | null>(null);
  const [help, setHelp] = useState(false);
  const [overlay, setOverlay] = useState(true);
  const { active: view } = useSyncExternalStore(registry.subscribe, registry.get);
  const state = useViewState(view);
  const chosen = series.find((one) => one.series_instance_uid === grid.cells[active]);
  const paper = chosen !== undefined && isDocument(chosen);

  const place = useCallback((cell: number, uid: string) => {
    setGrid((known) => ({ ...known, cells: known.cells.map((one, index) => (index === cell ? uid : one)) }));
  }, []);
  const activate = useCallback(
    (cell: number) => {
      setActive(cell);
      registry.activate(cell);
    },
    [registry],
  );

  useEffect(() => {
    const first = openingSeries(series) ?? series[0];
    if (grid.cells.every((uid) => uid === null) && first) place(0, first.series_instance_uid);
  }, [grid, series, place]);

  const show = useCallback(
    (sop: string, frame = 1) => {
      const home = seriesOf(series, sop);
      if (!home) return;
      place(active, home.series_instance_uid);
      setWanted({ sop, frame, cell: active });
    },
    [series, active, place],
  );
  useEffect(() => registry.showBy(show), [registry, show]);

  const open = (one: Series) => {
    setWanted(null);
    place(active, one.series_instance_uid);
  };
  const step = (by: number) => {
    const next = series[(chosen ? series.indexOf(chosen) : -1) + by];
    if (next) open(next);
  };
  const frame = state?.stack?.frames[state.target];

  const run = (command: Command) => {
    switch (command.do) {
      case 'tool': {
        for (const one of registry.get().all) one.setTool(command.tool);
        return undefined;
      }
      case 'scroll':
        return view?.scrollBy(command.steps);
      case 'first':
        return view?.goTo(0);
      case 'last':
        return view?.goTo((state?.stack?.frames.length ?? 1) - 1);
      case 'previous-series':
        return step(-1);
      case 'next-series':
        return step(1);
      case 'preset': {
        const preset = presetsFor(state?.stack?.modality ?? '')[command.number - 1];
        return preset && !state?.stack?.color ? view?.applyPreset(preset) : undefined;
      }
      case 'invert':
        return view?.invert();
      case 'flip':
        return view?.flip();
      case 'rotate':
        return view?.rotate();
      case 'reset':
        return view?.reset();
      case 'zoom-in':
        return view?.zoomBy(1.2);
      case 'zoom-out':
        return view?.zoomBy(1 / 1.2);
      case 'play':
        return view?.togglePlay();
      case 'key-image':
        return frame && !paper ? onToggleKeyImage?.(frame.sop) : undefined;
      case 'overlay':
        return setOverlay(!overlay);
      case 'help':
        return setHelp(true);
      case 'next-study':
        return onNextStudy?.();
      case 'report':
        return onWrite?.();
    }
  };
  useShortcuts(run);

  const marked = onToggleKeyImage ? frame !== undefined && keyImages.includes(frame.sop) : null;
  return (
    <ViewsContext value={registry}>
      <div className={classes.page}>
        {header}
        <div className={classes.body}>
          <SeriesStrip
            study={study.study_instance_uid}
            series={series}
            active={grid.cells[active] ?? null}
            keyImages={keyImages}
            onOpen={open}
          />
          <main className={classes.middle} aria-label={t('view.images')}>
            <Toolbar view={view} state={state} keyImage={marked} run={run} />
            {series.length === 0 && <p className={classes.note}>{t('view.no-series')}</p>}
            <div
              className={classes.grid}
              style={{
                gridTemplateColumns: `repeat(${grid.columns}, minmax(0, 1fr))`,
                gridTemplateRows: `repeat(${grid.rows}, minmax(0, 1fr))`,
              }}
            >
              {grid.cells.map((uid, cell) => (
                <Cell
                  // biome-ignore lint/suspicious/noArrayIndexKey: a cell is its place
                  key={cell}
                  number={cell}
                  registry={registry}
                  study={study}
                  series={series.find((one) => one.series_instance_uid === uid) ?? null}
                  active={cell === active}
                  wanted={cell === wanted?.cell ? wanted : null}
                  keyImages={keyImages}
                  overlay={overlay}
                  onActivate={activate}
                />
              ))}
            </div>
            <MarkDesk study={study.study_instance_uid} />
            <p className={classes.use}>{t('view.intended-use')}</p>
          </main>
          {panel?.({ show })}
        </div>
        <CheatSheet opened={help} onClose={() => setHelp(false)} />
      </div>
    </ViewsContext>
  );
}
