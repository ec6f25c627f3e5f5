/** Series, a grid of images and, beside them, whatever the page has to say about the study. */
import {
  type ReactNode,
  useCallback,
  useEffect,
  useLayoutEffect,
  useMemo,
  useState,
  useSyncExternalStore,
} from 'react';
import { useTranslation } from 'react-i18next';
import type { Series, StudyDetail } from '../api/types';
import { HangingDialog } from '../hanging/HangingDialog';
import { useHanging } from '../hanging/useHanging';
import { enterStudy } from '../imaging/engine';
import { Linker } from '../imaging/link';
import type { ViewState } from '../imaging/viewstate';
import { AttributesDesk } from '../objects/Attributes';
import { IntendedUse } from '../objects/IntendedUse';
import { MarkDesk } from '../tools/MarkDesk';
import { CellGrid } from './CellGrid';
import { CheatSheet } from './CheatSheet';
import { placesOn, showsReformat } from './grid';
import { LayoutBar } from './LayoutBar';
import { SeriesPicker } from './SeriesPicker';
import { SeriesStrip } from './SeriesStrip';
import classes from './StudyView.module.css';
import { seriesOf } from './series';
import { type Command, useShortcuts } from './shortcuts';
import { Toolbar } from './Toolbar';
import { useDesk } from './useDesk';
import { useGrid } from './useGrid';
import { useFirstPlace, useLayoutCommands } from './useLayoutCommands';
import { usePriors } from './usePriors';
import { useViewCommands } from './useViewCommands';
import { useViewPart, ViewRegistry, ViewsContext } from './views';

interface Props {
  study: StudyDetail;
  header: ReactNode;
  panel?: ((images: { show: (sop: string, frame?: number) => void }) => ReactNode) | undefined;
  keyImages: readonly string[];
  /** Absent: this reader cannot mark images. */
  onToggleKeyImage?: ((sop: string) => void) | undefined;
  onNextStudy?: (() => void) | undefined;
  onWrite?: (() => void) | undefined;
  /** Windows on other screens follow this one (they do unless this is one of them). */
  leads?: boolean | undefined;
}

/** The registry of views and what links them, for as long as the study is open. */
function useLinkedViews() {
  const [registry] = useState(() => new ViewRegistry());
  const [linker, setLinker] = useState<Linker | null>(null);
  useEffect(() => {
    const made = new Linker(registry);
    setLinker(made);
    return () => made.close();
  }, [registry]);
  return { registry, linker };
}

/** What stands around the pictures waits for the first of them, but not longer than this. */
const FURNISHED_MS = 400;

/** Pictures come first: whether one is on the screen, or has kept the reader waiting long enough to build the rest meanwhile. */
function useFurnished(pictured: boolean): boolean {
  const [furnished, setFurnished] = useState(false);
  useEffect(() => {
    if (furnished) return undefined;
    const timer = setTimeout(() => setFurnished(true), pictured ? 0 : FURNISHED_MS);
    return () => clearTimeout(timer);
  }, [pictured, furnished]);
  return furnished;
}

const UNLINKED = { scroll: true, look: false, byHand: false } as const;
const never = () => () => undefined;

