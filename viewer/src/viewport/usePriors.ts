/** The patient's earlier studies: which there are, and those that stand beside this one. */
import { useQueries, useQuery } from '@tanstack/react-query';
import { useCallback, useMemo, useState } from 'react';
import { queries } from '../api/queries';
import type { StudyDetail } from '../api/types';
import { hangingQueries, type Prior } from '../hanging/node';
import { comparable, earlier } from '../hanging/priors';

export interface Priors {
  /** All of them, newest first. */
  readonly list: readonly Prior[];
  /** Those that can be compared; undefined: not known yet. */
  readonly comparable: readonly Prior[] | undefined;
  /** The studies whose images can be shown: this one and the priors that were opened. */
  readonly studies: ReadonlyMap<string, StudyDetail>;
  readonly open: (study: string) => void;
}

export function usePriors(study: StudyDetail): Priors {
  const [opened, setOpened] = useState<readonly string[]>([]);
  const answer = useQuery({ ...hangingQueries.priors(study.study_instance_uid), retry: false });
  const list = useMemo(() => earlier(study, answer.data ?? []), [answer.data, study]);
  const alike = useMemo(
    () => (answer.isPending ? undefined : comparable(study, list)),
    [answer.isPending, study, list],
  );
  const newest = alike?.[0]?.study_instance_uid;
  const wanted = useMemo(() => [...new Set([...(newest ? [newest] : []), ...opened])], [newest, opened]);
  const details = useQueries({
    queries: wanted.map((uid) => ({ ...queries.study(uid), staleTime: 300_000 })),
    combine: (answers) => answers.map((one) => one.data).filter((one) => one !== undefined),
  });
  const studies = useMemo(
    () => new Map([study, ...details].map((one) => [one.study_instance_uid, one])),
    [study, details],
  );
  const open = useCallback((uid: string) => setOpened((known) => (known.includes(uid) ? known : [...known, uid])), []);
  return useMemo(() => ({ list, comparable: alike, studies, open }), [list, alike, studies, open]);
}
