/** Addresses of images prepared for this application. */
const part = encodeURIComponent;

export const seriesAddress = (study: string, series: string) =>
  `/api/display/studies/${part(study)}/series/${part(series)}`;
/** What a study opens with, in one stream (see the node's `web/display.py`). */
export const studyOpeningAddress = (study: string) => `/api/display/studies/${part(study)}/opening`;
export const metadataAddress = (study: string, series: string) => `${seriesAddress(study, series)}/metadata`;
export const seriesThumbnail = (study: string, series: string) => `${seriesAddress(study, series)}/thumbnail`;
export const instanceThumbnail = (study: string, series: string, sop: string) =>
  `${seriesAddress(study, series)}/instances/${part(sop)}/thumbnail`;
/** A key image of a report, to be looked at beside its text. */
export const keyPicture = (study: string, series: string, sop: string) =>
  `${instanceThumbnail(study, series, sop)}?size=768`;
export const frameAddress = (study: string, series: string, sop: string, frame: number) =>
  `${seriesAddress(study, series)}/instances/${part(sop)}/frames/${frame}`;
/** The object as it was stored (PS3.18), for documents. */
export const storedInstance = (study: string, series: string, sop: string) =>
  `/dicom-web/studies/${part(study)}/series/${part(series)}/instances/${part(sop)}`;
