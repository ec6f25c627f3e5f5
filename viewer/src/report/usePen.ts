/** Writing into the sections of a draft: where the caret is, and what is put there. */
import { type RefObject, useImperativeHandle, useRef } from 'react';
import type { Link } from '../api/types';
import type { Mark } from '../tools/mark';
import { shortWords } from '../tools/words';
import type { Draft } from './draft';
import { apply, shifted } from './links';
import type { Offer } from './macros';
import { fill, filled, type Template, withDefaults } from './templates';
import { type Tongue, tongueOf } from './words';
import { type Section, textOf, withText } from './written';

/** What others may ask of the editor. */
export interface Editor {
  /** To the findings, or to the section named. */
  focus: (section?: string) => void;
  insert: (text: string) => void;
  append: (section: Section, text: string) => void;
}

interface Caret {
  section: string;
  at: number;
}

export function usePen(draft: Draft, templates: readonly Template[], editor: RefObject<Editor | null>) {
  const areas = useRef(new Map<string, HTMLTextAreaElement>());
  const visited = useRef(new Set<string>());
  const caret = useRef<Caret>({ section: 'findings', at: Number.MAX_SAFE_INTEGER });
  const tongue: Tongue = tongueOf(draft.report.language);

  const write = (section: string, text: string, links: Link[]) =>
    draft.edit({ ...withText(draft.report, section, text), links });
  const focus = (section = 'findings', at?: number) => {
    const area = areas.current.get(section);
    if (!area) return;
    if (!visited.current.has(section)) area.setSelectionRange(area.value.length, area.value.length);
    area.focus();
    area.scrollIntoView({ block: 'nearest' });
    if (at !== undefined) requestAnimationFrame(() => area.setSelectionRange(at, at));
  };
  const insert = (section: string, from: number, to: number, text: string, links: readonly Link[] = []): number => {
    const before = textOf(draft.report, section);
    const change = { from, to, text };
    const moved = links.map((link) => ({ ...link, section, start: link.start + from, end: link.end + from }));
    write(section, apply(before, change), [...shifted(draft.report.links, section, change), ...moved]);
    return from + text.length;
  };
  const takeTemplate = (chosen: Template) => draft.edit(fill(draft.report, chosen, tongue));
  /** Takes what the list offered in place of `[from, to)`; gives where the caret is to stand. */
  const take = (section: string, offer: Offer, from: number, to: number): number => {
    if (offer.take.kind === 'text') return insert(section, from, to, offer.take.text);
    if (offer.take.kind === 'mark') {
      const { text, id } = offer.take;
      return insert(section, from, to, text, [{ section, start: 0, end: text.length, kind: 'mark', id }]);
    }
    const { code } = offer.take;
    const chosen = templates.find((one) => one.code === code);
    insert(section, from, to, '');
    if (!chosen) return from;
    const rest = textOf(draft.report, section);
    takeTemplate(chosen);
    if (rest.trim() && section in chosen.normal_text[tongue]) {
      const held = withDefaults(chosen, draft.report.fields, tongue);
      const normal = chosen.normal_text[tongue][section as keyof Template['normal_text'][Tongue]];
      const made = filled(chosen, normal, held, tongue, section);
      return insert(section, from, from, made.text, made.links);
    }
    return textOf(draft.report, section).length;
  };
  const insertMark = (mark: Mark) => {
    const { section, at } = caret.current;
    const before = textOf(draft.report, section);
    const place = Math.min(at, before.length);
    const gap = place > 0 && !/\s$/.test(before.slice(0, place)) ? ' ' : '';
    const text = shortWords(mark, tongue);
    const links: Link[] = [{ section, start: gap.length, end: gap.length + text.length, kind: 'mark', id: mark.id }];
    focus(section, insert(section, place, place, gap + text, links));
  };

  useImperativeHandle(editor, () => ({
    focus: (section) => focus(section),
    insert: (text) => {
      const { section, at } = caret.current;
      const place = Math.min(at, textOf(draft.report, section).length);
      focus(section, insert(section, place, place, text));
    },
    append: (section, text) => {
      const before = textOf(draft.report, section);
      const end = before.length;
      focus(section, insert(section, end, end, before && !before.endsWith('\n') ? `\n${text}` : text));
    },
  }));

  return {
    tongue,
    write,
    focus,
    take,
    takeTemplate,
    insertMark,
    caret: () => caret.current,
    /** The caret was set in a section. */
    at: (section: string, at: number) => {
      caret.current = { section, at };
      visited.current.add(section);
    },
    /** The text field of a section has come or gone. */
    area: (section: string, element: HTMLTextAreaElement | null) => {
      if (element) areas.current.set(section, element);
      else areas.current.delete(section);
    },
  };
}
