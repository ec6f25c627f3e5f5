/** One reading task: its images, its report, the claim on it. */
import { Badge, Button, Tooltip } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useNavigate, useParams } from 'react-router';
import * as node from '../api/node';
import { ApiError } from '../api/problem';
import { queries } from '../api/queries';
import type { StudyDetail, TaskDetail } from '../api/types';
import { AskDialog } from '../letters/AskDialog';
import { CriticalPanel } from '../letters/CriticalPanel';
import { LetterThread } from '../letters/LetterThread';
import * as reports from '../report/node';
import { ReportPanel } from '../report/ReportPanel';
import type { Known, SignAs } from '../report/SignDialog';
import { savedOf, useDraft, useKept } from '../report/useDraft';
import { useEditor } from '../report/useEditor';
import { useSession } from '../session';
import { roomOf } from '../tools/room';
import { IconNext } from '../ui/icons';
import { FullPageError, FullPageLoading } from '../ui/states';
import { StudyView } from '../viewport/StudyView';
import { useViews } from '../viewport/views';
import { OpinionPanel } from '../worklist/Opinions';
import { PriorityMenu } from '../worklist/PriorityMenu';
import { ScopeDialog } from '../worklist/ScopeDialog';
import { useHeartbeat } from '../worklist/useHeartbeat';
import classes from './ReadingPage.module.css';
import { useNextAhead } from './useNextAhead';
import { ViewerHeader } from './ViewerHeader';

const POLL_MS = 20_000;

export function ReadingPage() {
  const { taskId = '' } = useParams();
  const task = useQuery({ ...queries.task(taskId), refetchInterval: POLL_MS });
  const uid = task.data?.study_instance_uid;
  const study = useQuery({ ...queries.study(uid ?? ''), enabled: uid !== undefined, refetchInterval: POLL_MS });

  const failed = (task.error && !task.data && task) || (study.error && !study.data && study);
  if (failed) return <FullPageError error={failed.error} onRetry={() => void failed.refetch()} />;
  if (!task.data || !study.data) return <FullPageLoading />;
  return <Desk key={taskId} task={task.data} fresh={task.isFetchedAfterMount} study={study.data} />;
}

const WRITTEN_IN = new Set(['claimed', 'drafting', 'verifying', 'amending']);

