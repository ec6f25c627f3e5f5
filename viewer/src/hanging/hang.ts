/** Chooses the protocol for a study and hangs its series. Pure: the same study and rules always hang the same way. */
import { LAYOUTS, type Layout, type Look, type Place, sizeOf } from '../viewport/grid';
import { type Item, plain } from './items';
import type { CellRule, Pick, Protocol, Show, When } from './rules';

export interface Occasion {
  /** The study's description. */
  readonly description: string;
  /** Of the study that is read and, where they are known, of its priors. */
  readonly items: readonly Item[];
  /** Priors that can be shown. */
  readonly priors: number;
}

export interface Hung {
  readonly protocol: Protocol | null;
  readonly layout: Layout;
  readonly places: readonly Place[];
  /** Cells that wait for the images of a prior, with the number of the prior. */
  readonly waiting: readonly { readonly cell: number; readonly prior: number }[];
}

function fits(when: When, { description, items, priors }: Occasion): boolean {
  const own = items.filter((item) => item.prior === 0);
  const any = (list: readonly string[], has: (one: string) => boolean) => list.length === 0 || list.some(has);
  if (!any(when.modalities, (one) => own.some((item) => item.modality === one))) return false;
  if (priors < when.priors) return false;
  if (!when.views.every((view) => own.some((item) => item.view === view))) return false;
  if (when.bodyParts.length === 0 && when.words.length === 0) return true;
  const texts = [plain(description), ...own.map((item) => item.words)];
  return (
    own.some((item) => when.bodyParts.includes(item.bodyPart)) ||
    when.words.some((word) => texts.some((text) => text.includes(plain(word))))
  );
}

/** The first protocol that fits. */
export const protocolFor = (protocols: readonly Protocol[], occasion: Occasion): Protocol | null =>
  protocols.find(({ when }) => fits(when, occasion)) ?? null;

const hits = (words: readonly string[], item: Item) => words.filter((word) => item.words.includes(plain(word))).length;

/** The items that a cell may show, the best first. */
export function candidates(pick: Pick, items: readonly Item[]): Item[] {
  const views = pick.view?.split('|');
  const able = items.filter(
    (item) =>
      item.prior === pick.prior &&
      (!pick.modality || item.modality === pick.modality) &&
      (!pick.plane || item.plane === pick.plane) &&
      (!pick.laterality || item.laterality === pick.laterality) &&
      (!views || views.includes(item.view)) &&
      hits(pick.avoid, item) === 0,
  );
  const size = (item: Item) => (pick.first === 'largest' ? item.frames : 0);
  return able
    .map((item, order) => ({ item, order }))
    .sort(
      (a, b) => hits(pick.words, b.item) - hits(pick.words, a.item) || size(b.item) - size(a.item) || a.order - b.order,
    )
    .map(({ item }) => item);
}

function lookOf(show: Show, item: Item): Look {
  const { chestWall, preset, invert } = show;
  // towards the front of the body the rows run to A; a chest wall on the right needs them to run to the back, to P
  const turned = (chestWall === 'right' && item.rowTo === 'A') || (chestWall === 'left' && item.rowTo === 'P');
  return {
    ...(preset && item.modality === 'CT' ? { preset } : {}),
    ...(invert ? { invert } : {}),
    ...(chestWall ? { against: chestWall } : {}),
    ...(turned ? { flip: true } : {}),
  };
}

const placeOf = (item: Item, show: Show): Place => ({
  kind: 'series',
  study: item.study,
  series: item.series,
  ...(item.sop ? { sop: item.sop } : {}),
  look: lookOf(show, item),
});

/** A rule without some of its wishes, the least important first: better a neighbour of what was meant than an empty cell. */
function looser(pick: Pick): Pick[] {
  if (pick.laterality) return [pick];
  const { plane: _, ...anyPlane } = pick;
  const { view: __, ...anyView } = anyPlane;
  return [pick, anyPlane, anyView, { ...anyView, avoid: [] }];
}

/** Puts one item into each cell; an item is never shown twice. */
function fill(cells: readonly CellRule[], items: readonly Item[]): (Place | undefined)[] {
  const used = new Set<Item>();
  const take = (rule: CellRule, pick: Pick): Place | undefined => {
    const item = candidates(pick, items).find((one) => !used.has(one));
    if (!item) return undefined;
    used.add(item);
    return placeOf(item, rule.show);
  };
  // what exactly fits takes its place before others make do with what is left
  const places = cells.map((rule) => take(rule, rule.pick));
  return places.map((place, cell) => {
    if (place) return place;
    const rule = cells[cell]!;
    for (const pick of looser(rule.pick).slice(1)) {
      const found = take(rule, pick);
      if (found) return found;
    }
    return undefined;
  });
}

/** The smallest layout that holds `count` cells and is no larger than `layout`. */
function tight(layout: Layout, count: number): Layout {
  if (count >= sizeOf(layout)) return layout;
  const small = LAYOUTS.filter((one) => sizeOf(one) >= count && sizeOf(one) < sizeOf(layout));
  const least = Math.min(...small.map(sizeOf));
  return small.find((one) => sizeOf(one) === least) ?? layout;
}

/** Hangs a study by the first protocol that fits; without one its largest series fills the screen. */
export function hang(protocols: readonly Protocol[], occasion: Occasion): Hung {
  const protocol = protocolFor(protocols, occasion);
  if (protocol) {
    const found = fill(protocol.cells, occasion.items);
    const known = (prior: number) => occasion.items.some((item) => item.prior === prior);
    const kept = protocol.cells
      .map(({ pick }, cell) => ({
        place: found[cell] ?? null,
        prior: pick.prior,
        waits: !found[cell] && pick.prior > 0 && pick.prior <= occasion.priors && !known(pick.prior),
      }))
      .filter(({ place, waits }) => protocol.keepEmpty || place || waits);
    if (kept.some(({ place }) => place)) {
      return {
        protocol,
        layout: protocol.keepEmpty ? protocol.layout : tight(protocol.layout, kept.length),
        places: kept.map(({ place }) => place),
        waiting: kept.flatMap(({ waits, prior }, cell) => (waits ? [{ cell, prior }] : [])),
      };
    }
  }
  const [largest] = [...occasion.items].filter((item) => item.prior === 0).sort((a, b) => b.frames - a.frames);
  return {
    protocol: null,
    layout: { rows: 1, columns: 1 },
    places: [largest ? placeOf(largest, {}) : null],
    waiting: [],
  };
}
