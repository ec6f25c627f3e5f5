/** Requests for objects beside the images. */
import { queryOptions } from '@tanstack/react-query';
import { json } from '../api/client';
import { seriesAddress } from '../api/display';
import type { Schemas } from '../api/schema';
import type { Presentation, ReportDocument, Segmentation, Structures, Waveform } from './types';

interface Faces {
  attributes: Schemas['Attributes'];
  document: ReportDocument;
  overlays: Schemas['OverlayPlanes'];
  presentation: Presentation;
  segmentation: Segmentation;
  structures: Structures;
  waveform: Waveform;
}

export interface Place {
  study: string;
  series: string;
  sop: string;
}

const address = ({ study, series, sop }: Place) =>
  `${seriesAddress(study, series)}/instances/${encodeURIComponent(sop)}`;

const KEEP = { staleTime: Number.POSITIVE_INFINITY, gcTime: 5 * 60_000 } as const;

/** What an object tells of itself: objects never change. */
export const face = <F extends keyof Faces>(name: F, place: Place) =>
  queryOptions({
    queryKey: ['object', name, place.study, place.series, place.sop],
    queryFn: ({ signal }) => json<Faces[F]>(`${address(place)}/${name}`, { signal }),
    ...KEEP,
  });

/** What can be laid over the images of a series. */
export const layersOf = (study: string, series: string) =>
  queryOptions({
    queryKey: ['layers', study, series],
    queryFn: async ({ signal }) => {
      const { items } = await json<Schemas['Layers']>(`${seriesAddress(study, series)}/layers`, { signal });
      return items;
    },
    staleTime: 30_000,
  });

export const segmentFrame = (place: Place, number: number) => `${address(place)}/segmentation/frames/${number}`;
