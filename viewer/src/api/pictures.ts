/** What of a study is pictures: reports that came back are part of it, too, and are not counted as images. */
import type { Study } from './types';

const DOCUMENTS: readonly string[] = ['SR', 'DOC', 'KO', 'PR'];

export function pictureModalities(modalities: readonly string[]): string {
  const pictures = modalities.filter((one) => !DOCUMENTS.includes(one));
  return (pictures.length ? pictures : modalities).join(' ');
}

/** The images that the modality sent; a study that travels nowhere has only its count of objects. */
export const imageCount = (study: Study) => study.progress.total || study.instances;