export function StudyView(props: Props) {
  const { study, header, panel, keyImages, onToggleKeyImage, onNextStudy, onWrite, leads = true } = props;
  const { t, i18n } = useTranslation();
  const { registry, linker } = useLinkedViews();
  useLayoutEffect(() => enterStudy(study.study_instance_uid), [study.study_instance_uid]);
  useDesk(study.study_instance_uid, leads, registry, linker);
  const priors = usePriors(study);
  const newest = priors.comparable?.[0];
  const hanging = useHanging(study, priors.comparable?.length, newest && priors.studies.get(newest.study_instance_uid));
  const cells = useGrid(registry, hanging.hung, useFirstPlace(study));
  const { grid } = cells;
  const place = grid.places[grid.active] ?? null;

  const [wanted, setWanted] = useState<{ sop: string; frame: number; cell: number } | null>(null);
  const [help, setHelp] = useState(false);
  const [overlay, setOverlay] = useState(true);
  const { active: view } = useSyncExternalStore(registry.subscribe, registry.get);
  const furnished = useFurnished(useViewPart(view, (state) => state !== null && state.shown >= 0));
  const link = useSyncExternalStore(linker?.subscribe ?? never, () => linker?.getState() ?? UNLINKED);

  const open = useCallback(
    (uid: string, one: Series) => {
      setWanted(null);
      cells.put(grid.active, { kind: 'series', study: uid, series: one.series_instance_uid });
    },
    [cells, grid.active],
  );
  const show = useCallback(
    (sop: string, frame = 1) => {
      const home = seriesOf(study.series, sop);
      if (!home) return;
      // an image on the screen already is gone to where it is
      const known = placesOn(grid).findIndex(
        (one) => one?.series === home.series_instance_uid && one.kind === 'series',
      );
      const cell = known >= 0 ? known : grid.active;
      if (known < 0)
        cells.put(cell, { kind: 'series', study: study.study_instance_uid, series: home.series_instance_uid });
      cells.activate(cell);
      setWanted({ sop, frame, cell });
    },
    [study, grid, cells],
  );
  useEffect(() => registry.showBy(show), [registry, show]);

  const layout = useLayoutCommands({ study, cells, priors, linker, registry, open });
  const isCurrent = place !== null && place.study === study.study_instance_uid && place.kind === 'series';
  // what is on the screen, not what was asked for
  const frameOf = (state: ViewState | null) =>
    isCurrent && state?.stack?.study === place.study && state.stack.series === place.series
      ? state.stack.frames[state.shown]
      : undefined;
  const isMarked = useViewPart(view, (state) => keyImages.includes(frameOf(state)?.sop ?? ''));
  const frame = () => frameOf(view?.getState() ?? null);
  const viewing = useViewCommands({ view, registry, frame, onToggleKeyImage });
  const run = (command: Command) => {
    switch (command.do) {
      case 'overlay':
        return setOverlay(!overlay);
      case 'help':
        return setHelp(true);
      case 'next-study':
        return onNextStudy?.();
      case 'report':
        return onWrite?.();
      default:
        viewing(command);
        return layout.run(command);
    }
  };
  useShortcuts(run);

  const shown = useMemo(
    () =>
      new Set(
        placesOn(grid)
          .map((one) => one?.series)
          .filter((one) => one !== undefined),
      ),
    [grid],
  );
  const known = useMemo(() => [...priors.studies.values()], [priors.studies]);
  const marked = onToggleKeyImage ? isMarked : null;
  const protocol = hanging.hung?.protocol;
  return (
    <ViewsContext value={registry}>
      <div className={classes.page}>
        {header}
        <div className={classes.body}>
          {furnished ? (
            <SeriesStrip
              study={study}
              priors={priors.list}
              studies={priors.studies}
              active={place?.series ?? null}
              shown={shown}
              keyImages={keyImages}
              onOpen={open}
              onPrior={layout.openPrior}
            />
          ) : (
            <div className={classes.strip} />
          )}
          <main className={classes.middle} aria-label={t('view.images')}>
            <div className={classes.bars}>
              {furnished && (
                <>
                  <Toolbar view={view} keyImage={marked} run={run} />
                  <LayoutBar
                    grid={grid}
                    link={link}
                    lines={layout.lines}
                    priors={priors.comparable?.length ?? 0}
                    planes={showsReformat(grid)}
                    protocol={protocol ? protocol.name[i18n.language === 'en' ? 'en' : 'vi'] : null}
                    run={run}
                  />
                </>
              )}
            </div>
            {layout.notice && (
              <p className={classes.notice} role="status">
                {layout.notice}
              </p>
            )}
            {study.series.length === 0 && <p className={classes.note}>{t('view.no-series')}</p>}
            <CellGrid
              cells={cells}
              studies={priors.studies}
              registry={registry}
              current={study}
              wanted={wanted}
              keyImages={keyImages}
              overlay={overlay}
              lines={layout.lines}
            />
            {furnished && <MarkDesk study={study} />}
            {furnished && <AttributesDesk />}
            <IntendedUse />
          </main>
          {panel && (furnished ? panel({ show }) : <div className={classes.panel} />)}
        </div>
        {furnished && (
          <>
            <CheatSheet opened={help} onClose={() => setHelp(false)} />
            <SeriesPicker
              opened={layout.choosing}
              studies={known}
              onChoose={(uid, one) => {
                layout.setChoosing(false);
                open(uid, one);
              }}
              onClose={() => layout.setChoosing(false)}
            />
            <HangingDialog
              opened={layout.editing}
              study={study}
              hanging={hanging}
              grid={grid}
              onClose={() => layout.setEditing(false)}
              onHang={cells.hangAgain}
            />
          </>
        )}
      </div>
    </ViewsContext>
  );
}
