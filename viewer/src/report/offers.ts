/** What the list under the caret offers, what in the text is no longer so, where something is still to be filled in. Pure. */
import type { Mark } from '../tools/mark';
import { shortWords } from '../tools/words';
import type { Offer } from './macros';
import type { KeptMacro, LintFinding } from './node';
import type { Template } from './templates';
import type { Tongue } from './words';
import { textOf, type Written } from './written';

/** Measurements in the text that were drawn anew since. */
export function changedMeasurements(report: Written, marks: readonly Mark[], tongue: Tongue): LintFinding[] {
  return report.links.flatMap(({ section, start, end, kind, id }) => {
    const mark = kind === 'mark' ? marks.find((one) => one.id === id) : undefined;
    const text = textOf(report, section).slice(start, end);
    const expansion = mark ? shortWords(mark, tongue) : '';
    return mark && text !== expansion ? [{ code: 'measure' as const, section, start, end, text, expansion }] : [];
  });
}

/** One's own texts, then those of the site, templates, and measurements by number. */
export function offersOf(
  templates: readonly Template[],
  macros: { own: readonly KeptMacro[]; site: readonly KeptMacro[] } | undefined,
  marks: readonly Mark[],
  tongue: Tongue,
): Offer[] {
  const own = new Set(macros?.own.map((macro) => macro.shortcut));
  const texts = [...(macros?.own ?? []), ...(macros?.site ?? []).filter((macro) => !own.has(macro.shortcut))];
  return [
    ...texts.map(({ shortcut, name, text }): Offer => ({ shortcut, name: name || text, take: { kind: 'text', text } })),
    ...templates.map(
      (one): Offer => ({ shortcut: one.shortcut, name: one.name[tongue], take: { kind: 'template', code: one.code } }),
    ),
    ...marks.map((mark, index): Offer => {
      const text = shortWords(mark, tongue);
      return {
        shortcut: `/${index + 1}`,
        name: [text, mark.text].filter(Boolean).join(' '),
        take: { kind: 'mark', id: mark.id, text },
      };
    }),
  ];
}

/** Where the next thing to fill in ends, after the caret and round again. */
export function nextPlaceholder(
  report: Written,
  order: readonly string[],
  { section, at }: { section: string; at: number },
): { section: string; at: number } | null {
  const from = Math.max(0, order.indexOf(section));
  for (let step = 0; step <= order.length; step += 1) {
    const name = order[(from + step) % order.length]!;
    const text = textOf(report, name);
    const start = step === 0 ? Math.min(at, text.length) : 0;
    const match = /\{[^{}\n]{1,64}\}/.exec(text.slice(start));
    if (match) return { section: name, at: start + match.index + match[0].length };
  }
  return null;
}
