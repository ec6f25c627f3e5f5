/** What the hanging protocols need of the node: images' attributes, earlier studies, and the rules that people keep. */
import { queryOptions } from '@tanstack/react-query';
import { json } from '../api/client';
import { metadataAddress } from '../api/display';
import { ApiError } from '../api/problem';
import type { Schemas } from '../api/schema';
import type { Dataset } from '../imaging/dicom';

export type Prior = Readonly<Schemas['Prior']>;
type Preference = Schemas['Preference'];

const RULES = '/api/preferences/hanging-protocols';
const part = encodeURIComponent;
const priorsAddress = (study: string) => `/api/reading/studies/${part(study)}/priors`;

/** Who may not read has no priors to look at. */
const noneFor = (reason: unknown) => {
  if (reason instanceof ApiError && (reason.status === 403 || reason.status === 404)) return [];
  throw reason;
};

export const hangingQueries = {
  priors: (study: string) =>
    queryOptions({
      queryKey: ['priors', study],
      queryFn: ({ signal }) =>
        json<Schemas['PriorList'] | Prior[]>(priorsAddress(study), { signal })
          .then((answer) => (Array.isArray(answer) ? answer : answer.items))
          .catch(noneFor),
      staleTime: 60_000,
    }),
  facts: (study: string, series: string) =>
    queryOptions({
      queryKey: ['facts', study, series],
      queryFn: ({ signal }) =>
        json<Dataset[]>(metadataAddress(study, series), {
          accept: 'application/dicom+json, application/json',
          signal,
        }),
      staleTime: Number.POSITIVE_INFINITY,
      structuralSharing: false,
      retry: 1,
    }),
  rules: () =>
    queryOptions({
      queryKey: ['preferences', 'hanging-protocols'],
      queryFn: ({ signal }) => json<Preference>(RULES, { signal }),
      staleTime: 60_000,
    }),
};

export const saveRules = (value: unknown, forSite: boolean) =>
  json<Preference>(forSite ? `${RULES}/site` : RULES, { method: 'PUT', body: { value } });
