import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import * as node from '../api/node';
import { queries } from '../api/queries';
import { complete, type Filters, NO_FILTERS, type SavedFilters } from './filters';

const NAME = 'worklist-filters';
const NONE: SavedFilters = { filters: [], first: null };

/** The filters of the list and the ones that this person has saved; the page begins with the saved one of their choice. */
export function useFilters() {
  const client = useQueryClient();
  const kept = useQuery(queries.preference<SavedFilters>(NAME));
  const [filters, setFilters] = useState<Filters>(NO_FILTERS);
  const [chosen, setChosen] = useState<string | null>(null);
  const begun = useRef(false);
  const saved = kept.data?.value ?? kept.data?.site ?? NONE;

  useEffect(() => {
    if (!kept.data || begun.current) return;
    begun.current = true;
    const first = saved.filters.find((one) => one.name === saved.first);
    if (!first) return;
    setFilters(complete(first.filters));
    setChosen(first.name);
  }, [kept.data, saved]);

  const keep = useMutation({
    mutationFn: (value: SavedFilters) => node.savePreference(NAME, value),
    onSuccess: (answer) => client.setQueryData(queries.preference<SavedFilters>(NAME).queryKey, answer),
  });

  return {
    filters,
    saved,
    chosen,
    error: keep.error,
    change: (part: Partial<Filters>) => {
      begun.current = true;
      setChosen(null);
      setFilters((now) => ({ ...now, ...part }));
    },
    pick: (name: string) => {
      const found = saved.filters.find((one) => one.name === name);
      if (!found) return;
      setFilters(complete(found.filters));
      setChosen(name);
    },
    save: (name: string, asFirst: boolean) => {
      const others = saved.filters.filter((one) => one.name !== name);
      keep.mutate({ filters: [...others, { name, filters }], first: asFirst ? name : saved.first });
      setChosen(name);
    },
    remove: (name: string) => {
      keep.mutate({
        filters: saved.filters.filter((one) => one.name !== name),
        first: saved.first === name ? null : saved.first,
      });
      if (chosen === name) setChosen(null);
    },
  };
}

export type FiltersState = ReturnType<typeof useFilters>;