/** `fresh`: the task is as the node has it now, not as it was remembered; only then is it written on. */
function Desk({ task, fresh, study }: { task: TaskDetail; fresh: boolean; study: StudyDetail }) {
  const { t } = useTranslation();
  const session = useSession();
  const client = useQueryClient();
  const navigate = useNavigate();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [notice, setNotice] = useState('');
  const [dialog, setDialog] = useState<'ask' | 'scope' | null>(null);
  const editor = useEditor();
  const reads = session.role === 'radiologist';
  const mine = fresh && reads && task.mine && WRITTEN_IN.has(task.state);
  const found = useKept(session.username, task, fresh && reads, mine);
  const editable = mine && found !== undefined;
  const { draft, keeping, unsent } = useDraft(task, session.username, session.language, editable, found ?? []);

  const refresh = () => client.invalidateQueries({ queryKey: ['tasks'] });
  /** Does something to the task; what goes wrong is said in the panel, and the task is read again. */
  const attempt = async (work: () => Promise<unknown>): Promise<boolean> => {
    setBusy(true);
    setError(null);
    try {
      await work();
      return true;
    } catch (reason) {
      setError(reason);
      return false;
    } finally {
      await refresh();
      setBusy(false);
    }
  };

  useHeartbeat(task.id, editable, setError);

  useEffect(() => {
    document.title = `${task.modality} ${task.description} · Liên Tuyến`;
  }, [task.modality, task.description]);

  const saveFirst = async () => {
    if (editable && !(await draft.flush()))
      throw draft.state.kind === 'failed' ? draft.state.error : new Error('unsaved');
  };
  const toggleKeyImage = (sop: string) => {
    const { key_images: marked } = draft.report;
    draft.edit({ key_images: marked.includes(sop) ? marked.filter((one) => one !== sop) : [...marked, sop] });
  };
  const release = async () => {
    const done = await attempt(async () => {
      await saveFirst();
      await node.release(task.id);
    });
    if (done) await navigate('/reading');
  };
  const sign = (as: SignAs, acknowledge: Known[]) =>
    attempt(async () => {
      await saveFirst();
      // the node signs the measurements that it has: they must be those on the screen
      if (!(await roomOf(study.study_instance_uid).store.flush())) throw new ApiError({ status: 0, code: 'offline' });
      await reports.sign(task.id, { as, acknowledge, base_revision: draft.revision });
    });
  const claim = () => {
    if (task.in_scope === false) setDialog('scope');
    else void attempt(() => node.claim(task.id));
  };
  const showMark = (id: string, show: (sop: string, frame?: number) => void) => {
    const mark = roomOf(study.study_instance_uid)
      .store.get()
      .marks.find((one) => one.id === id);
    if (mark) show(mark.sop_instance_uid, mark.frame);
  };
  const goNext = async () => {
    if (busy) return; // a second study would be claimed and left alone
    await attempt(async () => {
      setNotice('');
      await saveFirst();
      const next = await node.takeNext(task.id);
      if (next) await navigate(`/reading/${encodeURIComponent(next.id)}`);
      else setNotice(t('reading.no-next'));
    });
  };

  const report = editable ? draft.report : savedOf(task, session.language).written;
  const free = reads && !busy;
  return (
    <StudyView
      study={study}
      keyImages={report.key_images}
      onToggleKeyImage={editable ? toggleKeyImage : undefined}
      onNextStudy={reads ? () => void goNext() : undefined}
      onWrite={editable || !fresh || (mine && !found) ? () => editor.write() : undefined}
      header={
        <ViewerHeader back="/reading" backLabel={t('nav.reading')} study={study} description={task.description}>
          <PriorityMenu task={task} />
          <span className={classes.from}>{task.origin_name || task.origin}</span>
          {task.instances_expected !== null && task.instances_received < task.instances_expected && (
            <Badge color="yellow" variant="light" tt="none">
              {t('reading.arriving', { n: task.instances_received, total: task.instances_expected })}
            </Badge>
          )}
          <span className={classes.space} />
          {notice && <span role="status">{notice}</span>}
          {reads && (
            <Tooltip label={t('reading.next-explained')}>
              <Button
                size="xs"
                variant="default"
                rightSection={<IconNext size={14} />}
                onClick={() => void goNext()}
                loading={busy}
              >
                {t('reading.next')}
              </Button>
            </Tooltip>
          )}
        </ViewerHeader>
      }
      panel={({ show }) => (
        <Panel
          ahead={reads}
          task={task}
          study={study}
          draft={draft}
          report={report}
          unsent={unsent}
          editable={editable}
          keeping={keeping}
          signer={session.display_name}
          busy={busy}
          error={error}
          editor={editor}
          beside={
            <>
              <CriticalPanel taskId={task.id} editable={reads && (editable || task.mine)} />
              {reads && task.state !== 'cancelled' && <OpinionPanel taskId={task.id} />}
              <section className={classes.letters} aria-label={t('letters.title')}>
                <h3>{t('letters.title')}</h3>
                <LetterThread studyUid={study.study_instance_uid} />
              </section>
              <AskDialog taskId={task.id} opened={dialog === 'ask'} onClose={() => setDialog(null)} />
              {dialog === 'scope' && (
                <ScopeDialog
                  description={task.description}
                  onConfirm={() => void attempt(() => node.claim(task.id, true)).then(() => setDialog(null))}
                  onClose={() => setDialog(null)}
                />
              )}
            </>
          }
          onShow={show}
          onShowMark={(id) => showMark(id, show)}
          onRemoveKeyImage={toggleKeyImage}
          onClaim={free ? claim : null}
          onRelease={() => void release()}
          onAsk={
            editable && task.state !== 'amending' && task.state !== 'verifying'
              ? () => void attempt(saveFirst).then((saved) => saved && setDialog('ask'))
              : null
          }
          onCorrect={free ? () => void attempt(() => reports.correct(task.id)) : null}
          onAmend={free ? () => void attempt(() => reports.amend(task.id)) : null}
          onSign={sign}
          onNext={reads ? () => void goNext() : null}
        />
      )}
    />
  );
}

/** The report panel with what it knows of the pictures on the screen. */
function Panel({ ahead, ...props }: Omit<Parameters<typeof ReportPanel>[0], 'quality'> & { ahead: boolean }) {
  useNextAhead(props.task.id, ahead);
  return <ReportPanel {...props} quality={useViews().quality} />;
}
