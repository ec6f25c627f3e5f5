/** The report beside the images: how it stands, its text, key images, what is saved, release and sign. */
import { Button, UnstyledButton } from '@mantine/core';
import { type ReactNode, type RefObject, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { Link, StudyDetail, TaskDetail } from '../api/types';
import { Note } from '../ui/Note';
import { ErrorNote } from '../ui/states';
import { ComparePane } from './ComparePane';
import { ConflictNote } from './ConflictNote';
import type { Draft } from './draft';
import { KeyImages } from './KeyImages';
import type { Keeping } from './kept';
import { REPORT_KEYS } from './keys';
import { MacrosDialog } from './MacrosDialog';
import { Reading } from './Reading';
import classes from './ReportPanel.module.css';
import { SaveNote } from './SaveNote';
import { type Known, type SignAs, SignDialog } from './SignDialog';
import { Standing, StateBadge } from './Standing';
import { LostText, OtherTexts } from './UnsentTexts';
import type { Unsent } from './useDraft';
import type { Editor } from './usePen';
import { useReportKeys } from './useReportKeys';
import { VersionsDialog } from './VersionsDialog';
import { Writing } from './Writing';
import { answerSection, isBlank, textOf, type Written } from './written';

interface Props {
  task: TaskDetail;
  study: StudyDetail;
  draft: Draft;
  /** What is shown: the draft to its writer, what the node has to everyone else. */
  report: Written;
  /** What waits on this machine beside it. */
  unsent: Unsent;
  editable: boolean;
  /** How well this machine keeps the draft. */
  keeping: Keeping;
  signer: string;
  /** `preview`: a picture on the screen still lacks detail. */
  quality: 'preview' | 'full';
  busy: boolean;
  error: unknown;
  editor: RefObject<Editor | null>;
  /** Critical findings, letters: what others say of the study. */
  beside?: ReactNode;
  onShow: (sop: string, frame?: number) => void;
  onShowMark: (id: string) => void;
  onRemoveKeyImage: (sop: string) => void;
  onClaim: (() => void) | null;
  onRelease: () => void;
  onAsk: (() => void) | null;
  onCorrect: (() => void) | null;
  onAmend: (() => void) | null;
  onSign: (as: SignAs, acknowledge: Known[]) => Promise<boolean>;
  onNext: (() => void) | null;
}

export function ReportPanel(props: Props) {
  const { task, study, draft, report, unsent, editable, busy, error, editor, quality } = props;
  const { t } = useTranslation();
  const [open, setOpen] = useState<'sign' | 'versions' | 'macros' | null>(null);
  const [comparing, setComparing] = useState(false);
  const [missing, setMissing] = useState<ReadonlySet<string>>(new Set());
  const shownMissing = new Set([...missing].filter((section) => !textOf(report, section).trim()));
  const lost = !editable && unsent.texts.length > 0;
  const showLink = (link: Link) => props.onShowMark(link.id);
  const coarse = quality === 'preview';
  const [tooEarly, setTooEarly] = useState(false);
  if (tooEarly && !coarse) setTooEarly(false);

  const askToSign = () => {
    const lacking = lackingIn(report, task.report_kind === 'addendum');
    setMissing(new Set(lacking));
    if (lacking[0]) editor.current?.focus(lacking[0]);
    else if (coarse) setTooEarly(true);
    else setOpen('sign');
  };
  useReportKeys({ sign: ({ repeat }) => editable && (repeat || askToSign()) });

  return (
    <aside className={classes.panel} aria-label={t('report.title')} data-wide={comparing}>
      {comparing && (
        <ComparePane
          studyUid={study.study_instance_uid}
          onClose={() => setComparing(false)}
          onCopy={editable ? (text) => editor.current?.append('comparison', text) : null}
        />
      )}
      <div className={classes.column}>
        <div className={classes.scroll}>
          <div className={classes.head}>
            <h2>{t('report.title')}</h2>
            {task.report_state !== 'none' && (
              <StateBadge state={task.report_state} addendum={task.addendum_number ?? null} />
            )}
            {editable && <SaveNote draft={draft} keeping={props.keeping} />}
          </div>
          {task.clinical_question && (
            <p className={classes.question}>
              <b>{t('report.question')}</b> {task.clinical_question}
            </p>
          )}
          {(!lost || task.state === 'final') && (
            <Standing
              task={task}
              editable={editable}
              busy={busy}
              onClaim={props.onClaim}
              onCorrect={props.onCorrect}
              onAmend={props.onAmend}
            />
          )}
          {lost && (
            <LostText
              unsent={unsent}
              against={report}
              onShow={showLink}
              task={task}
              keeping={props.keeping}
              busy={busy}
              onClaim={props.onClaim}
            />
          )}
          {editable && <ConflictNote draft={draft} onChoose={unsent.settle} />}
          {editable && draft.state.kind !== 'conflict' && (
            <OtherTexts unsent={unsent} against={report} onShow={showLink} />
          )}
          {draft.restored && editable && draft.dirty && draft.state.kind !== 'conflict' && (
            <p className={classes.restored}>{t('report.restored')}</p>
          )}
          {editable && props.keeping === 'nowhere' && (
            <Note kind="warn" title={t('report.storage-title')}>
              {t('report.storage')}
            </Note>
          )}
          {error !== null && error !== undefined && open !== 'sign' && <ErrorNote error={error} />}
          {editable ? (
            <Writing
              task={task}
              study={study}
              draft={draft}
              editor={editor}
              missing={shownMissing}
              onShow={props.onShow}
              onCompare={() => setComparing(true)}
              onMacros={() => setOpen('macros')}
            />
          ) : (
            <>
              {lost && !isBlank(report) && <h3 className={classes.which}>{t('unsent.node')}</h3>}
              <Reading report={report} onShow={showLink} />
            </>
          )}
          <KeyImages
            study={study}
            keyImages={report.key_images}
            editable={editable}
            onShow={props.onShow}
            onRemove={props.onRemoveKeyImage}
          />
          {props.beside}
          <div className={classes.links}>
            {!editable && !comparing && (
              <UnstyledButton className={classes.link ?? ''} onClick={() => setComparing(true)}>
                {t('compare.open')}
              </UnstyledButton>
            )}
            {task.report_version > 0 && (
              <UnstyledButton className={classes.link ?? ''} onClick={() => setOpen('versions')}>
                {t('versions.title')}
              </UnstyledButton>
            )}
          </div>
        </div>
        {tooEarly && (
          <p className={classes.early} role="status">
            {t('report.preview')}
          </p>
        )}
        {editable && (
          <Actions
            {...props}
            coarse={coarse}
            onSign={askToSign}
            label={t(task.may_sign?.includes('final') === false ? 'report.sign-preliminary' : 'report.sign')}
          />
        )}
        {task.state === 'final' && props.onNext && (
          <div className={classes.actions}>
            <Button onClick={props.onNext} fullWidth>
              {t('report.next')}
            </Button>
          </div>
        )}
      </div>
      <SignDialog
        opened={open === 'sign'}
        task={task}
        report={report}
        signer={props.signer}
        onClose={() => setOpen(null)}
        onSign={async (as, acknowledge) => {
          if (await props.onSign(as, acknowledge)) setOpen((known) => (known === 'sign' ? null : known));
        }}
        error={error}
      />
      <VersionsDialog taskId={task.id} opened={open === 'versions'} onClose={() => setOpen(null)} />
      <MacrosDialog opened={open === 'macros'} onClose={() => setOpen(null)} />
    </aside>
  );
}

/** Sections without which the report cannot be signed. */
function lackingIn(report: Written, addendum: boolean): string[] {
  if (addendum)
    return report.findings.trim() || report.conclusion.trim() || report.recommendation.trim() ? [] : ['findings'];
  const unanswered = report.answers.flatMap(({ answer }, index) => (answer.trim() ? [] : [answerSection(index)]));
  return [...(report.conclusion.trim() ? [] : ['conclusion']), ...unanswered];
}

interface ActionsProps extends Pick<Props, 'busy' | 'onRelease' | 'onAsk'> {
  coarse: boolean;
  label: string;
  onSign: () => void;
}

function Actions({ busy, coarse, label, onRelease, onAsk, onSign }: ActionsProps) {
  const { t } = useTranslation();
  return (
    <div className={classes.actions}>
      <Button variant="default" onClick={onRelease} disabled={busy}>
        {t('report.release')}
      </Button>
      {onAsk && (
        <Button variant="default" onClick={onAsk} disabled={busy}>
          {t('report.ask')}
        </Button>
      )}
      <Button
        onClick={onSign}
        loading={busy}
        disabled={coarse}
        className={classes.sign ?? ''}
        title={coarse ? t('report.preview') : REPORT_KEYS.sign.shown}
      >
        {label}
      </Button>
    </div>
  );
}
