/** The report beside the images: four sections, key images, what is saved, release and sign. */
import { Button, Group, Textarea } from '@mantine/core';
import { type KeyboardEvent, type RefObject, useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Report, StudyDetail, TaskDetail } from '../api/types';
import { useFormat } from '../i18n/format';
import { IconCheck } from '../ui/icons';
import { Note } from '../ui/Note';
import { ErrorNote } from '../ui/states';
import type { Draft } from './draft';
import { KeyImages } from './KeyImages';
import classes from './ReportPanel.module.css';
import { SaveNote } from './SaveNote';
import { SignDialog } from './SignDialog';

const SECTIONS = [
  { name: 'technique', rows: 2 },
  { name: 'findings', rows: 7 },
  { name: 'conclusion', rows: 3 },
  { name: 'recommendation', rows: 2 },
] as const;
const MAX_LENGTH = 20_000;

interface Props {
  task: TaskDetail;
  study: StudyDetail;
  draft: Draft;
  /** What is shown: the draft to its writer, what the node has to everyone else. */
  report: Report;
  editable: boolean;
  busy: boolean;
  error: unknown;
  firstField: RefObject<HTMLTextAreaElement | null>;
  onShow: (sop: string) => void;
  onRemoveKeyImage: (sop: string) => void;
  onClaim: (() => void) | null;
  onRelease: () => void;
  onSign: () => Promise<boolean>;
  onNext: (() => void) | null;
}

export function ReportPanel(props: Props) {
  const { task, study, draft, report, editable, busy, error, firstField } = props;
  const { t } = useTranslation();
  const [signing, setSigning] = useState(false);
  const [missing, setMissing] = useState(false);
  const final = task.state === 'final';

  const askToSign = () => {
    const empty = !report.conclusion.trim();
    setMissing(empty);
    if (empty) document.getElementById('report-conclusion')?.focus();
    else setSigning(true);
  };
  useEffect(() => {
    if (!editable) return undefined;
    const onKey = (event: globalThis.KeyboardEvent) => {
      if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
      if (event.target instanceof Element && event.target.closest('[role="dialog"]')) return;
      event.preventDefault();
      askToSign();
    };
    window.addEventListener('keydown', onKey, { capture: true });
    return () => window.removeEventListener('keydown', onKey, { capture: true });
  });
  const leaveOnEscape = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    if (event.key === 'Escape' && !event.nativeEvent.isComposing) event.currentTarget.blur();
  };

  return (
    <aside className={classes.panel} aria-label={t('report.title')}>
      <div className={classes.scroll}>
        <div className={classes.head}>
          <h2>{t('report.title')}</h2>
          {editable && <SaveNote draft={draft} />}
        </div>
        <Standing task={task} editable={editable} busy={busy} onClaim={props.onClaim} />
        {draft.restored && editable && draft.dirty && <p className={classes.restored}>{t('report.restored')}</p>}
        {error !== null && error !== undefined && <ErrorNote error={error} />}
        {SECTIONS.map(({ name, rows }, index) => (
          <Textarea
            key={name}
            id={`report-${name}`}
            ref={index === 1 ? firstField : undefined}
            label={t(`report.${name}`)}
            autosize
            minRows={editable ? rows : 1}
            maxRows={24}
            maxLength={MAX_LENGTH}
            readOnly={!editable}
            lang={report.language}
            spellCheck={false}
            value={report[name]}
            error={name === 'conclusion' && missing && !report.conclusion.trim() ? t('report.conclusion-needed') : null}
            onChange={(event) => draft.edit({ [name]: event.currentTarget.value })}
            onKeyDown={leaveOnEscape}
            classNames={{ label: classes.label ?? '', input: classes.input ?? '' }}
          />
        ))}
        <KeyImages
          study={study}
          keyImages={report.key_images}
          editable={editable}
          onShow={props.onShow}
          onRemove={props.onRemoveKeyImage}
        />
      </div>
      {editable && (
        <div className={classes.actions}>
          <Button variant="default" onClick={props.onRelease} disabled={busy}>
            {t('report.release')}
          </Button>
          <Button onClick={askToSign} loading={busy} className={classes.sign ?? ''} title="Ctrl+Enter">
            {t('report.sign')}
          </Button>
        </div>
      )}
      {final && props.onNext && (
        <div className={classes.actions}>
          <Button onClick={props.onNext} fullWidth>
            {t('report.next')}
          </Button>
        </div>
      )}
      <SignDialog
        opened={signing}
        task={task}
        report={report}
        onClose={() => setSigning(false)}
        onSign={async () => {
          if (await props.onSign()) setSigning(false);
        }}
        error={error}
      />
    </aside>
  );
}

/** Whose the task is, and what that means for writing. */
function Standing({ task, editable, busy, onClaim }: Pick<Props, 'task' | 'editable' | 'busy' | 'onClaim'>) {
  const { t } = useTranslation();
  const format = useFormat();
  if (task.state === 'final') {
    return (
      <Note kind="good" icon={<IconCheck />} title={t('report.signed')}>
        {task.claimed_by_name}
        {task.signed_at && ` · ${format.moment(task.signed_at)}`}
      </Note>
    );
  }
  if (editable) return null;
  if (task.state === 'cancelled') return <Note kind="info" title={t('report.cancelled')} />;
  if (task.claimed_by && !task.mine) {
    return (
      <Note kind="warn" title={t('report.others-title', { name: task.claimed_by_name ?? '' })}>
        {t('report.others')}
      </Note>
    );
  }
  if (task.state === 'incomplete') {
    return (
      <Note kind="info" title={t('report.incomplete-title')}>
        {t('report.incomplete')}
      </Note>
    );
  }
  return (
    <Note kind="info" title={t('report.unclaimed-title')}>
      <Group justify="space-between" gap="xs">
        {t('report.unclaimed')}
        {onClaim && (
          <Button size="xs" onClick={onClaim} loading={busy}>
            {t('worklist.claim')}
          </Button>
        )}
      </Group>
    </Note>
  );
}
