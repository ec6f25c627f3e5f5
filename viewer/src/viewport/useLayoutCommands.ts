/** What the keys and the menus do to the screen as a whole: layout, links, priors, planes. */
import { useCallback, useEffect, useMemo, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Series, StudyDetail } from '../api/types';
import { hang } from '../hanging/hang';
import { roughItem } from '../hanging/items';
import { BUILT_IN } from '../hanging/useHanging';
import type { Linker } from '../imaging/link';
import { type Slab, whyNoVolume } from '../imaging/reformat';
import { openSecondWindow } from './desk';
import * as g from './grid';
import { nextBlend, thicker } from './PlaneBar';
import { planesOn } from './planesession';
import { framesIn, inReadingOrder, isDocument, openingSeries } from './series';
import type { Command } from './shortcuts';
import type { Cells } from './useGrid';
import type { Priors } from './usePriors';
import type { ViewRegistry } from './views';

const NOTICE_MS = 6_000;

/** What is shown while too little is known to hang the study: the first picture that the built-in rules would show. */
export function useFirstPlace(study: StudyDetail): g.Place {
  return useMemo(() => {
    const uid = study.study_instance_uid;
    const opening = openingSeries(study.series);
    if (!opening) {
      const [paper] = inReadingOrder(study.series);
      return paper ? { kind: 'series', study: uid, series: paper.series_instance_uid } : null;
    }
    const items = inReadingOrder(study.series)
      .filter((one) => !isDocument(one))
      .map((one) => roughItem(uid, one, 0, framesIn(one)));
    const { places } = hang(BUILT_IN, { description: study.description, items, priors: 0 });
    return places.find(Boolean) ?? { kind: 'series', study: uid, series: opening.series_instance_uid };
  }, [study]);
}

interface Desk {
  study: StudyDetail;
  cells: Cells;
  priors: Priors;
  linker: Linker | null;
  registry: ViewRegistry;
  open: (study: string, series: Series) => void;
}

export function useLayoutCommands({ study, cells, priors, linker, registry, open }: Desk) {
  const { t } = useTranslation();
  const [lines, setLines] = useState(true);
  const [choosing, setChoosing] = useState(false);
  const [editing, setEditing] = useState(false);
  const [notice, setNotice] = useState('');
  const { grid } = cells;
  const place = grid.places[grid.active] ?? null;

  useEffect(() => {
    if (!notice) return undefined;
    const timer = setTimeout(() => setNotice(''), NOTICE_MS);
    return () => clearTimeout(timer);
  }, [notice]);

  const openPrior = usePriorBeside(study, cells, priors);

  const spare = (): g.Place[] =>
    inReadingOrder(study.series)
      .filter((one) => !isDocument(one))
      .map((one) => ({ kind: 'series', study: study.study_instance_uid, series: one.series_instance_uid }));

  const step = (by: number) => {
    const home = place && priors.studies.get(place.study);
    const series = inReadingOrder((home ?? study).series);
    const next = series[series.findIndex((one) => one.series_instance_uid === place?.series) + by];
    if (next) open((home ?? study).study_instance_uid, next);
  };

  const planes = () => {
    const { active } = registry.get();
    const stack = active?.stack;
    if (g.showsReformat(grid) && place) {
      return cells.toggleReformat({ kind: 'series', study: place.study, series: place.series });
    }
    const why = stack ? whyNoVolume(stack) : 'none';
    if (why || !place) return setNotice(t('planes.no', { reason: t(`planes.why.${why ?? 'none'}`) }));
    const { target, range } = active!.getState();
    cells.toggleReformat({
      kind: 'series',
      study: place.study,
      series: place.series,
      sop: stack!.frames[target]?.sop,
      look: range ? { range } : undefined,
    });
  };

  const slab = (change: (slab: Slab) => Slab) => {
    const shown = place && planesOn(place.series);
    if (shown) shown.setSlab(change(shown.getState().slab));
  };

  const compare = () => {
    const candidates = priors.comparable ?? [];
    if (candidates.length === 0) return setNotice(t('layout.no-priors'));
    // again: the next older one
    const shown = g.placesOn(grid).map((one) => one?.study);
    const last = candidates.findLastIndex((one) => shown.includes(one.study_instance_uid));
    openPrior(candidates[(last + 1) % candidates.length]!.study_instance_uid);
  };

  const run = (command: Command) => {
    switch (command.do) {
      case 'layout':
        return cells.by((known) => g.lay(known, command, spare()));
      case 'move-cell':
        return cells.by((known) => g.move(known, command.right, command.down));
      case 'next-cell':
        return cells.by((known) => g.cycle(known, 1));
      case 'maximise':
        return cells.by(g.maximise);
      case 'previous-series':
        return step(-1);
      case 'next-series':
        return step(1);
      case 'choose-series':
        return setChoosing(true);
      case 'hang-again':
        return cells.hangAgain();
      case 'protocols':
        return setEditing(true);
      case 'lines':
        return setLines(!lines);
      case 'link':
        linker?.toggleScroll();
        return setNotice(t(linker?.getState().scroll ? 'layout.linked' : 'layout.unlinked'));
      case 'link-look':
        linker?.toggleLook();
        return setNotice(t(linker?.getState().look ? 'layout.look-linked' : 'layout.look-unlinked'));
      case 'link-here': {
        const linked = linker?.linkHere() ?? 0;
        return setNotice(t(linked ? 'layout.linked-here' : 'layout.nothing-to-link', { n: linked }));
      }
      case 'planes':
        return planes();
      case 'slab':
        return slab(nextBlend);
      case 'thicker':
        return slab((known) => thicker(known, 1));
      case 'thinner':
        return slab((known) => thicker(known, -1));
      case 'compare':
        return compare();
      case 'second-window':
        void openSecondWindow(study.study_instance_uid).then(
          (opened) => opened || setNotice(t('layout.window-blocked')),
        );
        return;
    }
  };
  return { run, lines, choosing, setChoosing, editing, setEditing, notice, setNotice, openPrior };
}

