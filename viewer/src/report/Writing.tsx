/** The part of the report that is written: template, fields, sections, questions, measurements. One editor for all of it. */
import { Button, Kbd, UnstyledButton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, type RefObject, useEffect, useImperativeHandle, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import type { Link, StudyDetail, TaskDetail } from '../api/types';
import type { Mark } from '../tools/mark';
import { useMarks } from '../tools/useMarks';
import { shortWords } from '../tools/words';
import type { Draft } from './draft';
import { FieldsForm } from './FieldsForm';
import { apply, shifted } from './links';
import type { Offer } from './macros';
import { type LintFinding, reportQueries } from './node';
import { SectionEditor } from './SectionEditor';
import { fill, filled, fitting, type Template, withDefaults, withField } from './templates';
import { useLint } from './useLint';
import classes from './Writing.module.css';
import { type Tongue, tongueOf } from './words';
import { answerSection, SECTIONS, type Section, textOf, type Written, withText } from './written';

const ROWS: Record<Section, number> = {
  technique: 2,
  comparison: 1,
  findings: 8,
  conclusion: 3,
  recommendation: 2,
  limitations: 1,
};

/** What others may ask of the editor. */
export interface Editor {
  /** To the findings, or to the section named. */
  focus: (section?: string) => void;
  insert: (text: string, mark?: string) => void;
  append: (section: Section, text: string) => void;
}

interface Props {
  task: TaskDetail;
  study: StudyDetail;
  draft: Draft;
  editor: RefObject<Editor | null>;
  missing: ReadonlySet<string>;
  onShow: (sop: string, frame?: number) => void;
  onCompare: (() => void) | null;
  onMacros: () => void;
  children?: ReactNode;
}

export function Writing({ task, study, draft, editor, missing, onShow, onCompare, onMacros, children }: Props) {
  const { t } = useTranslation();
  const { report } = draft;
  const tongue = tongueOf(report.language);
  const areas = useRef(new Map<string, HTMLTextAreaElement>());
  const visited = useRef(new Set<string>());
  const caret = useRef<{ section: string; at: number }>({ section: 'findings', at: Number.MAX_SAFE_INTEGER });
  const templates = useQuery(reportQueries.templates()).data ?? [];
  const { inReport: marks } = useMarks(study.study_instance_uid);
  const macros = useQuery(reportQueries.macros()).data;
  const suggested = fitting(templates, study);
  const addendum = task.report_kind === 'addendum';
  const template = templates.find((one) => one.code === report.template) ?? (addendum ? undefined : suggested);
  const measured = marks.filter((mark) => shortWords(mark, tongue) !== '');
  const stale = changedMeasurements(report, measured, tongue);

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
  const showLink = (link: Link) => {
    const mark = link.kind === 'mark' ? marks.find((one) => one.id === link.id) : undefined;
    if (mark) onShow(mark.sop_instance_uid, mark.frame);
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

  const order = [
    ...SECTIONS.filter(
      (section) => !addendum || section === 'findings' || section === 'conclusion' || section === 'recommendation',
    ),
    ...report.answers.map((_, index) => answerSection(index)),
  ];
  useSectionKeys({
    order,
    focus,
    current: () => caret.current,
    fill: () => template && !addendum && takeTemplate(template),
    next: () => nextPlaceholder(draft.report, order, caret.current, focus),
    newestMark: () => measured.length > 0 && insertMark(measured.at(-1)!),
  });

  const offers = theOffers(templates, macros, measured, tongue);
  const common = { language: report.language, links: report.links, offers, onShow: showLink };
  const section = (name: string, label: string, rows: number, hotkey?: string, error?: string | null) => (
    <Linted
      key={name}
      {...common}
      section={name}
      label={label}
      rows={rows}
      {...(hotkey ? { hotkey } : {})}
      error={error ?? null}
      value={textOf(report, name)}
      stale={stale.filter((one) => one.section === name)}
      input={(element) => {
        if (element) areas.current.set(name, element);
        else areas.current.delete(name);
      }}
      onCaret={(at) => {
        caret.current = { section: name, at };
        visited.current.add(name);
      }}
      onChange={(text, links) => write(name, text, links)}
      onTake={(offer, from, to) => take(name, offer, from, to)}
    />
  );
  const untouched = template !== undefined && report.template !== template.code;

  return (
    <>
      {!addendum && (
        <div className={classes.template}>
          <label className={classes.choose}>
            <span>{t('report.template')}</span>
            <select
              value={template?.code ?? ''}
              onChange={(event) => {
                const chosen = templates.find((one) => one.code === event.currentTarget.value);
                const held = chosen ? withDefaults(chosen, {}, tongue) : {};
                draft.edit({ template: chosen?.code ?? '', fields: held });
              }}
            >
              <option value="">{t('report.template-none')}</option>
              {templates.map((one) => (
                <option key={one.code} value={one.code}>
                  {one.name[tongue]} {one.shortcut}
                </option>
              ))}
            </select>
          </label>
          {template?.normal_text[tongue].findings && (
            <Button size="compact-xs" variant={untouched ? 'light' : 'default'} onClick={() => takeTemplate(template)}>
              {t('report.fill')}{' '}
              <Kbd size="xs" ml={6}>
                F2
              </Kbd>
            </Button>
          )}
          <UnstyledButton className={classes.link ?? ''} onClick={onMacros}>
            {t('macro.title')}
          </UnstyledButton>
        </div>
      )}
      {template && !addendum && (
        <FieldsForm
          key={template.code}
          template={template}
          fields={report.template === template.code ? report.fields : withDefaults(template, {}, tongue)}
          language={report.language}
          onChange={(field, value) => {
            const begun =
              report.template === template.code
                ? draft.report
                : { ...draft.report, fields: withDefaults(template, {}, tongue) };
            draft.edit(withField(begun, template, field, value));
          }}
        />
      )}
      {measured.length > 0 && (
        <div className={classes.marks} role="group" aria-label={t('report.measurements')}>
          <span className={classes.caption}>{t('report.measurements')}</span>
          {measured.map((mark) => (
            <button
              key={mark.id}
              type="button"
              className={classes.measure}
              title={t('report.insert-measurement')}
              onMouseDown={(event) => event.preventDefault()}
              onClick={() => insertMark(mark)}
            >
              {shortWords(mark, tongue)}
              {mark.text && <span> {mark.text}</span>}
            </button>
          ))}
        </div>
      )}
      {order
        .filter((name) => name in ROWS)
        .map((name, index) => (
          <div key={name}>
            {section(
              name,
              t(`report.${name as Section}`),
              ROWS[name as Section],
              `Alt+${index + 1}`,
              missing.has(name) ? t('report.conclusion-needed') : null,
            )}
            {name === 'comparison' && onCompare && (
              <UnstyledButton className={classes.link ?? ''} onClick={onCompare}>
                {t('compare.open')}
              </UnstyledButton>
            )}
          </div>
        ))}
      {report.answers.length > 0 && !addendum && (
        <section className={classes.answers} aria-label={t('report.answers')}>
          <h3>{t('report.answers')}</h3>
          {report.answers.map(({ question }, index) =>
            section(
              answerSection(index),
              `${index + 1}. ${question}`,
              2,
              undefined,
              missing.has(answerSection(index)) ? t('report.answer-needed') : null,
            ),
          )}
        </section>
      )}
      {addendum && <SignedText taskId={task.id} />}
      {children}
    </>
  );
}

/** The report that the addendum belongs to, to read beside it. */
function SignedText({ taskId }: { taskId: string }) {
  const { t } = useTranslation();
  const versions = useQuery(reportQueries.versions(taskId)).data ?? [];
  const signed = versions.findLast((one) => one.state === 'final' && one.kind === 'report');
  if (!signed) return null;
  return (
    <section className={classes.signed} aria-label={t('report.signed-text')}>
      <h3>{t('report.signed-text')}</h3>
      {SECTIONS.filter((name) => signed.report[name]).map((name) => (
        <div key={name}>
          <h4>{t(`report.${name}`)}</h4>
          <p lang={signed.report.language}>{signed.report[name]}</p>
        </div>
      ))}
    </section>
  );
}

function Linted({
  stale,
  ...props
}: Omit<Parameters<typeof SectionEditor>[0], 'findings'> & { stale: readonly LintFinding[] }) {
  const findings = useLint(props.value, props.language, true);
  return <SectionEditor {...props} findings={[...findings, ...stale]} />;
}

/** Measurements in the text that were drawn anew since. */
function changedMeasurements(report: Written, marks: readonly Mark[], tongue: Tongue): LintFinding[] {
  return report.links.flatMap(({ section, start, end, kind, id }) => {
    const mark = kind === 'mark' ? marks.find((one) => one.id === id) : undefined;
    const text = textOf(report, section).slice(start, end);
    const expansion = mark ? shortWords(mark, tongue) : '';
    return mark && text !== expansion ? [{ code: 'measure' as const, section, start, end, text, expansion }] : [];
  });
}

function theOffers(
  templates: readonly Template[],
  macros:
    | {
        own: readonly { shortcut: string; name?: string; text: string }[];
        site: readonly { shortcut: string; name?: string; text: string }[];
      }
    | undefined,
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

/** Where the next thing to fill in stands, after the caret and round again. */
function nextPlaceholder(
  report: Written,
  order: readonly string[],
  { section, at }: { section: string; at: number },
  focus: (section: string, at?: number) => void,
): void {
  const from = Math.max(0, order.indexOf(section));
  for (let step = 0; step <= order.length; step += 1) {
    const name = order[(from + step) % order.length]!;
    const text = textOf(report, name);
    const start = step === 0 ? Math.min(at, text.length) : 0;
    const match = /\{[^{}\n]{1,64}\}/.exec(text.slice(start));
    if (match) {
      focus(name, start + match.index + match[0].length);
      return;
    }
  }
}

interface SectionKeys {
  order: readonly string[];
  focus: (section: string) => void;
  current: () => { section: string };
  fill: () => void;
  next: () => void;
  newestMark: () => void;
}

/** Alt+1…: to a section; Ctrl+↑ ↓: the section before or after; F2: the normal text; F4: what is still to fill in; Ctrl+M: the
 * newest measurement. */
function useSectionKeys(keys: SectionKeys): void {
  const latest = useRef(keys);
  latest.current = keys;
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      const { order, focus, current, fill: fillIn, next, newestMark } = latest.current;
      if (event.isComposing) return;
      const target = event.target instanceof Element ? event.target : null;
      if (target?.closest('[role="dialog"]')) return;
      const number =
        event.altKey && !event.ctrlKey && /^Digit[1-9]$/.test(event.code) ? Number(event.code.slice(5)) : 0;
      const arrow = event.ctrlKey && !event.altKey && target?.matches('textarea') ? event.key : '';
      const action =
        number && order[number - 1]
          ? () => focus(order[number - 1]!)
          : arrow === 'ArrowUp' || arrow === 'ArrowDown'
            ? () =>
                focus(
                  order.at(Math.max(0, order.indexOf(current().section)) + (arrow === 'ArrowUp' ? -1 : 1)) ?? order[0]!,
                )
            : event.key === 'F2'
              ? fillIn
              : event.key === 'F4' && !event.altKey && !event.ctrlKey
                ? next
                : event.ctrlKey && event.key.toLowerCase() === 'm' && target?.matches('textarea')
                  ? newestMark
                  : null;
      if (!action) return;
      event.preventDefault();
      event.stopPropagation();
      action();
    };
    window.addEventListener('keydown', onKey, { capture: true });
    return () => window.removeEventListener('keydown', onKey, { capture: true });
  }, []);
}
