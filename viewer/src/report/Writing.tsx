/** The part of the report that is written: template, fields, sections, questions, measurements. One editor for all of it. */
import { UnstyledButton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { RefObject } from 'react';
import { useTranslation } from 'react-i18next';
import type { Link, StudyDetail, TaskDetail } from '../api/types';
import { useMarks } from '../tools/useMarks';
import { shortWords } from '../tools/words';
import type { Draft } from './draft';
import { FieldsForm } from './FieldsForm';
import { Measurements } from './Measurements';
import { type LintFinding, reportQueries } from './node';
import { changedMeasurements, nextPlaceholder, offersOf } from './offers';
import { SectionEditor } from './SectionEditor';
import { SignedText } from './SignedText';
import { TemplateBar } from './TemplateBar';
import { fitting, withDefaults, withField } from './templates';
import { useLint } from './useLint';
import { type Editor, usePen } from './usePen';
import { useReportKeys } from './useReportKeys';
import classes from './Writing.module.css';
import { answerSection, SECTIONS, type Section, textOf } from './written';

const ROWS: Record<Section, number> = {
  technique: 2,
  comparison: 1,
  findings: 8,
  conclusion: 3,
  recommendation: 2,
  limitations: 1,
};
const OF_ADDENDUM: readonly Section[] = ['findings', 'conclusion', 'recommendation'];

interface Props {
  task: TaskDetail;
  study: StudyDetail;
  draft: Draft;
  editor: RefObject<Editor | null>;
  missing: ReadonlySet<string>;
  onShow: (sop: string, frame?: number) => void;
  onCompare: (() => void) | null;
  onMacros: () => void;
}

export function Writing({ task, study, draft, editor, missing, onShow, onCompare, onMacros }: Props) {
  const { t } = useTranslation();
  const { report } = draft;
  const templates = useQuery(reportQueries.templates()).data ?? [];
  const { inReport: marks } = useMarks(study.study_instance_uid);
  const macros = useQuery(reportQueries.macros()).data;
  const pen = usePen(draft, templates, editor);
  const { tongue, focus } = pen;
  const addendum = task.report_kind === 'addendum';
  const suggested = addendum ? undefined : fitting(templates, study);
  const template = templates.find((one) => one.code === report.template) ?? suggested;
  const measured = marks.filter((mark) => shortWords(mark, tongue) !== '');
  const stale = changedMeasurements(report, measured, tongue);
  const sections = addendum ? OF_ADDENDUM : SECTIONS;
  const order: string[] = [...sections, ...report.answers.map((_, index) => answerSection(index))];

  const step = (by: number) => focus(order.at(Math.max(0, order.indexOf(pen.caret().section)) + by) ?? order[0]!);
  useReportKeys({
    section: ({ digit }) => {
      const name = order[digit - 1];
      if (!name) return false;
      focus(name);
    },
    'section-before': () => step(-1),
    'section-after': () => step(1),
    fill: () => template && !addendum && void pen.takeTemplate(template),
    'next-placeholder': () => {
      const place = nextPlaceholder(draft.report, order, pen.caret());
      if (place) focus(place.section, place.at);
    },
    'newest-mark': () => {
      const newest = measured.at(-1);
      if (newest) pen.insertMark(newest);
    },
  });

  const showLink = (link: Link) => {
    const mark = link.kind === 'mark' ? marks.find((one) => one.id === link.id) : undefined;
    if (mark) onShow(mark.sop_instance_uid, mark.frame);
  };
  const offers = offersOf(templates, macros, measured, tongue);
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
      input={(element) => pen.area(name, element)}
      onCaret={(at) => pen.at(name, at)}
      onChange={(text, links) => pen.write(name, text, links)}
      onTake={(offer, from, to) => pen.take(name, offer, from, to)}
    />
  );

  return (
    <>
      {!addendum && (
        <TemplateBar
          templates={templates}
          template={template}
          taken={report.template === template?.code}
          tongue={tongue}
          onChoose={(chosen) =>
            draft.edit({ template: chosen?.code ?? '', fields: chosen ? withDefaults(chosen, {}, tongue) : {} })
          }
          onFill={pen.takeTemplate}
          onMacros={onMacros}
        />
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
      <Measurements marks={measured} tongue={tongue} onInsert={pen.insertMark} />
      {sections.map((name, index) => (
        <div key={name}>
          {section(
            name,
            t(`report.${name}`),
            ROWS[name],
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
    </>
  );
}

function Linted({
  stale,
  ...props
}: Omit<Parameters<typeof SectionEditor>[0], 'findings'> & { stale: readonly LintFinding[] }) {
  const findings = useLint(props.value, props.language, true);
  return <SectionEditor {...props} findings={[...findings, ...stale]} />;
}