/** Puts the like series of a prior beside the current one, as soon as the prior's list of series is here. */
function usePriorBeside(study: StudyDetail, cells: Cells, priors: Priors): (uid: string) => void {
  const [wanted, setWanted] = useState<string | null>(null);
  const prior = wanted ? priors.studies.get(wanted) : undefined;
  const { by } = cells;
  useEffect(() => {
    if (!prior) return;
    setWanted(null);
    by((known) => beside(known, study, prior));
  }, [prior, study, by]);
  return useCallback(
    (uid) => {
      priors.open(uid);
      setWanted(uid);
    },
    [priors],
  );
}

/** The current series on the left, the prior's most alike on the right; in a larger layout a free cell, else the next one. */
export function beside(grid: g.Grid, study: StudyDetail, prior: StudyDetail): g.Grid {
  const own = g.placesOn(grid).map((one) => (one?.study === study.study_instance_uid ? one : null));
  const active = own[grid.active] ?? own.find(Boolean) ?? null;
  const current = study.series.find((one) => one.series_instance_uid === active?.series);
  const series = mostAlike(prior, current);
  if (!series) return grid;
  const place: g.Place = { kind: 'series', study: prior.study_instance_uid, series: series.series_instance_uid };
  if (g.sizeOf(grid) === 1) {
    const pair = g.lay(grid, { rows: 1, columns: 2 });
    return g.put(active ? g.put(pair, 0, active) : pair, 1, place);
  }
  const places = g.placesOn(grid);
  const older = places.findIndex((one) => one !== null && one.study !== study.study_instance_uid);
  const free = places.indexOf(null);
  const cell = older >= 0 ? older : free >= 0 ? free : (grid.active + 1) % places.length;
  return g.put(grid, cell, place);
}

/** The series of a study that shows most nearly what another one shows. */
export function mostAlike(study: StudyDetail, other: Series | undefined): Series | undefined {
  const pictures = inReadingOrder(study.series).filter((one) => !isDocument(one));
  if (!other) return openingSeries(study.series);
  const sought = roughItem('', other, 0, framesIn(other));
  const alike = (one: Series) => {
    const item = roughItem('', one, 0, framesIn(one));
    const words = sought.words.split(/\W+/).filter((word) => word.length > 1 && item.words.split(/\W+/).includes(word));
    return (
      (item.modality === sought.modality ? 8 : 0) +
      (item.plane === sought.plane ? 4 : 0) +
      words.length * 2 +
      Math.min(item.frames, sought.frames) / Math.max(item.frames, sought.frames, 1)
    );
  };
  return pictures.reduce<Series | undefined>(
    (best, one) => (best === undefined || alike(one) > alike(best) ? one : best),
    undefined,
  );
}
