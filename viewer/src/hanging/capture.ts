/** A protocol made of what is on the screen: "save as my default for this kind". Pure. */
import type { StudyDetail } from '../api/types';
import { type Grid, placesOn } from '../viewport/grid';
import { framesIn, isDocument } from '../viewport/series';
import type { Item } from './items';
import type { CellRule, Pick, Protocol, When } from './rules';

/** The kind of a study: what it was made with, and of which part of the body. */
export function kindOf(study: StudyDetail): { modality: string; bodyPart: string } {
  const pictures = study.series.filter((one) => !isDocument(one));
  const [largest] = [...pictures].sort((a, b) => framesIn(b) - framesIn(a));
  const bodyPart = largest?.body_part || pictures.find((one) => one.body_part)?.body_part || '';
  return { modality: largest?.modality ?? '', bodyPart: bodyPart.toUpperCase() };
}

/** A word that tells `item` from all others of its study, if there is one. */
function tellingWord(item: Item, items: readonly Item[]): string[] {
  const others = items.filter((one) => one !== item && one.prior === item.prior);
  const word = item.words
    .split(/[^\p{L}\p{N}]+/u)
    .find((one) => one.length > 1 && !/^\d+$/.test(one) && !others.some((other) => other.words.includes(one)));
  return word ? [word] : [];
}

function pickFor(item: Item, items: readonly Item[]): Pick {
  const rivals = items.filter((one) => one.prior === item.prior && one.modality === item.modality);
  const planes = new Set(rivals.map((one) => one.plane));
  return {
    prior: item.prior,
    ...(new Set(items.map((one) => one.modality)).size > 1 ? { modality: item.modality } : {}),
    ...(item.plane && planes.size > 1 ? { plane: item.plane } : {}),
    ...(item.laterality ? { laterality: item.laterality as 'R' | 'L' } : {}),
    ...(item.view ? { view: item.view } : {}),
    words: tellingWord(item, items),
    avoid: [],
    first: item.sop && !item.view ? 'in-order' : 'largest',
  };
}

/** What is shown in which cell, as a rule for studies of the same kind. Planes through volumes are left out. */
export function capture(grid: Grid, study: StudyDetail, items: readonly Item[], id: string): Protocol {
  const { modality, bodyPart } = kindOf(study);
  const cells = placesOn(grid).map((place): CellRule => {
    const item =
      place?.kind === 'series' &&
      items.find((one) => one.series === place.series && (!place.sop || !one.sop || one.sop === place.sop));
    const pick: Pick = item ? pickFor(item, items) : { prior: 0, words: [], avoid: [], first: 'in-order' };
    const { preset, invert, against } = (place?.kind === 'series' && place.look) || {};
    return {
      pick,
      show: {
        ...(preset ? { preset } : {}),
        ...(invert ? { invert } : {}),
        ...(against ? { chestWall: against } : {}),
      },
    };
  });
  const when: When = {
    modalities: modality ? [modality] : [],
    bodyParts: bodyPart ? [bodyPart] : [],
    words: [],
    priors: Math.max(0, ...cells.map(({ pick }) => pick.prior)),
    views: [],
  };
  const name = [modality, bodyPart.toLowerCase()].filter(Boolean).join(' ');
  return { id, name: { vi: name, en: name }, when, layout: { rows: grid.rows, columns: grid.columns }, cells };
}
