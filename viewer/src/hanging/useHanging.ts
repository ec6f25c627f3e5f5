/** Hangs a study as soon as enough is known of it, and again when more is known, until the reader changes something. */
import { useQueries, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import type { Series, StudyDetail } from '../api/types';
import { framesIn, inReadingOrder, picturesOf } from '../viewport/series';
import builtIn from './defaults.json';
import { type Hung, hang } from './hang';
import { type Item, isOneByOne, itemsOf, roughItem } from './items';
import { hangingQueries } from './node';
import { merged, type Protocol, readProtocols } from './rules';

export const BUILT_IN = readProtocols(builtIn);
/** Series whose attributes are read before hanging: of more, those with the most pictures. */
const MOST_SERIES = 24;

export interface Hanging {
  /** How the study hangs by what is known now; null: too little is known. */
  readonly hung: Hung | null;
  /** All attributes have come: it will not change by itself any more. */
  readonly settled: boolean;
  readonly protocols: readonly Protocol[];
  readonly personal: readonly Protocol[];
  readonly site: readonly Protocol[];
  readonly items: readonly Item[];
}

interface Facts {
  readonly items: readonly Item[];
  readonly complete: boolean;
  /** The pictures are looked at one by one, and what they show is not known yet. */
  readonly blind: boolean;
}

const NOTHING: readonly Series[] = [];

function pictures(study: StudyDetail | undefined): readonly Series[] {
  if (!study) return NOTHING;
  const found = picturesOf(inReadingOrder(study.series));
  if (found.length <= MOST_SERIES) return found;
  const largest = new Set([...found].sort((a, b) => framesIn(b) - framesIn(a)).slice(0, MOST_SERIES));
  return found.filter((one) => largest.has(one));
}

/** What can be hung of one study: exactly where the attributes have come, roughly where they have not. */
function useFacts(study: StudyDetail | undefined, prior: number): Facts {
  const series = useMemo(() => pictures(study), [study]);
  const uid = study?.study_instance_uid ?? '';
  // one series alone needs no comparison with others: it is shown as soon as it can be
  const needed = series.length > 1 || series.some((one) => isOneByOne(one) && one.instances.length > 1);
  return useQueries({
    queries: series.map((one) => ({ ...hangingQueries.facts(uid, one.series_instance_uid), enabled: needed })),
    combine: (answers) => ({
      items: series.flatMap((one, index): Item[] => {
        const { data } = answers[index]!;
        return data ? itemsOf(uid, one, data, prior) : [roughItem(uid, one, prior, framesIn(one))];
      }),
      complete: !needed || answers.every((one) => !one.isPending),
      blind: needed && series.some((one, index) => isOneByOne(one) && answers[index]!.isPending),
    }),
  });
}

/** `priors`: how many there are to compare with; `prior`: the newest of them, once it is known. */
export function useHanging(study: StudyDetail, priors: number | undefined, prior: StudyDetail | undefined): Hanging {
  const rules = useQuery({ ...hangingQueries.rules(), retry: false });
  const own = useFacts(study, 0);
  const before = useFacts(prior, 1);
  const personal = useMemo(() => readProtocols(rules.data?.value), [rules.data]);
  const site = useMemo(() => readProtocols(rules.data?.site), [rules.data]);
  const protocols = useMemo(() => merged(personal, site, BUILT_IN), [personal, site]);
  const waits = own.blind || rules.isPending || priors === undefined;
  const items = useMemo(
    () => (before.complete && !before.blind ? [...own.items, ...before.items] : own.items),
    [own, before],
  );
  const hung = useMemo(
    () =>
      waits || own.items.length === 0
        ? null
        : hang(protocols, { description: study.description, items, priors: priors ?? 0 }),
    [waits, own, protocols, items, study.description, priors],
  );
  const settled =
    hung !== null && own.complete && (hung.waiting.length === 0 || (prior !== undefined && before.complete));
  return { hung, settled, protocols, personal, site, items };
}
